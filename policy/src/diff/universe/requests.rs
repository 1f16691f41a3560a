//! Requests that tell the values of every key apart.

use countersign_intent::solana::{
    AssertedFact, Assertion, Detail as Effect, Draft, Nonce, Quote, Swap,
};
use countersign_intent::{Address, Amount, Asset, Intent, Lifetime, Resource, Span, USDC};

use super::{FEES, FRIEND, NONCE, OTHER, SHOP, STRANGER};
use crate::random::{NOW, WALLET};

fn swap() -> Swap {
    let receive_min = Amount::from_base(150_000_000);
    Swap {
        program: "jupiter-v6",
        spend: Asset::Sol,
        spend_max: Amount::from_base(1_000_000_000),
        receive: USDC.asset,
        receive_min,
        quote: Some(Quote {
            amount: receive_min,
            slippage_bps: 100,
        }),
        platform_fee_bps: 0,
        positive_slippage_bps: 0,
        fee_account: None,
        launches: false,
        exposed_accounts: 0,
        expires_at: None,
    }
}

/// An order that waits so many hours.
fn order(hours: u64) -> Swap {
    Swap {
        expires_at: Some(NOW.saturating_add(Span::from_secs(hours * 3_600))),
        ..swap()
    }
}

fn swaps() -> Vec<Swap> {
    let quote = |slippage_bps| {
        Some(Quote {
            amount: swap().receive_min,
            slippage_bps,
        })
    };
    let fee = |platform_fee_bps, positive_slippage_bps, account| Swap {
        platform_fee_bps,
        positive_slippage_bps,
        fee_account: Some(account),
        ..swap()
    };
    let swapped = |spend, receive| Swap {
        spend,
        receive,
        receive_min: Amount::from_base(150_000_000),
        quote: None,
        ..swap()
    };
    vec![
        swap(),
        Swap {
            program: "orca",
            ..swap()
        },
        Swap {
            program: "phoenix",
            ..swap()
        },
        Swap {
            quote: quote(200),
            ..swap()
        },
        Swap {
            quote: quote(900),
            ..swap()
        },
        Swap {
            exposed_accounts: 1,
            ..swap()
        },
        Swap {
            exposed_accounts: 2,
            ..swap()
        },
        order(2),
        order(36),
        fee(50, 0, FEES),
        fee(90, 0, SHOP),
        fee(50, 0, STRANGER),
        fee(0, 50, FEES),
        fee(0, 90, FEES),
        // Worth 70 and 30 of 150 dollars.
        Swap {
            receive_min: Amount::from_base(105_000_000),
            quote: None,
            ..swap()
        },
        Swap {
            receive_min: Amount::from_base(45_000_000),
            quote: None,
            ..swap()
        },
        swapped(USDC.asset, Asset::Sol),
        swapped(OTHER, USDC.asset),
        swapped(Asset::Sol, OTHER),
    ]
}

pub(super) fn pay(asset: Asset, tenths: u128, to: Address) -> Effect {
    Effect::Transfer {
        asset,
        amount: Amount::from_base(tenths * 100_000_000),
        to,
        token_account: None,
    }
}

pub(super) fn intent(effects: Vec<Effect>) -> Intent {
    Draft::new(WALLET, effects).into()
}

/// Every request of the universe.
pub(super) fn requests() -> Vec<Intent> {
    let mut all = effects();
    all.extend(beside_effects());
    all
}

fn effects() -> Vec<Intent> {
    let mut all: Vec<Intent> = swaps()
        .into_iter()
        .map(|one| intent(vec![Effect::Swap(one)]))
        .collect();
    let small = || pay(Asset::Sol, 8, FRIEND);
    let lamports = |thousands: u128| Amount::from_base(thousands * 1_000_000);
    let fee = |priority| Effect::Fee {
        signatures: Amount::from_base(5_000),
        priority: lamports(priority),
    };
    let tip = |amount| Effect::Tip {
        to: STRANGER,
        amount: lamports(amount),
    };
    let rent = |amount| Effect::RentDeposit {
        account: NONCE,
        amount: lamports(amount),
    };
    let open = |number| Effect::OpenAccount {
        account: Address::new([number; 32]),
        owner: WALLET,
        asset: USDC.asset,
    };
    for effects in [
        vec![small()],
        vec![pay(Asset::Sol, 12, FRIEND)],
        vec![pay(Asset::Sol, 25, FRIEND)],
        vec![pay(Asset::Sol, 8, SHOP)],
        vec![pay(Asset::Sol, 8, STRANGER)],
        vec![pay(USDC.asset, 8, FRIEND)],
        vec![pay(OTHER, 8, FRIEND)],
        vec![small(), fee(8)],
        vec![small(), fee(30)],
        vec![small(), tip(15)],
        vec![small(), tip(30)],
        vec![small(), fee(8), tip(15)],
        vec![small(), rent(10)],
        vec![small(), rent(30)],
        vec![small(), open(11)],
        vec![small(), open(11), open(12)],
        vec![Effect::Memo {
            text: "hello".to_owned(),
        }],
    ] {
        all.push(intent(effects));
    }
    all
}

/// What requests say besides their effects: assertions, a durable nonce, other signers.
fn beside_effects() -> Vec<Intent> {
    let small = || pay(Asset::Sol, 8, FRIEND);
    let lamports = |thousands: u128| Amount::from_base(thousands * 1_000_000);
    let mut all = Vec::new();
    let assertion = |fact| Assertion {
        account: WALLET,
        fact,
    };
    let (owner, data) = (AssertedFact::OwnedBySystem, AssertedFact::NoData);
    for facts in [
        vec![owner],
        vec![owner, data],
        vec![AssertedFact::LamportsAtLeast(lamports(600))],
        vec![AssertedFact::LamportsAtLeast(lamports(2_000))],
    ] {
        all.push(Draft {
            asserted: facts.into_iter().map(assertion).collect(),
            ..Draft::new(WALLET, vec![small()])
        });
    }
    let advance = Effect::NonceAdvance {
        account: NONCE,
        authority: WALLET,
    };
    all.push(Draft {
        lifetime: Lifetime::HeldUntil(Resource::Solana(Nonce {
            account: NONCE,
            authority: WALLET,
            value: [0; 32],
        })),
        ..Draft::new(WALLET, vec![advance, small()])
    });
    for memos in [vec!["104"], vec!["105"], vec!["104", "106"]] {
        let memos = memos.into_iter().map(|text| Effect::Memo {
            text: text.to_owned(),
        });
        all.push(Draft::new(WALLET, memos.chain([small()]).collect()));
    }
    all.push(Draft {
        cosigners: vec![STRANGER],
        ..Draft::new(WALLET, vec![small()])
    });
    all.into_iter().map(Intent::from).collect()
}
