//! The comparison against brute force, key by key of the vocabulary: whatever is called a
//! tightening is one on every request of a small universe, and for every key there is a pair that
//! would give away a comparison that forgot it.

mod people;
mod reach;

use std::collections::BTreeMap;

use countersign_intent::{
    Address, Asset, Intent, Principal, Role, Timestamp, UserId, WalletId, solana,
};

use super::*;
use crate::decision::Decision;
use crate::facts::{Facts, Price, WalletFacts};
use crate::limit::LimitKey;
use crate::random::{rule_text, strictness};
use crate::term::sample::{FRIEND, NOW, SHOP, Sample};
use crate::term::{bound_samples, sample_requests, scope_samples};
use crate::usage::Window;
use crate::{decide, limit_keys};

const HEAD: &str = "schema = 1\nname = \"universe\"\n\
    [groups.ops]\napprovers = [\"dave\", \"erin\"]\n";

fn named() -> String {
    format!(
        "[destinations.friends]\nsolana = [\"{FRIEND}\"]\n\
         [destinations.shops]\nsolana = [\"{SHOP}\"]\n\
         [venues.evm.chains]\n1 = {{ name = \"ethereum\" }}\n1337 = {{ name = \"devnet\", native = \"DEV\" }}\n\
         [assets.SOL]\nreference_price_usd = {{ source = \"operator\", max_age = \"1h\" }}\n\
         [assets.USDC]\nreference_price_usd = {{ source = \"operator\", max_age = \"1h\" }}\n\
         [assets.OTHER]\nmint = \"{}\"\ndecimals = 9\n",
        Address::new([9; 32])
    )
}

/// Permits everything that can be permitted.
fn base() -> String {
    let samples = scope_samples().into_iter().chain(bound_samples());
    let widest = samples.filter_map(|one| Some(format!(", {} = {}", one.key, one.widest?)));
    let when = "action = \"any\", destination = \"any\"".to_owned() + &widest.collect::<String>();
    rule_text("base", &when, "\"allow\"")
}

fn wallet_id(number: u8) -> WalletId {
    WalletId::from_bytes([number; 16])
}

fn user_id(number: u8) -> UserId {
    UserId::from_bytes([number; 16])
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
    fn of(sample: &Sample) -> Vec<Self> {
        let mut forms = vec![Self::Allow, Self::Approve];
        if !sample.is_bound() {
            forms.extend([Self::DenyBeside, Self::ApproveBeside, Self::LimitBeside]);
        } else if sample.bounds_demands {
            forms.push(Self::ApproveBeside);
        }
        forms
    }

    fn text(self, when: &str) -> String {
        let rule = |then: &str| rule_text("one", when, then);
        let approve = "{ approve = { group = \"ops\", quorum = 1 } }";
        match self {
            Self::Allow => rule("\"allow\""),
            Self::Approve => rule(approve),
            Self::DenyBeside => base() + &rule("\"deny\""),
            Self::ApproveBeside => base() + &rule(approve),
            Self::LimitBeside => {
                let base = base();
                format!(
                    "[[limits]]\nname = \"one\"\nwhen = {{ {when} }}\nper = \"global\"\n\
                     window = \"1h\"\nmax_count = 0\n{base}"
                )
            }
        }
    }
}

fn policies(sample: &Sample) -> Vec<(Form, PolicySet)> {
    let mut sets = Vec::new();
    for form in Form::of(sample) {
        let values = sample.values.iter();
        let written = values.map(|value| format!("{} = {value}", sample.key));
        let absent = sample.optional.then(String::new);
        for written in absent.into_iter().chain(written) {
            let when = format!("{}{written}", sample.beside);
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
        prices: &[
            price(Asset::SOL, 150_000_000),
            price(solana::Asset::USDC.into(), 1_000_000),
        ],
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
    let (requests, askers) = (sample_requests(), askers());
    let mut proven = 0;
    for sample in scope_samples().into_iter().chain(bound_samples()) {
        let sets = policies(&sample);
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
                        sample.key,
                        old.text(),
                        new.text()
                    );
                    proven += 1;
                }
            }
        }
        for form in Form::of(&sample) {
            assert!(
                bites.contains_key(&form),
                "no request tells the values of `{}` apart as {form:?}",
                sample.key
            );
        }
    }
    assert!(proven > 1_000, "only {proven} proven");
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
