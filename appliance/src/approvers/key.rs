//! Keys of approvers: what they are given to sign, and whether they did.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_policy::approval::text::TextError;
use countersign_policy::approval::{eip55, offchain, personal};
use ed25519_dalek::VerifyingKey;
use k256::ecdsa::{RecoveryId, Signature as EcdsaSignature, VerifyingKey as EcdsaKey};
use serde::{Deserialize, Serialize};
use sha3::{Digest, Keccak256};

/// How an approver's key signs a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scheme {
    /// Ed25519 over a Solana off-chain message, version 0, format 0, one signer. The application
    /// domain is this appliance's, or zeros.
    #[serde(rename = "solana-offchain-v0")]
    SolanaOffchainV0,
    /// Ed25519 over a Solana off-chain message, version 1, one signer.
    #[serde(rename = "solana-offchain-v1")]
    SolanaOffchainV1,
    /// secp256k1 over an EIP-191 personal message.
    #[serde(rename = "eip191")]
    Eip191,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 3] = [Self::SolanaOffchainV0, Self::SolanaOffchainV1, Self::Eip191];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SolanaOffchainV0 => "solana-offchain-v0",
            Self::SolanaOffchainV1 => "solana-offchain-v1",
            Self::Eip191 => "eip191",
        }
    }

    /// The scheme of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == name)
    }
}

/// An approver's public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// An Ed25519 key, base58 in text, that signs messages of this version.
    Ed25519([u8; 32], OffchainVersion),
    /// An Ethereum address: the last 20 bytes of the key's Keccak-256, `0x…` in text.
    Ethereum([u8; 20]),
}

/// The secret that a key is the public half of: the same one in whatever scheme it signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Secret {
    /// Of an Ed25519 key.
    Ed25519([u8; 32]),
    /// Of the Ethereum address.
    Ethereum([u8; 20]),
}

/// Versions of Solana off-chain messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffchainVersion {
    /// With the application's domain, for Ledger's application 1.8 and later.
    V0,
    /// Without, for Ledger's application 1.14 and later, and Trezor.
    V1,
}

/// Text that is no key of its scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not an Ed25519 key.
    #[error("expected base58 of a 32-byte Ed25519 key that can verify, got `{0}`")]
    Ed25519(String),
    /// A point that is no multiple of the base point, or another spelling of one: whoever holds the
    /// secret of one such key can sign as several.
    #[error(
        "`{0}` is no Ed25519 key as one is generated: it lies outside the prime-order subgroup, or is \
         spelled in another way than its one encoding, so that the secret of another key could sign \
         as it; generate a new key on the device, and enrol that one"
    )]
    Torsion(String),
    /// Not an address.
    #[error("expected `0x` and 40 hexadecimal digits of an Ethereum address, got `{0}`")]
    Ethereum(String),
    /// An address whose capitals are not its checksum.
    #[error("`{got}` is misspelt: its capitals say that it should read `{right}` (EIP-55)")]
    Checksum {
        /// As it came.
        got: String,
        /// What its digits alone would be.
        right: String,
    },
}

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not the encoding of this scheme.
    #[error("expected {0}")]
    Encoding(&'static str),
    /// Of another text, another key, or another appliance.
    #[error(
        "the signature is not this approver's over the approval text as it is now; fetch the \
         text again and sign its exact bytes with the enrolled key"
    )]
    Wrong,
    /// No device shows the text.
    #[error(transparent)]
    Text(#[from] TextError),
}

impl Key {
    /// Reads a key of this scheme.
    ///
    /// # Errors
    /// Text of another shape; an Ed25519 key of small order, under which anything verifies, or with a
    /// part of small order, which makes several keys of one secret.
    pub fn parse(scheme: Scheme, text: &str) -> Result<Self, KeyError> {
        let key = Self::stored(scheme, text)?;
        key.check_single()?;
        Ok(key)
    }

    /// Reads the key of a row: those that earlier versions took are no error here, and so can be
    /// told and removed.
    pub(super) fn stored(scheme: Scheme, text: &str) -> Result<Self, KeyError> {
        match scheme {
            Scheme::SolanaOffchainV0 => ed25519_key(text, OffchainVersion::V0),
            Scheme::SolanaOffchainV1 => ed25519_key(text, OffchainVersion::V1),
            Scheme::Eip191 => ethereum_address(text).map(Self::Ethereum),
        }
    }

