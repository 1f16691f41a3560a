//! Keys from outside: what opens them, and keeping one as a resident key.

use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::session::Session;
use zeroize::{Zeroize, Zeroizing};

use super::codes::{Failure, harmless, lasting};
use super::made::{self, firmly};
use super::objects::{only, read};
use super::shared::Shared;
use super::templates::by_id;
use super::templates::imported_pair;
use super::worker::Worker;
use crate::backend::KeyImport;
use crate::error::{Consequence, Error};
use crate::import::ImportKey;
use crate::key::{KeyId, KeyType, PublicKey};
use crate::role::KeyRole;
use crate::software::public_of;

impl KeyImport for Worker {
    fn public(&mut self) -> Result<ImportKey, Error> {
        self.run(|shared, session| {
            let template = by_id(ObjectClass::PUBLIC_KEY, &KeyRole::Import.id());
            let handle = only(shared, session, &template, KeyRole::Import.label())?;
            let wanted = [AttributeType::Modulus, AttributeType::PublicExponent];
            let (mut modulus, mut exponent) = (Vec::new(), Vec::new());
            for attribute in read(session, handle, &wanted)? {
                match attribute {
                    Attribute::Modulus(bytes) => modulus = bytes,
                    Attribute::PublicExponent(bytes) => exponent = bytes,
                    _ => {}
                }
            }
            Ok(ImportKey::new(modulus, exponent)?)
        })
    }

    fn open(&mut self, sealed: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
        self.run(|shared, session| {
            shared.with_role(session, KeyRole::Import, |key| {
                let opened = session.decrypt(&Mechanism::RsaPkcsOaep(oaep()), key, sealed);
                let opened = opened
                    .map(Zeroizing::new)
                    .map_err(|e| unsealing(harmless("opening a sealed key").failed(e)))?;
                let key = <[u8; 32]>::try_from(opened.as_slice()).map(Zeroizing::new);
                key.map_err(|_| not_sealed().into())
            })
        })
    }
}

fn oaep() -> PkcsOaepParams<'static> {
    PkcsOaepParams::new(
        MechanismType::SHA1,
        PkcsMgfType::MGF1_SHA1,
        PkcsOaepSource::empty(),
    )
}

/// Modules tell in many ways that a ciphertext does not open; one answer for all of them tells
/// whoever tries nothing.
fn unsealing(failure: Failure) -> Failure {
    if failure.error.consequence() == Consequence::Refused {
        return not_sealed().into();
    }
    failure
}

fn not_sealed() -> Error {
    Error::refused(
        "opening a sealed key",
        "it was not sealed to this token's import key, or was altered",
        "fetch the import key again and seal anew",
    )
}

/// Keeps a private key on the token, its public half first: an object left alone by a crash is
/// then one that signs nothing. The caller holds the lock, and nothing has this identifier.
pub(super) fn keep(
    shared: &Shared,
    session: &Session,
    (id, label): (&KeyId, &str),
    key_type: KeyType,
    private: &Zeroizing<[u8; 32]>,
) -> Result<PublicKey, Failure> {
    let step = lasting("importing a key");
    if !shared.capabilities.import.contains(key_type) {
        return Err(Error::refused(
            "importing a key",
            format!("this token cannot keep a {key_type} key that was made outside"),
            "choose custody `envelope` where it is turned on",
        )
        .into());
    }
    let public = public_of(key_type, private)?;
    let kept = firmly(|fixed| {
        let (mut template, _) = imported_pair(id, label, key_type, fixed);
        template.push(Attribute::EcPoint(octet_string(public.bytes())));
        session.create_object(&template).map_err(|e| step.failed(e))
    })?;
    let made = firmly(|fixed| {
        let (_, mut template) = imported_pair(id, label, key_type, fixed);
        template.push(Attribute::Value(private.to_vec()));
        let made = session.create_object(&template);
        if let Some(Attribute::Value(copy)) = template.last_mut() {
            copy.zeroize();
        }
        made.map_err(|e| step.failed(e))
    })?;
    made::kept(shared, session, id, (kept, made), Some(&public))
}

/// `CKA_EC_POINT` is the DER OCTET STRING of the point (PKCS#11 v3.1, 6.3.3); all of ours have a
/// length of one byte.
fn octet_string(point: &[u8]) -> Vec<u8> {
    let length = u8::try_from(point.len()).unwrap_or(u8::MAX);
    [&[0x04, length], point].concat()
}
