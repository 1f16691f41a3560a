//! Random policies, intents and usage, for properties that must hold for all of them.

use std::collections::BTreeMap;

use countersign_intent::solana::{
    AssertedFact, Assertion, Asset, AuthorityKind, Detail as Effect, Draft, Launch, Nonce, Quote,
    StakeOperation, Swap,
};
use countersign_intent::{
    Address, Amount, Intent, Lifetime, Principal, Resource, Role, UserId, WalletId,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::decision::Decision;
use crate::facts::{Facts, WalletFacts};
use crate::limit::LimitKey;
use crate::set::PolicySet;
use crate::term::sample::{FRIEND, NONCE, NOW, SHOP, STRANGER, Sample, WALLET};
use crate::term::{bound_samples, scope_samples};
use crate::usage::Window;
use crate::{decide, limit_keys};

/// One rule or limit as text.
pub(crate) type Text = String;

pub(crate) fn key(
    name: &'static str,
    values: &'static [&'static str],
) -> impl Strategy<Value = Text> {
    let value = select(values).prop_map(move |value| format!("{name} = {value}, "));
    prop_oneof![2 => Just(String::new()), 1 => value]
}

pub(crate) fn actions() -> impl Strategy<Value = Text> {
    let action = scope_samples().into_iter().find(|one| !one.optional);
    value(action.unwrap())
}

/// One of the values of a key.
fn value(sample: Sample) -> impl Strategy<Value = Text> {
    let key = sample.key;
    select(sample.values).prop_map(move |value| format!("{key} = {value}, "))
}

/// Up to so many of these keys, each with one of its values.
fn some(samples: Vec<Sample>, most: usize) -> impl Strategy<Value = Text> {
    subsequence(samples, 0..=most)
        .prop_flat_map(|chosen| chosen.into_iter().map(value).collect::<Vec<_>>())
        .prop_map(|written| written.concat())
}

/// The keys that may be absent, and bound a permission or not.
fn optional(bound: bool) -> Vec<Sample> {
    let samples = scope_samples().into_iter().chain(bound_samples());
    let samples = samples.filter(|one| one.optional && one.is_bound() == bound);
    samples.collect()
}

pub(crate) fn scope() -> impl Strategy<Value = Text> {
    (actions(), some(optional(false), 3)).prop_map(|(actions, keys)| actions + &keys)
}

pub(crate) fn bounds() -> impl Strategy<Value = Text> {
    some(optional(true), 6)
}

pub(crate) fn rule_text(name: &str, when: &str, then: &str) -> Text {
    let when = when.trim_end_matches([',', ' ']);
    format!("[[rules]]\nname = \"{name}\"\nwhen = {{ {when} }}\nthen = {then}\n")
}

pub(crate) fn deny_rule() -> impl Strategy<Value = Text> {
    (scope(), 0..1_000_u16)
        .prop_map(|(scope, id)| rule_text(&format!("deny{id}"), &scope, "\"deny\""))
}

pub(crate) fn approve_rule() -> impl Strategy<Value = Text> {
    let group = select(vec!["treasury", "ops"]);
    (scope(), bounds(), group, 1..3_u8, 0..1_000_u16).prop_map(
        |(scope, bounds, group, quorum, id)| {
            let then = format!("{{ approve = {{ group = \"{group}\", quorum = {quorum} }} }}");
            rule_text(&format!("ask{id}"), &(scope + &bounds), &then)
        },
    )
}

pub(crate) fn allow_rule() -> impl Strategy<Value = Text> {
    (scope(), bounds(), 0..1_000_u16).prop_map(|(scope, bounds, id)| {
        rule_text(&format!("allow{id}"), &(scope + &bounds), "\"allow\"")
    })
}

