//! Finding objects on the token and reading what they are.

use std::collections::BTreeMap;

use cryptoki::object::{Attribute, AttributeType, KeyType as CkKeyType, ObjectHandle};
use cryptoki::session::Session;

use super::codes::{Failure, harmless};
use super::shared::Shared;
use super::templates::{allowed, curve};
use crate::attributes::{Attributes, Flag, KeyKind, SecretUse};
use crate::backend::ResidentKey;
use crate::error::Error;
use crate::key::{KeyId, KeyType, PublicKey};

/// Every object that matches. Linear in the objects of the token: never on the signing path.
pub(super) fn all(
    shared: &Shared,
    session: &Session,
    template: &[Attribute],
) -> Result<Vec<ObjectHandle>, Failure> {
    let _searching = shared.searching();
    all_locked(shared, session, template)
}

/// As [`all`], for a caller that holds one of the locks.
pub(super) fn all_locked(
    shared: &Shared,
    session: &Session,
    template: &[Attribute],
) -> Result<Vec<ObjectHandle>, Failure> {
    let step = harmless("looking for a key");
    let generation = shared.generation();
    let found = session.find_objects(template).map_err(|e| step.failed(e))?;
    if found.is_empty() && !shared.was_logged_in(session, generation) {
        return Err(step.lost_login());
    }
    Ok(found)
}

/// What to do about an object that is not to be seen.
const MISSING: &str = "if it was there, the module is started again by itself; if it stays away, see with \
                       `countersignd doctor` whether this is the right token and its files can be \
                       read";

/// The one object that matches; `what` names it in the error.
pub(super) fn only(
    shared: &Shared,
    session: &Session,
    template: &[Attribute],
    what: &str,
) -> Result<ObjectHandle, Failure> {
    one(&all(shared, session, template)?, what)
}

pub(super) fn one(found: &[ObjectHandle], what: &str) -> Result<ObjectHandle, Failure> {
    match found {
        [handle] => Ok(*handle),
        [] => Err(Error::refused(
            "looking for a key",
            format!("the token holds no {what}"),
            MISSING,
        )
        .into()),
        many => Err(Error::refused(
            "looking for a key",
            format!("the token holds {} objects for {what}", many.len()),
            "destroy the ones that do not belong there",
        )
        .into()),
    }
}

/// The public key object's key. Modules disagree whether `CKA_EC_POINT` is the bare point or
/// wrapped in a DER OCTET STRING; both are read.
pub(super) fn read_public(session: &Session, handle: ObjectHandle) -> Result<PublicKey, Failure> {
    let wanted = [AttributeType::EcParams, AttributeType::EcPoint];
    let attributes = read(session, handle, &wanted)?;
    let mut params = None;
    let mut point = None;
    for attribute in attributes {
        match attribute {
            Attribute::EcParams(bytes) => params = Some(bytes),
            Attribute::EcPoint(bytes) => point = Some(bytes),
            _ => {}
        }
    }
    let key_type = params.as_deref().and_then(key_type_of);
    let (Some(key_type), Some(point)) = (key_type, point) else {
        return Err(unusable("a public key that is not ed25519, p256 or secp256k1").into());
    };
    Ok(PublicKey::new(key_type, bare_point(key_type, point))?)
}

fn bare_point(key_type: KeyType, point: Vec<u8>) -> Vec<u8> {
    let expected = key_type.public_key_len();
    match point.as_slice() {
        [0x04, length, bare @ ..] if usize::from(*length) == expected && bare.len() == expected => {
            bare.to_vec()
        }
        _ => point,
    }
}

fn key_type_of(params: &[u8]) -> Option<KeyType> {
    const ED25519_BY_NAME: &[u8] = b"\x13\x0cedwards25519";
    let by_name = params == ED25519_BY_NAME;
    KeyType::ALL
        .into_iter()
        .find(|key_type| params == curve(*key_type))
        .or(by_name.then_some(KeyType::Ed25519))
}

