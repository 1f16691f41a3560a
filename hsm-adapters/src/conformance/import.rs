//! Keys from outside.

use zeroize::Zeroizing;

use super::{Failure, Outcome, ensure, fresh_id, refused, signs};
use crate::attributes::Flag;
use crate::backend::{Device, KeyAdmin, KeyRef, Material};
use crate::key::KeyType;

fn admin(device: &dyn Device) -> Result<Box<dyn KeyAdmin>, Failure> {
    device
        .key_admin()
        .ok_or_else(|| Failure("no key admin".to_owned()))
}

/// A private key that no token made.
fn outside() -> Result<Zeroizing<[u8; 32]>, Failure> {
    let mut private = Zeroizing::new([0; 32]);
    getrandom::fill(private.as_mut_slice()).map_err(|error| Failure(error.to_string()))?;
    Ok(private)
}

fn imported(device: &dyn Device, key_type: KeyType) -> Result<KeyRef, Failure> {
    let id = fresh_id()?;
    let public = admin(device)?.import(&id, "conformance", key_type, outside()?)?;
    Ok(KeyRef {
        id,
        public,
        material: Material::Resident,
    })
}

pub(super) fn imported_keys_sign(device: &dyn Device) -> Outcome {
    for key_type in device.capabilities().import.iter() {
        let key = imported(device, key_type)?;
        signs(device, &key)?;
        let told = device.connect()?.public_key(&key.id)?;
        ensure(told == key.public, "the token tells another public key")?;
        let again = admin(device)?.import(&key.id, "conformance", key_type, outside()?);
        refused(again, "importing under a taken id")?;
        signs(device, &key)?;
        admin(device)?.destroy(&key.id)?;
        refused(device.connect()?.sign(&key, &[1; 32]), "a destroyed key")?;
        // Its place is free again, with nothing left of it.
        let public = admin(device)?.import(&key.id, "conformance", key_type, outside()?)?;
        signs(device, &KeyRef { public, ..key })?;
    }
    Ok(())
}

pub(super) fn imported_keys_are_closed(device: &dyn Device) -> Outcome {
    for key_type in device.capabilities().import.iter() {
        let key = imported(device, key_type)?;
        let flags = admin(device)?.attributes(&key.id)?.flags;
        for (flag, want) in [
            (Flag::Token, true),
            (Flag::Private, true),
            (Flag::Sensitive, true),
            (Flag::Extractable, false),
            (Flag::Sign, true),
            (Flag::Decrypt, false),
            (Flag::Unwrap, false),
            (Flag::Derive, false),
            // A token that said so would lie.
            (Flag::Local, false),
        ] {
            ensure(
                flags.get(&flag) == Some(&want),
                format!("{flag:?} of an imported {key_type} key"),
            )?;
        }
    }
    Ok(())
}

pub(super) fn sealed_opens(device: &dyn Device) -> Outcome {
    let Some(mut import) = device.key_import() else {
        return Ok(());
    };
    let public = import.public()?;
    for _ in 0..4 {
        let key = outside()?;
        let sealed = public.seal(&key)?;
        ensure(import.open(&sealed)? == key, "it opens to another key")?;
        ensure(public.seal(&key)? != sealed, "two seals of a key are equal")?;
    }
    Ok(())
}

pub(super) fn altered_seals(device: &dyn Device) -> Outcome {
    let Some(mut import) = device.key_import() else {
        return Ok(());
    };
    let sealed = import.public()?.seal(&*outside()?)?;
    for at in [0, 1, 200, 383] {
        let mut altered = sealed.clone();
        if let Some(byte) = altered.get_mut(at) {
            *byte ^= 1;
        }
        refused(import.open(&altered), "an altered seal")?;
    }
    let cut = sealed.iter().copied().take(383).collect();
    for other in [vec![], cut, vec![0; 384], vec![0xff; 384], vec![1; 385]] {
        refused(import.open(&other), "no seal at all")?;
    }
    Ok(())
}
