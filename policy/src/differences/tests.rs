use super::*;
use crate::parse;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const MORE: &str = "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLs4gDB4T";
const COLD_IS: &str = "destination `cold` is: cooldown 24h, solana \
                       9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const CHANGE_IS: &str = "group `change` is: approvers alice or bob or carol, delay 24h, quorum 2";

fn text() -> String {
    format!(
        r#"
schema = 1
name = "desk"
[groups.change]
approvers = ["alice", "bob", "carol"]
quorum = 2
delay = "24h"
[destinations.cold]
solana = ["{COLD}"]
cooldown = "24h"
[assets.BONK]
mint = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"
decimals = 5
[[limits]]
name = "sol-out-per-wallet"
when = {{ action = "withdrawal", asset = "SOL" }}
per = "wallet"
window = "24h"
max_amount = "40"
[[rules]]
name = "trades"
when = {{ action = "trade", program = ["jupiter-v6", "phoenix"], max_priority_fee = "0.01 SOL" }}
then = "allow"
[[rules]]
name = "out"
when = {{ action = "withdrawal", destination = "cold" }}
then = {{ approve = {{ group = "change", quorum = 2, time_lock = "10m" }} }}
"#
    )
}

/// What the change of `from` to `to` reads as.
fn told(from: &str, to: &str) -> Vec<String> {
    let old = text();
    let new = old.replace(from, to);
    assert_ne!(old, new, "nothing was replaced");
    differences(&parse(&old).unwrap(), &parse(&new).unwrap())
}

#[test]
fn an_added_address_stands_in_full() {
    let cold = format!("solana = [\"{COLD}\"]");
    let lines = told(&cold, &format!("solana = [\"{MORE}\", \"{COLD}\"]"));
    assert_eq!(lines, [format!("adds {MORE} to `cold`")]);
    let lines = told(&cold, &format!("solana = [\"{MORE}\"]"));
    let both = [
        format!("adds {MORE} to `cold`"),
        format!("removes {COLD} from `cold`"),
    ];
    assert_eq!(lines, both);
}

#[test]
fn numbers_stand_before_and_after() {
    assert_eq!(
        told("max_amount = \"40\"", "max_amount = \"60\""),
        ["`sol-out-per-wallet` 40 -> 60 SOL per 24h"]
    );
    assert_eq!(
        told("max_amount = \"40\"", "max_usd = \"60\""),
        ["`sol-out-per-wallet` 40 SOL -> 60 USD per 24h"]
    );
    assert_eq!(
        told("quorum = 2\ndelay = \"24h\"", "quorum = 1\ndelay = \"1h\""),
        [
            "group `change` delay 24h -> 1h",
            "group `change` quorum 2 -> 1"
        ]
    );
    assert_eq!(
        told("cooldown = \"24h\"\n", ""),
        ["`cold` cooldown 24h -> unset"]
    );
    assert_eq!(
        told("window = \"24h\"", "window = \"1h\""),
        ["limit `sol-out-per-wallet` window 24h -> 1h"]
    );
    assert_eq!(
        told("decimals = 5", "decimals = 6"),
        ["asset `BONK` decimals 5 -> 6"]
    );
}

#[test]
fn people_and_programs_that_come_and_go_are_named() {
    assert_eq!(
        told("\"bob\", \"carol\"]", "\"bob\", \"dave\"]"),
        [
            "adds dave to group `change`",
            "removes carol from group `change`"
        ]
    );
    assert_eq!(
        told(
            "[\"jupiter-v6\", \"phoenix\"]",
            "[\"jupiter-v6\", \"pump-fun\"]"
        ),
        [
            "rule `trades` program adds pump-fun",
            "rule `trades` program removes phoenix",
            "rule `trades` still: allows, action trade, max_priority_fee 0.01 SOL"
        ]
    );
    // Another order, or another way to write a list of one, is no difference.
    let none: [&str; 0] = [];
    assert_eq!(
        told(
            "[\"jupiter-v6\", \"phoenix\"]",
            "[\"phoenix\", \"jupiter-v6\"]"
        ),
        none
    );
    assert_eq!(
        told("destination = \"cold\"", "destination = [\"cold\"]"),
        none
    );
}