pub(super) fn read(
    session: &Session,
    handle: ObjectHandle,
    wanted: &[AttributeType],
) -> Result<Vec<Attribute>, Failure> {
    session
        .get_attributes(handle, wanted)
        .map_err(|e| harmless("reading a key's attributes").failed(e))
}

const TOLD: [AttributeType; 23] = [
    AttributeType::Modifiable,
    AttributeType::Copyable,
    AttributeType::Destroyable,
    AttributeType::Class,
    AttributeType::KeyType,
    AttributeType::EcParams,
    AttributeType::Id,
    AttributeType::Label,
    AttributeType::AllowedMechanisms,
    AttributeType::Token,
    AttributeType::Private,
    AttributeType::Sensitive,
    AttributeType::AlwaysSensitive,
    AttributeType::Extractable,
    AttributeType::NeverExtractable,
    AttributeType::Local,
    AttributeType::Sign,
    AttributeType::Verify,
    AttributeType::Encrypt,
    AttributeType::Decrypt,
    AttributeType::Wrap,
    AttributeType::Unwrap,
    AttributeType::Derive,
];

#[derive(Default)]
struct Told {
    key_type: Option<CkKeyType>,
    params: Option<Vec<u8>>,
    id: Vec<u8>,
    label: Vec<u8>,
    mechanisms: Vec<u64>,
    flags: BTreeMap<Flag, bool>,
    /// What could be false and is not.
    loose: Vec<String>,
}

/// What the token tells about a private or secret key.
pub(super) fn read_key(session: &Session, handle: ObjectHandle) -> Result<ResidentKey, Failure> {
    let mut told = Told::default();
    for attribute in read(session, handle, &TOLD)? {
        told.take(attribute);
    }
    let label = String::from_utf8_lossy(&told.label).into_owned();
    let kind = told.kind().ok_or_else(|| unusable(&format!("`{label}`")))?;
    Ok(ResidentKey {
        id: key_id(&told.id, &label)?,
        label,
        attributes: Attributes {
            kind,
            flags: told.flags,
            mechanisms: allowed(kind, &told.mechanisms),
        },
        public: None,
        loose: told.loose,
    })
}

/// In words, what the token lets be done with a public half beyond verifying.
pub(super) fn loose_public(
    session: &Session,
    handle: ObjectHandle,
) -> Result<Vec<String>, Failure> {
    let mut told = Told::default();
    let wanted = [
        AttributeType::Modifiable,
        AttributeType::Copyable,
        AttributeType::Encrypt,
        AttributeType::Wrap,
    ];
    for attribute in read(session, handle, &wanted)? {
        told.take(attribute);
    }
    for (flag, word) in [(Flag::Encrypt, "encrypts"), (Flag::Wrap, "wraps")] {
        if told.flags.get(&flag) == Some(&true) {
            told.loose.push(word.to_owned());
        }
    }
    let of_public = |word: String| format!("its public half: {word}");
    Ok(told.loose.into_iter().map(of_public).collect())
}

/// Id and label of an object.
pub(super) fn read_name(
    session: &Session,
    handle: ObjectHandle,
) -> Result<(Vec<u8>, String), Failure> {
    let mut told = Told::default();
    for attribute in read(session, handle, &[AttributeType::Id, AttributeType::Label])? {
        told.take(attribute);
    }
    Ok((told.id, String::from_utf8_lossy(&told.label).into_owned()))
}

/// The id as the appliance gives them.
pub(super) fn key_id(bytes: &[u8], label: &str) -> Result<KeyId, Failure> {
    let id = <[u8; 16]>::try_from(bytes)
        .map_err(|_| unusable(&format!("`{label}` with an id that has not 16 bytes")))?;
    Ok(KeyId::from_bytes(id))
}

