//! The conformance suite on the simulated device.

use countersign_hsm::conformance;
use countersign_hsm::simulator::{Options, Simulator};
use countersign_hsm::{KeyType, KeyTypes};

#[test]
fn the_simulator_conforms() {
    assert_eq!(conformance::run(&Simulator::default()), []);
}

#[test]
fn a_simulator_that_can_do_less_conforms_to_what_it_claims() {
    let p256: KeyTypes = [KeyType::P256].into_iter().collect();
    let options = Options {
        sign: KeyTypes::all(),
        wrap: p256,
        envelope: false,
        import: false,
        ..Options::default()
    };
    assert_eq!(conformance::run(&Simulator::new(options)), []);
}

#[test]
fn the_suite_notices_a_device_that_makes_weak_keys() {
    let options = Options {
        extractable: true,
        ..Options::default()
    };
    let failures = conformance::run(&Simulator::new(options));
    let names: Vec<_> = failures.iter().map(|(name, _)| *name).collect();
    assert!(
        names.contains(&"the ceremony makes what it says"),
        "{names:?}"
    );
    assert!(
        names.contains(&"resident keys are what was asked"),
        "{names:?}"
    );
}
