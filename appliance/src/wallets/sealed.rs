//! Keys sealed to the appliance: JWE in compact serialisation (RFC 7516, 7.1), `RSA-OAEP` to the
//! HSM's import key and `A256GCM` (RFC 7518, 4.3 and 5.3).
//!
//! The protected header says which user, venue and environment the key is for, and until when. It
//! is authenticated with the key, so that whoever carries a sealed key can neither give it to
//! another user nor keep it for later.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use countersign_hsm::ImportKey;
use countersign_intent::{Address, Span, Timestamp};
use ed25519_dalek::SigningKey;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::device::{DeskError, DeviceDesk};

/// The longest sealed key; one of ours has about 1,000 characters.
const LONGEST: usize = 4096;

/// How long a sealed key may be good for.
pub const LONGEST_LIFE: Span = Span::from_micros(7 * 24 * 3600 * 1_000_000);

/// Why a sealed key was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealedError {
    /// No JWE.
    #[error("expected a JWE in compact serialisation: {0}")]
    Malformed(String),
    /// A JWE of another kind.
    #[error("the protected header's `{field}` is `{got}`, expected `{expected}`; seal it anew")]
    Header {
        /// The header parameter.
        field: &'static str,
        /// What it says.
        got: String,
        /// What it has to say.
        expected: String,
    },
    /// Too late.
    #[error("it was good until {0}; seal it anew")]
    Expired(Timestamp),
    /// Good for too long.
    #[error("it is good until {0}; seal it for at most {LONGEST_LIFE}")]
    TooLong(Timestamp),
    /// The content does not open.
    #[error("the content does not open: it was altered, or sealed otherwise; seal it anew")]
    Content,
    /// The content is no key.
    #[error(
        "the content is {0}; expected the 64 bytes of a Solana keypair, the seed and its public key"
    )]
    NoKeypair(String),
}

/// The protected header. Other parameters are refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    enc: String,
    kid: String,
    user_id: String,
    venue: String,
    environment: String,
    /// Seconds since the Unix epoch (`NumericDate`, RFC 7519, 2).
    exp: i64,
}

/// What a sealed key has to be for.
#[derive(Debug, Clone, Copy)]
pub struct Purpose<'a> {
    /// Thumbprint of the import key.
    pub kid: &'a str,
    /// `usr_…`
    pub user: &'a str,
    /// Slug of the venue.
    pub venue: &'a str,
    /// `mainnet` or `testnet`.
    pub environment: &'a str,
}

/// A sealed key that was read and not opened yet.
#[derive(Debug)]
pub struct Sealed {
    header: Header,
    authenticated: String,
    encrypted_key: Vec<u8>,
    nonce: [u8; 12],
    content: Vec<u8>,
}