    /// That no other key is of the same secret: with a point of small order added, the secret of
    /// one key signs as up to eight, each of them good for `verify_strict`.
    pub(super) fn check_single(&self) -> Result<(), KeyError> {
        let Self::Ed25519(bytes, _) = self else {
            return Ok(());
        };
        let single = VerifyingKey::from_bytes(bytes).is_ok_and(|key| {
            let point = key.to_edwards();
            point.is_torsion_free() && point.compress().to_bytes() == *bytes
        });
        if single {
            Ok(())
        } else {
            Err(KeyError::Torsion(self.to_string()))
        }
    }

    /// What it is the public half of.
    #[must_use]
    pub const fn secret(&self) -> Secret {
        match self {
            Self::Ed25519(key, _) => Secret::Ed25519(*key),
            Self::Ethereum(address) => Secret::Ethereum(*address),
        }
    }

    /// How it signs.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        match self {
            Self::Ed25519(_, OffchainVersion::V0) => Scheme::SolanaOffchainV0,
            Self::Ed25519(_, OffchainVersion::V1) => Scheme::SolanaOffchainV1,
            Self::Ethereum(_) => Scheme::Eip191,
        }
    }

    /// The exact bytes the approver's device or wallet is given for `text`.
    ///
    /// # Errors
    /// A text that no device shows in full.
    pub fn message(&self, trust_domain: &str, text: &str) -> Result<Vec<u8>, TextError> {
        match self {
            Self::Ed25519(key, version) => offchain_message(key, *version, trust_domain, text),
            // The wallet adds the prefix by itself.
            Self::Ethereum(_) => personal::preimage(text).map(|_| text.as_bytes().to_vec()),
        }
    }

    /// Whether `signature` is this key's over `text`. The bytes are built here; nothing that
    /// came with the signature is believed.
    ///
    /// # Errors
    /// Why it is not.
    pub fn verify(
        &self,
        trust_domain: &str,
        text: &str,
        signature: &str,
    ) -> Result<(), SignatureError> {
        match self {
            Self::Ed25519(key, version) => {
                let messages = match version {
                    OffchainVersion::V0 => vec![
                        offchain::message(trust_domain, key, text)?,
                        offchain::message_without_domain(key, text)?,
                    ],
                    OffchainVersion::V1 => vec![offchain::message_v1(key, text)?],
                };
                let signature = ed25519_signature(signature)?;
                let key = VerifyingKey::from_bytes(key).map_err(|_| SignatureError::Wrong)?;
                let signed = |message: &Vec<u8>| key.verify_strict(message, &signature).is_ok();
                if messages.iter().any(signed) {
                    Ok(())
                } else {
                    Err(SignatureError::Wrong)
                }
            }
            Self::Ethereum(address) => {
                let digest = Keccak256::digest(personal::preimage(text)?);
                let (signature, recovery) = recoverable(signature)?;
                let key = EcdsaKey::recover_from_prehash(&digest, &signature, recovery)
                    .map_err(|_| SignatureError::Wrong)?;
                if address_of(&key) == Some(*address) {
                    Ok(())
                } else {
                    Err(SignatureError::Wrong)
                }
            }
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ed25519(key, _) => f.write_str(&bs58::encode(key).into_string()),
            Self::Ethereum(address) => f.write_str(&eip55::write(address)),
        }
    }
}

/// An address in capitals and small letters is checked; in one case alone nothing checks it.
fn ethereum_address(text: &str) -> Result<[u8; 20], KeyError> {
    let error = || KeyError::Ethereum(text.chars().take(64).collect());
    let digits = text.strip_prefix("0x").ok_or_else(error)?;
    let bytes = hex::decode(digits).map_err(|_| error())?;
    let address = bytes.try_into().map_err(|_| error())?;
    let has = |wanted: fn(&u8) -> bool| digits.as_bytes().iter().any(wanted);
    let mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let right = eip55::write(&address);
    if mixed && right != text {
        let got = text.to_owned();
        return Err(KeyError::Checksum { got, right });
    }
    Ok(address)
}

fn ed25519_key(text: &str, version: OffchainVersion) -> Result<Key, KeyError> {
    let error = || KeyError::Ed25519(text.chars().take(64).collect());
    let bytes = bs58::decode(text).into_vec().map_err(|_| error())?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| error())?;
    let key = VerifyingKey::from_bytes(&bytes).map_err(|_| error())?;
    if key.is_weak() {
        return Err(error());
    }
    Ok(Key::Ed25519(bytes, version))
}