pub(crate) fn limit() -> impl Strategy<Value = Text> {
    let per = select(vec![
        "wallet",
        "user",
        "bot",
        "venue",
        "destination",
        "global",
    ]);
    let cap = select(vec!["amount", "count", "usd"]);
    (actions(), per, cap, 0..6_u8, 0..1_000_u16).prop_map(|(actions, per, cap, max, id)| {
        let (asset, cap) = match cap {
            "amount" => ("asset = \"SOL\"", format!("max_amount = \"{max}\"")),
            "count" => ("", format!("max_count = {max}")),
            _ => ("", format!("max_usd = \"{max}00\"")),
        };
        let when = format!("{actions}{asset}");
        let when = when.trim_end_matches([',', ' ']);
        format!(
            "[[limits]]\nname = \"limit{id}\"\nwhen = {{ {when} }}\nper = \"{per}\"\n\
             window = \"1h\"\n{cap}\n"
        )
    })
}

pub(crate) fn permissive() -> impl Strategy<Value = Text> {
    select(vec![
        rule_text(
            "all",
            "action = \"any\", destination = \"any\", max_tip = \"9 SOL\"",
            "\"allow\"",
        ),
        rule_text(
            "asked",
            "action = \"any\", destination = \"any\", max_tip = \"9 SOL\"",
            "{ approve = { group = \"ops\", quorum = 1 } }",
        ),
        rule_text("trades", "action = \"trade\"", "\"allow\""),
        rule_text("launches", "action = \"launch\"", "\"allow\""),
        rule_text(
            "out",
            "action = \"withdrawal\", durable_nonce = true",
            "\"allow\"",
        ),
    ])
}

pub(crate) fn parts() -> impl Strategy<Value = Vec<Text>> {
    let rule = prop_oneof![
        3 => allow_rule(),
        3 => permissive(),
        3 => approve_rule(),
        1 => deny_rule(),
        2 => limit(),
    ];
    prop::collection::vec(rule, 1..7)
}

/// What rules and limits may refer to.
pub(crate) fn head() -> String {
    format!(
        "schema = 1\nname = \"random\"\n\
         [groups.treasury]\napprovers = [\"alice\", \"bob\", \"carol\"]\n\
         [groups.ops]\napprovers = [\"dave\", \"erin\"]\n\
         [destinations.friends]\nsolana = [\"{FRIEND}\"]\n\
         [destinations.shops]\nsolana = [\"{SHOP}\"]\n\
         [venues.evm.chains]\n1 = {{ name = \"ethereum\" }}\n1337 = {{ name = \"devnet\", native = \"DEV\" }}\n\
         [assets.SOL]\nreference_price_usd = {{ source = \"operator\", max_age = \"1h\" }}\n"
    )
}

pub(crate) fn policy(parts: &[Text]) -> Option<PolicySet> {
    // Two parts may have drawn the same name: that is the only error there can be.
    match crate::parse(&(head() + &parts.concat())) {
        Ok(set) => Some(set),
        Err(errors) => {
            assert!(
                errors
                    .iter()
                    .all(|error| error.message.contains("are named")),
                "{errors:?}"
            );
            None
        }
    }
}

pub(crate) fn sol(tenths: u64) -> Amount {
    Amount::from_base(u128::from(tenths) * 100_000_000)
}

pub(crate) fn asset() -> impl Strategy<Value = Asset> {
    select(vec![
        Asset::Sol,
        Asset::USDC,
        Asset::Token(Address::new([9; 32])),
    ])
}

pub(crate) fn who() -> impl Strategy<Value = Address> {
    select(vec![WALLET, FRIEND, SHOP, STRANGER])
}

pub(crate) fn swap() -> impl Strategy<Value = Effect> {
    (
        select(vec!["jupiter-v6", "orca"]),
        asset(),
        0..40_u64,
        0..3_u8,
        select(vec![10_u16, 100, 900]),
        select(vec![0_u16, 0, 2]),
        select(vec![false, false, true]),
    )
        .prop_map(
            |(program, spend, amount, receive, slippage_bps, exposed_accounts, launches)| {
                let receive_min = Amount::from_base(u128::from(receive));
                Effect::Swap(Swap {
                    program,
                    spend,
                    spend_max: sol(amount),
                    receive: Asset::USDC,
                    receive_min,
                    quote: (receive == 1).then_some(Quote {
                        amount: receive_min,
                        slippage_bps,
                    }),
                    platform_fee_bps: 0,
                    positive_slippage_bps: 0,
                    fee_account: None,
                    exposed_accounts,
                    expires_at: None,
                    launches,
                })
            },
        )
}

