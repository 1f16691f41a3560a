use proptest::prelude::*;

use super::*;
use crate::decision::Decision;
use crate::random::{
    approve_rule, deny_rule, intent, judged, limit, parts, policy, strictness, tier,
};

const SAMPLE: &str = include_str!("../../cases/desk-a.policy.toml");

/// The sample with one text replaced.
fn changed(from: &str, to: &str) -> Change {
    let text = SAMPLE.replacen(from, to, 1);
    assert_ne!(text, SAMPLE, "`{from}` is not there");
    compare(
        &crate::parse(SAMPLE).unwrap(),
        &crate::parse(&text).unwrap(),
    )
}

const DENY: &str = "[[rules]]\nname = \"no\"\nwhen = { bot = \"x\" }\nthen = \"deny\"\n[[rules]]";
const LIMIT: &str = "[[limits]]\nname = \"new\"\nwhen = { action = \"any\" }\nper = \"global\"\n\
                     window = \"1h\"\nmax_count = 5\n[[rules]]";

#[test]
fn what_tightens_is_known() {
    for (from, to) in [
        ("schema = 1", "schema = 1 # nothing else"),
        ("max_amount = \"50\"", "max_amount = \"49\""),
        ("max_count = 120", "max_count = 0"),
        ("[[rules]]", DENY),
        ("[[rules]]", LIMIT),
        ("[\"jupiter-v6\", \"raydium-amm-v4\"]", "[\"jupiter-v6\"]"),
        ("\"0.01 SOL\" }", "\"0.01 SOL\", max_slippage_bps = 300 }"),
        ("\"0.01 SOL\"", "\"0.009 SOL\""),
        ("max_amount = \"1\", dest", "max_amount = \"0.5\", dest"),
        ("quorum = 2, time", "quorum = 3, time"),
        ("\"10m\"", "\"20m\""),
        ("over_amount = \"1\"", "over_amount = \"2\""),
        ("expires = \"24h\"", "expires = \"12h\""),
        (
            "ledger_cosign = false } }",
            "ledger_cosign = false } }\n\
          [[rules]]\nname = \"also\"\nwhen = { action = \"trade\", venue = \"solana\", program = \"jupiter-v6\" }\n\
          then = { approve = { group = \"treasury\", quorum = 1 } }",
        ),
        ("delay = \"24h\"", "delay = \"48h\""),
        ("quorum = 2\n", "quorum = 3\n"),
        ("cooldown = \"24h\"", "cooldown = \"48h\""),
        ("[\"9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin\"]", "[]"),
        ("max_age = \"24h\"", "max_age = \"1h\""),
        (
            "{ action = \"trade\" }\nper",
            "{ action = [\"trade\", \"stake\"] }\nper",
        ),
        ("name = \"dex-trades\"", "name = \"renamed\""),
    ] {
        assert_eq!(changed(from, to), Change::Tightening, "`{to}`");
    }
}