fn offchain_message(
    key: &[u8; 32],
    version: OffchainVersion,
    trust_domain: &str,
    text: &str,
) -> Result<Vec<u8>, TextError> {
    match version {
        OffchainVersion::V0 => offchain::message(trust_domain, key, text),
        OffchainVersion::V1 => offchain::message_v1(key, text),
    }
}

fn ed25519_signature(text: &str) -> Result<ed25519_dalek::Signature, SignatureError> {
    let expected =
        SignatureError::Encoding("64 bytes of Ed25519 in base58, standard base64 or hexadecimal");
    let right = |bytes: &Vec<u8>| bytes.len() == 64;
    let bytes = hex::decode(text).ok().filter(right);
    let bytes = bytes
        .or_else(|| bs58::decode(text).into_vec().ok().filter(right))
        .or_else(|| BASE64_STANDARD.decode(text).ok());
    bytes
        .and_then(|bytes| ed25519_dalek::Signature::from_slice(&bytes).ok())
        .ok_or(expected)
}

fn recoverable(text: &str) -> Result<(EcdsaSignature, RecoveryId), SignatureError> {
    let expected = || {
        SignatureError::Encoding(
            "65 bytes `r\u{2016}s\u{2016}v` in hexadecimal or standard base64, `v` 0, 1, 27 or 28",
        )
    };
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let bytes = hex::decode(digits)
        .ok()
        .or_else(|| BASE64_STANDARD.decode(text).ok())
        .ok_or_else(expected)?;
    let (v, parts) = bytes.split_last().ok_or_else(expected)?;
    let v = match v {
        0 | 1 => *v,
        27 | 28 => v - 27,
        _ => return Err(expected()),
    };
    let signature = EcdsaSignature::from_slice(parts).map_err(|_| expected())?;
    Ok((signature, RecoveryId::from_byte(v).ok_or_else(expected)?))
}

