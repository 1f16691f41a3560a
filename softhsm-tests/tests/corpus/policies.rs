//! Random policies over the addresses that the messages pay, and random changes of them.

use std::fmt::Write as _;

use countersign_policy::PolicySet;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::messages::{PAYEES, payee_accounts};

/// A policy in parts, so that one of them can be changed.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    destinations: Vec<Vec<String>>,
    rules: Vec<String>,
}

fn addresses() -> Vec<String> {
    let owners = PAYEES.iter().map(ToString::to_string);
    let accounts = payee_accounts();
    owners
        .chain(accounts.iter().map(ToString::to_string))
        .collect()
}

fn list() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(select(addresses()), 0..3)
}

const DESTINATIONS: usize = 3;

fn key(values: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(values).prop_map(str::to_owned)
}

/// A rule or limit, to be named by its place.
fn part() -> impl Strategy<Value = String> {
    let action = key(&[
        "\"any\"",
        "\"withdrawal\"",
        "[\"withdrawal\", \"trade\"]",
        "\"trade\"",
        "[\"fee\", \"housekeeping\"]",
    ]);
    let asset = key(&[
        "",
        ", asset = \"SOL\"",
        ", asset = \"USDC\"",
        ", asset = \"USDT\"",
    ]);
    let destination = key(&[
        "",
        ", destination = \"any\"",
        ", destination = \"d0\"",
        ", destination = \"d1\"",
        ", destination = [\"d0\", \"d2\"]",
    ]);
    let over = key(&["", "", ", over_amount = \"1\"", ", over_amount = \"3\""]);
    let then = key(&[
        "rule \"allow\"",
        "rule \"allow\"",
        "rule \"deny\"",
        "rule { approve = { group = \"ops\", quorum = 1 } }",
        "limit wallet",
        "limit destination",
        "limit destination",
        "limit global",
    ]);
    let cap = key(&[
        "max_count = 1",
        "max_count = 0",
        "amount 1",
        "amount 2",
        "amount 4",
    ]);
    (action, asset, destination, over, then, cap).prop_map(
        |(action, asset, destination, over, then, cap)| {
            let when = format!("action = {action}{asset}{destination}{over}");
            match then.split_once(' ').unwrap() {
                ("rule", then) => rule(&when, then),
                (_, per) => limit(&when, &asset, per, &cap),
            }
        },
    )
}

fn rule(when: &str, then: &str) -> String {
    let bounds = ", max_priority_fee = \"9 SOL\", max_tip = \"9 SOL\", max_rent = \"9 SOL\", \
                  durable_nonce = true, allow_cosigners = true, max_exposed_accounts = 9";
    let bounds = if then == "\"deny\"" { "" } else { bounds };
    format!("[[rules]]\nname = \"NAME\"\nwhen = {{ {when}{bounds} }}\nthen = {then}\n")
}

fn limit(when: &str, asset: &str, per: &str, cap: &str) -> String {
    let cap = match cap.strip_prefix("amount ") {
        Some(_) if asset.is_empty() => "max_count = 2".to_owned(),
        Some(most) => format!("max_amount = \"{most}\""),
        None => cap.to_owned(),
    };
    format!(
        "[[limits]]\nname = \"NAME\"\nwhen = {{ {when} }}\nper = \"{per}\"\nwindow = \"1h\"\n{cap}\n"
    )
}

/// Texts that a change may put for others in one rule or limit.
const TWEAKS: [(&str, &str); 12] = [
    ("\"1\"", "\"3\""),
    ("\"4\"", "\"1\""),
    ("\"2\"", "\"4\""),
    ("max_count = 1", "max_count = 0"),
    ("max_count = 0", "max_count = 2"),
    (", asset = \"USDC\"", ""),
    (", destination = \"any\"", ", destination = \"d1\""),
    ("[\"d0\", \"d2\"]", "\"d0\""),
    ("\"d0\"", "[\"d0\", \"d2\"]"),
    (", over_amount = \"3\"", ", over_amount = \"1\""),
    ("\"any\"", "\"withdrawal\""),
    ("\"deny\"", "{ approve = { group = \"ops\", quorum = 1 } }"),
];

#[derive(Debug, Clone)]
enum Edit {
    Address(Index, String),
    NoAddress(Index, Index),
    Add(String),
    Remove(Index),
    Tweak(Index, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<Index>;
    prop_oneof![
        3 => (index(), select(addresses())).prop_map(|(at, what)| Edit::Address(at, what)),
        3 => (index(), index()).prop_map(|(at, which)| Edit::NoAddress(at, which)),
        2 => part().prop_map(Edit::Add),
        1 => index().prop_map(Edit::Remove),
        3 => (index(), 0..TWEAKS.len()).prop_map(|(at, tweak)| Edit::Tweak(at, tweak)),
    ]
}

impl Parts {
    fn changed(&self, edit: Edit) -> Self {
        let mut new = self.clone();
        match edit {
            Edit::Address(at, what) => new.destinations[at.index(DESTINATIONS)].push(what),
            Edit::NoAddress(at, which) => {
                let list = &mut new.destinations[at.index(DESTINATIONS)];
                if !list.is_empty() {
                    list.remove(which.index(list.len()));
                }
            }
            Edit::Add(part) => new.rules.push(part),
            Edit::Remove(at) => {
                let at = at.index(new.rules.len());
                new.rules[at] = String::new();
            }
            Edit::Tweak(at, tweak) => {
                let at = at.index(new.rules.len());
                let (from, to) = TWEAKS[tweak];
                new.rules[at] = new.rules[at].replacen(from, to, 1);
            }
        }
        new
    }

    /// The policy. What is named by its place keeps its name through every change.
    pub(crate) fn policy(&self) -> Option<PolicySet> {
        let mut text =
            "schema = 1\nname = \"random\"\n[groups.ops]\napprovers = [\"dave\"]\n".to_owned();
        for (number, list) in self.destinations.iter().enumerate() {
            writeln!(text, "[destinations.d{number}]\nsolana = {list:?}").unwrap();
        }
        for (number, part) in self.rules.iter().enumerate() {
            text.push_str(&part.replace("NAME", &format!("part-{number}")));
        }
        countersign_policy::parse(&text).ok()
    }
}

/// A policy, and one that one operator may want instead.
pub(crate) fn pairs() -> impl Strategy<Value = (Parts, Parts)> {
    let destinations = prop::collection::vec(list(), DESTINATIONS);
    let start = select(vec![
        rule("action = \"any\", destination = \"any\"", "\"allow\""),
        rule(
            "action = \"withdrawal\", destination = \"any\"",
            "\"allow\"",
        ),
        rule("action = \"withdrawal\", destination = \"d0\"", "\"allow\""),
    ]);
    let rest = prop::collection::vec(part(), 1..4);
    (destinations, start, rest, edit()).prop_map(|(destinations, start, rest, edit)| {
        let mut rules = vec![start];
        rules.extend(rest);
        let old = Parts {
            destinations,
            rules,
        };
        let new = old.changed(edit);
        (old, new)
    })
}
