//! The PKCS#11 adapter on a real SoftHSM2 token.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail the test by panicking"
)]

mod attack;
mod full;
mod gone;
mod recovery;
mod start;
mod token;

use countersign_hsm::{Device, KeyType, KeyTypes, conformance};
use token::{device, on_fresh_token};
use toml::Table;

#[test]
fn softhsm_conforms() {
    on_fresh_token("softhsm_conforms", || {
        let device = device();
        println!("{:?}", device.capabilities());
        assert_eq!(conformance::run(&device), []);
    });
}

/// The probe and the matrix that operators read say the same of this module, whichever it is.
#[test]
fn the_probe_agrees_with_the_matrix() {
    on_fresh_token("the_probe_agrees_with_the_matrix", || {
        let device = device();
        let can = device.capabilities();
        let matrix: Table = include_str!("../../../firmware-notes/matrix.toml")
            .parse()
            .unwrap();
        let known = matrix["module"].as_array().unwrap().iter().find(|module| {
            module["model"].as_str() == Some(&can.model)
                && module["version"].as_str() == Some(&can.module_version)
        });
        let known = known.expect("this module is in the matrix");
        let named = |custody: &str| -> KeyTypes {
            let names = known[custody].as_array().unwrap();
            names
                .iter()
                .map(|name| name.as_str().unwrap().parse::<KeyType>().unwrap())
                .collect()
        };
        assert_eq!(can.sign, named("sign"));
        assert_eq!(can.wrap, named("wrap"));
        assert_eq!(can.envelope, named("envelope"));
        assert_eq!(can.import, named("import"));
        assert_eq!(Some(can.mac), known["mac"].as_bool());
        assert_eq!(Some(can.anchor), known["anchor"].as_bool());
    });
}