/// What is replaced, by what, and what is told.
const LOOSENINGS: &[(&str, &str, &str)] = &[
    (
        "schema = 1",
        "schema = 1\nsolana = { lookup_tables = \"attested\" }",
        "only an attested lookup table names",
    ),
    (
        "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin\"",
        "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin\", \"CktRuQ2mttgRGkXJtyksdKHjUdc2C4TgDzyB98oEzy8\"",
        "rule `small-withdrawals-to-cold` may permit",
    ),
    (
        "max_amount = \"50\"",
        "max_amount = \"51\"",
        "limit `sol-out-per-wallet` is higher",
    ),
    (
        "window = \"1m\"",
        "window = \"30s\"",
        "limit `trades-per-bot` is gone",
    ),
    (
        "per = \"wallet\"",
        "per = \"user\"",
        "limit `sol-out-per-wallet` is gone",
    ),
    (
        "\"trades-per-bot\"",
        "\"trades\"",
        "limit `trades-per-bot` is gone",
    ),
    (
        "{ action = \"trade\" }\nper",
        "{ action = \"trade\", bot = \"x\" }\nper",
        "may count less",
    ),
    (
        "\"raydium-amm-v4\"]",
        "\"raydium-amm-v4\", \"orca\"]",
        "rule `dex-trades` may permit",
    ),
    (
        "\"0.01 SOL\"",
        "\"0.02 SOL\"",
        "rule `dex-trades` may permit",
    ),
    (
        "\"0.01 SOL\"",
        "\"0.01 SOL\", max_tip = \"0.01 SOL\"",
        "rule `dex-trades` may permit",
    ),
    (
        "\"0.01 SOL\"",
        "\"0.01 SOL\", durable_nonce = true",
        "rule `dex-trades` may permit",
    ),
    (
        "max_amount = \"1\", dest",
        "max_amount = \"2\", dest",
        "rule `small-withdrawals-to-cold`",
    ),
    (
        "quorum = 2, time",
        "quorum = 1, time",
        "what rule `withdrawals-to-cold` asked for",
    ),
    (
        "\"10m\"",
        "\"9m\"",
        "what rule `withdrawals-to-cold` asked for",
    ),
    (
        "expires = \"24h\"",
        "expires = \"48h\"",
        "what rule `withdrawals-to-cold` asked for",
    ),
    (
        "\"carol\"]        #",
        "\"carol\", \"dave\"] #",
        "group `treasury` gains `dave`",
    ),
    (
        "delay = \"24h\"",
        "delay = \"23h\"",
        "group `change` has to wait less",
    ),
    (
        "quorum = 2\n",
        "quorum = 1\n",
        "group `change` needs fewer to agree",
    ),
    (
        "[groups.change]",
        "[groups.changes]",
        "group `change` is gone",
    ),
    (
        "cooldown = \"24h\"",
        "cooldown = \"23h\"",
        "rule `small-withdrawals-to-cold` may permit",
    ),
    (
        "max_age = \"24h\"",
        "max_age = \"25h\"",
        "price of `SOL` may be older",
    ),
    (
        "then = { approve",
        "then = \"allow\" #",
        "what rule `withdrawals-to-cold` asked for",
    ),
];

#[test]
fn what_loosens_is_told() {
    for (from, to, told) in LOOSENINGS {
        let Change::Loosening(why) = changed(from, to) else {
            panic!("`{to}` was taken for a tightening");
        };
        assert!(why.iter().any(|one| one.contains(told)), "`{to}`: {why:?}");
    }
}

#[test]
fn a_denial_that_goes_or_shrinks_is_a_loosening() {
    let with = |when: &str| {
        let rule = format!("[[rules]]\nname = \"no\"\nwhen = {{ {when} }}\nthen = \"deny\"\n");
        crate::parse(&(SAMPLE.to_owned() + &rule)).unwrap()
    };
    let wide = with("action = [\"trade\", \"stake\"]");
    let narrow = with("action = \"trade\"");
    let over = with("action = \"trade\", over_amount = \"1\"");
    assert_eq!(compare(&narrow, &wide), Change::Tightening);
    assert_eq!(compare(&over, &narrow), Change::Tightening);
    assert!(matches!(compare(&wide, &narrow), Change::Loosening(_)));
    assert!(matches!(compare(&narrow, &over), Change::Loosening(_)));
    let sample = crate::parse(SAMPLE).unwrap();
    assert!(matches!(compare(&narrow, &sample), Change::Loosening(_)));
}

/// Fees need no permission of their own: that no rule permits them any more says nothing.
#[test]
fn a_demand_on_fees_that_goes_is_a_loosening() {
    let asks = "[[rules]]\nname = \"fees\"\nwhen = { action = \"fee\", over_amount = \"0\" }\n\
                then = { approve = { group = \"treasury\", quorum = 1 } }\n";
    let old = crate::parse(&(SAMPLE.to_owned() + asks)).unwrap();
    let new = crate::parse(SAMPLE).unwrap();
    let told = "what rule `fees` asked for may not be asked any more".to_owned();
    assert_eq!(compare(&old, &new), Change::Loosening(vec![told]));
}

