use super::*;
use crate::parse;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const MORE: &str = "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLs4gDB4T";

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
            "rule `trades` program removes phoenix"
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
          memo \"two words here\" or 104:1"
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
          destination cold"
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
        ["rule `trades`: allows -> asks group change"]
    );
    assert_eq!(
        told("time_lock = \"10m\"", "time_lock = \"1m\""),
        ["rule `out` time_lock 10m -> 1m"]
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
