use std::collections::BTreeMap;

use countersign_intent::solana::{Detail as Effect, Draft};
use countersign_intent::{Action, Amount, Asset, Role, Span, Timestamp, UserId, WalletId, solana};

use super::*;
use crate::limit::{Cap, Limit, Scope};
use crate::random::{pay, small_requests};
use crate::rule::Actions;
use crate::term::sample::{NOW, WALLET};
use crate::usage::Window;
use crate::{Price, ReasonCode};

const PAYEES: &str = "schema = 1\nname = \"tests\"\n\
    [assets.SOL]\nreference_price_usd = { source = \"operator\", max_age = \"1h\" }\n\
    [[rules]]\nname = \"payees\"\nwhen = { action = \"withdrawal\", destination = \"any\" }\n\
    then = \"allow\"\n";

const USD: &str = "[[limits]]\nname = \"usd\"\nwhen = { action = \"withdrawal\" }\nper = \"user\"\n\
    window = \"1h\"\nmax_usd = 1000\n";

/// One payment of 0.8 SOL.
fn payment() -> Intent {
    small_requests().remove(0)
}

struct World {
    set: PolicySet,
    principal: Principal,
    wallet: WalletFacts<'static>,
    usage: BTreeMap<LimitKey, Window>,
    prices: Vec<Price>,
}

impl World {
    fn new(more: &str) -> Self {
        Self {
            set: crate::parse(&(PAYEES.to_owned() + more)).unwrap(),
            principal: Principal::new(Role::Bot, "momentum").unwrap(),
            wallet: WalletFacts {
                id: WalletId::from_bytes([1; 16]),
                user: UserId::from_bytes([2; 16]),
                tier: None,
                limits: &[],
            },
            usage: BTreeMap::new(),
            prices: vec![Price {
                asset: Asset::SOL,
                micro_usd: 150_000_000,
                taken_at: NOW,
            }],
        }
    }

    fn keys(&self, intent: &Intent) -> Vec<LimitKey> {
        limit_keys(&self.set, intent, &self.principal, &self.wallet)
    }

    /// Brings every window that is asked for, empty.
    fn ready(mut self, intent: &Intent) -> Self {
        let windows = self.keys(intent).into_iter();
        self.usage = windows
            .map(|key| (key.clone(), Window::new(key.window())))
            .collect();
        self
    }

    fn decide(&self, intent: &Intent, now: Timestamp) -> Decision {
        let facts = Facts {
            now,
            principal: &self.principal,
            wallet: self.wallet,
            usage: &self.usage,
            prices: &self.prices,
            added_destinations: &[],
            approvals: None,
        };
        decide(&self.set, intent, &facts)
    }

    fn denied(&self, intent: &Intent, now: Timestamp) -> Denial {
        match self.decide(intent, now) {
            Decision::Deny(denial) => denial,
            other => panic!("expected a denial, got {other:?}"),
        }
    }
}

#[test]
fn a_window_that_was_not_brought_denies() {
    let intent = payment();
    let world = World::new(USD);
    let denial = world.denied(&intent, NOW);
    assert_eq!(denial.code(), ReasonCode::PolicyDenied);
    assert!(
        denial.reasons[0]
            .message
            .contains("what was used by user:usr_0202")
    );
    assert!(matches!(
        World::new(USD).ready(&intent).decide(&intent, NOW),
        Decision::Allow(_)
    ));
}

#[test]
fn a_permit_says_what_to_reserve() {
    let intent = payment();
    let world = World::new(USD).ready(&intent);
    let Decision::Allow(permit) = world.decide(&intent, NOW) else {
        panic!("denied")
    };
    assert_eq!(permit.rules().collect::<Vec<_>>(), ["payees"]);
    assert_eq!(*permit.policy_hash(), world.set.hash());
    assert_eq!(permit.approved_intent(), None);
    let [reserved] = permit.reservations() else {
        panic!("not one reservation")
    };
    assert_eq!(reserved.amount, 120_000_000);
    assert_eq!(
        *reserved.key.scope(),
        Scope::User(UserId::from_bytes([2; 16]))
    );
}