/// Texts that change one number or word of a part.
const TWEAKS: [(&str, &str); 12] = [
    ("\"1\"", "\"2\""),
    ("\"2\"", "\"1\""),
    ("\"3\"", "\"1\""),
    ("\"0\"", "\"5\""),
    ("quorum = 2", "quorum = 1"),
    ("quorum = 1", "quorum = 2"),
    ("action = \"any\"", "action = \"withdrawal\""),
    (
        "action = \"withdrawal\"",
        "action = [\"trade\", \"withdrawal\"]",
    ),
    ("= true", "= false"),
    ("\"1 SOL\"", "\"0.01 SOL\""),
    ("\"0.01 SOL\"", "\"1 SOL\""),
    ("destination = \"friends\", ", ""),
];

/// A policy and one that differs from it in few places.
fn pairs() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    let start = prop_oneof![parts(), prop::collection::vec(tier(), 1..5)];
    let added = prop_oneof![deny_rule(), approve_rule(), limit()];
    (
        start,
        any::<prop::sample::Index>(),
        0..4_u8,
        0..TWEAKS.len(),
        added,
    )
        .prop_map(|(old, place, how, tweak, added)| {
            let mut new = old.clone();
            let place = place.index(old.len());
            match how {
                0 => drop(new.remove(place)),
                1 => new.push(added),
                _ => new[place] = old[place].replace(TWEAKS[tweak].0, TWEAKS[tweak].1),
            }
            (old, new)
        })
}

fn stricter(old: &Decision, new: &Decision) -> bool {
    if let (Decision::NeedApproval(old), Decision::NeedApproval(new)) = (old, new) {
        let met = |old: &Requirement| {
            new.requirements
                .iter()
                .any(|new| at_least_as_strict(new, old))
        };
        return old.requirements.iter().all(met);
    }
    strictness(new) >= strictness(old)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_tightening_releases_nothing_more(
        (old, new) in pairs(),
        intents in prop::collection::vec(intent(), 8),
        used in 0..3_u8,
    ) {
        let (Some(old), Some(new)) = (policy(&old), policy(&new)) else { return Ok(()) };
        if compare(&old, &new) == Change::Tightening {
            for intent in intents {
                let (before, after) = (judged(&old, &intent, used), judged(&new, &intent, used));
                prop_assert!(stricter(&before, &after), "{intent:?}\n{before:?}\n{after:?}");
            }
        }
    }

    #[test]
    fn every_policy_tightens_itself(parts in parts()) {
        if let Some(set) = policy(&parts) {
            prop_assert_eq!(compare(&set, &set), Change::Tightening);
        }
    }
}

/// Every policy of a small universe against every other, on every request of it.
#[test]
fn a_small_universe_agrees() {
    let mut rules = vec![String::new()];
    for then in [
        "\"allow\"",
        "\"deny\"",
        "{ approve = { group = \"ops\", quorum = 1 } }",
    ] {
        for keys in [
            "",
            ", over_amount = \"1\"",
            ", max_amount = \"1\"",
            ", destination = \"friends\"",
        ] {
            let when = format!("action = \"withdrawal\"{keys}");
            if !(then.contains("deny") && keys.contains("max")) {
                rules.push(format!(
                    "[[rules]]\nname = \"NAME\"\nwhen = {{ {when} }}\nthen = {then}\n"
                ));
            }
        }
    }
    let mut sets = Vec::new();
    for (index, one) in rules.iter().enumerate() {
        for two in &rules[index..] {
            let parts = [one.replace("NAME", "one"), two.replace("NAME", "two")];
            sets.push(policy(&parts).unwrap());
        }
    }
    let requests = crate::random::small_requests();
    let outcomes: Vec<Vec<Decision>> = sets
        .iter()
        .map(|set| {
            requests
                .iter()
                .map(|intent| judged(set, intent, 0))
                .collect()
        })
        .collect();
    let (mut proven, mut true_but_unproven) = (0, 0);
    for (old, before) in sets.iter().zip(&outcomes) {
        for (new, after) in sets.iter().zip(&outcomes) {
            let holds = before
                .iter()
                .zip(after)
                .all(|(before, after)| stricter(before, after));
            match compare(old, new) {
                Change::Tightening => {
                    assert!(holds, "{}\n{}", old.text(), new.text());
                    proven += 1;
                }
                Change::Loosening(_) if holds => true_but_unproven += 1,
                Change::Loosening(_) => {}
            }
        }
    }
    let all = sets.len() * sets.len();
    assert!(
        proven > all / 10,
        "{proven} proven of {all}, {true_but_unproven} true but unproven"
    );
}

