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