#[test]
fn a_price_from_the_future_denies() {
    let intent = payment();
    let world = World::new(USD).ready(&intent);
    let before = NOW.saturating_sub(Span::from_micros(1));
    assert!(
        world.denied(&intent, before).reasons[0]
            .message
            .contains("was taken at")
    );
}

#[test]
fn a_value_beyond_counting_denies() {
    let intent = Intent::from(Draft::new(
        WALLET,
        vec![Effect::Transfer {
            asset: solana::Asset::Sol,
            amount: Amount::from_base(u128::MAX / 1_000),
            to: WALLET,
            token_account: None,
        }],
    ));
    let world = World::new(USD).ready(&intent);
    let denial = world.denied(&intent, NOW);
    assert!(
        denial.reasons[0]
            .message
            .contains("larger than can be counted"),
        "{denial:?}"
    );
}

#[test]
fn an_intent_without_effects_is_denied() {
    let intent = Intent::from(Draft::new(WALLET, Vec::new()));
    assert!(
        World::new("").denied(&intent, NOW).reasons[0]
            .message
            .contains("no effect")
    );
}

#[test]
fn a_wallets_own_limits_bind_beside_the_policys() {
    let sol = |max| Cap::Amount {
        asset: Asset::SOL,
        max: Amount::from_base(max),
        decimals: 9,
    };
    let out = Actions::NONE.with(Action::Withdrawal);
    let limit = |max| {
        vec![Limit::for_wallet(
            "daily",
            out,
            Span::from_secs(86_400),
            sol(max),
        )]
        .leak()
    };
    let intent = payment();
    let mut world = World::new("");
    world.wallet.limits = limit(800_000_000);
    let world = world.ready(&intent);
    assert!(matches!(world.decide(&intent, NOW), Decision::Allow(_)));
    let mut world = World::new("");
    world.wallet.limits = limit(799_999_999);
    let denial = world.ready(&intent).denied(&intent, NOW);
    assert_eq!(denial.code(), ReasonCode::LimitExceeded);
    let told =
        "limit `wallet:daily`: limit 0.799999999 SOL per 24h, used 0, asked 0.8; it asks more";
    assert!(denial.reasons[0].message.starts_with(told), "{denial:?}");
    assert_eq!(denial.retry_after(), None, "more than the limit never fits");
}

#[test]
fn each_scope_has_its_own_window() {
    let mut text = String::new();
    for per in ["wallet", "user", "bot", "venue", "destination", "global"] {
        text += &format!(
            "[[limits]]\nname = \"{per}\"\nwhen = {{ action = \"withdrawal\" }}\nper = \"{per}\"\n\
             window = \"1h\"\nmax_count = 5\n"
        );
    }
    let intent = Intent::from(Draft::new(WALLET, vec![pay(8), pay(1)]));
    let world = World::new(&text);
    let scopes: Vec<String> = world
        .keys(&intent)
        .iter()
        .map(|key| key.scope().to_string())
        .collect();
    let to = countersign_intent::Address::new([2; 32]);
    assert_eq!(
        scopes,
        [
            "wallet:wal_01010101010101010101010101010101".to_owned(),
            "user:usr_02020202020202020202020202020202".to_owned(),
            "bot:bot/momentum".to_owned(),
            "venue:solana".to_owned(),
            format!("destination:{to}"),
            "global".to_owned(),
        ]
    );
    let ready = World::new(&text).ready(&intent);
    let Decision::Allow(permit) = ready.decide(&intent, NOW) else {
        panic!("denied")
    };
    assert!(
        permit.reservations().iter().all(|one| one.amount == 1),
        "requests, not effects"
    );
}

#[test]
fn usage_outlives_a_changed_maximum_but_no_other_window() {
    let key = |limit: &str| World::new(limit).keys(&payment()).remove(0);
    assert_eq!(key(USD), key(&USD.replace("1000", "10")));
    assert_eq!(key(USD), key(&USD.replace("\"withdrawal\"", "\"any\"")));
    for (from, to) in [
        ("\"1h\"", "\"2h\""),
        ("\"user\"", "\"wallet\""),
        ("max_usd", "max_count"),
        ("\"usd\"", "\"eur\""),
    ] {
        assert_ne!(key(USD), key(&USD.replace(from, to)), "{to}");
    }
}