#[test]
fn a_rule_and_a_limit_more_or_less_say_all_they_hold() {
    let more = "[[rules]]\nname = \"x\"\nwhen = { action = [\"withdrawal\", \"stake\"], \
                destination = \"cold\", max_amount = \"1\", memo = [\"104:1\", \"two words here\"] }\n\
                then = \"allow\"\n[[rules]]\nname = \"trades\"";
    assert_eq!(
        told("[[rules]]\nname = \"trades\"", more),
        [
            "rule `x` added: allows stake or withdrawal, destination cold, max_amount 1, \
          memo \"two words here\" or 104:1",
            COLD_IS
        ]
    );
    let out = text();
    let out = out
        .split_at(out.find("[[rules]]\nname = \"out\"").unwrap())
        .1;
    assert_eq!(
        told(out, ""),
        [
            "rule `out` removed: it asks group change, quorum 2, time_lock 10m about withdrawal, \
          destination cold",
            COLD_IS,
            CHANGE_IS
        ]
    );
    let limit = "[[limits]]\nname = \"fees\"\nwhen = { action = \"fee\" }\nper = \"bot\"\n\
                 window = \"1h\"\nmax_count = 9\n[[limits]]";
    assert_eq!(
        told("[[limits]]", limit),
        ["limit `fees` added: 9 requests per 1h per bot, of action fee"]
    );
    assert_eq!(
        told(
            "then = \"allow\"",
            "then = { approve = { group = \"change\" } }"
        ),
        [
            "rule `trades`: allows -> asks group change",
            "rule `trades` still: action trade, max_priority_fee 0.01 SOL, program jupiter-v6 or phoenix",
            CHANGE_IS
        ]
    );
    assert_eq!(
        told("time_lock = \"10m\"", "time_lock = \"1m\""),
        [
            "rule `out` time_lock 10m -> 1m",
            "rule `out` still: asks, group change, quorum 2, action withdrawal, destination cold",
            COLD_IS,
            CHANGE_IS
        ]
    );
}

#[test]
fn any_other_key_is_told_too() {
    assert_eq!(
        told(
            "name = \"desk\"",
            "name = \"desk\"\nsolana = { lookup_tables = \"attested\" }"
        ),
        ["solana lookup_tables unset -> attested"]
    );
    // Not a key of today: what reads the files tells it all the same.
    let before =
        Entry::of(&toml::from_str::<Value>("a = 1\n[b.c]\nd = [\"x\", \"\u{e9}\"]").unwrap());
    let after = Entry::of(&toml::from_str::<Value>("a = 2\n[b.c]\nd = [\"x\"]\n[b.e]").unwrap());
    let mut lines = Vec::new();
    before.changes(&after, "venues", &mut lines);
    assert_eq!(
        lines,
        [
            "venues a 1 -> 2",
            "venues b.c.d removes \"\\u{e9}\"",
            "venues b.e unset -> nothing"
        ]
    );
}

#[test]
fn the_same_policy_in_other_words_has_no_difference() {
    let set = parse(&text()).unwrap();
    assert!(differences(&set, &set).is_empty());
    assert!(told("name = \"desk\"", "name = \"other\"").is_empty());
}

/// The meaning of a name may have come long before the rule that uses it.
#[test]
fn a_rule_that_comes_says_what_its_names_mean() {
    let sol = "[[rules]]\nname = \"sol\"\nwhen = { action = \"withdrawal\", asset = \"SOL\", \
               destination = \"cold\", max_amount = \"40\" }\nthen = \"allow\"\n[[rules]]\nname = \"out\"";
    assert_eq!(
        told("[[rules]]\nname = \"out\"", sol),
        [
            "rule `sol` added: allows withdrawal, asset SOL, destination cold, max_amount 40",
            COLD_IS
        ]
    );
    let asks = "[[rules]]\nname = \"asks\"\nwhen = { action = \"trade\", mint_out = [\"BONK\"] }\n\
                then = { approve = { group = \"change\" } }\n[[rules]]\nname = \"out\"";
    assert_eq!(
        told("[[rules]]\nname = \"out\"", asks),
        [
            "rule `asks` added: asks group change about trade, mint_out BONK",
            CHANGE_IS,
            "asset `BONK` is: decimals 5, mint DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"
        ]
    );
    let cap = "[[limits]]\nname = \"cap\"\nwhen = { action = \"withdrawal\", destination = \"cold\" }\n\
               per = \"global\"\nwindow = \"1h\"\nmax_count = 1\n[[limits]]";
    assert_eq!(told("[[limits]]", cap).last().unwrap(), COLD_IS);
}

/// A rule may have come under any name, so what stays of it is read, too.
#[test]
fn a_rule_that_changes_says_what_it_is_about() {
    assert_eq!(
        told("\"0.01 SOL\" }", "\"0.02 SOL\" }"),
        [
            "rule `trades` max_priority_fee 0.01 SOL -> 0.02 SOL",
            "rule `trades` still: allows, action trade, program jupiter-v6 or phoenix"
        ]
    );
}

/// What fits on no device is no reason that a rule about it can never change.
#[test]
fn a_long_list_that_stays_is_told_by_its_digest() {
    let many: Vec<String> = (0..40_u8)
        .map(|number| {
            format!(
                "\"{}\"",
                countersign_intent::Address::new([number | 64; 32])
            )
        })
        .collect();
    let old = text().replace(&format!("\"{COLD}\""), &many.join(", "));
    let new = old.replace("10m", "1m");
    let lines = differences(&parse(&old).unwrap(), &parse(&new).unwrap());
    let told = lines
        .iter()
        .find(|line| line.starts_with("destination `cold` is: "))
        .unwrap();
    assert!(
        told.contains(" is: 41 values, sha256 ") && told.len() < 120,
        "{told}"
    );
}
