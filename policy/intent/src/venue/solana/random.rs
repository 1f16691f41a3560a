//! Details at random, out of so few values that two of them often differ in one field alone.

use proptest::prelude::*;
use proptest::sample::select;

use super::{Address, Asset, AuthorityKind, Detail, Launch, Quote, StakeOperation, Swap};
use crate::{Amount, Timestamp};

fn account() -> impl Strategy<Value = Address> {
    select(vec![Address::new([1; 32]), Address::new([2; 32])])
}

fn asset() -> impl Strategy<Value = Asset> {
    select(vec![
        Asset::Sol,
        Asset::Token(Address::new([1; 32])),
        Asset::Token(Address::new([3; 32])),
    ])
}

fn amount() -> impl Strategy<Value = Amount> {
    select(vec![0, 1, 256, u128::from(u64::MAX)]).prop_map(Amount::from_base)
}

fn text() -> impl Strategy<Value = String> {
    select(vec!["", "a", "a\" (\"", "\n"]).prop_map(str::to_owned)
}

fn maybe<S: Strategy>(one: S) -> impl Strategy<Value = Option<S::Value>>
where
    S::Value: Clone,
{
    prop::option::of(one)
}

fn count() -> impl Strategy<Value = u16> {
    select(vec![0, 1, 256])
}

fn program() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "ab"])
}

fn swap() -> impl Strategy<Value = Swap> {
    let sides = (asset(), amount(), asset(), amount());
    let quote = maybe((amount(), count()));
    let fees = (count(), count(), maybe(account()), count());
    let expires = maybe(select(vec![0, 1]).prop_map(Timestamp::from_micros));
    (program(), sides, quote, fees, expires, any::<bool>()).prop_map(
        |(program, sides, quote, fees, expires_at, launches)| Swap {
            program,
            spend: sides.0,
            spend_max: sides.1,
            receive: sides.2,
            receive_min: sides.3,
            quote: quote.map(|(amount, slippage_bps)| Quote {
                amount,
                slippage_bps,
            }),
            platform_fee_bps: fees.0,
            positive_slippage_bps: fees.1,
            fee_account: fees.2,
            exposed_accounts: fees.3,
            expires_at,
            launches,
        },
    )
}

fn launch() -> impl Strategy<Value = Launch> {
    let texts = (text(), text(), text());
    (
        program(),
        account(),
        maybe(account()),
        asset(),
        texts,
        amount(),
    )
        .prop_map(
            |(program, mint, creator, quote, (name, symbol, uri), cost)| Launch {
                program,
                mint,
                creator,
                quote,
                name,
                symbol,
                uri,
                cost,
            },
        )
}

fn kind() -> impl Strategy<Value = AuthorityKind> {
    select(vec![
        AuthorityKind::AccountOwner,
        AuthorityKind::CloseAccount,
        AuthorityKind::Mint(0),
        AuthorityKind::Mint(1),
        AuthorityKind::Nonce,
        AuthorityKind::Staker,
        AuthorityKind::Withdrawer,
    ])
}

fn operation() -> impl Strategy<Value = StakeOperation> {
    prop_oneof![
        account().prop_map(|vote_account| StakeOperation::Delegate { vote_account }),
        Just(StakeOperation::Deactivate),
        amount().prop_map(|amount| StakeOperation::WithdrawToSelf { amount }),
        amount().prop_map(|amount| StakeOperation::Create { amount }),
    ]
}