pub(crate) fn effect() -> impl Strategy<Value = Effect> {
    let account = Address::new([7; 32]);
    let into = select(vec![None, Some(account), Some(SHOP)]);
    let transfer =
        (asset(), 0..30_u64, who(), into).prop_map(|(asset, amount, to, token_account)| {
            Effect::Transfer {
                asset,
                amount: sol(amount),
                to,
                token_account,
            }
        });
    let small =
        || select(vec![0_u128, 1_000_000, 8_000_000, 15_000_000]).prop_map(Amount::from_base);
    prop_oneof![
        4 => transfer,
        4 => swap(),
        2 => small().prop_map(|priority| Effect::Fee { signatures: Amount::from_base(5_000), priority }),
        2 => small().prop_map(|amount| Effect::Tip { to: STRANGER, amount }),
        1 => small().prop_map(move |amount| Effect::RentDeposit { account, amount }),
        1 => (who(), asset()).prop_map(move |(owner, asset)| Effect::OpenAccount { account, owner, asset }),
        1 => who().prop_map(move |destination| Effect::CloseAccount { account, destination }),
        1 => (who(), prop::option::of(asset()), 0..30_u64).prop_map(move |(delegate, asset, amount)| {
            Effect::Delegate { account, delegate, asset, amount: sol(amount) }
        }),
        1 => prop::option::of(who()).prop_map(move |new_authority| Effect::AuthorityChange {
            account,
            kind: AuthorityKind::AccountOwner,
            new_authority,
        }),
        1 => select(vec![NONCE, account]).prop_map(|account| Effect::NonceAdvance { account, authority: WALLET }),
        1 => (0..30_u64).prop_map(move |amount| Effect::Stake {
            account,
            operation: StakeOperation::Create { amount: sol(amount) },
        }),
        1 => select(vec!["hello", "bye"]).prop_map(|text| Effect::Memo { text: text.to_owned() }),
        1 => (0..3_u64).prop_map(|cost| Effect::Launch(Launch {
            program: "pump-fun",
            mint: STRANGER,
            creator: None,
            quote: Asset::Sol,
            name: "coin".to_owned(),
            symbol: "COIN".to_owned(),
            uri: String::new(),
            cost: sol(cost),
        })),
        1 => Just(Effect::Revoke { account }),
        1 => Just(Effect::Wrap { account, amount: sol(3) }),
        1 => Just(Effect::Burn { asset: Asset::USDC, amount: sol(1), account }),
    ]
}

pub(crate) fn intent() -> impl Strategy<Value = Intent> {
    let lifetime = prop_oneof![
        4 => Just(Lifetime::Blockhash([0; 32])),
        1 => Just(Lifetime::HeldUntil(Resource::Solana(Nonce {
            account: NONCE,
            authority: WALLET,
            value: [0; 32],
        }))),
    ];
    let cosigners = prop_oneof![4 => Just(vec![]), 1 => Just(vec![STRANGER])];
    let asserted = prop_oneof![
        Just(vec![]),
        Just(vec![Assertion {
            account: WALLET,
            fact: AssertedFact::OwnedBySystem,
        }]),
    ];
    (
        prop::collection::vec(effect(), 1..6),
        lifetime,
        cosigners,
        asserted,
    )
        .prop_map(|(effects, lifetime, cosigners, asserted)| {
            let draft = Draft {
                wallet: WALLET,
                effects,
                lifetime,
                cosigners,
                asserted,
            };
            draft.into()
        })
}

