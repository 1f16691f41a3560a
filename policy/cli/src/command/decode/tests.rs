//! What people read, as files under `golden`; run with `BLESS=1` to write them anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::command::tests::countersign;
use crate::exit::Exit;

const REAL: &str = concat!(
    include_str!("../../../../decode/vectors/mainnet.jsonl"),
    include_str!("../../../../decode/vectors/mainnet-trades.jsonl")
);
const LEDGER: &str = include_str!("../../../../decode/vectors/ledger-messages.jsonl");
const NONCE: &str = "ALAaqqt4Cc8hWH22GT2L16xKNAn6gv7XCTF7JkbfWsc";

/// A name, the start of a signature or the kind of a message, and further arguments.
const CASES: [(&str, &str, &[&str]); 20] = [
    ("transfer", "2qfNzGs15dt999rt1AUJ", &[]),
    ("transfers-and-memo", "5F1U6WmUBnzVEdEA5VNs", &[]),
    ("token-transfer", "rpm3yRr3CuY7sF8MCfh9", &[]),
    (
        "token-transfer-of-unnamed-mint",
        "3V8bixKujBwAg4DMzJMu",
        &[],
    ),
    (
        "token-transfer-with-its-mint",
        "3V8bixKujBwAg4DMzJMu",
        &["--mint", "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"],
    ),
    ("swap-jupiter", "5yBGmFNYx8kLnVtbZx8w", &[]),
    ("swap-jupiter-within-reach", "5XYf7V6rNjRuStgG1ELm", &[]),
    ("swap-pump-fun", "3tJczs8y2bR8tVALRQZB", &[]),
    ("swap-pumpswap", "27HoMFgkuF8CJBj6Q7T1", &[]),
    ("swap-whirlpool-token-2022", "3FwvrbW6Q5ZU9DK5Yy7E", &[]),
    ("swap-with-tables", "fDy5VD3yMZAvqTjSfvTs", &[]),
    ("burn-token-2022", "4uW7bunMBCoZ2J1DeGRW", &[]),
    ("stake", "2DRUt4Q3BxYPB1Whd4My", &[]),
    ("durable-nonce", "4c4LhPFsDQdwZnVqKtgD", &[]),
    (
        "durable-nonce-registered",
        "4c4LhPFsDQdwZnVqKtgD",
        &["--nonce", NONCE],
    ),
    ("theft-approve", "spl_token_approve", &[]),
    ("theft-set-authority", "spl_token_set_authority", &[]),
    ("private-router", "38NiGzWamkJGr3HME3Fg", &[]),
    ("swap-into-itself", "58FymkjJUeSFGeEdaUQZ", &[]),
    (
        "foreign-wallet",
        "2qfNzGs15dt999rt1AUJ",
        &["--wallet", "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"],
    ),
];

fn data(start: &str) -> String {
    let found = REAL.lines().chain(LEDGER.lines()).find_map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        let named = |name: &str| {
            record[name]
                .as_str()
                .is_some_and(|text| text.starts_with(start))
        };
        let found = named("signature") || named("kind");
        found.then(|| record["data"].as_str().unwrap().to_owned())
    });
    found.unwrap_or_else(|| panic!("no vector `{start}`"))
}

fn decode(start: &str, arguments: &[&str]) -> (Exit, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message");
    std::fs::write(&file, data(start)).unwrap();
    let line = ["decode", file.to_str().unwrap()];
    let (exit, out, err, _) = countersign(&[&line, arguments].concat(), []);
    (exit, out, err)
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden/decode")
        .join(name)
}

#[test]
fn people_read_what_was_reviewed() {
    let mut told = String::new();
    for (name, start, arguments) in CASES {
        let (exit, out, err) = decode(start, arguments);
        writeln!(told, "# {name}").unwrap();
        write!(told, "{out}{err}").unwrap();
        writeln!(told, "exit {}\n", exit as u8).unwrap();
    }
    compare("words.txt", &told);
}

#[test]
fn programs_read_what_was_reviewed() {
    for (name, start, arguments) in CASES {
        let (_, out, err) = decode(start, &[arguments, &["--json"]].concat());
        assert_eq!(err, "", "{name}");
        compare(&format!("{name}.json"), &out);
    }
}

fn compare(name: &str, told: &str) {
    let path = golden(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, told).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap();
    assert_eq!(told, reviewed, "{name}");
}

#[test]
fn a_line_is_too_long_only_for_an_address() {
    for (name, start, arguments) in CASES {
        let (_, out, err) = decode(start, arguments);
        for line in out
            .lines()
            .chain(err.lines())
            .filter(|line| line.len() > 80)
        {
            assert_eq!(line.split_whitespace().count(), 1, "{name}: {line}");
        }
    }
}

#[test]
fn a_signature_of_another_that_does_not_verify_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("transaction");
    let tried = |bytes: &[u8]| {
        std::fs::write(&file, STANDARD.encode(bytes)).unwrap();
        let arguments = ["decode", file.to_str().unwrap()];
        let (exit, _, told, _) = countersign(&arguments, []);
        let (_, value, _, _) = countersign(&[&arguments[..], &["--json"]].concat(), []);
        (exit as u8, told, value)
    };
    let mut transaction = STANDARD.decode(data("2dabmQiykzC1tsNmgtRF")).unwrap();
    assert_eq!(tried(&transaction).0, Exit::Done as u8, "as it came");
    // The second signature begins after a count and the first one.
    transaction[65 + 32] ^= 1;
    let (exit, told, value) = tried(&transaction);
    assert_eq!(exit, Exit::Refused as u8);
    assert!(told.contains("does not verify over its message"), "{told}");
    let value: Value = serde_json::from_str(&value).unwrap();
    assert_eq!(value["kind"], "cosignature");
    transaction[65..129].fill(0);
    assert_eq!(tried(&transaction).0, Exit::Done as u8, "not signed yet");
}
