//! One suite for every device: what [`crate::backend`] promises, tried through the contract alone.
//!
//! Run it on an empty token that may be written to and thrown away. It leaves the appliance's
//! own keys and some others behind. A capability the device does not claim is not asked for.

mod abilities;
mod admin;
mod ceremony;
mod custody;
mod import;
mod signing;
mod threads;

use crate::backend::{Device, KeyRef, Material};
use crate::error::{Consequence, Error};
use crate::key::{KeyId, KeyType};
use crate::software::verifies;

/// Why a check failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub String);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

type Outcome = Result<(), Failure>;

/// One promise, tried on a device.
pub type Check = fn(&dyn Device) -> Result<(), Failure>;

/// Every check with its name, in the order they need: the ceremony first.
pub const CHECKS: &[(&str, Check)] = &[
    (
        "the ceremony makes what it says",
        ceremony::makes_what_it_says,
    ),
    ("the ceremony is not repeated", ceremony::is_not_repeated),
    (
        "every role passes its canary",
        ceremony::every_role_passes_its_canary,
    ),
    ("resident keys sign", signing::resident_keys_sign),
    (
        "long and empty messages are signed",
        signing::long_and_empty_messages,
    ),
    (
        "digests of the wrong length are refused",
        signing::wrong_digest_lengths,
    ),
    ("an unknown key is refused", signing::unknown_key),
    ("another public key is refused", signing::another_public_key),
    ("wrapped keys sign", custody::wrapped_keys_sign),
    ("envelopes sign", custody::envelopes_sign),
    ("altered blobs are refused", custody::altered_blobs),
    (
        "an envelope belongs to its id",
        custody::envelope_belongs_to_its_id,
    ),
    (
        "a known key can be sealed",
        custody::known_key_can_be_sealed,
    ),
    ("imported keys sign", import::imported_keys_sign),
    (
        "an imported key is closed from then on",
        import::imported_keys_are_closed,
    ),
    ("what is sealed to the token opens", import::sealed_opens),
    (
        "what was sealed otherwise does not open",
        import::altered_seals,
    ),
    (
        "what is not claimed is refused",
        custody::what_is_not_claimed,
    ),
    (
        "resident keys are what was asked",
        admin::attributes_are_as_asked,
    ),
    ("an id is used once", admin::id_is_used_once),
    (
        "pairs are listed by label",
        admin::pairs_are_listed_by_label,
    ),
    (
        "a destroyed key signs no more",
        admin::destroyed_key_signs_no_more,
    ),
    ("macs are a function of key and data", abilities::macs),
    ("the anchor keeps the newest value", abilities::anchor),
    ("random bytes differ", abilities::random),
    ("a session answers a ping", abilities::ping),
    (
        "many keys on few cached handles",
        threads::many_keys_on_few_handles,
    ),
    (
        "keys are made while others search and sign",
        threads::keys_are_made_while_others_search,
    ),
];

/// Runs every check, in order, and gives the names and reasons of those that failed.
#[must_use]
pub fn run(device: &dyn Device) -> Vec<(&'static str, Failure)> {
    let failures = CHECKS
        .iter()
        .map(|(name, check)| (*name, check(device).err()));
    failures
        .filter_map(|(name, failure)| Some((name, failure?)))
        .collect()
}

fn ensure(holds: bool, otherwise: impl Into<String>) -> Outcome {
    if holds {
        Ok(())
    } else {
        Err(Failure(otherwise.into()))
    }
}

fn refused<T>(result: Result<T, Error>, what: &str) -> Outcome {
    match result {
        Err(error) if error.consequence() == Consequence::Refused => Ok(()),
        Err(error) => Err(Failure(format!("{what}: expected a refusal, got: {error}"))),
        Ok(_) => Err(Failure(format!("{what}: expected a refusal, it was done"))),
    }
}

fn fresh_id() -> Result<KeyId, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure(error.to_string()))?;
    Ok(KeyId::from_bytes(bytes))
}

/// A new resident key.
fn resident(device: &dyn Device, key_type: KeyType) -> Result<KeyRef, Failure> {
    let id = fresh_id()?;
    let mut admin = device
        .key_admin()
        .ok_or_else(|| Failure("no key admin".to_owned()))?;
    let public = admin.generate(&id, "conformance", key_type)?;
    Ok(KeyRef {
        id,
        public,
        material: Material::Resident,
    })
}

/// A new key of every custody and type the device claims.
fn one_of_each(device: &dyn Device) -> Result<Vec<KeyRef>, Failure> {
    let capabilities = device.capabilities();
    let mut keys = Vec::new();
    for key_type in capabilities.sign.iter() {
        keys.push(resident(device, key_type)?);
    }
    for key_type in capabilities.wrap.iter() {
        keys.push(custody::wrapped(device, key_type)?);
    }
    for key_type in capabilities.envelope.iter() {
        keys.push(custody::enveloped(device, key_type)?);
    }
    ensure(!keys.is_empty(), "the device claims no key type at all")?;
    Ok(keys)
}

/// A message, or a digest, that differs with `n`.
fn input(key_type: KeyType, n: u8) -> Vec<u8> {
    match key_type {
        KeyType::Ed25519 => vec![n; 200],
        KeyType::P256 | KeyType::Secp256k1 => vec![n; 32],
    }
}

/// Signs in a session of its own and checks the signature in software.
fn signs(device: &dyn Device, key: &KeyRef) -> Outcome {
    let mut session = device.connect()?;
    for n in [1, 2, 255] {
        let input = input(key.public.key_type(), n);
        let signature = session.sign(key, &input)?;
        ensure(
            verifies(&key.public, &input, &signature),
            format!("a {} signature does not verify", key.public.key_type()),
        )?;
    }
    Ok(())
}
