//! Keys stored outside the token.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Failure, Outcome, ensure, fresh_id, refused, signs};
use crate::backend::{Device, Envelope, KeyRef, KeyWrap, Material};
use crate::key::KeyType;

fn wrap(device: &dyn Device) -> Result<Box<dyn KeyWrap>, Failure> {
    device
        .key_wrap()
        .ok_or_else(|| Failure("no key wrap".to_owned()))
}

fn envelope(device: &dyn Device) -> Result<Box<dyn Envelope>, Failure> {
    device
        .envelope()
        .ok_or_else(|| Failure("no envelope".to_owned()))
}

pub(super) fn wrapped(device: &dyn Device, key_type: KeyType) -> Result<KeyRef, Failure> {
    let stored = wrap(device)?.generate_wrapped(key_type)?;
    Ok(KeyRef {
        id: fresh_id()?,
        public: stored.public,
        material: Material::Wrapped(stored.blob),
    })
}

pub(super) fn enveloped(device: &dyn Device, key_type: KeyType) -> Result<KeyRef, Failure> {
    let id = fresh_id()?;
    let stored = envelope(device)?.generate(&id, key_type)?;
    Ok(KeyRef {
        id,
        public: stored.public,
        material: Material::Envelope(stored.blob),
    })
}

pub(super) fn wrapped_keys_sign(device: &dyn Device) -> Outcome {
    for key_type in device.capabilities().wrap.iter() {
        signs(device, &wrapped(device, key_type)?)?;
        signs(device, &wrapped(device, key_type)?)?;
    }
    Ok(())
}

pub(super) fn envelopes_sign(device: &dyn Device) -> Outcome {
    for key_type in device.capabilities().envelope.iter() {
        signs(device, &enveloped(device, key_type)?)?;
    }
    Ok(())
}

pub(super) fn altered_blobs(device: &dyn Device) -> Outcome {
    let mut keys = Vec::new();
    for key_type in device.capabilities().wrap.iter() {
        keys.push(wrapped(device, key_type)?);
    }
    for key_type in device.capabilities().envelope.iter() {
        keys.push(enveloped(device, key_type)?);
    }
    for key in keys {
        let mut session = device.connect()?;
        for altered in alterations(&key.material) {
            let what = format!("an altered blob of {altered:?}");
            let altered = KeyRef {
                material: altered,
                ..key.clone()
            };
            refused(session.sign(&altered, &[1; 32]), &what)?;
        }
        signs(device, &key)?;
    }
    Ok(())
}

fn alterations(material: &Material) -> Vec<Material> {
    let (blob, wrapped) = match material {
        Material::Resident => return Vec::new(),
        Material::Wrapped(blob) => (blob, true),
        Material::Envelope(blob) => (blob, false),
    };
    let flipped = (0..blob.len()).step_by(7).map(|at| {
        let flip = |(i, byte): (usize, &u8)| if i == at { byte ^ 1 } else { *byte };
        blob.iter().enumerate().map(flip).collect::<Vec<u8>>()
    });
    let cut = [0, 1, blob.len() / 2, blob.len() - 1].map(|n| blob.iter().take(n).copied());
    let longer: Vec<u8> = blob.iter().copied().chain([0; 8]).collect();
    let make = |bytes: Vec<u8>| {
        let bytes: Arc<[u8]> = bytes.into();
        if wrapped {
            Material::Wrapped(bytes)
        } else {
            Material::Envelope(bytes)
        }
    };
    flipped
        .chain(cut.map(Iterator::collect))
        .chain([longer])
        .map(make)
        .collect()
}

pub(super) fn envelope_belongs_to_its_id(device: &dyn Device) -> Outcome {
    for key_type in device.capabilities().envelope.iter() {
        let key = enveloped(device, key_type)?;
        let moved = KeyRef {
            id: fresh_id()?,
            ..key.clone()
        };
        refused(
            device.connect()?.sign(&moved, &[1; 32]),
            "an envelope under another id",
        )?;
        signs(device, &key)?;
    }
    Ok(())
}

/// RFC 8032, 7.1, test 1.
const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];

pub(super) fn known_key_can_be_sealed(device: &dyn Device) -> Outcome {
    for key_type in device.capabilities().envelope.iter() {
        let id = fresh_id()?;
        let stored = envelope(device)?.seal(&id, key_type, Zeroizing::new(SEED))?;
        if key_type == KeyType::Ed25519 {
            let start = stored.public.bytes().starts_with(&[0xd7, 0x5a, 0x98, 0x01]);
            ensure(
                start,
                "the sealed key has another public key than RFC 8032 says",
            )?;
        } else {
            let zero = Zeroizing::new([0; 32]);
            refused(envelope(device)?.seal(&id, key_type, zero), "sealing zero")?;
        }
        let material = Material::Envelope(stored.blob);
        signs(
            device,
            &KeyRef {
                id,
                public: stored.public,
                material,
            },
        )?;
    }
    Ok(())
}

pub(super) fn what_is_not_claimed(device: &dyn Device) -> Outcome {
    let capabilities = device.capabilities();
    for key_type in KeyType::ALL {
        if let Some(mut wrap) = device.key_wrap()
            && !capabilities.wrap.contains(key_type)
        {
            refused(
                wrap.generate_wrapped(key_type),
                "wrapping an unclaimed type",
            )?;
        }
        if let Some(mut envelope) = device.envelope()
            && !capabilities.envelope.contains(key_type)
        {
            refused(
                envelope.generate(&fresh_id()?, key_type),
                "sealing an unclaimed type",
            )?;
        }
    }
    ensure(device.mac().is_some() == capabilities.mac, "mac")?;
    ensure(device.anchor().is_some() == capabilities.anchor, "anchor")?;
    ensure(
        device.key_wrap().is_none() == capabilities.wrap.is_empty(),
        "key wrap",
    )?;
    ensure(
        device.envelope().is_none() == capabilities.envelope.is_empty(),
        "envelope",
    )
}
