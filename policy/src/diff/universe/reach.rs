//! Destinations, limits and prices.

use std::collections::BTreeMap;

use countersign_intent::{Address, Asset, Principal, Role, Span, solana};

use super::{hold, wallet};
use crate::decision::Decision;
use crate::facts::{AddedDestination, Facts, Price};
use crate::limit::LimitKey;
use crate::set::PolicySet;
use crate::term::sample::{FRIEND, NOW, SHOP, STRANGER, intent, pay};
use crate::usage::Window;
use crate::{decide, limit_keys};

/// Where money may go: addresses, cool-downs, and what was added an hour ago.
#[test]
fn nothing_more_can_be_reached_after_a_tightening() {
    let mut sets = Vec::new();
    for addresses in [vec![], vec![FRIEND], vec![SHOP], vec![FRIEND, SHOP]] {
        for cooldown in ["", "cooldown = \"30m\"\n", "cooldown = \"2h\"\n"] {
            for name in ["cold", "warm"] {
                let listed: Vec<String> =
                    addresses.iter().map(|one| format!("\"{one}\"")).collect();
                let text = format!(
                    "schema = 1\nname = \"a\"\n[destinations.{name}]\nsolana = [{}]\n{cooldown}[[rules]]\n\
                     name = \"out\"\nwhen = {{ action = \"withdrawal\", destination = \"{name}\" }}\n\
                     then = \"allow\"\n",
                    listed.join(", ")
                );
                sets.push(crate::parse(&text).unwrap());
            }
        }
    }
    let principal = Principal::new(Role::Bot, "momentum").unwrap();
    let hour = Span::from_secs(3_600);
    let reached = |set: &PolicySet, to: Address, added: bool| {
        let added_destinations: Vec<AddedDestination> = ["cold", "warm"]
            .into_iter()
            .filter(|_| added)
            .map(|name| AddedDestination {
                destination: name.into(),
                address: to.into(),
                added_at: NOW.saturating_sub(hour),
            })
            .collect();
        let facts = Facts {
            now: NOW,
            principal: &principal,
            wallet: wallet(),
            usage: &Vec::new(),
            prices: &[],
            added_destinations: &added_destinations,
            approvals: None,
        };
        let decision = decide(set, &intent(vec![pay(solana::Asset::Sol, 8, to)]), &facts);
        matches!(decision, Decision::Allow(_))
    };
    let worlds = [FRIEND, SHOP, STRANGER]
        .map(|to| [(to, false), (to, true)])
        .concat();
    let outcomes: Vec<Vec<bool>> = sets
        .iter()
        .map(|set| {
            worlds
                .iter()
                .map(|(to, added)| reached(set, *to, *added))
                .collect()
        })
        .collect();
    hold(&sets, &outcomes, 50);
}

/// Policies with one price and one limit, of every age, unit, maximum and window.
fn priced_and_limited() -> Vec<PolicySet> {
    let caps = [
        "max_usd = \"100\"",
        "max_usd = \"200\"",
        "max_amount = \"0.5\"",
        "max_amount = \"1\"",
        "max_count = 0",
        "max_count = 1",
    ];
    let limit = |cap: &str, window: &str| {
        format!(
            "[[limits]]\nname = \"one\"\nwhen = {{ action = \"withdrawal\", asset = \"SOL\" }}\n\
             per = \"wallet\"\nwindow = \"{window}\"\n{cap}\n"
        )
    };
    let mut limits: Vec<String> = caps
        .iter()
        .flat_map(|cap| ["1h", "2h"].map(|window| limit(cap, window)))
        .collect();
    limits.push(String::new());
    let price = |age: &str| {
        format!("reference_price_usd = {{ source = \"operator\", max_age = \"{age}\" }}\n")
    };
    let prices = [String::new(), price("30m"), price("2h")];
    let texts = prices.iter().flat_map(|price| {
        limits.iter().map(move |limit| {
            format!(
                "schema = 1\nname = \"a\"\n[assets.SOL]\n{price}{limit}[[rules]]\nname = \"out\"\n\
                 when = {{ action = \"withdrawal\" }}\nthen = \"allow\"\n"
            )
        })
    });
    texts.map(|text| crate::parse(&text).unwrap()).collect()
}

/// How old a price may be, and limits in every unit.
#[test]
fn limits_and_prices_let_nothing_more_through_after_a_tightening() {
    let sets = priced_and_limited();
    let principal = Principal::new(Role::Bot, "momentum").unwrap();
    // Old price or fresh; nothing used, or something an hour and a half ago.
    let allowed = |set: &PolicySet, price_age: u64, used: u128| {
        let intent = intent(vec![pay(solana::Asset::Sol, 8, FRIEND)]);
        let ago = |minutes| NOW.saturating_sub(Span::from_secs(minutes * 60));
        let usage: BTreeMap<LimitKey, Window> = limit_keys(set, &intent, &principal, &wallet())
            .into_iter()
            .map(|key| {
                let mut window = Window::new(key.window());
                window.add(ago(90), used);
                (key, window)
            })
            .collect();
        let facts = Facts {
            now: NOW,
            principal: &principal,
            wallet: wallet(),
            usage: &usage,
            prices: &[Price {
                asset: Asset::SOL,
                micro_usd: 150_000_000,
                taken_at: ago(price_age),
            }],
            added_destinations: &[],
            approvals: None,
        };
        matches!(decide(set, &intent, &facts), Decision::Allow(_))
    };
    let worlds = [10, 60, 200]
        .map(|age| [(age, 0), (age, 1), (age, 500_000_000)])
        .concat();
    let outcomes: Vec<Vec<bool>> = sets
        .iter()
        .map(|set| {
            worlds
                .iter()
                .map(|(age, used)| allowed(set, *age, *used))
                .collect()
        })
        .collect();
    hold(&sets, &outcomes, 100);
}
