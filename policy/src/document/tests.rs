use super::*;

const SAMPLE: &str = include_str!("../../cases/desk-a.policy.toml");

#[test]
fn the_sample_policy_is_read() {
    let set = parse(SAMPLE).unwrap();
    assert_eq!(set.name(), "desk-a");
    assert_eq!(set.rules().len(), 3);
    assert_eq!(set.limits().len(), 2);
    assert_eq!(set.group("change").unwrap().quorum(), Some(2));
    let tighter = SAMPLE.replace(
        "max_priority_fee = \"0.01 SOL\" }",
        "max_priority_fee = \"0.01 SOL\", max_slippage_bps = 300 }",
    );
    assert_ne!(tighter, SAMPLE);
    let tighter = parse(&tighter).unwrap();
    assert_ne!(tighter.rules()[0].bounds, set.rules()[0].bounds);
    assert_ne!(tighter.hash(), set.hash());
}

/// A policy that is right, for one thing to be made wrong in it.
const SMALL: &str = r#"schema = 1
name = "small"
[groups.treasury]
approvers = ["alice", "bob"]
[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]
[assets.BONK]
mint = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"
decimals = 5
[[limits]]
name = "out"
when = { action = "withdrawal", asset = "BONK" }
per = "wallet"
window = "24h"
max_amount = "50"
[[rules]]
name = "bonk"
when = { action = "withdrawal", asset = "BONK", destination = "cold", max_amount = "0.00001" }
then = { approve = { group = "treasury", quorum = 2 } }
[[rules]]
name = "no"
when = { asset = "SOL" }
then = "deny"
"#;

