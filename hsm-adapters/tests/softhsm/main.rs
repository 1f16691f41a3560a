//! The PKCS#11 adapter on a real SoftHSM2 token.

mod attack;
mod recovery;
mod start;
mod token;

use countersign_hsm::{Device, KeyType, conformance};
use token::{device, on_fresh_token};

#[test]
fn softhsm_conforms() {
    on_fresh_token("softhsm_conforms", || {
        let device = device();
        println!("{:?}", device.capabilities());
        assert_eq!(conformance::run(&device), []);
    });
}

#[test]
fn the_probe_finds_what_signing_needs() {
    on_fresh_token("the_probe_finds_what_signing_needs", || {
        let device = device();
        let can = device.capabilities();
        for key_type in KeyType::ALL {
            assert!(
                can.sign.contains(key_type) && can.envelope.contains(key_type),
                "{can:?}"
            );
        }
        assert!(can.wrap.contains(KeyType::P256) && can.wrap.contains(KeyType::Secp256k1));
        assert!(can.mac && can.anchor);
    });
}
