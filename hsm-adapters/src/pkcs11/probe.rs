//! What this token can do, tried on throw-away session objects when it is opened. Takes a few
//! milliseconds on SoftHSM and leaves nothing behind: each trial closes its session.

use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use cryptoki::slot::TokenInfo;
use zeroize::Zeroizing;

use super::codes::{Failure, harmless};
use super::objects::read_public;
use super::shared::Shared;
use super::sign::{random, raw_sign};
use super::templates::{key_pair_generation, secret, secret_generation, session_pair};
use super::{anchor, envelope, mac, wrap};
use crate::attributes::SecretUse;
use crate::capabilities::{Capabilities, KeyTypes};
use crate::error::Error;
use crate::key::{KeyType, PublicKey};
use crate::software::{challenge, public_of, verifies};

pub(super) fn probe(shared: &Shared, token: &TokenInfo) -> Result<Capabilities, Failure> {
    let inside = shared.module.enter()?;
    let info = shared
        .module
        .context
        .get_library_info()
        .map_err(|e| harmless("asking the module").failed(e))?;
    drop(inside);
    let version = |major: u8, minor: u8| format!("{major}.{minor}");
    let passing = |trial: fn(&Session, KeyType) -> Result<(), Failure>| {
        KeyType::ALL
            .into_iter()
            .filter(|t| passes(shared, |session| trial(session, *t)))
            .collect()
    };
    let imported = if shared.config.envelope || shared.config.import {
        passing(imports)
    } else {
        KeyTypes::default()
    };
    let with_envelope = shared.config.envelope && passes(shared, seals);
    Ok(Capabilities {
        module: info.library_description().to_owned(),
        module_version: {
            let v = info.library_version();
            version(v.major(), v.minor())
        },
        model: token.model().to_owned(),
        serial: token.serial_number().to_owned(),
        firmware: {
            let v = token.firmware_version();
            version(v.major(), v.minor())
        },
        sign: passing(signs),
        wrap: passing(wraps),
        envelope: if with_envelope {
            imported
        } else {
            KeyTypes::default()
        },
        import: if shared.config.import {
            imported
        } else {
            KeyTypes::default()
        },
        mac: passes(shared, macs),
        anchor: passes(shared, anchors),
    })
}

/// Runs a trial in a session of its own, as a failed one may leave an operation active.
fn passes(shared: &Shared, trial: impl FnOnce(&Session) -> Result<(), Failure>) -> bool {
    let Ok(_inside) = shared.module.enter() else {
        return false;
    };
    shared
        .session(true)
        .is_ok_and(|(held, _)| held.current().is_some_and(|session| trial(session).is_ok()))
}

fn signs(session: &Session, key_type: KeyType) -> Result<(), Failure> {
    let (public, private) = session_pair(key_type);
    let (public, private) = session
        .generate_key_pair(&key_pair_generation(key_type), &public, &private)
        .map_err(|e| harmless("probing").failed(e))?;
    signs_with(session, private, &read_public(session, public)?)
}

fn signs_with(session: &Session, private: ObjectHandle, public: &PublicKey) -> Result<(), Failure> {
    let input = challenge(public.key_type());
    let signature = raw_sign(
        session,
        private,
        public.key_type(),
        &input,
        harmless("probing"),
    )?;
    sound(verifies(public, &input, &signature))
}

fn wraps(session: &Session, key_type: KeyType) -> Result<(), Failure> {
    let wrapping = secret_key(session, SecretUse::Wrap)?;
    wrap::opens(
        session,
        wrapping,
        &wrap::generate(session, wrapping, key_type)?,
    )
}

fn imports(session: &Session, key_type: KeyType) -> Result<(), Failure> {
    let private = drawn(session)?;
    let handle = envelope::import(session, key_type, &private)?;
    signs_with(session, handle, &public_of(key_type, &private)?)
}

fn seals(session: &Session) -> Result<(), Failure> {
    let key = secret_key(session, SecretUse::Envelope)?;
    let private = drawn(session)?;
    let blob = envelope::encrypt(session, key, b"probe", private.as_slice())?;
    sound(*envelope::decrypt(session, key, b"probe", &blob)? == *private)?;
    sound(envelope::decrypt(session, key, b"other", &blob).is_err())
}

fn macs(session: &Session) -> Result<(), Failure> {
    let key = secret_key(session, SecretUse::Mac)?;
    let tag = mac::hmac(session, key, b"probe")?;
    sound(tag == mac::hmac(session, key, b"probe")?)?;
    sound(tag != mac::hmac(session, key, b"other")?)
}

fn anchors(session: &Session) -> Result<(), Failure> {
    session
        .create_object(&anchor::template(false, 0, b"probe"))
        .map(|_| ())
        .map_err(|e| harmless("probing").failed(e))
}

fn secret_key(session: &Session, usage: SecretUse) -> Result<ObjectHandle, Failure> {
    session
        .generate_key(&secret_generation(usage), &secret(usage, None))
        .map_err(|e| harmless("probing").failed(e))
}

fn drawn(session: &Session) -> Result<Zeroizing<[u8; 32]>, Failure> {
    let bytes = random(session, 32)?;
    let mut private = Zeroizing::new([0; 32]);
    private.copy_from_slice(&bytes);
    Ok(private)
}

fn sound(holds: bool) -> Result<(), Failure> {
    if holds {
        return Ok(());
    }
    Err(Error::broken(
        "probing",
        "the token's answer is wrong",
        "do not use this token",
    )
    .into())
}
