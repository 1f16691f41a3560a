//! A worker's session: the signing path.

use cryptoki::object::{ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::codes::{Failure, Recovery, Step, harmless, lasting};
use super::objects::{only, read_public};
use super::shared::{Shared, logged_in};
use super::templates::by_id;
use super::templates::signing;
use super::worker::Worker;
use crate::backend::{Backend, KeyRef};
use crate::error::Error;
use crate::key::{KeyId, KeyType, PublicKey, Signature, check_input};

impl Backend for Worker {
    fn sign(&mut self, key: &KeyRef, input: &[u8]) -> Result<Signature, Error> {
        check_input(key.public.key_type(), input)?;
        self.run(|shared, session| sign_with(shared, session, key, input))
    }

    fn public_key(&mut self, id: &KeyId) -> Result<PublicKey, Error> {
        self.run(|shared, session| {
            let template = by_id(ObjectClass::PUBLIC_KEY, id);
            let what = format!("public key with id {id}");
            read_public(session, only(shared, session, &template, &what)?)
        })
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), Error> {
        let mut bytes = zeroize::Zeroizing::new(vec![0; out.len()]);
        self.run(|_, session| random(session, out.len()))
            .map(|drawn| bytes = drawn)?;
        out.copy_from_slice(&bytes);
        Ok(())
    }

    fn ping(&mut self) -> Result<(), Error> {
        self.run(|_, session| {
            if logged_in(session) {
                Ok(())
            } else {
                Err(harmless("asking the token").lost_login())
            }
        })
    }
}

/// Random bytes of the token.
pub(super) fn random(
    session: &Session,
    length: usize,
) -> Result<zeroize::Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = zeroize::Zeroizing::new(vec![0; length]);
    session
        .generate_random_slice(&mut bytes)
        .map_err(|e| harmless("drawing random bytes").failed(e))?;
    Ok(bytes)
}

fn sign_with(
    shared: &Shared,
    session: &Session,
    key: &KeyRef,
    input: &[u8],
) -> Result<Signature, Failure> {
    let ready = shared.ready(session, key)?;
    let signed = raw_sign(
        session,
        ready.handle,
        key.public.key_type(),
        input,
        lasting("signing"),
    );
    if let Err(Failure {
        recovery: Recovery::Handle,
        ..
    }) = &signed
    {
        shared.handles.forget(&key.id);
        shared.index.forget(&key.id);
    }
    drop(ready);
    shared.handles.bury(session, shared.generation());
    signed
}

/// One `C_SignInit` and `C_Sign`.
pub(super) fn raw_sign(
    session: &Session,
    handle: ObjectHandle,
    key_type: KeyType,
    input: &[u8],
    step: Step,
) -> Result<Signature, Failure> {
    let bytes = session
        .sign(&signing(key_type), handle, input)
        .map_err(|cause| step.failed(cause))?;
    let bytes = <[u8; 64]>::try_from(bytes.as_slice()).map_err(|_| {
        Error::broken(
            "signing",
            format!("the token answered {} bytes instead of 64", bytes.len()),
            "this module does not follow the standard; use another",
        )
    })?;
    Ok(Signature::from_bytes(bytes))
}
