//! The simulator stays out of what operators run.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test by panicking"
)]

use std::path::Path;

use toml::{Table, Value};

fn manifest(path: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

#[test]
fn neither_this_crate_nor_the_appliance_turns_the_simulator_on_by_default() {
    let ours = manifest("Cargo.toml");
    assert!(ours["features"].get("default").is_none());
    let appliance = manifest("../appliance/Cargo.toml");
    if let Some(asked) = appliance["dependencies"].get("countersign-hsm") {
        assert!(asked.get("features").is_none(), "{asked}");
    }
    let default = appliance
        .get("features")
        .and_then(|features| features.get("default"));
    assert!(
        default.is_none_or(|on| on == &Value::Array(vec![])),
        "{default:?}"
    );
    let shared = manifest("../Cargo.toml");
    let dependency = &shared["workspace"]["dependencies"]["countersign-hsm"];
    assert!(dependency.get("features").is_none(), "{dependency}");
}
