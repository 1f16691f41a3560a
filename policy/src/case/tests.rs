use super::*;
use crate::document::parse as policy;

const SAMPLE: &str = include_str!("../../cases/desk-a.policy.toml");

const CASE: &str = r#"
name = "a small withdrawal"
[addresses]
cold = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"
[intent]
effects = [{ transfer = "0.5 SOL", to = "cold" }]
[expect]
decision = "allow"
rules = ["small-withdrawals-to-cold"]
reserves = ["sol-out-per-wallet 500000000"]
"#;

fn differences(text: &str) -> Vec<String> {
    let set = policy(SAMPLE).unwrap();
    parse(text, &[])
        .unwrap()
        .run(&set)
        .err()
        .unwrap_or_default()
}

#[test]
fn what_is_expected_is_found() {
    assert_eq!(differences(CASE), Vec::<String>::new());
}

#[test]
fn the_example_of_the_manual_is_met() {
    let manual = include_str!("../../CASES.md");
    let (_, example) = manual.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    assert_eq!(differences(example), Vec::<String>::new());
}

#[test]
fn what_is_not_expected_is_told() {
    for (from, to) in [
        ("0.5 SOL", "1.5 SOL"),
        ("500000000\"", "5\""),
        ("rules = [\"small", "rules = [\"tall"),
        (
            "decision = \"allow\"\nrules = [\"small-withdrawals-to-cold\"]\nreserves = [\"sol-out-per-wallet 500000000\"]",
            "decision = \"deny\"\nreasons = [\"no\"]",
        ),
    ] {
        let changed = CASE.replace(from, to);
        assert_ne!(changed, CASE);
        assert!(
            !differences(&changed).is_empty(),
            "`{to}` made no difference"
        );
    }
}

#[test]
fn a_case_that_expects_nothing_is_refused() {
    for (from, to) in [
        ("decision = \"allow\"", "decision = \"deny\""),
        ("decision = \"allow\"", "decision = \"perhaps\""),
        ("transfer", "transfre"),
        ("to = \"cold\"", "to = \"colt\""),
        ("[addresses]", "[adresses]"),
    ] {
        let changed = CASE.replace(from, to);
        assert!(parse(&changed, &[]).is_err(), "`{to}` was accepted");
    }
}

#[test]
fn usage_of_a_limit_that_is_not_there_is_told() {
    let used = |limit: &str| {
        CASE.replace(
            "[intent]",
            &format!("[facts]\nused = [{{ limit = \"{limit}\", amount = 1 }}]\n[intent]"),
        )
    };
    assert!(differences(&used("nothing"))[0].contains("no limit `nothing`"));
    assert!(differences(&used("trades-per-bot"))[0].contains("does not touch"));
    assert_eq!(
        differences(&used("sol-out-per-wallet")),
        Vec::<String>::new()
    );
}

const TRANSACTION: &str = r#"
name = "a handover of power"
[transaction]
wallet = "wallet"
base64 = "AQID"
[theft]
ways = [3]
[expect]
decision = "undecodable"
kind = "forbidden"
reasons = ["takes it over"]
"#;

fn undecodable(kind: &str, message: &str) -> Result<Intent, Undecodable> {
    Err(Undecodable {
        kind: kind.to_owned(),
        message: message.to_owned(),
    })
}

#[test]
fn a_transaction_is_decoded_by_whoever_runs_the_case() {
    let set = policy(SAMPLE).unwrap();
    let case = || parse(TRANSACTION, &[]).unwrap();
    let given = case().transaction().unwrap().clone();
    assert_eq!((given.wallet, &*given.base64), (WALLET, "AQID"));
    assert!(case().run(&set).unwrap_err()[0].contains("was not decoded"));
    let expected = undecodable("forbidden", "Assign: takes it over");
    assert_eq!(case().decoded(expected).run(&set), Ok(()));
    for other in [
        undecodable("malformed", "takes it over"),
        undecodable("forbidden", "another reason"),
    ] {
        assert!(case().decoded(other).run(&set).is_err());
    }
    let intent = super::parse(CASE, &[]).unwrap();
    let understood = intent.with_facts(&set, |intent, _| intent.clone()).unwrap();
    let differences = case().decoded(Ok(understood)).run(&set).unwrap_err();
    assert!(differences[0].contains("got allow"), "{differences:?}");
}

#[test]
fn a_case_asks_for_one_thing_only() {
    let both = format!("{CASE}[transaction]\nwallet = \"wallet\"\nbase64 = \"\"");
    assert!(parse(&both, &[]).is_err());
    let neither = TRANSACTION.replace("[transaction]", "[transfer]");
    assert!(parse(&neither, &[]).is_err());
    for key in ["wallet", "base64", "kind", "reasons"] {
        let lines = TRANSACTION.lines().filter(|line| !line.starts_with(key));
        let without: Vec<&str> = lines.collect();
        assert!(parse(&without.join("\n"), &[]).is_err(), "{key}");
    }
}

#[test]
fn the_code_of_a_denial_can_be_expected() {
    let denied = CASE.replace("0.5 SOL", "51 SOL").replace(
        "decision = \"allow\"\nrules = [\"small-withdrawals-to-cold\"]\nreserves = [\"sol-out-per-wallet 500000000\"]",
        "decision = \"deny\"\ncode = \"limit_exceeded\"\nreasons = [\"limit 50 SOL\"]",
    );
    assert_eq!(differences(&denied), Vec::<String>::new());
    let other = denied.replace("limit_exceeded", "policy_denied");
    assert_eq!(
        differences(&other),
        ["expected code policy_denied, got limit_exceeded"]
    );
}