pub(crate) fn judged(set: &PolicySet, intent: &Intent, used: u8) -> Decision {
    let principal = Principal::new(Role::Bot, "momentum").unwrap();
    let wallet = WalletFacts {
        id: WalletId::from_bytes([1; 16]),
        user: UserId::from_bytes([2; 16]),
        tier: None,
        limits: &[],
    };
    let mut usage: BTreeMap<LimitKey, Window> = BTreeMap::new();
    for key in limit_keys(set, intent, &principal, &wallet) {
        let mut window = Window::new(key.window());
        window.add(NOW, u128::from(used));
        usage.insert(key, window);
    }
    let prices = [crate::Price {
        asset: Asset::Sol.into(),
        micro_usd: 150_000_000,
        taken_at: NOW,
    }];
    let facts = Facts {
        now: NOW,
        principal: &principal,
        wallet,
        usage: &usage,
        prices: &prices,
        added_destinations: &[],
        approvals: None,
    };
    decide(set, intent, &facts)
}

pub(crate) fn strictness(decision: &Decision) -> u8 {
    match decision {
        Decision::Allow(_) => 0,
        Decision::NeedApproval(_) => 1,
        Decision::Deny(_) => 2,
    }
}

pub(crate) fn has_primary(intent: &Intent) -> bool {
    intent.effects().iter().any(|effect| effect.head().primary)
}

pub(crate) fn pay(tenths: u64) -> Effect {
    Effect::Transfer {
        asset: Asset::Sol,
        amount: sol(tenths),
        to: FRIEND,
        token_account: None,
    }
}

pub(crate) fn fee() -> impl Strategy<Value = Effect> {
    select(vec![1_000_000_u128, 8_000_000, 15_000_000]).prop_map(|priority| Effect::Fee {
        signatures: Amount::from_base(5_000),
        priority: Amount::from_base(priority),
    })
}

/// Rules for withdrawals between two lines.
pub(crate) fn tier() -> impl Strategy<Value = Text> {
    let then = select(vec![
        "\"allow\"",
        "\"allow\"",
        "{ approve = { group = \"ops\", quorum = 1 } }",
        "{ approve = { group = \"treasury\", quorum = 2 } }",
    ]);
    let keys = (
        key("over_amount", &["\"0\"", "\"1\"", "\"2\"", "\"3\""]),
        key("max_amount", &["\"1\"", "\"2\"", "\"3\"", "\"5\""]),
        key("max_priority_fee", &["\"0.005 SOL\"", "\"1 SOL\""]),
    );
    (keys, then, 0..1_000_u16).prop_map(|((over, max, fee), then, id)| {
        let when = format!("action = \"withdrawal\", {over}{max}{fee}");
        rule_text(&format!("tier{id}"), &when, then)
    })
}

/// An account opened for somebody waits for the withdrawal that it serves, and a coin's mint that
/// signs for its launch: the documented exceptions.
pub(crate) fn is_awaited(intent: &Intent, added: &Effect) -> bool {
    if matches!(added, Effect::Launch(launch) if intent.cosigners().contains(&launch.mint.into())) {
        return true;
    }
    let mut with = Draft::of(intent).unwrap();
    with.effects.push(added.clone());
    let with = Intent::from(with);
    let mut before = intent.effects().iter().zip(with.effects());
    before.any(|(alone, beside)| alone.head().primary && !beside.head().primary)
}

/// Every request of up to two transfers of two amounts to two receivers.
pub(crate) fn small_requests() -> Vec<Intent> {
    let transfers =
        [(8, FRIEND), (8, SHOP), (12, FRIEND), (12, SHOP)].map(|(tenths, to)| Effect::Transfer {
            asset: Asset::Sol,
            amount: sol(tenths),
            to,
            token_account: None,
        });
    let mut all: Vec<Vec<Effect>> = transfers.iter().map(|one| vec![one.clone()]).collect();
    for one in &transfers {
        all.extend(transfers.iter().map(|two| vec![one.clone(), two.clone()]));
    }
    let drafts = all.into_iter().map(|effects| Draft::new(WALLET, effects));
    drafts.map(Intent::from).collect()
}