#[test]
fn an_asset_less_hides_what_could_be_spent() {
    let coin =
        "[assets.COIN]\nmint = \"4Ss5JMkXAD9Z7cktFEdrqeMuT6jGMF1pVozTyPHZ6zT4\"\ndecimals = 6\n";
    let sample = crate::parse(SAMPLE).unwrap();
    let named = crate::parse(&(SAMPLE.to_owned() + coin)).unwrap();
    let told = "asset `COIN` is gone: the wallets' accounts of it may no longer be seen within \
                reach of a trade";
    let Change::Loosening(why) = compare(&named, &sample) else {
        panic!("taken for a tightening");
    };
    assert!(why.contains(&told.to_owned()), "{why:?}");
    // Everybody knows these.
    let less = SAMPLE.replacen("[assets.SOL]\nreference_price_usd", "# ", 1);
    let less = crate::parse(&less).unwrap();
    assert_eq!(compare(&sample, &less), Change::Tightening);
}

const NEW: &str = "CktRuQ2mttgRGkXJtyksdKHjUdc2C4TgDzyB98oEzy8";

/// The sample with a destination that is as `rules` use it, and the same with an address more.
fn grown(rules: &str) -> Change {
    let with = |more: &str| {
        let place = format!(
            "[destinations.place]\nsolana = [\"4Ss5JMkXAD9Z7cktFEdrqeMuT6jGMF1pVozTyPHZ6zT4\"{more}]\n"
        );
        crate::parse(&[SAMPLE, &place, rules].concat()).unwrap()
    };
    compare(&with(""), &with(&format!(", \"{NEW}\"")))
}

#[test]
fn an_address_more_changes_what_messages_mean() {
    let asks = "[[rules]]\nname = \"asks\"\nwhen = { action = \"withdrawal\", destination = \"place\" }\n\
                then = { approve = { group = \"treasury\", quorum = 1 } }\n";
    let denies = "[[rules]]\nname = \"no\"\nwhen = { destination = \"place\" }\nthen = \"deny\"\n";
    let limits = "[[limits]]\nname = \"place\"\nwhen = { action = \"withdrawal\", destination = \"place\" }\n\
                  per = \"global\"\nwindow = \"1h\"\nmax_count = 5\n";
    let told = format!("destination `place` gains {NEW}: what is sent to that owner");
    let stops = [denies, limits].concat();
    for rules in ["", asks, &[denies, asks].concat(), denies, limits, &stops] {
        let Change::Loosening(why) = grown(rules) else {
            panic!("`{rules}` was taken for a tightening");
        };
        assert!(why.iter().any(|one| one.starts_with(&told)), "{why:?}");
    }
}

/// What is told where the sample becomes the sample with more behind it.
fn brought(more: &str) -> Vec<String> {
    let [old, new] = [SAMPLE.to_owned(), SAMPLE.to_owned() + more];
    match compare(&crate::parse(&old).unwrap(), &crate::parse(&new).unwrap()) {
        Change::Tightening => panic!("`{more}` was taken for a tightening"),
        Change::Loosening(why) => why,
    }
}

#[test]
fn nobody_brings_in_a_destination_by_stopping_at_it() {
    let place = format!("[destinations.cold-backup]\nsolana = [\"{NEW}\"]\n");
    let cap = "[[limits]]\nname = \"backup-cap\"\nwhen = { action = \"withdrawal\", asset = \"SOL\", \
               destination = \"cold-backup\" }\nper = \"wallet\"\nwindow = \"24h\"\nmax_amount = \"40\"\n";
    let no =
        "[[rules]]\nname = \"no\"\nwhen = { destination = \"cold-backup\" }\nthen = \"deny\"\n";
    for more in [&place, &[&place, cap].concat(), &[&place, no].concat()] {
        let why = brought(more).join("\n");
        assert!(why.contains("destination `cold-backup` is new"), "{why}");
        assert!(why.contains(NEW), "{why}");
    }
    // A name with nothing in it yet is a name all the same.
    let why = brought("[destinations.later]\nsolana = []\n").join("\n");
    assert!(why.contains("destination `later` is new"), "{why}");
}

