//! What a message does, as JSON: every effect with all that the appliance judges.

use std::collections::BTreeMap;

use countersign_decode::solana::Decoded;
use countersign_decode::{DecodeError, Place, explain_effect};
use countersign_intent::field::{Declared, Field, Fields, Value as Typed};
use countersign_intent::{Address, Amount, Asset, Effect, Intent, KnownAsset, intent_digest};
use serde_json::{Map, Value, json};

use super::words::{self, Totals};

/// Everything that was read.
pub(super) fn of(decoded: &Decoded) -> Value {
    let intent = &decoded.intent;
    let effects = intent.effects().iter();
    let totals = Totals::of(intent);
    let asserted = intent.asserted().iter();
    json!({
        "understood": true,
        "venue": intent.venue().as_str(),
        "wallet": intent.wallet().to_string(),
        "effects": effects.map(|effect| effect_value(effect, intent)).collect::<Vec<_>>(),
        "leaves_at_most": sums(&totals.out),
        "returns_at_least": sums(&totals.back),
        "asserts": asserted.map(|one| object("fact", one)).collect::<Vec<_>>(),
        "cosigners": intent.cosigners().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "durable": intent.lifetime().is_held(),
        "lifetime": object("kind", intent.lifetime()),
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

/// Whose signature that came along does not verify.
pub(super) fn of_wrong_signature(signer: &Address, message: &str, next: &str) -> Value {
    json!({
        "understood": true,
        "kind": "cosignature",
        "message": message,
        "next": next,
        "cosigner": signer.to_string(),
    })
}

fn effect_value(effect: &Effect, intent: &Intent) -> Value {
    let head = effect.head();
    let receivers = head.counterparty.iter();
    let mut value = object("kind", effect.detail());
    if let Some(fields) = value.as_object_mut() {
        let mut add = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        add("action", head.action.as_str().into());
        add("receivers", receivers.map(|one| one.to_string()).collect());
        add("text", explain_effect(effect, intent).into());
    }
    value
}

/// Every field by its name, and the kind under `kind`.
fn object(kind: &'static str, part: &dyn Declared) -> Value {
    let mut reader = Object {
        kind,
        fields: Map::new(),
    };
    part.fields(&mut reader);
    Value::Object(reader.fields)
}

struct Object {
    kind: &'static str,
    fields: Map<String, Value>,
}

impl Fields for Object {
    fn kind(&mut self, kind: &'static str) {
        self.fields.insert(self.kind.to_owned(), kind.into());
    }

    fn field(&mut self, field: Field<'_>) {
        self.fields
            .insert(field.name.to_owned(), json_of(&field.value));
    }
}

fn json_of(value: &Typed<'_>) -> Value {
    match value {
        Typed::Absent => Value::Null,
        Typed::Account(account) => account.to_string().into(),
        Typed::Asset(asset) => asset.to_string().into(),
        Typed::Money(asset, amount) => money(*asset, *amount),
        Typed::Units(amount) => amount.base().to_string().into(),
        Typed::BasisPoints(points) => (*points).into(),
        Typed::Count(count) => (*count).into(),
        Typed::Time(at) => at.to_string().into(),
        Typed::Text(text) => (*text).into(),
        Typed::Name(slug, _) => (*slug).into(),
        Typed::Flag(flag) => (*flag).into(),
        Typed::Fresh(bytes) => Address::new(*bytes).to_string().into(),
        Typed::FreshCount(count) => (*count).into(),
        Typed::Bytes(bytes) => format!("0x{}", hex::encode(bytes)).into(),
    }
}

fn sums(sums: &BTreeMap<String, Amount>) -> Vec<Value> {
    let amounts = sums.iter();
    amounts
        .map(|(asset, amount)| named(asset, *amount))
        .collect()
}

fn money(asset: Option<Asset>, amount: Amount) -> Value {
    match asset {
        Some(asset) => named(&asset.to_string(), amount),
        None => json!({
            "asset": null,
            "base_units": amount.base().to_string(),
            "display": null,
        }),
    }
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