impl Sealed {
    /// Reads the five parts.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, SealedError> {
        let malformed = |why: &str| SealedError::Malformed(why.to_owned());
        if text.len() > LONGEST {
            return Err(SealedError::Malformed(format!(
                "at most {LONGEST} characters, got {}",
                text.len()
            )));
        }
        let parts: Vec<&str> = text.split('.').collect();
        let [protected, encrypted_key, nonce, ciphertext, tag] = parts.as_slice() else {
            return Err(SealedError::Malformed(format!(
                "five parts with dots between them, got {}",
                parts.len()
            )));
        };
        let decode = |name: &str, part: &str| {
            let decoded = BASE64_URL_SAFE_NO_PAD.decode(part);
            decoded.map_err(|error| malformed(&format!("{name} is no base64url: {error}")))
        };
        let header = serde_json::from_slice(&decode("the protected header", protected)?);
        let nonce = decode("the initialisation vector", nonce)?;
        let tag = decode("the authentication tag", tag)?;
        let mut content = decode("the ciphertext", ciphertext)?;
        if tag.len() != 16 {
            return Err(malformed("the authentication tag has 16 bytes"));
        }
        content.extend(tag);
        Ok(Self {
            header: header.map_err(|error| malformed(&format!("the protected header: {error}")))?,
            authenticated: (*protected).to_owned(),
            encrypted_key: decode("the encrypted key", encrypted_key)?,
            nonce: nonce
                .try_into()
                .map_err(|_| malformed("the initialisation vector has 12 bytes"))?,
            content,
        })
    }

    /// Checks that it was sealed for this purpose and is good now.
    ///
    /// # Errors
    /// The first parameter that is not what it has to be.
    pub fn check(&self, purpose: Purpose<'_>, now: Timestamp) -> Result<(), SealedError> {
        let header = &self.header;
        for (field, got, expected) in [
            ("alg", &header.alg, "RSA-OAEP"),
            ("enc", &header.enc, "A256GCM"),
            ("kid", &header.kid, purpose.kid),
            ("user_id", &header.user_id, purpose.user),
            ("venue", &header.venue, purpose.venue),
            ("environment", &header.environment, purpose.environment),
        ] {
            if got != expected {
                return Err(SealedError::Header {
                    field,
                    got: got.chars().take(64).collect(),
                    expected: expected.to_owned(),
                });
            }
        }
        let until = Timestamp::from_micros(header.exp.saturating_mul(1_000_000));
        if until <= now {
            return Err(SealedError::Expired(until));
        }
        if until > now.saturating_add(LONGEST_LIFE) {
            return Err(SealedError::TooLong(until));
        }
        Ok(())
    }

    /// The content-encryption key as sealed to the token.
    #[must_use]
    pub fn encrypted_key(&self) -> &[u8] {
        &self.encrypted_key
    }

    /// Opens the content with the content-encryption key.
    ///
    /// # Errors
    /// Another key, altered content or header, or content that is no keypair.
    pub fn open(self, key: &Zeroizing<[u8; 32]>) -> Result<Keypair, SealedError> {
        let mut content = Zeroizing::new(self.content);
        let key =
            UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| SealedError::Content)?;
        let opened = LessSafeKey::new(key).open_in_place(
            Nonce::assume_unique_for_key(self.nonce),
            Aad::from(self.authenticated.as_bytes()),
            &mut content,
        );
        Keypair::read(opened.map_err(|_| SealedError::Content)?)
    }
}

/// An Ed25519 key pair from outside; wiped when dropped.
#[allow(missing_debug_implementations, reason = "it is a secret")]
pub struct Keypair(SigningKey);

impl Keypair {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, SealedError> {
        let Ok(bytes) = <&[u8; 64]>::try_from(bytes) else {
            let got = format!("{} bytes long", bytes.len());
            return Err(SealedError::NoKeypair(got));
        };
        SigningKey::from_keypair_bytes(bytes)
            .map(Self)
            .map_err(|_| SealedError::NoKeypair("a seed with another key\'s public key".to_owned()))
    }

    /// The public key.
    #[must_use]
    pub fn address(&self) -> Address {
        Address::new(self.0.verifying_key().to_bytes())
    }

    /// The private half.
    #[must_use]
    pub fn into_seed(self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }
}

/// The import key as others seal to it.
#[derive(Debug, Clone)]
pub struct Recipient {
    /// `n` of the JWK (RFC 7518, 6.3.1): base64url.
    pub modulus: String,
    /// `e` of the JWK.
    pub exponent: String,
    /// Thumbprint of the JWK (RFC 7638, SHA-256): base64url.
    pub kid: String,
}

impl Recipient {
    /// Of the token's key, where the operator turned importing on.
    ///
    /// # Errors
    /// The HSM's.
    pub async fn of(desk: &DeviceDesk, turned_on: bool) -> Result<Option<Self>, DeskError> {
        if !turned_on {
            return Ok(None);
        }
        let public = desk.run(|desk| {
            let import = desk.import.as_mut();
            Ok(import.map(|import| import.public()).transpose()?)
        });
        Ok(public.await?.as_ref().map(Self::new))
    }

    /// From the token's key.
    #[must_use]
    pub fn new(key: &ImportKey) -> Self {
        let modulus = BASE64_URL_SAFE_NO_PAD.encode(key.modulus());
        let exponent = BASE64_URL_SAFE_NO_PAD.encode(key.exponent());
        let members = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
        Self {
            kid: BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(members)),
            modulus,
            exponent,
        }
    }
}

#[cfg(test)]
mod tests;
