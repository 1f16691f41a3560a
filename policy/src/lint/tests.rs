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

fn costs() -> String {
    limit(
        "costs",
        "action = [\"fee\", \"housekeeping\"], asset = \"SOL\"",
        "24h",
        "max_amount = \"9\"",
    )
}

fn found(parts: &[String]) -> Vec<String> {
    found_in(&(HEAD.to_owned() + &costs() + &parts.concat()))
}

fn found_in(text: &str) -> Vec<String> {
    let set = crate::parse(text).unwrap_or_else(|errors| panic!("{text}\n{errors:?}"));
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
            "error: rule `r`: it lets all SOL out, one withdrawal after another",
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

fn errors(found: Vec<String>) -> Vec<String> {
    let errors = found.into_iter().filter(|one| one.starts_with("error: "));
    errors.collect()
}

const BARE: &str = "action = \"trade\", max_slippage_bps = 300";

fn traded(asset: &str, window: &str) -> String {
    let when = format!("action = \"trade\", asset = \"{asset}\"");
    limit(
        &format!("{asset}-{window}"),
        &when,
        window,
        "max_amount = \"100\"",
    )
}

/// Trades without any bound on what is lost, and with each one that suffices.
#[test]
fn trades_at_any_price_are_an_error() {
    let junk =
        "[assets.JUNK]\nmint = \"DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263\"\ndecimals = 5\n";
    let all: Vec<String> = ["SOL", "USDC", "USDT"]
        .iter()
        .map(|asset| traded(asset, "24h"))
        .collect();
    let bare = |more: &str| rule("r", &format!("{BARE}{more}"), "\"allow\"");
    let with = |more: &str, parts: &[String]| {
        let mut all = vec![bare(more)];
        all.extend_from_slice(parts);
        errors(found(&all))
    };
    let lost = |assets: &str| {
        format!("error: rule `r`: it can sell all {assets} for next to nothing, one trade after")
    };
    for (more, parts, assets) in [
        ("", vec![], "SOL, USDC, USDT"),
        (", min_value_ratio = \"0.1\"", vec![], "SOL, USDC, USDT"),
        ("", vec![traded("SOL", "24h")], "USDC, USDT"),
        (
            "",
            vec![traded("SOL", "1m"), traded("USDC", "24h")],
            "SOL, USDT",
        ),
        ("", [&all[..], &[junk.to_owned()]].concat(), "JUNK"),
        (", mint_in = \"SOL\"", vec![], "SOL"),
        (
            ", mint_out = \"CktRuQ2mttgRGkXJtyksdKHjUdc2C4TgDzyB98oEzy8\"",
            vec![],
            "SOL, USDC, USDT",
        ),
        (
            "",
            vec![limit("n", "action = \"trade\"", "24h", "max_count = 1")],
            "SOL, USDC, USDT",
        ),
        (
            "",
            vec![limit(
                "b",
                "action = \"trade\", bot = \"x\"",
                "24h",
                "max_usd = 1",
            )],
            "SOL, USDC, USDT",
        ),
    ] {
        let found = with(more, &parts);
        assert_eq!(found.len(), 1, "{more} {parts:?}: {found:?}");
        assert!(found[0].starts_with(&lost(assets)), "{found:?}");
    }
    for (more, parts) in [
        (", min_value_ratio = \"0.9\"", vec![]),
        ("", all.clone()),
        (", mint_in = \"SOL\"", vec![traded("SOL", "1h")]),
        (", asset = \"USDC\"", vec![traded("USDC", "24h")]),
        (", mint_out = [\"SOL\", \"USDC\"]", vec![]),
        (", mint_out = \"JUNK\"", vec![junk.to_owned()]),
        (
            "",
            vec![limit("u", "action = \"any\"", "24h", "max_usd = 1")],
        ),
    ] {
        assert_eq!(with(more, &parts), Vec::<String>::new(), "{more} {parts:?}");
    }
    let asked = rule("r", BARE, ASK);
    assert_eq!(errors(found(&[asked])), Vec::<String>::new());
}

#[test]
fn withdrawals_without_a_limit_are_an_error() {
    let out = |asset: &str| {
        let when = format!("action = \"withdrawal\", destination = \"cold\"{asset}");
        rule("r", &when, "\"allow\"")
    };
    let found = errors(found(&[out(""), counted()]));
    let lost = "error: rule `r`: it lets all USDC, USDT out, one withdrawal after another";
    assert!(found.len() == 1 && found[0].starts_with(lost), "{found:?}");
}

#[test]
fn launches_without_a_limit_are_an_error() {
    let launch = rule("r", "action = \"launch\"", "\"allow\"");
    let found = |parts: &[String]| errors(found(parts));
    let lost = "error: rule `r`: it can spend all SOL on coins that are launched";
    assert!(found(std::slice::from_ref(&launch))[0].starts_with(lost));
    let limit = limit(
        "launched",
        "action = \"launch\", asset = \"SOL\"",
        "24h",
        "max_amount = \"1\"",
    );
    assert_eq!(found(&[launch, limit]), Vec::<String>::new());
}

#[test]
fn power_for_anybody_is_an_error() {
    let hands = |to: &str| {
        let when = format!("action = \"authority\", destination = \"{to}\"");
        errors(found(&[rule("r", &when, "\"allow\"")]))
    };
    assert!(hands("any")[0].starts_with("error: rule `r`: it hands power over accounts"));
    assert_eq!(hands("cold"), Vec::<String>::new());
}

#[test]
fn costs_without_a_limit_are_an_error() {
    let found = |more: &str, limits: &str| {
        let trade = rule("r", &format!("{TRADE}{more}"), "\"allow\"");
        errors(found_in(&[HEAD, limits, &trade].concat()))
    };
    let fees = limit(
        "fees",
        "action = \"fee\", asset = \"SOL\"",
        "24h",
        "max_amount = \"1\"",
    );
    let none = found("", "");
    assert_eq!(none.len(), 2, "{none:?}");
    assert!(none[0].starts_with("error: policy: priority fees and tips have no limit over time"));
    assert!(none[1].starts_with("error: policy: rent has no limit over time"));
    assert_eq!(found("", &fees).len(), 1);
    let (no_rent, no_fee) = (", max_rent = \"0 SOL\"", ", max_priority_fee = \"0 SOL\"");
    assert_eq!(found(no_rent, &fees), Vec::<String>::new());
    assert_eq!(
        found(&format!("{no_rent}{no_fee}"), ""),
        Vec::<String>::new()
    );
    assert_eq!(found("", &costs()), Vec::<String>::new());
    // A limit over one program's trades counts no fee.
    let of_program = fees.replace("\"SOL\"", "\"SOL\", program = \"jupiter-v6\"");
    assert_eq!(found(no_rent, &of_program).len(), 1);
}

/// The sample of the contract is the shortest that can be written; it says what a rule is, not what
/// to trade on.
#[test]
fn the_shortest_sample_is_no_policy_to_trade_on() {
    let found = found_in(include_str!("../../cases/desk-a.policy.toml"));
    let told = errors(found);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with("error: rule `dex-trades`: it can sell all SOL, USDC, USDT"));
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

#[test]
fn a_program_that_nothing_is_called_is_told_with_the_one_that_may_be_meant() {
    let when = |program: &str| format!("{TRADE}, program = [\"jupiter-v6\", \"{program}\"]");
    let told = found(&[rule("a", &when("jupitr-v6"), "\"deny\"")
        .replace(", max_slippage_bps = 300, min_value_ratio = \"0.9\"", "")]);
    let expected = "no program that is understood is called `jupitr-v6`";
    assert!(told.iter().any(|one| one.contains(expected)), "{told:?}");
    assert!(
        told.concat().contains("did you mean `jupiter-v6`?"),
        "{told:?}"
    );
    let known = found(&[rule("a", &when("phoenix"), "\"allow\"")]);
    assert!(!known.concat().contains("no program"), "{known:?}");
}

#[test]
fn a_limit_over_a_name_counts_it_at_all_its_places() {
    let chains = "[venues.evm.chains.1]\nname = \"ethereum\"\n\
        [venues.evm.chains.8453]\nname = \"base\"\n\
        [assets.USDC]\nsolana = \"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\"\n\
        evm = { 1 = \"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48\" }\n";
    let when = "action = \"withdrawal\", asset = [\"ETH\", \"USDC\"], destination = \"cold\"";
    let parts = |limited: &[&str]| {
        let limits = limited.iter().map(|asset| {
            let when = format!("action = \"withdrawal\", asset = \"{asset}\"");
            limit(asset, &when, "24h", "max_amount = \"5\"")
        });
        let all = [chains.to_owned(), rule("r", when, "\"allow\"")];
        found(&all.into_iter().chain(limits).collect::<Vec<_>>())
    };
    assert_eq!(parts(&["ETH", "USDC"]), Vec::<String>::new());
    for (limited, open) in [("ETH", "all USDC out"), ("USDC", "all ETH out")] {
        let found = parts(&[limited]);
        assert!(found.iter().any(|one| one.contains(open)), "{found:?}");
    }
}