#[test]
fn a_group_that_went_comes_back_by_the_word_of_people_alone() {
    let asks = SAMPLE
        .find("[[rules]]\nname = \"withdrawals-to-cold\"")
        .unwrap();
    let (rest, _) = SAMPLE.split_at(asks);
    let (head, tail) = rest.split_once("[groups.treasury]").unwrap();
    let tail = tail.split_at(tail.find("[groups.change]").unwrap()).1;
    let bare = crate::parse(&[head, tail].concat()).unwrap();
    let sample = crate::parse(SAMPLE).unwrap();
    assert_eq!(compare(&sample, &bare), Change::Tightening);
    for members in ["\"alice\", \"mallory\"", "\"alice\", \"bob\", \"carol\""] {
        let group = format!("[groups.treasury]\napprovers = [{members}]\nquorum = 1\n");
        let again = crate::parse(&[head, &group, tail].concat()).unwrap();
        let told = "group `treasury` is new: who agrees to what later rules ask of it rests on its \
                    members";
        assert_eq!(
            compare(&bare, &again),
            Change::Loosening(vec![told.to_owned()])
        );
    }
}

#[test]
fn a_name_and_decimals_for_a_mint_are_the_word_of_people() {
    let asset = |name: &str, decimals: u8| {
        format!("[assets.{name}]\nmint = \"{NEW}\"\ndecimals = {decimals}\n")
    };
    for (name, decimals) in [("DUST", 18), ("JITOSOL", 9)] {
        let told = format!(
            "asset `{name}` is new: amounts of {NEW} are read by that name, with {decimals} decimals"
        );
        let why = brought(&asset(name, decimals));
        assert!(why.contains(&told), "{why:?}");
    }
    let with = |text: String| crate::parse(&(SAMPLE.to_owned() + &text)).unwrap();
    let change = compare(&with(asset("DUST", 18)), &with(asset("GOLD", 18)));
    let told = "asset `DUST` is called `GOLD` now".to_owned();
    assert!(
        matches!(&change, Change::Loosening(why) if why.contains(&told)),
        "{change:?}"
    );
    // Everybody knows this one, by the same name.
    assert_eq!(
        compare(&with(String::new()), &with("[assets.USDC]\n".to_owned())),
        Change::Tightening
    );
}

#[test]
fn an_owner_less_parts_what_was_counted_together() {
    let limit = "[[limits]]\nname = \"each\"\nwhen = { action = \"withdrawal\" }\nper = \"destination\"\n\
                 window = \"1h\"\nmax_count = 5\n";
    let shrunk = |more: &str| {
        let place = format!("[destinations.place]\nsolana = [\"{NEW}\"]\n");
        let old = crate::parse(&[SAMPLE, more, &place].concat()).unwrap();
        let new = crate::parse(&[SAMPLE, more].concat()).unwrap();
        compare(&old, &new)
    };
    assert_eq!(shrunk(limit), Change::Tightening);
    let anywhere = "[[rules]]\nname = \"out\"\nwhen = { action = \"withdrawal\", destination = \"any\" }\n\
                    then = \"allow\"\n";
    assert_eq!(shrunk(anywhere), Change::Tightening);
    assert!(matches!(
        shrunk(&[limit, anywhere].concat()),
        Change::Loosening(_)
    ));
}

#[test]
fn strict_lookup_tables_tighten() {
    let with = |mode: &str| {
        let mode = format!("schema = 1\nsolana = {{ lookup_tables = \"{mode}\" }}");
        crate::parse(&SAMPLE.replacen("schema = 1", &mode, 1)).unwrap()
    };
    let (strict, attested) = (with("strict"), with("attested"));
    assert_eq!(compare(&attested, &strict), Change::Tightening);
    assert_eq!(compare(&attested, &attested), Change::Tightening);
    assert!(matches!(compare(&strict, &attested), Change::Loosening(_)));
}
