use std::time::Duration;

use super::*;
use crate::backend::{KeyRef, Material};
use crate::error::Consequence;
use crate::key::{KeyId, KeyType, PublicKey};
use crate::{holds, verifies};

const ID: KeyId = KeyId::from_bytes([1; 16]);

fn with_key() -> (Simulator, KeyRef) {
    let device = Simulator::default();
    let public = device
        .key_admin()
        .unwrap()
        .generate(&ID, "a", KeyType::Ed25519)
        .unwrap();
    (
        device,
        KeyRef {
            id: ID,
            public,
            material: Material::Resident,
        },
    )
}

#[test]
fn a_key_that_is_there_is_told_from_one_that_is_not() {
    let (device, key) = with_key();
    let mut session = device.connect().unwrap();
    assert!(holds(session.as_mut(), &key).unwrap());
    let elsewhere = KeyRef {
        id: KeyId::from_bytes([2; 16]),
        ..key.clone()
    };
    let other = KeyRef {
        public: PublicKey::new(KeyType::Ed25519, vec![7; 32]).unwrap(),
        ..key.clone()
    };
    for missing in [elsewhere, other] {
        let error = holds(session.as_mut(), &missing).unwrap_err();
        assert_eq!(error.consequence(), Consequence::Refused, "{error}");
    }
    device.faults().on(Operation::Sign, 1, Fault::Unheard);
    let unknown = holds(session.as_mut(), &key).unwrap_err();
    assert_eq!(unknown.consequence(), Consequence::OutcomeUnknown);
}

#[test]
fn each_fault_has_its_consequence_once() {
    for (fault, consequence) in [
        (Fault::NotDone, Consequence::NotSent),
        (Fault::Refused, Consequence::Refused),
        (Fault::Unheard, Consequence::OutcomeUnknown),
    ] {
        let (device, key) = with_key();
        let mut session = device.connect().unwrap();
        device.faults().on(Operation::Sign, 2, fault);
        assert!(session.sign(&key, b"1").is_ok());
        assert_eq!(
            session.sign(&key, b"2").unwrap_err().consequence(),
            consequence
        );
        assert!(session.sign(&key, b"3").is_ok());
        assert_eq!(device.faults().calls(Operation::Sign), 3);
    }
}

#[test]
fn done_but_unheard_is_done_and_not_done_is_not() {
    for (fault, done) in [(Fault::NotDone, false), (Fault::Unheard, true)] {
        let device = Simulator::default();
        let mut admin = device.key_admin().unwrap();
        device.faults().on(Operation::Generate, 1, fault);
        assert!(admin.generate(&ID, "a", KeyType::P256).is_err());
        assert_eq!(admin.find("a").unwrap().len(), usize::from(done));
        let mut anchor = device.anchor().unwrap();
        device.faults().on(Operation::AnchorWrite, 1, fault);
        assert!(anchor.write(b"x").is_err());
        assert_eq!(anchor.read().unwrap().is_some(), done);
    }
}

#[test]
fn a_broken_device_stays_broken_for_everything_until_mended() {
    let (device, key) = with_key();
    let mut session = device.connect().unwrap();
    device.faults().on(Operation::Sign, 1, Fault::Broken);
    assert!(matches!(session.sign(&key, b""), Err(Error::Broken(_))));
    assert!(matches!(session.ping(), Err(Error::Broken(_))));
    assert!(device.connect().is_err());
    device.faults().clear();
    assert!(session.sign(&key, b"").is_ok());
}

#[test]
fn a_wrong_signature_does_not_verify() {
    let (device, key) = with_key();
    let mut session = device.connect().unwrap();
    device
        .faults()
        .when(Fault::WrongSignature, |call| call.nth % 2 == 0);
    for nth in 1..5 {
        let signature = session.sign(&key, b"m").unwrap();
        assert_eq!(verifies(&key.public, b"m", &signature), nth % 2 == 1);
    }
}

#[test]
fn a_slow_device_takes_at_least_the_stated_time() {
    let (device, key) = with_key();
    let wait = Duration::from_millis(20);
    device.faults().always(Operation::Sign, Fault::Slow(wait));
    #[allow(
        clippy::disallowed_methods,
        reason = "the test measures the delay itself"
    )]
    let start = std::time::Instant::now();
    device.connect().unwrap().sign(&key, b"").unwrap();
    assert!(start.elapsed() >= wait);
}

#[test]
fn a_clone_is_the_same_token() {
    let (device, key) = with_key();
    let again = device.clone();
    assert_eq!(
        again.connect().unwrap().public_key(&ID).unwrap(),
        key.public
    );
}
