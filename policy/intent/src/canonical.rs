//! Canonical bytes of an intent: what an approval binds to.
//!
//! They are read off the declarations of its parts. Every value starts with its type and has a
//! fixed width or its length before it, and every part ends with a mark that is no type, so two
//! different intents never share their bytes. What comes anew with every message is left out: the
//! same intent may come back with a fresh blockhash or nonce value.

use sha2::{Digest, Sha256};

use crate::field::{Declared, Field, Fields, Value};
use crate::{Effect, Intent};

/// Starts every canonical encoding; a change of layout changes it.
pub const CANONICAL_DOMAIN: &[u8] = b"countersign/intent/v4\0";

const END: u8 = 0xff;

/// The canonical bytes of an intent.
#[must_use]
pub fn canonical_bytes(intent: &Intent) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(64 + intent.effects().len() * 112));
    out.0.extend_from_slice(CANONICAL_DOMAIN);
    out.0.push(intent.venue() as u8);
    intent.wallet().write(&mut out.0);
    out.declared(intent.lifetime());
    out.count(intent.cosigners().len());
    let cosigners = intent.cosigners();
    cosigners.iter().for_each(|key| key.write(&mut out.0));
    out.count(intent.effects().len());
    let effects = intent.effects();
    effects.iter().for_each(|one| out.declared(one.detail()));
    out.count(intent.asserted().len());
    intent.asserted().iter().for_each(|one| out.declared(one));
    out.0
}

/// SHA-256 of the canonical bytes.
#[must_use]
pub fn intent_digest(intent: &Intent) -> [u8; 32] {
    Sha256::digest(canonical_bytes(intent)).into()
}

/// SHA-256 of the canonical bytes of a wallet's effects that count: two intents with the same one do the
/// same, but for those that do not.
#[must_use]
pub fn effects_digest(intent: &Intent, counts: impl Fn(&Effect) -> bool) -> [u8; 32] {
    let mut out = Writer(b"countersign/effects/v1\0".to_vec());
    intent.wallet().write(&mut out.0);
    let effects = intent.effects().iter().filter(|one| counts(one));
    out.count(effects.clone().count());
    effects.for_each(|one| out.declared(one.detail()));
    Sha256::digest(out.0).into()
}

struct Writer(Vec<u8>);

impl Fields for Writer {
    fn kind(&mut self, kind: &'static str) {
        self.text(kind);
    }

    fn field(&mut self, field: Field<'_>) {
        match field.value {
            Value::Absent => self.tag(0),
            Value::Account(account) => {
                self.tag(1);
                account.write(&mut self.0);
            }
            Value::Asset(asset) => {
                self.tag(2);
                asset.write(&mut self.0);
            }
            Value::Money(None, amount) => {
                self.tag(3);
                self.bytes(&amount.base().to_be_bytes());
            }
            Value::Money(Some(asset), amount) => {
                self.tag(4);
                asset.write(&mut self.0);
                self.bytes(&amount.base().to_be_bytes());
            }
            Value::Units(amount) => {
                self.tag(5);
                self.bytes(&amount.base().to_be_bytes());
            }
            Value::BasisPoints(points) => {
                self.tag(6);
                self.bytes(&points.to_be_bytes());
            }
            Value::Count(count) => {
                self.tag(7);
                self.bytes(&count.to_be_bytes());
            }
            Value::Time(at) => {
                self.tag(8);
                self.bytes(&at.micros().to_be_bytes());
            }
            Value::Text(text) => {
                self.tag(9);
                self.text(text);
            }
            Value::Name(slug, _) => {
                self.tag(10);
                self.text(slug);
            }
            Value::Flag(flag) => {
                self.tag(11);
                self.tag(u8::from(flag));
            }
            Value::Bytes(bytes) => {
                self.tag(12);
                self.count(bytes.len());
                self.bytes(bytes);
            }
            Value::Fresh(_) | Value::FreshCount(_) => {}
        }
    }
}

impl Writer {
    fn declared(&mut self, part: &dyn Declared) {
        part.fields(self);
        self.tag(END);
    }

    fn tag(&mut self, tag: u8) {
        self.0.push(tag);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn count(&mut self, count: usize) {
        self.bytes(&(count as u64).to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes(text.as_bytes());
    }
}

#[cfg(test)]
mod tests;
