//! Attribute templates. Every attribute that matters is spelt out; none is left to a default.

use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, KeyType as CkKeyType, ObjectClass};

use crate::attributes::{KeyKind, Mechanisms, SecretUse};
use crate::import::IMPORT_KEY_BITS;
use crate::key::{KeyId, KeyType};
use crate::role::KeyRole;

/// DER of the curve's object identifier (RFC 8410, RFC 5480, SEC 2).
pub(super) const fn curve(key_type: KeyType) -> &'static [u8] {
    match key_type {
        KeyType::Ed25519 => &[0x06, 0x03, 0x2b, 0x65, 0x70],
        KeyType::P256 => &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        KeyType::Secp256k1 => &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a],
    }
}

pub(super) const fn ck_key_type(key_type: KeyType) -> CkKeyType {
    match key_type {
        KeyType::Ed25519 => CkKeyType::EC_EDWARDS,
        KeyType::P256 | KeyType::Secp256k1 => CkKeyType::EC,
    }
}

pub(super) const fn key_pair_generation(key_type: KeyType) -> Mechanism<'static> {
    match key_type {
        KeyType::Ed25519 => Mechanism::EccEdwardsKeyPairGen,
        KeyType::P256 | KeyType::Secp256k1 => Mechanism::EccKeyPairGen,
    }
}

pub(super) fn signing(key_type: KeyType) -> Mechanism<'static> {
    match key_type {
        KeyType::Ed25519 => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)),
        KeyType::P256 | KeyType::Secp256k1 => Mechanism::Ecdsa,
    }
}

/// The one mechanism a key of this kind may be used with.
pub(super) const fn mechanism(kind: KeyKind) -> MechanismType {
    match kind {
        KeyKind::Pair(KeyType::Ed25519) => MechanismType::EDDSA,
        KeyKind::Pair(KeyType::P256 | KeyType::Secp256k1) => MechanismType::ECDSA,
        KeyKind::Import => MechanismType::RSA_PKCS_OAEP,
        KeyKind::Secret(SecretUse::Mac) => MechanismType::SHA256_HMAC,
        KeyKind::Secret(SecretUse::Wrap) => MechanismType::AES_KEY_WRAP_PAD,
        KeyKind::Secret(SecretUse::Envelope) => MechanismType::AES_GCM,
    }
}

/// What the token's list of allowed mechanisms means for a key of this kind; an empty list restricts
/// nothing.
pub(super) fn allowed(kind: KeyKind, told: &[u64]) -> Mechanisms {
    match told {
        [] => Mechanisms::Others("any".to_owned()),
        [one] if *one == *mechanism(kind) => Mechanisms::OfItsUse,
        others => Mechanisms::Others(format!("{others:x?}")),
    }
}

/// A name and an identity on the token, for the two halves of a key.
fn named(id: &KeyId, label: &str) -> [Attribute; 3] {
    [
        Attribute::Token(true),
        Attribute::Label(label.into()),
        Attribute::Id(id.as_bytes().to_vec()),
    ]
}

/// How firmly a key is fixed on the token (PKCS#11 v3.1, 4.3 and 4.4).
#[derive(Clone, Copy)]
pub(super) enum Fixed {
    /// As firmly as tokens know: never modified or copied, and the appliance's own never destroyed. Keys of
    /// wallets can be, for those that come to have no wallet.
    Firmly,
    /// Where the token refuses that.
    Loosely,
}

fn fixed(id: &KeyId, fixed: Fixed) -> Vec<Attribute> {
    match fixed {
        Fixed::Loosely => Vec::new(),
        Fixed::Firmly => vec![
            Attribute::Modifiable(false),
            Attribute::Copyable(false),
            Attribute::Destroyable(KeyRole::of(id).is_none()),
        ],
    }
}

/// What a private key may do: sign.
fn sign_only() -> [Attribute; 5] {
    [
        Attribute::Sign(true),
        Attribute::SignRecover(false),
        Attribute::Decrypt(false),
        Attribute::Unwrap(false),
        Attribute::Derive(false),
    ]
}

fn guarded(extractable: bool) -> [Attribute; 3] {
    [
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(extractable),
    ]
}

fn public(key_type: KeyType) -> Vec<Attribute> {
    vec![
        Attribute::Private(false),
        Attribute::Verify(true),
        Attribute::Encrypt(false),
        Attribute::Wrap(false),
        Attribute::KeyType(ck_key_type(key_type)),
        Attribute::EcParams(curve(key_type).to_vec()),
    ]
}

/// A resident key pair: (public, private).
pub(super) fn resident_pair(
    id: &KeyId,
    label: &str,
    key_type: KeyType,
    firmness: Fixed,
) -> (Vec<Attribute>, Vec<Attribute>) {
    let allowed = Attribute::AllowedMechanisms(vec![mechanism(KeyKind::Pair(key_type))]);
    let private = named(id, label)
        .into_iter()
        .chain(guarded(false))
        .chain(sign_only())
        .chain(fixed(id, firmness));
    let public = named(id, label)
        .into_iter()
        .chain(public(key_type))
        .chain(fixed(id, firmness));
    (public.collect(), private.chain([allowed]).collect())
}

