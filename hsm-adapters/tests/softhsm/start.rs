//! Opening the token, and what is refused at start.

use std::env;
use std::path::Path;

use countersign_hsm::ceremony::{create, load};
use countersign_hsm::{Consequence, Device, Error, KeyRole, Pkcs11Config, Pkcs11Device};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;

use crate::token::{Backdoor, config, device, init_token, on_fresh_token};

fn error(config: Pkcs11Config) -> Error {
    match Pkcs11Device::open(config) {
        Ok(_) => panic!("the token was opened"),
        Err(error) => error,
    }
}

#[test]
fn a_wrong_configuration_is_named() {
    on_fresh_token("start::a_wrong_configuration_is_named", || {
        let missing = error(Pkcs11Config {
            module: "/nowhere.so".into(),
            ..config()
        });
        assert_eq!(missing.consequence(), Consequence::Broken);
        assert!(missing.to_string().contains("`/nowhere.so`"), "{missing}");

        let other = error(Pkcs11Config {
            token_label: "other".into(),
            ..config()
        });
        // A start waits for a token that is not there, and not for one of another name.
        assert_eq!(other.consequence(), Consequence::Refused);
        assert!(
            other.to_string().contains("no token is labelled `other`"),
            "{other}"
        );
        assert!(other.to_string().contains("`throw-away`"), "{other}");

        let serial = Some("0000".to_owned());
        let other = error(Pkcs11Config {
            token_serial: serial,
            ..config()
        });
        assert_eq!(other.consequence(), Consequence::NotSent);

        let pin = error(Pkcs11Config {
            pin: "000000".to_owned().into(),
            ..config()
        });
        assert_eq!(pin.consequence(), Consequence::Broken);
        assert!(!pin.to_string().contains("000000"), "{pin}");
    });
}

#[test]
fn of_two_tokens_with_one_label_the_serial_decides() {
    on_fresh_token(
        "start::of_two_tokens_with_one_label_the_serial_decides",
        || {
            init_token(Path::new(&env::var("SOFTHSM2_CONF").unwrap()));
            let both = error(config());
            assert_eq!(both.consequence(), Consequence::Refused);
            assert!(both.to_string().contains("serial"), "{both}");
            let backdoor = Backdoor::new();
            let serial = backdoor.module.get_token_info(backdoor.slot).unwrap();
            let serial = Some(serial.serial_number().to_owned());
            let device = Pkcs11Device::open(Pkcs11Config {
                token_serial: serial.clone(),
                ..config()
            });
            assert_eq!(Some(device.unwrap().capabilities().serial.clone()), serial);
        },
    );
}

#[test]
fn the_pin_is_in_no_debug_text() {
    assert!(!format!("{:?}", config()).contains("123456"));
}

#[test]
fn without_the_operators_word_there_is_no_envelope() {
    on_fresh_token(
        "start::without_the_operators_word_there_is_no_envelope",
        || {
            let device = Pkcs11Device::open(Pkcs11Config {
                envelope: false,
                import: false,
                ..config()
            })
            .unwrap();
            assert!(device.capabilities().envelope.is_empty() && device.envelope().is_none());
        },
    );
}

#[test]
fn a_planted_key_is_found_out_and_stays() {
    on_fresh_token("start::a_planted_key_is_found_out_and_stays", || {
        let backdoor = Backdoor::new();
        let session = backdoor.session();
        let role = KeyRole::RowMac;
        let planted = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(true),
            Attribute::Sign(true),
            Attribute::Label(role.label().into()),
            Attribute::Id(role.id().as_bytes().to_vec()),
            Attribute::ValueLen(32.into()),
        ];
        session
            .generate_key(&Mechanism::GenericSecretKeyGen, &planted)
            .unwrap();
        let device = device();
        let text = load(&device, &[role]).unwrap_err().to_string();
        for fault in [
            "Extractable must be false",
            "NeverExtractable must be true",
            "mechanisms",
        ] {
            assert!(text.contains(fault), "{text}");
        }
        let text = create(&device, &KeyRole::expected(true, true))
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("already holds `countersign-row-mac`"),
            "{text}"
        );
        let mut admin = device.key_admin().unwrap();
        assert_eq!(admin.find(role.label()).unwrap().len(), 1);
        assert_eq!(admin.find(KeyRole::Ca.label()).unwrap().len(), 0);
    });
}

#[test]
fn keys_are_found_again_by_the_next_process() {
    // The parent's child makes them; reopening in one process would reuse the initialised module.
    on_fresh_token("start::keys_are_found_again_by_the_next_process", || {
        let roles = KeyRole::expected(true, true);
        if env::var_os("COUNTERSIGN_TEST_GRANDCHILD").is_some() {
            let keys = load(&device(), &roles).unwrap();
            let public = keys.signing(KeyRole::Ca).unwrap().public;
            println!("found {:?}", public.bytes());
            return;
        }
        let made = create(&device(), &roles).unwrap();
        let output = std::process::Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "start::keys_are_found_again_by_the_next_process",
                "--nocapture",
            ])
            .env("COUNTERSIGN_TEST_GRANDCHILD", "1")
            .output()
            .unwrap();
        let expected = format!("found {:?}", made.made[0].public.as_ref().unwrap().bytes());
        assert!(String::from_utf8_lossy(&output.stdout).contains(&expected));
    });
}
