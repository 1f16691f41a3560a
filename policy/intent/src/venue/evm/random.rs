//! Details at random, out of so few values that two of them often differ in one field alone.

use proptest::prelude::*;
use proptest::sample::select;

use super::{Address, Asset, Authorization, Detail, FeeBound, Selector};
use crate::{Amount, Timestamp};

fn account() -> impl Strategy<Value = Address> {
    select(vec![Address::new([1; 20]), Address::new([2; 20])])
}

fn chain() -> impl Strategy<Value = u64> {
    select(vec![1, 256])
}

fn asset() -> impl Strategy<Value = Asset> {
    prop_oneof![
        chain().prop_map(|chain| Asset::Native { chain }),
        (chain(), account()).prop_map(|(chain, contract)| Asset::Token { chain, contract }),
    ]
}

fn amount() -> impl Strategy<Value = Amount> {
    select(vec![0, 1, 256, u128::MAX]).prop_map(Amount::from_base)
}

fn time() -> impl Strategy<Value = Timestamp> {
    select(vec![0, 1]).prop_map(Timestamp::from_micros)
}

fn word() -> impl Strategy<Value = [u8; 32]> {
    select(vec![[0; 32], [1; 32]])
}

fn moved() -> impl Strategy<Value = Detail> {
    let wrapped = prop::option::of(account());
    (asset(), amount(), account(), wrapped, any::<bool>()).prop_map(
        |(asset, amount, to, wrapped, from)| {
            if from {
                Detail::TransferFrom {
                    asset,
                    amount,
                    to,
                    wrapped,
                }
            } else {
                Detail::Transfer {
                    asset,
                    amount,
                    to,
                    wrapped,
                }
            }
        },
    )
}

fn authorization() -> impl Strategy<Value = Detail> {
    (asset(), amount(), account(), time(), time(), word()).prop_map(
        |(asset, amount, to, valid_after, valid_before, nonce)| {
            Detail::TransferAuthorization(Authorization {
                asset,
                amount,
                to,
                valid_after,
                valid_before,
                nonce,
            })
        },
    )
}

fn power() -> impl Strategy<Value = Detail> {
    let what = (asset(), amount(), account(), prop::option::of(account()));
    let when = (time(), time(), word(), account());
    (what, when, 0..6_u8).prop_map(
        |((asset, amount, spender, wrapped), (deadline, expires_at, nonce, contract), kind)| {
            match kind {
                0 | 1 => Detail::Allowance {
                    asset,
                    amount,
                    spender,
                    added: kind == 1,
                    wrapped,
                },
                2 => Detail::Revoke {
                    asset,
                    spender,
                    wrapped,
                },
                3 => Detail::Permit {
                    asset,
                    amount,
                    spender,
                    deadline,
                    nonce,
                    wrapped,
                },
                4 => Detail::Permit2Allowance {
                    contract,
                    asset,
                    amount,
                    spender,
                    expires_at,
                    deadline,
                    nonce,
                    wrapped,
                },
                _ => Detail::Permit2Transfer {
                    contract,
                    asset,
                    amount,
                    spender,
                    deadline,
                    nonce,
                    wrapped,
                },
            }
        },
    )
}

fn upkeep() -> impl Strategy<Value = Detail> {
    (chain(), amount(), account(), 0..3_u8).prop_map(|(chain, amount, contract, kind)| match kind {
        0 => Detail::Wrap {
            chain,
            amount,
            contract,
        },
        1 => Detail::Unwrap {
            chain,
            amount,
            contract,
        },
        _ => Detail::Cancel {
            chain,
            account: contract,
        },
    })
}

fn call() -> impl Strategy<Value = Detail> {
    let selector = select(vec![[0; 4], [1; 4]]).prop_map(Selector::new);
    (chain(), account(), selector, word()).prop_map(|(chain, contract, selector, data)| {
        Detail::Call {
            chain,
            contract,
            selector,
            data,
        }
    })
}

fn fee() -> impl Strategy<Value = Detail> {
    let kind = select(vec!["legacy", "access-list"]);
    let prices = (amount(), amount(), prop::option::of(amount()));
    (chain(), kind, prices, 0..2_u64, prop::option::of(word())).prop_map(
        |(chain, envelope, prices, gas, access_list)| {
            Detail::Fee(FeeBound {
                chain,
                envelope,
                amount: prices.0,
                gas,
                max_fee_per_gas: prices.1,
                max_priority_fee_per_gas: prices.2,
                access_list,
            })
        },
    )
}

/// Any detail.
pub(crate) fn detail() -> impl Strategy<Value = Detail> {
    prop_oneof![moved(), authorization(), power(), upkeep(), call(), fee()]
}
