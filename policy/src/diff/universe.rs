//! The comparison against brute force, key by key of the vocabulary: whatever is called a
//! tightening is one on every request of a small universe, and for every key there is a pair that
//! would give away a comparison that forgot it.

mod people;
mod reach;
mod requests;

use std::collections::BTreeMap;

use countersign_intent::{
    Address, Asset, Intent, Principal, Role, Timestamp, USDC, UserId, WalletId,
};

use self::requests::requests;
use super::*;
use crate::decision::Decision;
use crate::facts::{Facts, Price, WalletFacts};
use crate::limit::LimitKey;
use crate::random::{NOW, strictness};
use crate::usage::Window;
use crate::{decide, limit_keys};

const FRIEND: Address = Address::new([2; 32]);
const SHOP: Address = Address::new([3; 32]);
const STRANGER: Address = Address::new([4; 32]);
const FEES: Address = Address::new([6; 32]);
const NONCE: Address = Address::new([5; 32]);
const OTHER: Asset = Asset::Token(Address::new([9; 32]));

const HEAD: &str = "schema = 1\nname = \"universe\"\n\
    [groups.ops]\napprovers = [\"dave\", \"erin\"]\n";

fn named() -> String {
    format!(
        "[destinations.friends]\nsolana = [\"{FRIEND}\"]\n\
         [destinations.shops]\nsolana = [\"{SHOP}\"]\n\
         [assets.SOL]\nreference_price_usd = {{ source = \"operator\", max_age = \"1h\" }}\n\
         [assets.USDC]\nreference_price_usd = {{ source = \"operator\", max_age = \"1h\" }}\n\
         [assets.OTHER]\nmint = \"{}\"\ndecimals = 9\n",
        Address::new([9; 32])
    )
}

/// Permits everything that can be permitted.
const BASE: &str = "[[rules]]\nname = \"base\"\nwhen = { action = \"any\", destination = \"any\", \
    max_tip = \"9 SOL\", max_priority_fee = \"9 SOL\", max_rent = \"9 SOL\", \
    max_accounts_opened = 9, max_platform_fee_bps = 10000, max_positive_slippage_bps = 10000, \
    fee_accounts = \"any\", max_exposed_accounts = 9, max_order_lifetime = \"9d\", durable_nonce = true, \
    allow_cosigners = true }\nthen = \"allow\"\n";

/// What a key can say. Every form must be told apart by some request.
struct Key {
    name: &'static str,
    values: Vec<String>,
    /// Whether it narrows only what is permitted.
    bound: bool,
}

fn key(name: &'static str, values: &[&str]) -> Key {
    Key {
        name,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        bound: false,
    }
}

fn bound(name: &'static str, values: &[&str]) -> Key {
    Key {
        bound: true,
        ..key(name, values)
    }
}

fn wallet_id(number: u8) -> WalletId {
    WalletId::from_bytes([number; 16])
}

fn user_id(number: u8) -> UserId {
    UserId::from_bytes([number; 16])
}

fn scope_keys() -> Vec<Key> {
    let ids = |one: String, two: String| {
        vec![
            format!("\"{one}\""),
            format!("[\"{one}\", \"{two}\"]"),
            "[]".to_owned(),
        ]
    };
    let of = |name, values| Key {
        name,
        values,
        bound: false,
    };
    vec![
        key(
            "action",
            &[
                "\"any\"",
                "\"trade\"",
                "\"withdrawal\"",
                "[\"trade\", \"withdrawal\"]",
                "[]",
            ],
        ),
        key("venue", &["\"solana\"", "[]"]),
        of(
            "wallet",
            ids(wallet_id(1).to_string(), wallet_id(2).to_string()),
        ),
        of("user", ids(user_id(1).to_string(), user_id(2).to_string())),
        key("bot", &["\"momentum\"", "[\"momentum\", \"other\"]", "[]"]),
        key("tier", &["\"gold\"", "[\"gold\", \"free\"]", "[]"]),
        key(
            "program",
            &["\"jupiter-v6\"", "[\"jupiter-v6\", \"orca\"]", "[]"],
        ),
        key("asset", &["\"SOL\"", "[\"SOL\", \"USDC\"]", "[]"]),
        key("mint_in", &["\"SOL\"", "[\"SOL\", \"USDC\"]", "[]"]),
        key("mint_out", &["\"SOL\"", "[\"SOL\", \"USDC\"]", "[]"]),
        key(
            "destination",
            &["\"friends\"", "[\"friends\", \"shops\"]", "[]"],
        ),
        key(
            "hours",
            &[
                "\"08:00-20:00\"",
                "\"00:00-12:00\"",
                "\"22:00-06:00\"",
                "\"00:00-23:59\"",
            ],
        ),
        key("over_amount", &["\"0\"", "\"1\"", "\"2\""]),
    ]
}

