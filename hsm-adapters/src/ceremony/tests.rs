use super::*;
use crate::attributes::Flag;
use crate::backend::Device;
use crate::simulator::{Fault, Operation, Options, Simulator};

fn all() -> Vec<KeyRole> {
    KeyRole::expected(true, true)
}

#[test]
fn what_is_created_is_loaded_again() {
    let device = Simulator::default();
    let report = create(&device, &all()).unwrap();
    assert_eq!(report.made.len(), all().len());
    let keys = load(&device, &all()).unwrap();
    for made in report.made {
        assert_eq!(keys.signing(made.role).map(|key| key.public), made.public);
    }
}

#[test]
fn a_token_that_holds_some_of_the_keys_is_refused_by_name_and_left_alone() {
    let device = Simulator::default();
    create(&device, &[KeyRole::RowMac]).unwrap();
    let error = create(&device, &all()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("already holds `countersign-row-mac`"),
        "{error}"
    );
    assert!(load(&device, &[KeyRole::RowMac]).is_ok());
    assert!(load(&device, &[KeyRole::Ca]).is_err());
}

/// What cannot be taken back is named, with what to do.
#[allow(clippy::unwrap_used, reason = "a failure is the test's")]
fn tells_what_stays(device: &Simulator, error: &Error) {
    let text = error.to_string();
    let mut admin = device.key_admin().unwrap();
    let mut stays = false;
    for role in all() {
        let here = !admin.find(role.label()).unwrap().is_empty();
        let told = text.contains(&format!("`{}`", role.label()));
        assert!(told || !here, "{role} stays: {text}");
        stays |= here;
    }
    assert_eq!(text.contains("initialise the token again"), stays, "{text}");
}

#[test]
fn a_token_that_makes_extractable_keys_is_refused() {
    let device = Simulator::new(Options {
        extractable: true,
        ..Options::default()
    });
    let error = create(&device, &all()).unwrap_err();
    assert!(
        error.to_string().contains("Extractable must be false"),
        "{error}"
    );
    tells_what_stays(&device, &error);
    assert!(load(&device, &all()).is_err());
}

#[test]
fn a_token_that_ignores_the_unwrap_template_is_refused() {
    let device = Simulator::new(Options {
        lax_unwrap_template: true,
        ..Options::default()
    });
    let error = create(&device, &all()).unwrap_err();
    assert!(error.to_string().contains("extractable"), "{error}");
    tells_what_stays(&device, &error);
}

#[test]
fn loading_names_each_missing_and_each_changed_key() {
    let device = Simulator::default();
    create(&device, &[KeyRole::Ca, KeyRole::RowMac]).unwrap();
    device.tamper(&KeyRole::Ca.id(), |attributes| {
        attributes.flags.insert(Flag::Decrypt, true);
    });
    let text = load(&device, &all()).unwrap_err().to_string();
    for part in [
        "`countersign-ca`: Decrypt must be false",
        "`countersign-audit-log` is not on the token",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("row-mac"), "{text}");
}

#[test]
fn a_failure_at_any_call_leaves_nothing_or_says_what_stays() {
    let operations = [
        Operation::Generate,
        Operation::GenerateSecret,
        Operation::Find,
        Operation::Sign,
        Operation::Mac,
        Operation::WrapProve,
        Operation::EnvelopeGenerate,
    ];
    for operation in operations {
        for fault in [Fault::NotDone, Fault::Unheard] {
            for nth in 1.. {
                let device = Simulator::default();
                device.faults().on(operation, nth, fault);
                let Err(error) = create(&device, &all()) else {
                    break;
                };
                device.faults().clear();
                tells_what_stays(&device, &error);
            }
        }
    }
}
