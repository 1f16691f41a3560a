use super::*;

const HEAD: &str = "schema = 1\nname = \"lint\"\n\
    [groups.change]\napprovers = [\"alice\", \"bob\"]\nquorum = 2\n\
    [destinations.cold]\nsolana = [\"9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin\"]\n";

fn rule(name: &str, when: &str, then: &str) -> String {
    format!("[[rules]]\nname = \"{name}\"\nwhen = {{ {when} }}\nthen = {then}\n")
}

fn limit(name: &str, when: &str, window: &str, cap: &str) -> String {
    format!(
        "[[limits]]\nname = \"{name}\"\nwhen = {{ {when} }}\nper = \"wallet\"\n\
         window = \"{window}\"\n{cap}\n"
    )
}

fn found(parts: &[String]) -> Vec<String> {
    let set = crate::parse(&(HEAD.to_owned() + &parts.concat())).unwrap();
    lint(&set).iter().map(ToString::to_string).collect()
}

const TRADE: &str = "action = \"trade\", max_slippage_bps = 300, min_value_ratio = \"0.9\"";
const OUT: &str = "action = \"withdrawal\", asset = \"SOL\", destination = \"cold\"";

fn counted() -> String {
    limit(
        "out",
        "action = \"withdrawal\", asset = \"SOL\"",
        "24h",
        "max_amount = \"5\"",
    )
}

#[test]
fn a_careful_policy_has_no_findings() {
    let clean = [
        rule("trades", TRADE, "\"allow\""),
        rule("out", OUT, "\"allow\""),
        counted(),
    ];
    assert_eq!(found(&clean), Vec::<String>::new());
}

fn expect(cases: &[(Vec<String>, &str)]) {
    for (parts, expected) in cases {
        let found = found(parts);
        assert!(
            found.iter().any(|one| one.starts_with(expected)),
            "{expected}: {found:?}"
        );
    }
}

const ASK: &str = "{ approve = { group = \"change\", quorum = 1 } }";
const COSIGN: &str = "{ approve = { group = \"change\", quorum = 1, ledger_cosign = true } }";

#[test]
fn careless_trades_are_found() {
    expect(&[
        (
            vec![rule(
                "r",
                "action = \"any\", max_slippage_bps = 1, min_value_ratio = \"0.9\", destination = \"cold\"",
                ASK,
            )],
            "warning: rule `r`: it permits every action",
        ),
        (
            vec![rule("r", "action = \"trade\"", "\"allow\"")],
            "warning: rule `r`: trades have no `max_slippage_bps`",
        ),
        (
            vec![rule(
                "r",
                "action = \"trade\", max_slippage_bps = 1",
                "\"allow\"",
            )],
            "notice: rule `r`: slippage is measured against the quote",
        ),
        (
            vec![rule(
                "r",
                "action = \"trade\", program = [], max_slippage_bps = 1, min_value_ratio = \"0.9\"",
                "\"allow\"",
            )],
            "notice: rule `r`: `program` is an empty list",
        ),
    ]);
}

#[test]
fn careless_rules_are_found() {
    expect(&[
        (
            vec![rule("r", OUT, "\"allow\"")],
            "warning: rule `r`: it allows withdrawals that no limit",
        ),
        (
            vec![rule("r", "action = \"withdrawal\"", "\"allow\""), counted()],
            "warning: rule `r`: withdrawals may go anywhere",
        ),
        (
            vec![rule(
                "r",
                "action = \"withdrawal\", destination = \"cold\"",
                COSIGN,
            )],
            "warning: rule `r`: devices show a transfer of SOL",
        ),
        (
            vec![rule(
                "r",
                &format!("{OUT}, over_amount = \"2\", max_amount = \"2\""),
                ASK,
            )],
            "notice: rule `r`: no amount is over",
        ),
        (
            vec![
                rule("r", TRADE, "\"allow\""),
                rule("no", "action = \"trade\"", "\"deny\""),
            ],
            "notice: rule `r`: it never permits anything: rule `no` denies it",
        ),
        (
            vec![rule("r", TRADE, "\"allow\""), rule("ask", TRADE, ASK)],
            "notice: rule `r`: it never allows by itself: rule `ask`",
        ),
        (
            vec![
                rule("r", &format!("{TRADE}, bot = \"x\""), "\"allow\""),
                rule("all", TRADE, "\"allow\""),
            ],
            "notice: rule `r`: rule `all` permits all of it already",
        ),
    ]);
}