fn bound_keys() -> Vec<Key> {
    let fees = [
        format!("[\"{FEES}\"]"),
        format!("[\"{FEES}\", \"{SHOP}\"]"),
        "\"any\"".to_owned(),
    ];
    vec![
        bound("max_amount", &["\"0\"", "\"1\"", "\"2\""]),
        bound(
            "max_priority_fee",
            &["\"0 SOL\"", "\"0.009 SOL\"", "\"1 SOL\""],
        ),
        bound("max_tip", &["\"0 SOL\"", "\"0.016 SOL\"", "\"1 SOL\""]),
        bound("max_rent", &["\"0 SOL\"", "\"0.02 SOL\"", "\"1 SOL\""]),
        bound("max_accounts_opened", &["0", "1", "9"]),
        bound("max_slippage_bps", &["50", "300", "1000"]),
        bound("max_platform_fee_bps", &["0", "60", "100"]),
        bound("max_positive_slippage_bps", &["0", "60", "100"]),
        Key {
            name: "fee_accounts",
            values: fees.to_vec(),
            bound: true,
        },
        bound("min_value_ratio", &["\"0.5\"", "\"0.9\""]),
        bound("max_exposed_accounts", &["0", "1", "2"]),
        bound("max_order_lifetime", &["\"1h\"", "\"24h\"", "\"48h\""]),
        bound(
            "asserts",
            &[
                "[]",
                "\"wallet-owner\"",
                "[\"wallet-owner\", \"wallet-data\"]",
            ],
        ),
        bound("asserts_lamports", &["\"0.5 SOL\"", "\"1 SOL\""]),
        bound(
            "memo",
            &["\"none\"", "[\"104\"]", "[\"104\", \"105\"]", "\"any\""],
        ),
        bound("durable_nonce", &["false", "true"]),
        bound("allow_cosigners", &["false", "true"]),
    ]
}

/// Where a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Allow,
    Approve,
    DenyBeside,
    ApproveBeside,
    LimitBeside,
}

impl Form {
    /// The forms in which a key changes something that can be seen.
    fn of(key: &Key) -> Vec<Self> {
        let mut forms = vec![Self::Allow, Self::Approve];
        match key.name {
            // A demand of up to an amount reaches less far than one without.
            "max_amount" => forms.push(Self::ApproveBeside),
            _ if key.bound => {}
            _ => forms.extend([Self::DenyBeside, Self::ApproveBeside, Self::LimitBeside]),
        }
        forms
    }

    fn text(self, when: &str) -> String {
        let rule =
            |then: &str| format!("[[rules]]\nname = \"one\"\nwhen = {{ {when} }}\nthen = {then}\n");
        let approve = "{ approve = { group = \"ops\", quorum = 1 } }";
        match self {
            Self::Allow => rule("\"allow\""),
            Self::Approve => rule(approve),
            Self::DenyBeside => BASE.to_owned() + &rule("\"deny\""),
            Self::ApproveBeside => BASE.to_owned() + &rule(approve),
            Self::LimitBeside => {
                format!(
                    "[[limits]]\nname = \"one\"\nwhen = {{ {when} }}\nper = \"global\"\n\
                     window = \"1h\"\nmax_count = 0\n{BASE}"
                )
            }
        }
    }
}

/// The rest of a `when` that shows what the key does: a bound on fees of integrators needs
/// another one to let them through.
fn beside(key: &str) -> &'static str {
    match key {
        "action" => "",
        "max_platform_fee_bps" => "action = \"any\", fee_accounts = \"any\", ",
        "max_positive_slippage_bps" => "action = \"any\", fee_accounts = \"any\", ",
        "fee_accounts" => "action = \"any\", max_platform_fee_bps = 10000, ",
        "max_tip" => "action = \"any\", max_priority_fee = \"0.009 SOL\", ",
        _ => "action = \"any\", ",
    }
}

fn policies(key: &Key) -> Vec<(Form, PolicySet)> {
    let mut sets = Vec::new();
    for form in Form::of(key) {
        let values = key
            .values
            .iter()
            .map(|value| format!("{} = {value}", key.name));
        let absent = (key.name != "action").then(String::new);
        for written in absent.into_iter().chain(values) {
            let when = format!("{}{written}", beside(key.name));
            let when = when.trim_end_matches([',', ' ']);
            let text = [HEAD, &named(), &form.text(when)].concat();
            let set = crate::parse(&text).unwrap_or_else(|errors| panic!("{text}\n{errors:?}"));
            sets.push((form, set));
        }
    }
    sets
}

/// Who asks, for which wallet, when.
#[derive(Clone)]
struct Asker {
    bot: &'static str,
    wallet: u8,
    user: u8,
    tier: Option<&'static str>,
    hour: i64,
}

fn askers() -> Vec<Asker> {
    let usual = Asker {
        bot: "momentum",
        wallet: 1,
        user: 1,
        tier: Some("gold"),
        hour: 9,
    };
    let mut all = vec![usual.clone()];
    for bot in ["other", "third"] {
        all.push(Asker {
            bot,
            ..usual.clone()
        });
    }
    for number in [2, 3] {
        all.push(Asker {
            wallet: number,
            ..usual.clone()
        });
        all.push(Asker {
            user: number,
            ..usual.clone()
        });
    }
    for tier in [Some("free"), Some("none"), None] {
        all.push(Asker {
            tier,
            ..usual.clone()
        });
    }
    for hour in [3, 15, 23] {
        all.push(Asker {
            hour,
            ..usual.clone()
        });
    }
    all
}

