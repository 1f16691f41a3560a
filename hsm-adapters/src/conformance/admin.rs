//! Resident keys.

use super::{Failure, Outcome, ensure, fresh_id, refused, resident, signs};
use crate::attributes::{KeyKind, SecretUse};
use crate::backend::{Device, KeyAdmin};

fn admin(device: &dyn Device) -> Result<Box<dyn KeyAdmin>, Failure> {
    device
        .key_admin()
        .ok_or_else(|| Failure("no key admin".to_owned()))
}

pub(super) fn attributes_are_as_asked(device: &dyn Device) -> Outcome {
    let mut admin = admin(device)?;
    for key_type in device.capabilities().sign.iter() {
        let key = resident(device, key_type)?;
        let faults = admin.attributes(&key.id)?.faults(KeyKind::Pair(key_type));
        ensure(faults.is_empty(), faults.join(", "))?;
    }
    for usage in [SecretUse::Mac, SecretUse::Wrap, SecretUse::Envelope] {
        let id = fresh_id()?;
        admin.generate_secret(&id, "conformance", usage)?;
        let faults = admin.attributes(&id)?.faults(KeyKind::Secret(usage));
        ensure(faults.is_empty(), faults.join(", "))?;
        admin.destroy(&id)?;
    }
    Ok(())
}

pub(super) fn id_is_used_once(device: &dyn Device) -> Outcome {
    let mut admin = admin(device)?;
    for key_type in device.capabilities().sign.iter() {
        let key = resident(device, key_type)?;
        refused(
            admin.generate(&key.id, "twice", key_type),
            "a key pair under a taken id",
        )?;
        let secret = admin.generate_secret(&key.id, "twice", SecretUse::Mac);
        refused(secret, "a secret under a taken id")?;
        ensure(
            admin.find("twice")?.is_empty(),
            "something was made all the same",
        )?;
        signs(device, &key)?;
    }
    Ok(())
}

pub(super) fn pairs_are_listed_by_label(device: &dyn Device) -> Outcome {
    let mut admin = admin(device)?;
    for key_type in device.capabilities().sign.iter() {
        let prefix = format!("conformance-list-{}-", fresh_id()?);
        let (one, two, other) = (fresh_id()?, fresh_id()?, fresh_id()?);
        admin.generate(&one, &format!("{prefix}1"), key_type)?;
        admin.generate(&two, &format!("{prefix}2"), key_type)?;
        admin.generate(&other, &format!("not-{prefix}"), key_type)?;
        let secret = fresh_id()?;
        admin.generate_secret(&secret, &format!("{prefix}3"), SecretUse::Mac)?;
        let mut listed = admin.pairs(&prefix)?;
        let mut expected = vec![one, two];
        listed.sort_unstable();
        expected.sort_unstable();
        ensure(listed == expected, "other pairs are listed than were made")?;
        for id in [one, two, other, secret] {
            admin.destroy(&id)?;
        }
        ensure(
            admin.pairs(&prefix)?.is_empty(),
            "destroyed pairs are listed",
        )?;
    }
    Ok(())
}

pub(super) fn destroyed_key_signs_no_more(device: &dyn Device) -> Outcome {
    let mut admin = admin(device)?;
    for key_type in device.capabilities().sign.iter() {
        let key = resident(device, key_type)?;
        let mut session = device.connect()?;
        session.sign(&key, &[1; 32])?;
        admin.destroy(&key.id)?;
        refused(session.sign(&key, &[1; 32]), "signing with a destroyed key")?;
        refused(
            session.public_key(&key.id),
            "the public half of a destroyed key",
        )?;
        refused(admin.attributes(&key.id), "attributes of a destroyed key")?;
        refused(admin.destroy(&key.id), "destroying twice")?;
    }
    Ok(())
}