#[test]
fn limits_that_do_nothing_are_found() {
    let usd = |when: &str| limit("usd", when, "24h", "max_usd = 5");
    expect(&[
        (
            vec![rule("r", TRADE, "\"allow\""), counted()],
            "notice: limit `out`: it never binds: no rule permits",
        ),
        (
            vec![
                rule("r", OUT, "\"allow\""),
                counted(),
                limit(
                    "loose",
                    "action = \"withdrawal\", asset = \"SOL\"",
                    "1h",
                    "max_amount = \"5\"",
                ),
            ],
            "notice: limit `loose`: it never binds: limit `out` is stricter",
        ),
        (
            vec![rule("r", OUT, "\"allow\""), usd("action = \"withdrawal\"")],
            "warning: limit `usd`: it needs a reference price",
        ),
        (
            vec!["[destinations.none]\nsolana = []\n".to_owned()],
            "notice: destination `none`: it has no address",
        ),
    ]);
}

#[test]
fn a_careful_twin_is_not_blamed() {
    let twins = [
        vec![
            rule(
                "r",
                &format!("{OUT}, over_amount = \"2\", max_amount = \"3\""),
                "\"allow\"",
            ),
            counted(),
        ],
        vec![
            rule("r", TRADE, "\"allow\""),
            rule("no", "action = \"trade\", bot = \"x\"", "\"deny\""),
        ],
        vec![
            rule("r", OUT, "\"allow\""),
            counted(),
            limit(
                "burst",
                "action = \"withdrawal\", asset = \"SOL\"",
                "1h",
                "max_amount = \"1\"",
            ),
        ],
        vec![
            rule("r", TRADE, "\"allow\""),
            limit(
                "fees",
                "action = \"fee\", asset = \"SOL\"",
                "1h",
                "max_amount = \"1\"",
            ),
        ],
        vec![
            rule("r", OUT, "\"allow\""),
            limit("usd", "action = \"withdrawal\"", "24h", "max_usd = 5"),
            "[assets.SOL]\nreference_price_usd = { source = \"operator\", max_age = \"24h\" }\n"
                .to_owned(),
        ],
    ];
    for parts in twins {
        assert_eq!(found(&parts), Vec::<String>::new());
    }
}

#[test]
fn the_sample_is_warned_of_slippage_only() {
    let set = crate::parse(include_str!("../../cases/desk-a.policy.toml")).unwrap();
    let found: Vec<String> = lint(&set).iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("`max_slippage_bps`"));
}

#[test]
fn nobody_to_agree_is_found() {
    let told = |group: &str| {
        let set = crate::parse(&format!("schema = 1\nname = \"alone\"\n{group}")).unwrap();
        let found = lint(&set);
        assert_eq!(set.can_be_loosened(), found.is_empty(), "{found:?}");
        found.first().map(|finding| finding.message.clone())
    };
    let nobody = told("").unwrap();
    assert!(
        nobody.starts_with("nobody can ever loosen this: no group `change`"),
        "{nobody}"
    );
    let people = "[groups.change]\napprovers = [\"alice\", \"bob\"]\n";
    let nobody = told(people).unwrap();
    assert!(
        nobody.contains("the group `change` has no `quorum`"),
        "{nobody}"
    );
    assert_eq!(told(&format!("{people}quorum = 1\n")), None);
}

#[test]
fn whom_attested_tables_trust_is_told() {
    let solana = "[solana]\nlookup_tables = \"attested\"\n".to_owned();
    expect(&[(vec![solana], "notice: `lookup_tables`: what gateways")]);
}