/// What is replaced, by what, and what is told.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "approvers = [\"alice\", \"bob\"]\n",
        "approvers = [\"alice\", \"bob\"]\ndelay = \"36500d\"\n",
        "`groups.treasury.delay`: expected a delay from 0s to 30d, got `36500d`",
    ),
    (
        "[destinations.cold]\n",
        "[destinations.cold]\ncooldown = \"91d\"\n",
        "`destinations.cold.cooldown`: expected a cool-down from 0s to 90d, got `91d`",
    ),
    (
        "decimals = 5\n",
        "decimals = 5\nreference_price_usd = { source = \"operator\", max_age = \"31d\" }\n",
        "`assets.BONK.reference_price_usd.max_age`: expected an age from 0s to 30d, got `31d`",
    ),
    (
        "quorum = 2 }",
        "quorum = 2, expires = \"91d\" }",
        "expected a time from 0s to 90d, got `91d`",
    ),
    (
        "quorum = 2 }",
        "quorum = 2, expires = \"90d\", time_lock = \"36500d\" }",
        "expected a time from 0s to 90d, got `36500d`",
    ),
    (
        "window = \"24h\"",
        "window = \"401d\"",
        "`limits[0].window`: expected a window from 1s to 400d, got `401d`",
    ),
    (
        "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin",
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        "`destinations.cold.solana[0]`: `TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA` is the Token \
         program: what is sent there is lost",
    ),
    (
        "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin",
        "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
        "is the mint of USDC",
    ),
    (
        "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin",
        "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263",
        "which is the mint of asset `BONK`",
    ),
    (
        "schema = 1\n",
        "schema = 1\nsolana = { lookup_tables = \"atested\" }\n",
        "`solana.lookup_tables`: unknown mode of lookup tables `atested`; did you mean `attested`?",
    ),
    (
        "schema = 1\n",
        "schema = 1\nsolana = { tables = \"strict\" }\n",
        "`solana.tables`: unknown key",
    ),
    (
        "schema = 1",
        "schema = 2",
        "line 1, column 10: `schema`: expected `schema = 1`, got 2",
    ),
    ("schema = 1\n", "", "`schema` is missing"),
    (
        "schema = 1",
        "schema = ",
        "line 1, column 10: this is not TOML",
    ),
    (
        "[groups",
        "[grups",
        "line 3, column 2: `grups`: unknown key; did you mean `groups`?",
    ),
    (
        "per = ",
        "for = ",
        "line 13, column 1: `limits[0].for`: unknown key; did you mean `per`?",
    ),
    (
        "per = \"wallet\"",
        "",
        "line 10, column 1: `limits[0]`: `per` is missing",
    ),
    (
        "\"wallet\"",
        "\"walet\"",
        "`limits[0].per`: unknown scope `walet`; did you mean `wallet`?",
    ),
    (
        "\"24h\"",
        "\"24\"",
        "`limits[0].window`: expected a whole number and one of ms, s, m, h, d",
    ),
    (
        "\"24h\"",
        "\"0s\"",
        "expected a window from 1s to 400d, got `0s`",
    ),
    (
        "\"50\"",
        "50.0",
        "expected a string, got a floating-point number",
    ),
    (
        "\"50\"",
        "\"0.000001\"",
        "`0.000001` has more than the 5 decimals this asset has",
    ),
    (
        "max_amount = \"50\"",
        "",
        "expected exactly one of `max_amount`, `max_usd`, `max_count`",
    ),
    (
        "max_amount = \"50\"",
        "max_amount = \"50\"\nmax_count = 1",
        "expected exactly one of",
    ),
    (
        ", asset = \"BONK\" }",
        " }",
        "`max_amount` needs one `asset` in `when`",
    ),
    (
        "\"withdrawal\", asset = \"BONK\" }",
        "\"withdrawl\", asset = \"BONK\" }",
        "`limits[0].when.action`: unknown action `withdrawl`; did you mean `withdrawal`?",
    ),
    (
        "\"withdrawal\", asset = \"BONK\" }",
        "\"withdrawal\", asset = \"BONK\", max_tip = \"1 SOL\" }",
        "a limit cannot have `max_tip`",
    ),
    (
        "{ asset = \"SOL\" }",
        "{ asset = \"SOL\", max_amount = \"1\" }",
        "a deny rule cannot have `max_amount`",
    ),
    (
        "\"0.00001\"",
        "\"0.000001\"",
        "`rules[0].when.max_amount`: `0.000001` has more than the 5 decimals",
    ),
    (
        "{ action = \"withdrawal\", asset = \"BONK\", destination",
        "{ asset = \"BONK\", destination",
        "a rule that permits has to name its actions",
    ),
    (
        "destination = \"cold\"",
        "destination = \"cool\"",
        "unknown destination `cool`; did you mean `cold`?",
    ),
    (
        "destination = \"cold\"",
        "destination = [\"cold\", 5]",
        "`rules[0].when.destination[1]`: expected a string, got a whole number",
    ),
    (
        "asset = \"SOL\"",
        "asset = \"SOLL\"",
        "expected an asset, got `SOLL`; declare it as [assets.NAME]",
    ),
    (
        "group = \"treasury\"",
        "group = \"tresury\"",
        "unknown group `tresury`; did you mean `treasury`?",
    ),
    (
        "quorum = 2",
        "quorum = 3",
        "expected a quorum from 1 to the group's 2 members, got 3",
    ),
    (
        "quorum = 2",
        "quorum = 0",
        "expected a quorum from 1 to the group's 2 members, got 0",
    ),
    (
        ", quorum = 2",
        "",
        "`quorum` is missing, and the group has none either",
    ),
    (
        "quorum = 2",
        "quorum = 2, time_lock = \"48h\"",
        "`expires` (24h) has to be longer than `time_lock` (2d)",
    ),
    (
        "\"deny\"",
        "\"denny\"",
        "unknown outcome `denny`; did you mean `deny`?",
    ),
    (
        "{ approve =",
        "{ aprove =",
        "`rules[0].then.aprove`: unknown key; did you mean `approve`?",
    ),
    (
        "name = \"no\"",
        "name = \"bonk\"",
        "two rules are named `bonk`",
    ),
    (
        "name = \"no\"",
        "name = \"no way\"",
        "`rules[1].name`: expected a name of 1 to 64 characters",
    ),
    ("\"bob\"", "\"alice\"", "an approver is listed twice"),
    (
        "9xQe",
        "0xQe",
        "`destinations.cold.solana[0]`: expected a base58 address of 32 bytes",
    ),
    ("decimals = 5", "", "`mint` and `decimals` are needed"),
    (
        "decimals = 5",
        "decimals = 39",
        "expected a whole number from 0 to 38, got 39",
    ),
    (
        "[assets.BONK]",
        "[assets.USDC]",
        "`USDC` is well known and means something else",
    ),
    (
        "[assets.BONK]",
        "[assets.usdc]",
        "`usdc` is easily taken for `USDC`, which is well known; choose another name",
    ),
    (
        "[destinations.cold]",
        "[destinations.9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin]",
        "`9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin` is an address, which nobody can tell",
    ),
    (
        "[destinations.cold]",
        "[destinations.C0LD]\nsolana = []\n[destinations.cold]",
        "the destinations `C0LD` and `cold` are easily taken for each other; rename one",
    ),
    (
        "[destinations.cold]",
        "[destinations.any]",
        "`any` means everything and cannot be a name",
    ),
    (
        "solana =",
        "ethereum =",
        "`destinations.cold.ethereum`: unknown key; known here: solana, evm, cooldown",
    ),
];

