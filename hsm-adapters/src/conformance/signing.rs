//! Signing with resident keys.

use super::{Outcome, ensure, fresh_id, one_of_each, refused, resident, signs};
use crate::backend::{Device, KeyRef, Material};
use crate::key::KeyType;
use crate::software::verifies;

const LONG: usize = 100_000;

pub(super) fn resident_keys_sign(device: &dyn Device) -> Outcome {
    for key_type in device.capabilities().sign.iter() {
        let key = resident(device, key_type)?;
        signs(device, &key)?;
        let told = device.connect()?.public_key(&key.id)?;
        ensure(
            told == key.public,
            format!("a {key_type} key told another public key"),
        )?;
    }
    Ok(())
}

pub(super) fn long_and_empty_messages(device: &dyn Device) -> Outcome {
    if !device.capabilities().sign.contains(KeyType::Ed25519) {
        return Ok(());
    }
    let key = resident(device, KeyType::Ed25519)?;
    let mut session = device.connect()?;
    for message in [vec![], vec![0], vec![7; LONG]] {
        let signature = session.sign(&key, &message)?;
        let length = message.len();
        ensure(
            verifies(&key.public, &message, &signature),
            format!("message of {length} bytes"),
        )?;
    }
    Ok(())
}

pub(super) fn wrong_digest_lengths(device: &dyn Device) -> Outcome {
    for key in one_of_each(device)? {
        if key.public.key_type() == KeyType::Ed25519 {
            continue;
        }
        let mut session = device.connect()?;
        for length in [0, 20, 31, 33, 64, 100] {
            let what = format!("a digest of {length} bytes");
            refused(session.sign(&key, &vec![1; length]), &what)?;
        }
        signs(device, &key)?;
    }
    Ok(())
}

pub(super) fn unknown_key(device: &dyn Device) -> Outcome {
    for key_type in device.capabilities().sign.iter() {
        let known = resident(device, key_type)?;
        let unknown = KeyRef {
            id: fresh_id()?,
            ..known.clone()
        };
        let mut session = device.connect()?;
        refused(
            session.sign(&unknown, &[1; 32]),
            "signing with an unknown key",
        )?;
        refused(
            session.public_key(&unknown.id),
            "the public key of an unknown key",
        )?;
        let signature = session.sign(&known, &[1; 32])?;
        ensure(
            verifies(&known.public, &[1; 32], &signature),
            "the session was left unusable",
        )?;
    }
    Ok(())
}

/// Before the right key was used, after it, and again: what is cached must not blur the check.
pub(super) fn another_public_key(device: &dyn Device) -> Outcome {
    let keys = one_of_each(device)?;
    let others = one_of_each(device)?;
    for (key, other) in keys.iter().zip(&others) {
        let mixed = KeyRef {
            public: other.public.clone(),
            ..key.clone()
        };
        refused(
            device.connect()?.sign(&mixed, &[1; 32]),
            "a public key of another key",
        )?;
        signs(device, key)?;
        refused(
            device.connect()?.sign(&mixed, &[1; 32]),
            "the same after the right one",
        )?;
        signs(device, key)?;
        if key.material != Material::Resident {
            let elsewhere = KeyRef {
                material: other.material.clone(),
                ..key.clone()
            };
            let fresh = KeyRef {
                id: fresh_id()?,
                ..elsewhere
            };
            refused(
                device.connect()?.sign(&fresh, &[1; 32]),
                "a blob of another key",
            )?;
        }
    }
    Ok(())
}
