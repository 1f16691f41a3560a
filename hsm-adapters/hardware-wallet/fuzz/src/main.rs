//! Any answers as those of a Ledger, which may be anything that was plugged in. `FUZZ_TARGET` names
//! the target, `list` lists them; without it the first byte of every input picks one. With
//! `FUZZ_SEEDS` set to a folder, inputs to begin with are written there first.

#![no_main]

mod device;
mod target;

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use target::TARGETS;

static CHOSEN: OnceLock<Option<usize>> = OnceLock::new();

fn choose() -> Option<usize> {
    let name = std::env::var("FUZZ_TARGET").ok()?;
    if name == "list" {
        TARGETS.iter().for_each(|(known, ..)| println!("{known}"));
        std::process::exit(0);
    }
    let at = TARGETS.iter().position(|(known, ..)| *known == name);
    let at = at.unwrap_or_else(|| panic!("FUZZ_TARGET=list names the targets, got `{name}`"));
    if let Some(folder) = std::env::var_os("FUZZ_SEEDS") {
        for (number, seed) in TARGETS[at].1.iter().enumerate() {
            let file = Path::new(&folder).join(format!("seed-{number}"));
            std::fs::write(file, seed).expect("the folder for seeds can be written");
        }
    }
    Some(at)
}

fuzz_target!(
    init: {
        CHOSEN.get_or_init(choose);
    },
    |bytes: &[u8]| {
        match (CHOSEN.get().copied().flatten(), bytes) {
            (Some(at), _) => (TARGETS[at].2)(bytes),
            (None, [first, rest @ ..]) => (TARGETS[usize::from(*first) % TARGETS.len()].2)(rest),
            (None, []) => {}
        }
    }
);
