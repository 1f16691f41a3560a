//! What a message does, as JSON: every effect with all that the appliance judges.

use std::collections::BTreeMap;

use countersign_decode::solana::Decoded;
use countersign_decode::{DecodeError, Place, explain_effect};
use countersign_intent::{
    Address, Amount, AssertedFact, Assertion, Asset, AuthorityKind, Effect, KnownAsset, Launch,
    Lifetime, Reading, StakeOperation, Swap, intent_digest,
};
use serde_json::{Value, json};

use super::words::{self, Totals};

/// Everything that was read.
pub(super) fn of(decoded: &Decoded) -> Value {
    let intent = &decoded.intent;
    let readings = intent.readings();
    let effects: Vec<Value> = readings
        .iter()
        .map(|reading| effect_value(reading, &intent.wallet))
        .collect();
    let totals = Totals::of(intent);
    json!({
        "understood": true,
        "venue": intent.venue.as_str(),
        "wallet": intent.wallet.to_string(),
        "effects": effects,
        "leaves_at_most": sums(&totals.out),
        "returns_at_least": sums(&totals.back),
        "asserts": intent.asserted.iter().map(assertion).collect::<Vec<_>>(),
        "cosigners": texts(&intent.cosigners),
        "durable": matches!(intent.lifetime, Lifetime::DurableNonce { .. }),
        "lifetime": lifetime(&intent.lifetime),
        "intent_digest": hex::encode(intent_digest(intent)),
    })
}

/// Why nothing is signed, where that is, and what to do.
pub(super) fn of_refusal(error: &DecodeError) -> Value {
    let (byte, instruction, program, name) = match error.place() {
        None => (None, None, None, None),
        Some(Place::Byte(at)) => (Some(at), None, None, None),
        Some(Place::Instruction {
            index,
            program,
            name,
        }) => (None, Some(index), program, name),
    };
    json!({
        "understood": false,
        "kind": error.kind().as_str(),
        "message": error.to_string(),
        "next": words::advice(error.kind()),
        "byte": byte,
        "instruction": instruction,
        "program": program,
        "instruction_name": name,
    })
}

fn effect_value(reading: &Reading<'_>, wallet: &Address) -> Value {
    let (kind, fields) = fields(reading.effect);
    let mut value = json!({
        "action": reading.action.as_str(),
        "kind": kind,
        "receivers": reading.receivers.iter().map(|one| text(&one)).collect::<Vec<_>>(),
        "text": explain_effect(reading, wallet),
    });
    if let (Some(value), Value::Object(fields)) = (value.as_object_mut(), fields) {
        value.extend(fields);
    }
    value
}

fn fields(effect: &Effect) -> (&'static str, Value) {
    match effect {
        Effect::Transfer {
            asset,
            amount,
            to,
            token_account,
        } => (
            "transfer",
            json!({
                "amount": money(*asset, *amount),
                "to": text(to),
                "token_account": token_account.as_ref().map(text),
            }),
        ),
        Effect::Swap(swap) => ("swap", swap_fields(swap)),
        Effect::Launch(launch) => ("launch", launch_fields(launch)),
        Effect::Fee {
            signatures,
            priority,
        } => (
            "fee",
            json!({ "signatures": sol(*signatures), "priority": sol(*priority) }),
        ),
        Effect::Tip { to, amount } => ("tip", json!({ "to": text(to), "amount": sol(*amount) })),
        Effect::RentDeposit { account, amount } => ("rent", of_account(account, Some(*amount))),
        Effect::Wrap { account, amount } => ("wrap", of_account(account, Some(*amount))),
        Effect::Unwrap { account, amount } => ("unwrap", of_account(account, *amount)),
        Effect::Reclaim { account, amount } => ("reclaim", of_account(account, *amount)),
        Effect::OpenAccount {
            account,
            owner,
            asset,
        } => (
            "open_account",
            json!({
                "account": text(account),
                "owner": text(owner),
                "asset": asset.to_string(),
            }),
        ),
        Effect::Memo { text } => ("memo", json!({ "memo": text })),
        Effect::CloseAccount { .. }
        | Effect::Delegate { .. }
        | Effect::Revoke { .. }
        | Effect::AuthorityChange { .. }
        | Effect::Burn { .. }
        | Effect::Stake { .. }
        | Effect::NonceAdvance { .. } => power_fields(effect),
    }
}