fn judged(set: &PolicySet, intent: &Intent, asker: &Asker) -> Decision {
    let principal = Principal::new(Role::Bot, asker.bot).unwrap();
    let day = 86_400_000_000;
    // The last minute of the hour, so that 23:59 can be left out.
    let minute = asker.hour * 3_600_000_000 + 59 * 60_000_000;
    let now = Timestamp::from_micros(NOW.micros() / day * day + minute);
    let wallet = WalletFacts {
        id: wallet_id(asker.wallet),
        user: user_id(asker.user),
        tier: asker.tier,
        limits: &[],
    };
    let usage: BTreeMap<LimitKey, Window> = limit_keys(set, intent, &principal, &wallet)
        .into_iter()
        .map(|key| (key.clone(), Window::new(key.window())))
        .collect();
    let price = |asset, micro_usd| Price {
        asset,
        micro_usd,
        taken_at: now,
    };
    let facts = Facts {
        now,
        principal: &principal,
        wallet,
        usage: &usage,
        prices: &[price(Asset::Sol, 150_000_000), price(USDC.asset, 1_000_000)],
        added_destinations: &[],
        approvals: None,
    };
    decide(set, intent, &facts)
}

/// Whether `new` is nowhere less strict, as far as these decisions show.
fn nowhere_looser(old: &[Decision], new: &[Decision]) -> bool {
    let mut pairs = old.iter().zip(new);
    pairs.all(|(old, new)| strictness(new) >= strictness(old))
}

#[test]
fn every_key_is_compared_as_brute_force_finds_it() {
    let (requests, askers) = (requests(), askers());
    let mut proven = 0;
    for key in scope_keys().into_iter().chain(bound_keys()) {
        let sets = policies(&key);
        let outcomes: Vec<Vec<Decision>> = sets
            .iter()
            .map(|(_, set)| {
                let all = requests
                    .iter()
                    .flat_map(|one| askers.iter().map(move |who| (one, who)));
                all.map(|(intent, asker)| judged(set, intent, asker))
                    .collect()
            })
            .collect();
        let mut bites: BTreeMap<Form, u32> = BTreeMap::new();
        for ((form, old), before) in sets.iter().zip(&outcomes) {
            for ((other, new), after) in sets.iter().zip(&outcomes) {
                let holds = nowhere_looser(before, after);
                if form == other && !holds {
                    *bites.entry(*form).or_default() += 1;
                }
                if compare(old, new) == Change::Tightening {
                    assert!(
                        holds,
                        "`{}`: from\n{}\nto\n{}",
                        key.name,
                        old.text(),
                        new.text()
                    );
                    proven += 1;
                }
            }
        }
        for form in Form::of(&key) {
            assert!(
                bites.contains_key(&form),
                "no request tells the values of `{}` apart as {form:?}",
                key.name
            );
        }
    }
    assert!(proven > 1_000, "only {proven} proven");
}

/// Every key that the document knows is in this universe.
#[test]
fn no_key_is_left_out() {
    let keys = scope_keys().into_iter().chain(bound_keys());
    let names: Vec<&str> = keys.map(|key| key.name).collect();
    let guide = include_str!("../document.rs");
    let table = guide.lines().filter(|line| line.starts_with("//! | `"));
    let mut seen = 0;
    for line in table {
        let cell = line.split('|').nth(1).unwrap();
        for name in cell.split('`').skip(1).step_by(2) {
            assert!(
                names.contains(&name),
                "`{name}` is compared by nothing here"
            );
            seen += 1;
        }
    }
    assert_eq!(seen, names.len(), "{names:?}");
}

/// Holds the comparison against what can happen in each world under each policy: nothing does
/// after a tightening that did not before. Enough pairs of each kind have to be there.
fn hold(sets: &[PolicySet], outcomes: &[Vec<bool>], enough: u32) {
    let (mut tightenings, mut loosenings) = (0, 0);
    for (old, before) in sets.iter().zip(outcomes) {
        for (new, after) in sets.iter().zip(outcomes) {
            let mut worlds = before.iter().zip(after);
            let holds = worlds.all(|(before, after)| *before || !*after);
            if compare(old, new) == Change::Tightening {
                assert!(holds, "from\n{}\nto\n{}", old.text(), new.text());
                tightenings += 1;
            }
            loosenings += u32::from(!holds);
        }
    }
    assert!(
        tightenings > enough && loosenings > enough,
        "{tightenings}, {loosenings}"
    );
}

/// The wallet of worlds in which it does not matter.
fn wallet() -> WalletFacts<'static> {
    WalletFacts {
        id: wallet_id(1),
        user: user_id(1),
        tier: None,
        limits: &[],
    }
}
