//! The matrix that `countersignd doctor` reads.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test by panicking"
)]

use std::path::Path;

use countersign_hsm::KeyType;
use toml::Table;

#[test]
fn every_module_of_the_matrix_is_complete_and_has_its_page() {
    let notes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware-notes");
    let text = std::fs::read_to_string(notes.join("matrix.toml")).unwrap();
    let matrix: Table = text.parse().unwrap();
    assert_eq!(matrix["schema"].as_integer(), Some(1));
    let modules = matrix["module"].as_array().unwrap();
    assert!(!modules.is_empty());
    for module in modules {
        let mut keys: Vec<_> = module
            .as_table()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        let expected =
            "anchor envelope import mac model page sign tried version warnings wrap".split(' ');
        assert_eq!(keys, expected.collect::<Vec<_>>());
        assert!(notes.join(module["page"].as_str().unwrap()).is_file());
        for custody in ["sign", "wrap", "envelope", "import"] {
            for name in module[custody].as_array().unwrap() {
                assert!(name.as_str().unwrap().parse::<KeyType>().is_ok(), "{name}");
            }
        }
    }
}
