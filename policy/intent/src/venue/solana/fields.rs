//! What each of the venue's details holds, declared once.

use super::{Address, Asset, AuthorityKind, Detail, Launch, Quote, StakeOperation, Swap};
use crate::field::{Declared, Value, adds, declare, says, unsaid};
use crate::{Account, Amount};

impl Declared for Detail {
    declare! {
        Self::Transfer { asset, amount, to, token_account } => "transfer" {
            amount: money(*asset, amount) => says("Withdraw {}").brief("of {}"),
            to: account(to) => says("to {}"),
            token_account: maybe(token_account.as_ref()) => adds("account {}"),
        }
        Self::Swap(Swap {
            program, spend, spend_max, receive, receive_min, quote, platform_fee_bps,
            positive_slippage_bps, fee_account, exposed_accounts, expires_at, launches,
        }) => "swap" {
            spend_max: money(*spend, spend_max) => says("Trade at most {}").brief("of {}"),
            receive_min: money(*receive, receive_min)
                => says("for at least {}").brief("for at least {}"),
            program: slug(program) => says("through {}").brief("through {}"),
            quoted_base_units: quoted(quote.as_ref())
                => unsaid("the chain enforces the least received, which is said"),
            slippage_bps: slippage(quote.as_ref()) => adds("slippage {} bps"),
            platform_fee_bps: Value::BasisPoints(*platform_fee_bps)
                => adds("integrator takes {} bps").over_zero(),
            positive_slippage_bps: Value::BasisPoints(*positive_slippage_bps)
                => adds("integrator keeps {} bps of a better price").over_zero(),
            fee_account: maybe(fee_account.as_ref()) => adds("fees to {}"),
            exposed_accounts: Value::Count(u64::from(*exposed_accounts))
                => adds("{} more accounts that may be the wallet's are within reach").over_zero(),
            expires_at: expires_at.map_or(Value::Absent, Value::Time)
                => adds("as an order that waits until {}"),
            launches: Value::Flag(*launches) => adds("of the coin launched here"),
        }
        Self::Launch(Launch {
            program, mint, creator, quote, name, symbol, uri, cost,
        }) => "launch" {
            mint: account(mint) => says("Launch coin {}").brief("of {}"),
            program: slug(program) => says("on {}").brief("through {}"),
            name: Value::Text(name) => adds("called {}"),
            symbol: Value::Text(symbol) => adds("for short {}"),
            uri: Value::Text(uri) => adds("described at {}"),
            quote: named(*quote) => adds("against {}"),
            cost: sol(cost) => adds("cost up to {}").brief("for {}"),
            creator: maybe(creator.as_ref()) => adds("creator fees to {}"),
        }
        Self::Fee { signatures, priority } => "fee" {
            signatures: sol(signatures) => says("network fee {}"),
            priority: sol(priority) => adds("priority fee up to {}"),
        }
        Self::Tip { to, amount } => "tip" {
            amount: sol(amount) => says("tip {}"),
            to: account(to) => says("to {}"),
        }
        Self::RentDeposit { account: funded, amount } => "rent" {
            amount: sol(amount) => says("rent up to {}").brief("of {}"),
            account: account(funded) => says("for {}").brief("as rent of account {}"),
        }
        Self::Wrap { account: own, amount } => "wrap" {
            amount: sol(amount) => says("wrap {}"),
            account: account(own) => says("in {}"),
        }
        Self::Unwrap { account: own, amount } => "unwrap" {
            amount: maybe_sol(*amount) => says("unwrap {}").or("unwrap all SOL"),
            account: account(own) => says("of {}"),
        }
        Self::Reclaim { account: payer, amount } => "reclaim" {
            amount: maybe_sol(*amount) => says("take back {}").or("take back what can be paid out"),
            account: account(payer) => says("from {}"),
        }
        Self::OpenAccount { account: opened, owner, asset } => "open_account" {
            account: account(opened) => says("open account {}").brief("that opens account {}"),
            owner: account(owner) => says("owned by {}"),
            asset: named(*asset) => says("for {}"),
        }
        Self::CloseAccount { account: closed, destination } => "close_account" {
            account: account(closed) => says("Close account {}"),
            to: account(destination) => adds("its SOL to {}"),
        }
        Self::Delegate { account: own, delegate, asset, amount } => "delegate" {
            amount: Value::Money(asset.map(Into::into), *amount) => says("Let spend {}"),
            delegate: account(delegate) => adds("who: {}"),
            account: account(own) => adds("from account {}"),
        }
        Self::Revoke { account: own } => "revoke" {
            account: account(own) => says("revoke delegate of {}"),
        }
        Self::AuthorityChange { account: over, kind, new_authority } => "authority_change" {
            authority: right(*kind) => says("Give the {}"),
            number: number(*kind) => says("number {}"),
            account: account(over) => says("of {}"),
            to: maybe(new_authority.as_ref()) => says("to {}").or("to nobody, for ever"),
        }
        Self::Burn { asset, amount, account: from } => "burn" {
            amount: money(*asset, amount) => says("Destroy {}"),
            account: account(from) => says("in account {}"),
        }
        Self::Stake { account: staked, operation } => "stake" {
            operation: name_of(operation) => says("{}"),
            amount: amount_of(operation) => says("of {}"),
            account: account(staked) => says("in stake account {}"),
            vote_account: validator_of(operation) => says("to validator {}"),
        }
        Self::NonceAdvance { account: nonce, authority } => "nonce_advance" {
            account: account(nonce) => says("advance nonce {}"),
            authority: account(authority) => adds("by authority {}"),
        }
        Self::Memo { text } => "memo" {
            memo: Value::Text(text) => says("memo {}"),
        }
    }
}

