//! Custody `wrapped`: keys made in the token and wrapped there.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectHandle};
use cryptoki::session::Session;

use super::codes::{Failure, harmless};
use super::objects::read_public;
use super::sign::raw_sign;
use super::templates::{guards_of_opened, key_pair_generation, opened, session_pair};
use super::worker::Worker;
use crate::backend::{KeyWrap, StoredKey};
use crate::error::{Consequence, Error};
use crate::key::KeyType;
use crate::role::KeyRole;
use crate::software::{challenge, verifies};

impl KeyWrap for Worker {
    fn generate_wrapped(&mut self, key_type: KeyType) -> Result<StoredKey, Error> {
        self.run(|shared, session| {
            if !shared.capabilities.wrap.contains(key_type) {
                return Err(Error::refused(
                    "wrapping a key",
                    format!("this token cannot wrap {key_type} keys"),
                    "choose custody `resident`, or `envelope` where it is turned on",
                )
                .into());
            }
            shared.with_role(session, KeyRole::Wrapping, |wrapping| {
                generate(session, wrapping, key_type)
            })
        })
    }

    fn prove(&mut self) -> Result<(), Error> {
        self.run(|shared, session| {
            let Some(key_type) = shared.capabilities.wrap.iter().next() else {
                return Err(no_key_type().into());
            };
            shared.with_role(session, KeyRole::Wrapping, |wrapping| {
                let stored = generate(session, wrapping, key_type)?;
                refuses_loosening(session, wrapping, key_type, &stored.blob)?;
                opens(session, wrapping, &stored)
            })
        })
    }
}

fn no_key_type() -> Error {
    Error::refused(
        "proving the wrapping key",
        "this token wraps none of the key types",
        "choose another custody",
    )
}

/// A fresh key pair, wrapped and forgotten. It is extractable for the moment between the two
/// calls, inside the token and in this session only; what is opened later never is.
pub(super) fn generate(
    session: &Session,
    wrapping: ObjectHandle,
    key_type: KeyType,
) -> Result<StoredKey, Failure> {
    let (public, private) = session_pair(key_type);
    let (public, private) = session
        .generate_key_pair(&key_pair_generation(key_type), &public, &private)
        .map_err(|e| harmless("generating a key to wrap").failed(e))?;
    let stored = read_public(session, public).and_then(|public| {
        let blob = session
            .wrap_key(&Mechanism::AesKeyWrapPad, wrapping, private)
            .map_err(|e| harmless("wrapping a key").failed(e))?;
        Ok(StoredKey {
            blob: blob.into(),
            public,
        })
    });
    for handle in [public, private] {
        session
            .destroy_object(handle)
            .map_err(|e| harmless("forgetting a wrapped key").failed(e))?;
    }
    stored
}

/// Unwraps into this session, signs and checks.
pub(super) fn opens(
    session: &Session,
    wrapping: ObjectHandle,
    stored: &StoredKey,
) -> Result<(), Failure> {
    let key_type = stored.public.key_type();
    let step = harmless("proving the wrapping key");
    let handle = session
        .unwrap_key(
            &Mechanism::AesKeyWrapPad,
            wrapping,
            &stored.blob,
            &opened(key_type),
        )
        .map_err(|e| step.failed(e))?;
    let input = challenge(key_type);
    let signature = raw_sign(session, handle, key_type, &input, step);
    session.destroy_object(handle).map_err(|e| step.failed(e))?;
    if verifies(&stored.public, &input, &signature?) {
        return Ok(());
    }
    Err(Error::broken(
        "proving the wrapping key",
        "a key came back from wrapping as another key",
        "do not use this token for custody `wrapped`",
    )
    .into())
}

/// Asks for the opened key to be extractable, readable, public or permanent, and then says
/// nothing about it: each must be refused, or not be granted.
fn refuses_loosening(
    session: &Session,
    wrapping: ObjectHandle,
    key_type: KeyType,
    blob: &[u8],
) -> Result<(), Failure> {
    for loose in [
        Attribute::Extractable(true),
        Attribute::Sensitive(false),
        Attribute::Private(false),
        Attribute::Token(true),
    ] {
        let kind = loose.attribute_type();
        let mut template = opened(key_type);
        template.retain(|attribute| attribute.attribute_type() != kind);
        stays_closed(
            session,
            wrapping,
            blob,
            &template,
            &format!("without {kind}"),
        )?;
        let asked = format!("with {loose:?}");
        template.push(loose);
        stays_closed(session, wrapping, blob, &template, &asked)?;
    }
    Ok(())
}

fn stays_closed(
    session: &Session,
    wrapping: ObjectHandle,
    blob: &[u8],
    template: &[Attribute],
    asked: &str,
) -> Result<(), Failure> {
    let step = harmless("proving the unwrap template");
    let handle = match session.unwrap_key(&Mechanism::AesKeyWrapPad, wrapping, blob, template) {
        Ok(handle) => handle,
        Err(cause) => {
            let failure = step.failed(cause);
            let said_no = failure.error.consequence() == Consequence::Refused;
            return if said_no { Ok(()) } else { Err(failure) };
        }
    };
    let guards = guards_of_opened();
    let kinds: Vec<_> = guards.iter().map(Attribute::attribute_type).collect();
    let told = session.get_attributes(handle, &kinds);
    session.destroy_object(handle).map_err(|e| step.failed(e))?;
    let told = told.map_err(|e| step.failed(e))?;
    if guards.iter().all(|guard| told.contains(guard)) {
        return Ok(());
    }
    Err(Error::broken(
        "proving the unwrap template",
        format!("the token opened a wrapped key {asked}: {told:?}"),
        "do not use this wrapping key: whoever has the pin can read what it wrapped",
    )
    .into())
}
