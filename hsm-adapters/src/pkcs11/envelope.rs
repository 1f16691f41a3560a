//! Custody `envelope`: a private key sealed by the resident AES key, opened into a session object.
//!
//! A blob is `version (1) || nonce (12) || ciphertext (32) || tag (16)`, AES-256-GCM, nonce from
//! the token's random generator. The associated data is the key's type and id, so that a blob
//! moved to another key does not open. The private bytes exist in this process for the time of
//! one call and are wiped after it; keeping the process's memory out of swap and core dumps is
//! the part of whoever runs it.

use std::sync::Arc;

use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, ObjectHandle};
use cryptoki::session::Session;
use zeroize::{Zeroize, Zeroizing};

use super::codes::{Failure, harmless};
use super::handles::Ready;
use super::shared::Shared;
use super::sign::random;
use super::templates::{curve, opened};
use super::worker::Worker;
use crate::backend::{Envelope, KeyRef, StoredKey};
use crate::error::Error;
use crate::key::{KeyId, KeyType};
use crate::role::KeyRole;
use crate::software::public_of;

const VERSION: u8 = 1;
const TAG_BITS: u64 = 128;

impl Envelope for Worker {
    fn generate(&mut self, id: &KeyId, key_type: KeyType) -> Result<StoredKey, Error> {
        self.run(|shared, session| {
            let drawn = random(session, 32)?;
            let mut private = Zeroizing::new([0; 32]);
            private.copy_from_slice(&drawn);
            sealed(shared, session, id, key_type, &private)
        })
    }

    fn seal(
        &mut self,
        id: &KeyId,
        key_type: KeyType,
        private: Zeroizing<[u8; 32]>,
    ) -> Result<StoredKey, Error> {
        self.run(|shared, session| sealed(shared, session, id, key_type, &private))
    }
}

fn sealed(
    shared: &Shared,
    session: &Session,
    id: &KeyId,
    key_type: KeyType,
    private: &Zeroizing<[u8; 32]>,
) -> Result<StoredKey, Failure> {
    if !shared.capabilities.envelope.contains(key_type) {
        return Err(Error::refused(
            "sealing a key",
            format!("this token cannot sign with an imported {key_type} key"),
            "choose another custody for this key type",
        )
        .into());
    }
    let public = public_of(key_type, private)?;
    let aad = associated(id, key_type);
    let sealed = shared.with_role(session, KeyRole::Envelope, |envelope| {
        encrypt(session, envelope, &aad, private.as_slice())
    })?;
    Ok(StoredKey {
        blob: sealed.into(),
        public,
    })
}

/// Opens the blob and imports the key on the holder session.
pub(super) fn open(
    shared: &Shared,
    session: &Session,
    key: &KeyRef,
    blob: &[u8],
) -> Result<Arc<Ready>, Failure> {
    let key_type = key.public.key_type();
    let aad = associated(&key.id, key_type);
    let private = shared.with_role(session, KeyRole::Envelope, |envelope| {
        decrypt(session, envelope, &aad, blob)
    })?;
    if public_of(key_type, &private)? != key.public {
        return Err(Error::refused(
            "opening an envelope",
            format!(
                "the envelope of key {} holds another key than the one given",
                key.id
            ),
            "the stored wallet row was altered; restore it from a backup",
        )
        .into());
    }
    shared.on_holder(|holder, generation| {
        let handle = import(holder, key_type, &private)?;
        Ok(shared.handles.opened(handle, generation, &key.public))
    })
}

/// Makes a session object of the private key; the copy in the template is wiped.
pub(super) fn import(
    session: &Session,
    key_type: KeyType,
    private: &Zeroizing<[u8; 32]>,
) -> Result<ObjectHandle, Failure> {
    let mut template = opened(key_type);
    template.push(Attribute::EcParams(curve(key_type).to_vec()));
    template.push(Attribute::Value(private.to_vec()));
    let made = session.create_object(&template);
    if let Some(Attribute::Value(copy)) = template.last_mut() {
        copy.zeroize();
    }
    made.map_err(|e| harmless("importing an opened key").failed(e))
}

fn associated(id: &KeyId, key_type: KeyType) -> Vec<u8> {
    let text = format!("countersign envelope v{VERSION} {key_type} ");
    [text.as_bytes(), id.as_bytes()].concat()
}

/// `version || nonce || ciphertext || tag` of `plain`.
pub(super) fn encrypt(
    session: &Session,
    key: ObjectHandle,
    aad: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, Failure> {
    let step = harmless("sealing a key");
    let nonce = random(session, 12)?;
    let mut iv = nonce.clone();
    let params = GcmParams::new(&mut iv, aad, TAG_BITS.into()).map_err(|e| step.failed(e))?;
    let sealed = session
        .encrypt(&Mechanism::AesGcm(params), key, plain)
        .map_err(|e| step.failed(e))?;
    Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
}

/// The 32 bytes sealed by [`encrypt`].
pub(super) fn decrypt(
    session: &Session,
    key: ObjectHandle,
    aad: &[u8],
    blob: &[u8],
) -> Result<Zeroizing<[u8; 32]>, Failure> {
    let step = harmless("opening an envelope");
    let Some(([VERSION, nonce @ ..], sealed)) = blob.split_first_chunk::<13>() else {
        return Err(malformed(blob.len()).into());
    };
    let mut iv = *nonce;
    let params = GcmParams::new(&mut iv, aad, TAG_BITS.into()).map_err(|e| step.failed(e))?;
    let plain = session
        .decrypt(&Mechanism::AesGcm(params), key, sealed)
        .map(Zeroizing::new)
        .map_err(|e| step.failed(e))?;
    let private = <[u8; 32]>::try_from(plain.as_slice()).map(Zeroizing::new);
    private.map_err(|_| malformed(blob.len()).into())
}

fn malformed(length: usize) -> Error {
    Error::refused(
        "opening an envelope",
        format!("a blob of {length} bytes is no version {VERSION} envelope"),
        "the stored wallet row was altered; restore it from a backup",
    )
}
