//! Hostile text for what reads policies, cases and approvals. `FUZZ_TARGET` names the target, `list` lists them.
//! With `FUZZ_SEEDS` set to a folder, inputs to begin with are written there first.

#![no_main]

mod target;

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use target::TARGETS;

static CHOSEN: OnceLock<fn(&[u8])> = OnceLock::new();

fn choose() -> fn(&[u8]) {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    if name == "list" {
        TARGETS.iter().for_each(|(known, ..)| println!("{known}"));
        std::process::exit(0);
    }
    let chosen = TARGETS.iter().find(|(known, ..)| *known == name);
    let Some((_, run, seeds)) = chosen else {
        panic!("FUZZ_TARGET=list names the targets, got `{name}`");
    };
    if let Some(folder) = std::env::var_os("FUZZ_SEEDS") {
        for (number, seed) in seeds.iter().enumerate() {
            let file = Path::new(&folder).join(format!("seed-{number}"));
            std::fs::write(file, seed).expect("a seed can be written");
        }
    }
    *run
}

fuzz_target!(|bytes: &[u8]| CHOSEN.get_or_init(choose)(bytes));
