//! Each of the appliance's keys does its one job once: for readiness, and after the ceremony.

use zeroize::Zeroizing;

use crate::backend::{Backend, Device, KeyRef, Material};
use crate::error::Error;
use crate::key::KeyType;
use crate::role::KeyRole;
use crate::role_keys::RoleKeys;
use crate::software::{challenge, possession_challenge, verifies};

/// Uses the key of `role` once and checks the result: a signature over a fixed challenge is
/// verified, a MAC is made twice, the wrapping key and its unwrap template are proved, an
/// envelope is sealed, opened and signed with, a key sealed in software is opened. Costs a few
/// device operations, in order of `role`: 2, 1, 2, about 10, 5 and 3.
///
/// # Errors
/// The device's, or [`Error::Broken`] when the answer is wrong.
pub fn canary(device: &dyn Device, keys: &RoleKeys, role: KeyRole) -> Result<(), Error> {
    match role {
        KeyRole::Ca | KeyRole::AuditLog => {
            signs(device, &keys.signing(role).ok_or_else(|| absent(role))?)
        }
        KeyRole::RowMac => macs(device),
        KeyRole::Wrapping => match device.key_wrap() {
            Some(mut wrap) => wrap.prove(),
            // A token that wraps no key type cannot be asked to open anything either.
            None => Ok(()),
        },
        KeyRole::Envelope => seals(device),
        KeyRole::Import => opens(device),
    }
}

/// Whether the device holds the private half of `key` now: it signs a challenge with 32 bytes from
/// its own random generator ([`possession_challenge`]), and the signature is checked under
/// `key.public` and dropped. The caller chooses nothing of what is signed. Two device operations.
///
/// # Errors
/// [`Error::Refused`] where the device has no such key, or another one under this name; otherwise
/// the device's, and nothing is known.
pub fn holds(backend: &mut dyn Backend, key: &KeyRef) -> Result<bool, Error> {
    let mut nonce = [0_u8; 32];
    backend.random(&mut nonce)?;
    let input = possession_challenge(key.public.key_type(), &nonce);
    let signature = backend.sign(key, &input)?;
    Ok(verifies(&key.public, &input, &signature))
}

fn signs(device: &dyn Device, key: &KeyRef) -> Result<(), Error> {
    let input = challenge(key.public.key_type());
    let signature = device.connect()?.sign(key, &input)?;
    if verifies(&key.public, &input, &signature) {
        return Ok(());
    }
    Err(wrong(format!(
        "the signature of key {} does not verify",
        key.id
    )))
}

fn macs(device: &dyn Device) -> Result<(), Error> {
    let mut mac = device.mac().ok_or_else(|| absent(KeyRole::RowMac))?;
    if mac.mac(b"canary")? == mac.mac(b"canary")? {
        return Ok(());
    }
    Err(wrong("two macs of the same bytes differ".to_owned()))
}

fn seals(device: &dyn Device) -> Result<(), Error> {
    let mut envelope = device.envelope().ok_or_else(|| absent(KeyRole::Envelope))?;
    // One id for every canary, so that it takes one place in the cache of opened keys.
    let id = KeyRole::Envelope.id();
    let stored = envelope.generate(&id, KeyType::Ed25519)?;
    signs(
        device,
        &KeyRef {
            id,
            public: stored.public,
            material: Material::Envelope(stored.blob),
        },
    )
}

fn opens(device: &dyn Device) -> Result<(), Error> {
    let mut import = device.key_import().ok_or_else(|| absent(KeyRole::Import))?;
    let mut key = Zeroizing::new([0; 32]);
    device.connect()?.random(key.as_mut_slice())?;
    let sealed = import.public()?.seal(&key)?;
    if import.open(&sealed)? == key {
        return Ok(());
    }
    Err(wrong(
        "the import key opens to another key than was sealed".to_owned(),
    ))
}

fn absent(role: KeyRole) -> Error {
    Error::refused(
        "trying a key",
        format!("the device has no `{role}` key to try"),
        "check that `countersignd init` was run on this token with the same configuration",
    )
}

fn wrong(cause: String) -> Error {
    Error::broken(
        "trying a key",
        cause,
        "stop using this device and have it examined",
    )
}