impl Told {
    fn take(&mut self, attribute: Attribute) {
        match attribute {
            Attribute::KeyType(key_type) => self.key_type = Some(key_type),
            Attribute::EcParams(bytes) => self.params = Some(bytes),
            Attribute::Id(bytes) => self.id = bytes,
            Attribute::Label(bytes) => self.label = bytes,
            Attribute::AllowedMechanisms(types) => {
                self.mechanisms = types.into_iter().map(|of| *of).collect();
            }
            Attribute::Modifiable(true) => self.loose.push("modifiable".to_owned()),
            Attribute::Copyable(true) => self.loose.push("copyable".to_owned()),
            Attribute::Destroyable(true) => self.loose.push("destroyable".to_owned()),
            other => self.flags.extend(flag(&other)),
        }
    }

    /// A secret key that may encrypt is an envelope key whatever else it may do, so that a
    /// wrapping key with that right is found out.
    fn kind(&self) -> Option<KeyKind> {
        let encrypts = [Flag::Encrypt, Flag::Decrypt]
            .iter()
            .any(|flag| self.flags.get(flag) == Some(&true));
        match self.key_type? {
            CkKeyType::EC | CkKeyType::EC_EDWARDS => self
                .params
                .as_deref()
                .and_then(key_type_of)
                .map(KeyKind::Pair),
            CkKeyType::GENERIC_SECRET | CkKeyType::SHA256_HMAC => {
                Some(KeyKind::Secret(SecretUse::Mac))
            }
            CkKeyType::RSA => Some(KeyKind::Import),
            CkKeyType::AES if encrypts => Some(KeyKind::Secret(SecretUse::Envelope)),
            CkKeyType::AES => Some(KeyKind::Secret(SecretUse::Wrap)),
            _ => None,
        }
    }
}

fn flag(attribute: &Attribute) -> Option<(Flag, bool)> {
    Some(match attribute {
        Attribute::Token(on) => (Flag::Token, *on),
        Attribute::Private(on) => (Flag::Private, *on),
        Attribute::Sensitive(on) => (Flag::Sensitive, *on),
        Attribute::AlwaysSensitive(on) => (Flag::AlwaysSensitive, *on),
        Attribute::Extractable(on) => (Flag::Extractable, *on),
        Attribute::NeverExtractable(on) => (Flag::NeverExtractable, *on),
        Attribute::Local(on) => (Flag::Local, *on),
        Attribute::Sign(on) => (Flag::Sign, *on),
        Attribute::Verify(on) => (Flag::Verify, *on),
        Attribute::Encrypt(on) => (Flag::Encrypt, *on),
        Attribute::Decrypt(on) => (Flag::Decrypt, *on),
        Attribute::Wrap(on) => (Flag::Wrap, *on),
        Attribute::Unwrap(on) => (Flag::Unwrap, *on),
        Attribute::Derive(on) => (Flag::Derive, *on),
        _ => return None,
    })
}

fn unusable(what: &str) -> Error {
    Error::refused(
        "reading a key's attributes",
        format!("{what} is no key the appliance makes"),
        "check that this is the right token; remove the key if it does not belong there",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_bare_and_wrapped() {
        for key_type in KeyType::ALL {
            let length = key_type.public_key_len();
            let bare = [vec![4], vec![7; length - 1]].concat();
            let header = [4, u8::try_from(length).unwrap()];
            let wrapped = [header.as_slice(), &bare].concat();
            assert_eq!(bare_point(key_type, wrapped), bare);
            assert_eq!(bare_point(key_type, bare.clone()), bare);
        }
    }

    #[test]
    fn a_curve_is_known_by_its_identifier_and_ed25519_by_name() {
        for key_type in KeyType::ALL {
            assert_eq!(key_type_of(curve(key_type)), Some(key_type));
        }
        assert_eq!(key_type_of(b"\x13\x0cedwards25519"), Some(KeyType::Ed25519));
        assert_eq!(key_type_of(b"\x13\x0aedwards448"), None);
    }
}