/// A resident key pair that exists already: (public, private), without the values.
pub(super) fn imported_pair(
    id: &KeyId,
    label: &str,
    key_type: KeyType,
    firmness: Fixed,
) -> (Vec<Attribute>, Vec<Attribute>) {
    let (mut public, mut private) = resident_pair(id, label, key_type, firmness);
    public.push(Attribute::Class(ObjectClass::PUBLIC_KEY));
    private.extend([
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::KeyType(ck_key_type(key_type)),
        Attribute::EcParams(curve(key_type).to_vec()),
    ]);
    (public, private)
}

/// The resident RSA pair that opens what is sealed to the token: (public, private).
pub(super) fn import_pair(
    id: &KeyId,
    label: &str,
    firmness: Fixed,
) -> (Vec<Attribute>, Vec<Attribute>) {
    let public = [
        Attribute::Private(false),
        Attribute::Encrypt(true),
        Attribute::Verify(false),
        Attribute::Wrap(false),
        Attribute::KeyType(CkKeyType::RSA),
        Attribute::ModulusBits(IMPORT_KEY_BITS.into()),
        Attribute::PublicExponent(vec![1, 0, 1]),
    ];
    let uses = [
        Attribute::Sign(false),
        Attribute::SignRecover(false),
        Attribute::Decrypt(true),
        Attribute::Unwrap(false),
        Attribute::Derive(false),
        Attribute::AllowedMechanisms(vec![mechanism(KeyKind::Import)]),
    ];
    let private = named(id, label)
        .into_iter()
        .chain(guarded(false))
        .chain(uses)
        .chain(fixed(id, firmness));
    let public = named(id, label)
        .into_iter()
        .chain(public)
        .chain(fixed(id, firmness));
    (public.collect(), private.collect())
}

/// A key pair of the session, extractable so that it can be wrapped: (public, private).
pub(super) fn session_pair(key_type: KeyType) -> (Vec<Attribute>, Vec<Attribute>) {
    let session = || [Attribute::Token(false)].into_iter();
    let private = session().chain(guarded(true)).chain(sign_only());
    (
        session().chain(public(key_type)).collect(),
        private.collect(),
    )
}

/// What keeps an opened key closed.
pub(super) fn guards_of_opened() -> Vec<Attribute> {
    [Attribute::Token(false)]
        .into_iter()
        .chain(guarded(false))
        .collect()
}

/// What [`opened`] keys must be whatever the caller of `C_UnwrapKey` asks: the wrapping key's
/// `CKA_UNWRAP_TEMPLATE`.
pub(super) fn unwrap_template() -> Vec<Attribute> {
    guards_of_opened().into_iter().chain(sign_only()).collect()
}

/// A private key opened for signing, as a session object.
pub(super) fn opened(key_type: KeyType) -> Vec<Attribute> {
    let kind = [
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::KeyType(ck_key_type(key_type)),
    ];
    kind.into_iter().chain(unwrap_template()).collect()
}

/// A 32-byte secret key. Session keys (for probes) have no name.
pub(super) fn secret(usage: SecretUse, place: Option<(&KeyId, &str, Fixed)>) -> Vec<Attribute> {
    let [sign, encrypt, wrap] =
        [SecretUse::Mac, SecretUse::Envelope, SecretUse::Wrap].map(|of| of == usage);
    let place = match place {
        Some((id, label, firmness)) => {
            let mut place = named(id, label).to_vec();
            place.extend(fixed(id, firmness));
            place
        }
        None => vec![Attribute::Token(false)],
    };
    let uses = [
        Attribute::ValueLen(32.into()),
        Attribute::Sign(sign),
        Attribute::Verify(false),
        Attribute::Encrypt(encrypt),
        Attribute::Decrypt(encrypt),
        Attribute::Wrap(wrap),
        Attribute::Unwrap(wrap),
        Attribute::Derive(false),
        Attribute::AllowedMechanisms(vec![mechanism(KeyKind::Secret(usage))]),
    ];
    place
        .into_iter()
        .chain(guarded(false))
        .chain(uses)
        .collect()
}

pub(super) const fn secret_generation(usage: SecretUse) -> Mechanism<'static> {
    match usage {
        SecretUse::Mac => Mechanism::GenericSecretKeyGen,
        SecretUse::Wrap | SecretUse::Envelope => Mechanism::AesKeyGen,
    }
}

/// Search template for one half of a resident key.
pub(super) fn by_id(class: ObjectClass, id: &KeyId) -> [Attribute; 3] {
    [
        Attribute::Class(class),
        Attribute::Token(true),
        Attribute::Id(id.as_bytes().to_vec()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of PKCS#11 v3.1, A.1.
    #[test]
    fn a_key_is_restricted_to_the_one_mechanism_of_its_use() {
        for (kind, number) in [
            (KeyKind::Pair(KeyType::Ed25519), 0x1057),
            (KeyKind::Pair(KeyType::P256), 0x1041),
            (KeyKind::Pair(KeyType::Secp256k1), 0x1041),
            (KeyKind::Import, 0x0009),
            (KeyKind::Secret(SecretUse::Mac), 0x0251),
            (KeyKind::Secret(SecretUse::Wrap), 0x210a),
            (KeyKind::Secret(SecretUse::Envelope), 0x1087),
        ] {
            assert_eq!(allowed(kind, &[number]), Mechanisms::OfItsUse, "{kind}");
            for others in [&[][..], &[number + 1], &[number, number]] {
                assert_ne!(allowed(kind, others), Mechanisms::OfItsUse, "{kind}");
            }
        }
    }
}
