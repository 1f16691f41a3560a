//! Several threads, each with its own session.

use std::thread;

use super::custody::{enveloped, wrapped};
use super::{Failure, Outcome, ensure, fresh_id, input, resident, signs};
use crate::backend::{Device, KeyRef, Material};
use crate::software::verifies;

const THREADS: usize = 4;
const OPENED_KEYS: usize = 24;
const ROUNDS: usize = 8;
const SIGNATURES: usize = 150;

/// Every thread signs with all keys in its own order; opened ones evict each other when the
/// device caches fewer.
pub(super) fn many_keys_on_few_handles(device: &dyn Device) -> Outcome {
    let capabilities = device.capabilities();
    let mut keys = Vec::new();
    for key_type in capabilities.sign.iter() {
        keys.push(resident(device, key_type)?);
    }
    for _ in 0..OPENED_KEYS / 2 {
        if let Some(key_type) = capabilities.wrap.iter().next() {
            keys.push(wrapped(device, key_type)?);
        }
        if let Some(key_type) = capabilities.envelope.iter().next() {
            keys.push(enveloped(device, key_type)?);
        }
    }
    all_threads(|thread| sign_in_some_order(device, &keys, thread))
}

fn sign_in_some_order(device: &dyn Device, keys: &[KeyRef], thread: usize) -> Outcome {
    let mut session = device.connect()?;
    // Steps coprime to the number of keys visit all of them, each thread in another order.
    let step = [1, 5, 7, 11].get(thread).copied().unwrap_or(1);
    let order = keys.iter().cycle().step_by(step).take(SIGNATURES);
    for (n, key) in order.enumerate() {
        let input = input(key.public.key_type(), u8::try_from(n % 256).unwrap_or(0));
        let signature = session.sign(key, &input)?;
        ensure(
            verifies(&key.public, &input, &signature),
            format!("signature {n} is wrong"),
        )?;
    }
    Ok(())
}

/// Half of the threads make keys and sign with them, half search and sign with an old one.
pub(super) fn keys_are_made_while_others_search(device: &dyn Device) -> Outcome {
    let Some(key_type) = device.capabilities().sign.iter().next() else {
        return Ok(());
    };
    let old = resident(device, key_type)?;
    all_threads(|thread| {
        let mut admin = device
            .key_admin()
            .ok_or_else(|| Failure("no key admin".to_owned()))?;
        for _ in 0..ROUNDS {
            if thread % 2 == 0 {
                let id = fresh_id()?;
                let made = admin.generate(&id, "made while others search", key_type)?;
                ensure(
                    device.connect()?.public_key(&id)? == made,
                    "another public key",
                )?;
                signs(
                    device,
                    &KeyRef {
                        id,
                        public: made,
                        material: Material::Resident,
                    },
                )?;
            } else {
                admin.find("made while others search")?;
                signs(device, &old)?;
            }
        }
        Ok(())
    })?;
    let mut admin = device
        .key_admin()
        .ok_or_else(|| Failure("no key admin".to_owned()))?;
    let found = admin.find("made while others search")?.len();
    let made = ROUNDS * THREADS / 2;
    ensure(
        found == made,
        format!("{found} keys are there, {made} were made"),
    )
}

fn all_threads(work: impl Fn(usize) -> Outcome + Sync) -> Outcome {
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || work(n))).collect();
        for thread in threads {
            thread
                .join()
                .map_err(|_| Failure("a thread panicked".to_owned()))??;
        }
        Ok(())
    })
}