fn address_of(key: &EcdsaKey) -> Option<[u8; 20]> {
    let point = key.to_encoded_point(false);
    let digest = Keccak256::digest(point.as_bytes().get(1..)?);
    digest.get(12..)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    const DOMAIN: &str = "desk.example";

    fn ed25519() -> (SigningKey, Key) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let text = bs58::encode(key.verifying_key().as_bytes()).into_string();
        (key, Key::parse(Scheme::SolanaOffchainV0, &text).unwrap())
    }

    #[test]
    fn a_tool_that_knows_no_application_domain_signs_too_and_for_one_text_alone() {
        let (signer, key) = ed25519();
        let own = *signer.verifying_key().as_bytes();
        let text = "Withdraw 5 SOL\nat desk.example";
        let bytes = offchain::message_without_domain(&own, text).unwrap();
        let signature = hex::encode(signer.sign(&bytes).to_bytes());
        assert_eq!(key.verify(DOMAIN, text, &signature), Ok(()));
        let other = "Withdraw 5 SOL\nat other.example";
        assert_eq!(
            key.verify(DOMAIN, other, &signature),
            Err(SignatureError::Wrong)
        );
        let foreign = offchain::message("other.example", &own, text).unwrap();
        let foreign = hex::encode(signer.sign(&foreign).to_bytes());
        assert_eq!(
            key.verify(DOMAIN, text, &foreign),
            Err(SignatureError::Wrong)
        );
    }

    #[test]
    fn a_solana_signature_counts_in_every_encoding_and_for_one_text_alone() {
        let (signer, key) = ed25519();
        let signature = signer.sign(&key.message(DOMAIN, "Withdraw 5 SOL").unwrap());
        let base58 = bs58::encode(signature.to_bytes()).into_string();
        let base64 = BASE64_STANDARD.encode(signature.to_bytes());
        let hexadecimal = hex::encode(signature.to_bytes());
        for text in [&base58, &base64, &hexadecimal] {
            assert_eq!(key.verify(DOMAIN, "Withdraw 5 SOL", text), Ok(()));
        }
        for (domain, text) in [(DOMAIN, "Withdraw 6 SOL"), ("other", "Withdraw 5 SOL")] {
            assert_eq!(
                key.verify(domain, text, &base58),
                Err(SignatureError::Wrong)
            );
        }
        let bare = bs58::encode(signer.sign(b"Withdraw 5 SOL").to_bytes()).into_string();
        assert_eq!(
            key.verify(DOMAIN, "Withdraw 5 SOL", &bare),
            Err(SignatureError::Wrong)
        );
        for broken in ["", "!", "1111", &base58.repeat(2)] {
            assert!(matches!(
                key.verify(DOMAIN, "Withdraw 5 SOL", broken),
                Err(SignatureError::Encoding(_))
            ));
        }
    }

    /// Messages and signatures of another implementation; see `offchain-v1.py` beside the vectors.
    #[test]
    fn a_signature_over_version_1_counts_for_version_1_alone() {
        let vectors = include_str!("../../../policy/vectors/approval/offchain-v1.toml");
        let vectors: toml::Table = toml::from_str(vectors).unwrap();
        for vector in vectors["case"].as_array().unwrap() {
            let bytes = |name: &str| hex::decode(vector[name].as_str().unwrap()).unwrap();
            let public = bs58::encode(bytes("public_key")).into_string();
            let signature = bs58::encode(bytes("signature")).into_string();
            let text = vector["text"].as_str().unwrap();
            let new = Key::parse(Scheme::SolanaOffchainV1, &public).unwrap();
            assert_eq!(new.message(DOMAIN, text).unwrap(), bytes("message"));
            assert_eq!(new.verify(DOMAIN, text, &signature), Ok(()));
            let other = new.verify(DOMAIN, &format!("{text}."), &signature);
            assert_eq!(other, Err(SignatureError::Wrong));
            let old = Key::parse(Scheme::SolanaOffchainV0, &public).unwrap();
            assert_eq!(
                old.verify(DOMAIN, text, &signature),
                Err(SignatureError::Wrong)
            );
        }
    }

    /// The example of web3.js `accounts.sign`.
    #[test]
    fn an_ethereum_signature_of_another_implementation_counts() {
        let address = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23";
        let signature = "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd6007e7\
                         4cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c";
        let key = Key::parse(Scheme::Eip191, address).unwrap();
        assert_eq!(key.verify(DOMAIN, "Some data", signature), Ok(()));
        assert_eq!(
            key.verify(DOMAIN, "Some Data", signature),
            Err(SignatureError::Wrong)
        );
        let other = Key::Ethereum([1; 20]);
        assert_eq!(
            other.verify(DOMAIN, "Some data", signature),
            Err(SignatureError::Wrong)
        );
        let cut: String = signature.chars().take(130).collect();
        for broken in ["", "0x", &cut, &signature.replace("1c", "1d")] {
            assert!(key.verify(DOMAIN, "Some data", broken).is_err());
        }
        assert_eq!(key.to_string(), address);
    }

    #[test]
    fn a_second_key_of_one_secret_is_refused() {
        let (_, honest) = ed25519();
        let Key::Ed25519(bytes, _) = honest else {
            panic!("not Ed25519");
        };
        assert_eq!(honest.check_single(), Ok(()));
        for twin in crate::approvers::twins(&bytes) {
            let text = bs58::encode(twin).into_string();
            assert!(
                VerifyingKey::from_bytes(&twin).is_ok_and(|key| !key.is_weak()),
                "{text} is a key that signatures verify under"
            );
            for scheme in [Scheme::SolanaOffchainV0, Scheme::SolanaOffchainV1] {
                let refused = Key::parse(scheme, &text);
                assert_eq!(refused, Err(KeyError::Torsion(text.clone())));
            }
            let said = KeyError::Torsion(text.clone()).to_string();
            assert!(
                said.contains(&text) && said.contains("generate a new key"),
                "{said}"
            );
        }
    }

    /// The coordinate is read modulo 2^255 - 19, so small ones have a second spelling.
    #[test]
    fn a_second_spelling_of_a_key_is_refused() {
        let mut points = 0;
        for y in 0..19 {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (0xed + y, 0x7f);
            points += u8::from(VerifyingKey::from_bytes(&bytes).is_ok());
            let text = bs58::encode(bytes).into_string();
            assert!(
                Key::parse(Scheme::SolanaOffchainV0, &text).is_err(),
                "{text}"
            );
        }
        assert!(points > 2, "only {points} of them are points");
    }

    #[test]
    fn keys_of_another_shape_and_weak_keys_are_refused() {
        // The point of order one: every signature verifies under such a key somewhere.
        let weak = bs58::encode([&[1_u8][..], &[0; 31]].concat()).into_string();
        for text in ["", "0x00", &weak, "11111111111111111111111111111111"] {
            assert!(
                Key::parse(Scheme::SolanaOffchainV0, text).is_err(),
                "{text}"
            );
        }
        for text in [
            "",
            "0x",
            "2c7536E3605D9C16a7a3D7b1898e529396a65c23",
            "0xzz",
            "0x2C7536E3605D9C16a7a3D7b1898e529396a65c23",
        ] {
            assert!(Key::parse(Scheme::Eip191, text).is_err(), "{text}");
        }
    }
}