fn movement() -> BoxedStrategy<Detail> {
    prop_oneof![
        1 => (asset(), amount(), account(), maybe(account())).prop_map(
            |(asset, amount, to, token_account)| Detail::Transfer {
                asset,
                amount,
                to,
                token_account,
            }
        ),
        4 => swap().prop_map(Detail::Swap),
        2 => launch().prop_map(Detail::Launch),
        1 => (amount(), amount()).prop_map(|(signatures, priority)| Detail::Fee {
            signatures,
            priority
        }),
        1 => (account(), amount()).prop_map(|(to, amount)| Detail::Tip { to, amount }),
        1 => (account(), amount()).prop_map(|(account, amount)| Detail::RentDeposit { account, amount }),
        1 => (account(), amount()).prop_map(|(account, amount)| Detail::Wrap { account, amount }),
        1 => (account(), maybe(amount())).prop_map(|(account, amount)| Detail::Unwrap {
            account,
            amount
        }),
        1 => (account(), maybe(amount())).prop_map(|(account, amount)| Detail::Reclaim {
            account,
            amount
        }),
    ]
    .boxed()
}

fn power() -> BoxedStrategy<Detail> {
    prop_oneof![
        (account(), account(), asset()).prop_map(|(account, owner, asset)| Detail::OpenAccount {
            account,
            owner,
            asset
        }),
        (account(), account()).prop_map(|(account, destination)| Detail::CloseAccount {
            account,
            destination
        }),
        (account(), account(), maybe(asset()), amount()).prop_map(
            |(account, delegate, asset, amount)| Detail::Delegate {
                account,
                delegate,
                asset,
                amount,
            }
        ),
        account().prop_map(|account| Detail::Revoke { account }),
        (account(), kind(), maybe(account())).prop_map(|(account, kind, new_authority)| {
            Detail::AuthorityChange {
                account,
                kind,
                new_authority,
            }
        }),
        (asset(), amount(), account()).prop_map(|(asset, amount, account)| Detail::Burn {
            asset,
            amount,
            account
        }),
        (account(), operation())
            .prop_map(|(account, operation)| Detail::Stake { account, operation }),
        (account(), account())
            .prop_map(|(account, authority)| Detail::NonceAdvance { account, authority }),
        text().prop_map(|text| Detail::Memo { text }),
    ]
    .boxed()
}

/// Any detail.
pub(crate) fn detail() -> impl Strategy<Value = Detail> {
    prop_oneof![movement(), power()]
}

/// Two details of one kind, which often differ in few fields.
pub(crate) fn pair() -> impl Strategy<Value = (Detail, Detail)> {
    prop_oneof![
        2 => (detail(), detail()),
        3 => (swap(), swap(), 0..12_usize).prop_map(|(one, other, field)| {
            let mixed = with_field(&one, &other, field);
            (Detail::Swap(one), Detail::Swap(mixed))
        }),
        1 => (launch(), launch(), 0..8_usize).prop_map(|(one, other, field)| {
            let mixed = launch_with_field(&one, &other, field);
            (Detail::Launch(one), Detail::Launch(mixed))
        }),
    ]
}

/// `one`, with this field of `other`.
fn with_field(one: &Swap, other: &Swap, field: usize) -> Swap {
    let mut swap = one.clone();
    match field {
        0 => swap.program = other.program,
        1 => swap.spend = other.spend,
        2 => swap.spend_max = other.spend_max,
        3 => swap.receive = other.receive,
        4 => swap.receive_min = other.receive_min,
        5 => swap.quote = other.quote,
        6 => swap.platform_fee_bps = other.platform_fee_bps,
        7 => swap.positive_slippage_bps = other.positive_slippage_bps,
        8 => swap.fee_account = other.fee_account,
        9 => swap.exposed_accounts = other.exposed_accounts,
        10 => swap.expires_at = other.expires_at,
        _ => swap.launches = other.launches,
    }
    swap
}

fn launch_with_field(one: &Launch, other: &Launch, field: usize) -> Launch {
    let (mut launch, other) = (one.clone(), other.clone());
    match field {
        0 => launch.program = other.program,
        1 => launch.mint = other.mint,
        2 => launch.creator = other.creator,
        3 => launch.quote = other.quote,
        4 => launch.name = other.name,
        5 => launch.symbol = other.symbol,
        6 => launch.uri = other.uri,
        _ => launch.cost = other.cost,
    }
    launch
}