pub(super) const fn account(address: &Address) -> Value<'static> {
    Value::Account(Account::Solana(*address))
}

const fn maybe(address: Option<&Address>) -> Value<'static> {
    match address {
        Some(address) => account(address),
        None => Value::Absent,
    }
}

const fn named(asset: Asset) -> Value<'static> {
    Value::Asset(crate::Asset::Solana(asset))
}

const fn money(asset: Asset, amount: &Amount) -> Value<'static> {
    Value::Money(Some(crate::Asset::Solana(asset)), *amount)
}

pub(super) const fn sol(amount: &Amount) -> Value<'static> {
    money(Asset::Sol, amount)
}

const fn maybe_sol(amount: Option<Amount>) -> Value<'static> {
    match amount {
        Some(amount) => sol(&amount),
        None => Value::Absent,
    }
}

const fn slug(program: &'static str) -> Value<'static> {
    Value::Name(program, program)
}

const fn quoted(quote: Option<&Quote>) -> Value<'static> {
    match quote {
        Some(quote) => Value::Units(quote.amount),
        None => Value::Absent,
    }
}

const fn slippage(quote: Option<&Quote>) -> Value<'static> {
    match quote {
        Some(quote) => Value::BasisPoints(quote.slippage_bps),
        None => Value::Absent,
    }
}

const fn right(kind: AuthorityKind) -> Value<'static> {
    match kind {
        AuthorityKind::AccountOwner => Value::Name("account_owner", "ownership"),
        AuthorityKind::CloseAccount => Value::Name("close_account", "right to close"),
        AuthorityKind::Mint(_) => Value::Name("mint", "mint authority"),
        AuthorityKind::Nonce => Value::Name("nonce", "nonce authority"),
        AuthorityKind::Staker => Value::Name("staker", "right to stake"),
        AuthorityKind::Withdrawer => Value::Name("withdrawer", "right to withdraw"),
    }
}

const fn number(kind: AuthorityKind) -> Value<'static> {
    match kind {
        AuthorityKind::Mint(number) => Value::Count(number as u64),
        AuthorityKind::AccountOwner
        | AuthorityKind::CloseAccount
        | AuthorityKind::Nonce
        | AuthorityKind::Staker
        | AuthorityKind::Withdrawer => Value::Absent,
    }
}

const fn name_of(operation: &StakeOperation) -> Value<'static> {
    match operation {
        StakeOperation::Delegate { .. } => Value::Name("delegate", "Delegate stake"),
        StakeOperation::Deactivate => Value::Name("deactivate", "Deactivate stake"),
        StakeOperation::WithdrawToSelf { .. } => Value::Name("withdraw_to_self", "Take back stake"),
        StakeOperation::Create { .. } => Value::Name("create", "Create stake"),
    }
}

const fn amount_of(operation: &StakeOperation) -> Value<'static> {
    match operation {
        StakeOperation::WithdrawToSelf { amount } | StakeOperation::Create { amount } => {
            sol(amount)
        }
        StakeOperation::Delegate { .. } | StakeOperation::Deactivate => Value::Absent,
    }
}

const fn validator_of(operation: &StakeOperation) -> Value<'static> {
    match operation {
        StakeOperation::Delegate { vote_account } => account(vote_account),
        StakeOperation::Deactivate
        | StakeOperation::WithdrawToSelf { .. }
        | StakeOperation::Create { .. } => Value::Absent,
    }
}