fn power_fields(effect: &Effect) -> (&'static str, Value) {
    match effect {
        Effect::CloseAccount {
            account,
            destination,
        } => (
            "close_account",
            json!({ "account": text(account), "to": text(destination) }),
        ),
        Effect::Delegate {
            account,
            delegate,
            asset,
            amount,
        } => (
            "delegate",
            json!({
                "account": text(account),
                "delegate": text(delegate),
                "asset": asset.map(|asset| asset.to_string()),
                "base_units": amount.base().to_string(),
            }),
        ),
        Effect::Revoke { account } => ("revoke", json!({ "account": text(account) })),
        Effect::AuthorityChange {
            account,
            kind,
            new_authority,
        } => (
            "authority_change",
            json!({
                "account": text(account),
                "authority": authority(*kind),
                "to": new_authority.as_ref().map(text),
            }),
        ),
        Effect::Burn {
            asset,
            amount,
            account,
        } => (
            "burn",
            json!({ "amount": money(*asset, *amount), "account": text(account) }),
        ),
        Effect::Stake { account, operation } => ("stake", stake(account, operation)),
        Effect::NonceAdvance { account, authority } => (
            "nonce_advance",
            json!({ "account": text(account), "authority": text(authority) }),
        ),
        Effect::Transfer { .. }
        | Effect::Swap(_)
        | Effect::Launch(_)
        | Effect::Fee { .. }
        | Effect::Tip { .. }
        | Effect::RentDeposit { .. }
        | Effect::Wrap { .. }
        | Effect::Unwrap { .. }
        | Effect::Reclaim { .. }
        | Effect::OpenAccount { .. }
        | Effect::Memo { .. } => fields(effect),
    }
}

fn launch_fields(launch: &Launch) -> Value {
    json!({
        "program": launch.program,
        "mint": text(&launch.mint),
        "creator": launch.creator.as_ref().map(text),
        "quote": launch.quote.to_string(),
        "name": launch.name,
        "symbol": launch.symbol,
        "uri": launch.uri,
        "cost": sol(launch.cost),
    })
}

fn swap_fields(swap: &Swap) -> Value {
    let quote = swap.quote.as_ref();
    json!({
        "program": swap.program,
        "spend_max": money(swap.spend, swap.spend_max),
        "receive_min": money(swap.receive, swap.receive_min),
        "quoted_base_units": quote.map(|quote| quote.amount.base().to_string()),
        "slippage_bps": quote.map(|quote| quote.slippage_bps),
        "platform_fee_bps": swap.platform_fee_bps,
        "positive_slippage_bps": swap.positive_slippage_bps,
        "fee_account": swap.fee_account.as_ref().map(text),
        "exposed_accounts": swap.exposed_accounts,
        "expires_at": swap.expires_at.map(|until| until.to_string()),
        "launches": swap.launches,
    })
}

fn stake(account: &Address, operation: &StakeOperation) -> Value {
    let (operation, validator, amount) = match operation {
        StakeOperation::Delegate { vote_account } => ("delegate", Some(vote_account), None),
        StakeOperation::Deactivate => ("deactivate", None, None),
        StakeOperation::WithdrawToSelf { amount } => ("withdraw_to_self", None, Some(*amount)),
        StakeOperation::Create { amount } => ("create", None, Some(*amount)),
    };
    json!({
        "account": text(account),
        "operation": operation,
        "vote_account": validator.map(text),
        "amount": amount.map(sol),
    })
}

fn authority(kind: AuthorityKind) -> String {
    match kind {
        AuthorityKind::AccountOwner => "account_owner".to_owned(),
        AuthorityKind::CloseAccount => "close_account".to_owned(),
        AuthorityKind::Mint(number) => format!("mint_{number}"),
        AuthorityKind::Nonce => "nonce".to_owned(),
        AuthorityKind::Staker => "staker".to_owned(),
        AuthorityKind::Withdrawer => "withdrawer".to_owned(),
    }
}

fn assertion(assertion: &Assertion) -> Value {
    let (fact, least) = match assertion.fact {
        AssertedFact::OwnedBySystem => ("owned_by_system", None),
        AssertedFact::NoData => ("no_data", None),
        AssertedFact::LamportsAtLeast(least) => ("lamports_at_least", Some(sol(least))),
    };
    json!({ "account": text(&assertion.account), "fact": fact, "at_least": least })
}

fn lifetime(lifetime: &Lifetime) -> Value {
    match lifetime {
        Lifetime::Blockhash(value) => {
            json!({ "kind": "blockhash", "value": Address::new(*value).to_string() })
        }
        Lifetime::DurableNonce {
            account,
            authority,
            value,
        } => json!({
            "kind": "durable_nonce",
            "account": text(account),
            "authority": text(authority),
            "value": Address::new(*value).to_string(),
        }),
    }
}

fn of_account(account: &Address, amount: Option<Amount>) -> Value {
    json!({ "account": text(account), "amount": amount.map(sol) })
}

fn sums(sums: &BTreeMap<String, Amount>) -> Vec<Value> {
    let amounts = sums.iter();
    amounts
        .map(|(asset, amount)| named(asset, *amount))
        .collect()
}

fn sol(amount: Amount) -> Value {
    money(Asset::Sol, amount)
}

fn money(asset: Asset, amount: Amount) -> Value {
    named(&asset.to_string(), amount)
}

/// Base units as text, which JSON numbers may not hold, and display units where they are known.
fn named(asset: &str, amount: Amount) -> Value {
    let known = KnownAsset::by_symbol(asset);
    json!({
        "asset": asset,
        "base_units": amount.base().to_string(),
        "display": known.map(|known| amount.display(known.decimals).to_string()),
    })
}

fn text(address: &Address) -> String {
    address.to_string()
}

fn texts(addresses: &[Address]) -> Vec<String> {
    addresses.iter().map(text).collect()
}
