//! The policies that the documents and `make` show are policies one could trade on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

use std::fs;
use std::path::PathBuf;

use countersign_policy::PolicySet;
use countersign_policy::case;
use countersign_policy::lint::{Severity, lint};

fn in_tree(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", path].iter().collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(in_tree(path)).unwrap()
}

/// The whole policies in a document.
fn blocks(path: &str) -> Vec<String> {
    let text = read(path);
    let blocks = text.split("```toml\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    let whole = blocks.filter(|block| block.starts_with("schema = 1"));
    whole.map(str::to_owned).collect()
}

fn shown() -> Vec<(String, PolicySet)> {
    let mut texts = Vec::new();
    for document in [
        "policy/README.md",
        "appliance/README.md",
        "deploy/README.md",
        "SECURITY.md",
        "ARCHITECTURE.md",
    ] {
        for text in blocks(document) {
            texts.push((document.to_owned(), text));
        }
    }
    for file in fs::read_dir(in_tree("deploy/dev")).unwrap() {
        let path = file.unwrap().path();
        let name = path.to_string_lossy().into_owned();
        if name.ends_with("policy.toml") {
            texts.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    let parsed = texts.into_iter().map(|(name, text)| {
        let set = countersign_policy::parse(&text);
        (
            name.clone(),
            set.unwrap_or_else(|errors| panic!("{name}: {errors:?}")),
        )
    });
    parsed.collect()
}

#[test]
fn every_policy_that_is_shown_bounds_what_bots_can_lose() {
    let all = shown();
    assert!(all.len() >= 3, "only {} are shown", all.len());
    for (name, set) in all {
        let errors = lint(&set).into_iter();
        let errors: Vec<_> = errors
            .filter(|finding| finding.severity == Severity::Error)
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

/// What stands in the policy of `make dev`, and what it answers.
fn dev(effects: &str, expected: &str) -> Result<(), Vec<String>> {
    let set = countersign_policy::parse(&read("deploy/dev/policy.toml")).unwrap();
    let text = format!(
        "name = \"dev\"\n[addresses]\ncold = \"9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin\"\n\
         [intent]\neffects = [{effects}]\n[expect]\n{expected}\n"
    );
    let case = case::parse(&text, &["jupiter-v6", "raydium-amm-v4"]);
    case.unwrap_or_else(|errors| panic!("{text}\n{errors:?}"))
        .run(&set)
}

#[test]
fn the_policy_of_make_dev_trades_and_does_not_lose_all() {
    let swap = |sol: &str| {
        format!(
            "{{ swap = \"{sol} SOL\", for = \"0.000001 USDC\", program = \"raydium-amm-v4\" }}, \
             {{ fee = \"0.01 SOL\" }}"
        )
    };
    let allowed = "decision = \"allow\"\nrules = [\"dex-trades\"]";
    assert_eq!(dev(&swap("100"), allowed), Ok(()));
    let refused = "decision = \"deny\"\ncode = \"limit_exceeded\"\nreasons = [\n\
        'limit `sol-traded-per-wallet`: limit 1000 SOL per 24h, used 0, asked 1000000',\n]";
    assert_eq!(dev(&swap("1000000"), refused), Ok(()));
    let out = "{ transfer = \"1 SOL\", to = \"cold\" }, { fee = \"0 SOL\" }";
    let allowed = "decision = \"allow\"\nrules = [\"small-withdrawals-to-cold\"]";
    assert_eq!(dev(out, allowed), Ok(()));
}