#[test]
fn lookup_tables_are_strict_unless_written() {
    let mode = |more: &str| {
        parse(&SMALL.replacen("schema = 1\n", more, 1))
            .unwrap()
            .lookup_tables()
    };
    assert_eq!(mode("schema = 1\n"), LookupTables::Strict);
    for (text, expected) in [
        ("strict", LookupTables::Strict),
        ("attested", LookupTables::Attested),
    ] {
        let more = format!("schema = 1\nsolana = {{ lookup_tables = \"{text}\" }}\n");
        assert_eq!(mode(&more), expected);
    }
    assert_eq!(mode("schema = 1\nsolana = {}\n"), LookupTables::Strict);
}

#[test]
fn every_mistake_is_found_where_it_is() {
    parse(SMALL).unwrap();
    for (from, to, expected) in MISTAKES {
        let text = SMALL.replacen(from, to, 1);
        assert_ne!(text, SMALL, "`{from}` is not there");
        let errors = parse(&text).expect_err(&format!("`{to}` was accepted"));
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(
            told.iter().any(|one| one.contains(expected)),
            "`{to}`: {told:?}"
        );
    }
}

/// A policy for EVM chains that is right, for one thing to be made wrong in it.
const EVM: &str = r#"schema = 1
name = "evm"
[venues.evm.chains.1]
name = "ethereum"
[venues.evm.chains.1337]
name = "devnet"
native = "DEV"
[assets.USDC]
evm = { 1 = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48" }
[destinations.cold]
evm = ["0x9858EfFD232B4033E47d90003D41EC34EcaEda94"]
[[limits]]
name = "usdc-out"
when = { asset = "USDC" }
per = "global"
window = "24h"
max_amount = "50"
[[rules]]
name = "to-cold"
when = { action = "withdrawal", chain = 1, asset = ["ETH", "USDC"], destination = "cold", max_network_fee = "0.02 ETH" }
then = "allow"
[[rules]]
name = "calls"
when = { action = "authority", chain = "devnet", contract = "0x9858EfFD232B4033E47d90003D41EC34EcaEda94", selector = "0x01020304" }
then = "allow"
"#;

const EVM_MISTAKES: &[(&str, &str, &str)] = &[
    (
        "chains.1]",
        "chains.01]",
        "expected the number of a chain (EIP-155), got `01`",
    ),
    ("chains.1]", "chains.mainnet]", "got `mainnet`"),
    (
        "\"DEV\"",
        "\"SOL\"",
        "`SOL` is, or is easily taken for, `SOL`",
    ),
    ("\"DEV\"", "\"usdc\"", "easily taken for, `USDC`"),
    (
        "[assets.USDC]",
        "[assets.ETH]\ndecimals = 6\n[assets.USDC]",
        "native coin of chain 1, with 18 decimals",
    ),
    (
        "\"devnet\"\nnative",
        "\"Ethereum\"\nnative",
        "easily taken for each other",
    ),
    ("{ 1 =", "{ 10 =", "unknown chain `10`"),
    ("0xA0b86991", "0xa0b86991", "EIP-55"),
    (
        "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
        "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
        "this contract wraps `ETH`",
    ),
    (
        "0x9858EfFD232B4033E47d90003D41EC34EcaEda94",
        "0x9858effd232b4033e47d90003d41ec34ecaeda95\", \"0x0000000000000000000000000000000000000000",
        "is the zero address",
    ),
    (
        "0x9858EfFD232B4033E47d90003D41EC34EcaEda94\"]",
        "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48\"]",
        "which is the contract of asset `USDC`",
    ),
    ("chain = 1,", "chain = 5,", "unknown chain `5`"),
    (
        "0.02 ETH",
        "0.02 POL",
        "no chain under [venues.evm.chains] has `POL`",
    ),
    ("0.02 ETH", "1.0000000000000000001 ETH", "decimals"),
    ("0x01020304", "0x010203", "expected a selector"),
    (
        "asset = \"USDC\" }\nper",
        "asset = [\"USDC\", \"ETH\"] }\nper",
        "`max_amount` counts one asset",
    ),
    (
        "[assets.USDC]\n",
        "[assets.USDC]\nmint = \"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\"\nsolana = \"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\"\n",
        "say the same",
    ),
];

#[test]
fn every_mistake_about_evm_chains_is_found() {
    let set = parse(EVM).unwrap();
    assert_eq!(set.evm_chains().len(), 2);
    assert_eq!(set.evm_tokens().len(), 1);
    for (from, to, expected) in EVM_MISTAKES {
        let text = EVM.replacen(from, to, 1);
        assert_ne!(text, EVM, "`{from}` is not there");
        let errors = parse(&text).expect_err(&format!("`{to}` was accepted"));
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(
            told.iter().any(|one| one.contains(expected)),
            "`{to}`: {told:?}"
        );
    }
}

/// What leaves at Solana and at a chain counts in one window.
#[test]
fn a_name_that_lives_at_several_places_is_counted_together() {
    use crate::limit::Cap;
    use crate::rule::AnyOf;
    use countersign_intent::{Asset, evm, solana};
    let set = parse(EVM).unwrap();
    let limit = &set.limits()[0];
    let AnyOf::These(counted) = &limit.when.asset.0 else {
        panic!("everything is counted");
    };
    let contract = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
        .parse()
        .unwrap();
    let places: [Asset; 2] = [
        solana::Asset::USDC.into(),
        evm::Asset::Token { chain: 1, contract }.into(),
    ];
    assert_eq!(counted, &places);
    assert!(matches!(limit.cap(), Cap::Amount { decimals: 6, .. }));
}

#[test]
fn a_chain_more_is_a_loosening_and_one_less_is_not() {
    let more = EVM.replace(
        "[venues.evm.chains.1]",
        "[venues.evm.chains.10]\nname = \"optimism\"\n[venues.evm.chains.1]",
    );
    let (old, new) = (parse(EVM).unwrap(), parse(&more).unwrap());
    let crate::diff::Change::Loosening(why) = crate::diff::compare(&old, &new) else {
        panic!("a chain more is no tightening");
    };
    assert!(why.iter().any(|one| one.contains("chain 10")), "{why:?}");
    let told = crate::differences(&old, &new).join("\n");
    assert!(told.contains("optimism"), "{told}");
    let kept = crate::diff::compare(&new, &new);
    assert_eq!(kept, crate::diff::Change::Tightening);
}

#[test]
fn a_mint_has_one_name_and_one_scale() {
    let twice = SMALL.to_owned()
        + "[assets.DOG]\nmint = \"DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263\"\ndecimals = 6\n";
    assert!(
        parse(&twice).unwrap_err()[0]
            .message
            .contains("has another name already")
    );
    let scaled = SMALL.replace(
        "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263",
        "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
    );
    assert!(
        parse(&scaled).unwrap_err()[0]
            .message
            .contains("`BONK` has 6 decimals, not 5")
    );
}

#[test]
fn all_mistakes_are_told_at_once_and_in_order() {
    let text = SMALL
        .replace("\"24h\"", "\"never\"")
        .replace("quorum = 2", "quorum = 9")
        .replace("\"deny\"", "\"perhaps\"");
    let lines: Vec<usize> = parse(&text)
        .unwrap_err()
        .iter()
        .map(|error| error.line)
        .collect();
    assert_eq!(lines, [14, 19, 23]);
}

#[test]
fn a_text_without_end_is_refused() {
    let long = SMALL.to_owned() + &"#".repeat(MAX_TEXT);
    assert!(parse(&long).unwrap_err()[0].message.contains("longer than"));
    let deep = format!("schema = {}1{}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(parse(&deep).is_err());
    let rules = "[[rules]]\nname = \"r\"\nwhen = { }\nthen = \"deny\"\n".repeat(MAX_RULES + 1);
    let many = format!("schema = 1\nname = \"many\"\n{rules}");
    assert!(
        parse(&many).unwrap_err()[0]
            .message
            .contains("at most 512 of them")
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn mangled_text_is_read_or_refused(
        at in 0..SAMPLE.len(),
        cut in 0..40_usize,
        insert in "[\\PC\n\"\\[\\]={}]{0,8}",
    ) {
        let head = SAMPLE.get(..at).unwrap_or_default();
        let tail = SAMPLE.get(at + cut..).unwrap_or_default();
        let text = format!("{head}{insert}{tail}");
        match parse(&text) {
            Ok(set) => proptest::prop_assert_eq!(set.text(), text),
            Err(errors) => {
                proptest::prop_assert!(!errors.is_empty());
                for error in errors {
                    proptest::prop_assert!(error.line >= 1 && error.column >= 1);
                    proptest::prop_assert!(!error.message.is_empty());
                }
            }
        }
    }
}

#[test]
fn a_name_that_stands_twice_is_pointed_at_where_it_does() {
    let rule = "[[rules]]\nname = \"r\"\nwhen = { action = \"trade\" }\nthen = \"deny\"\n";
    let text = format!("schema = 1\nname = \"x\"\n{rule}{rule}");
    let errors = parse(&text).unwrap_err();
    assert!(errors[0].message.contains("two rules are named `r`"));
    assert_eq!((errors[0].line, errors[0].column), (8, 8), "{errors:?}");
}
