//! The public key that others seal keys to, so that only the token opens them.

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey, PublicKeyComponents,
};

use crate::error::Error;

/// Length of the import key's modulus in bits: as strong as AES-128 (NIST SP 800-57, part 1,
/// table 2).
pub(crate) const IMPORT_KEY_BITS: u64 = 3072;

/// Public half of the import key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl ImportKey {
    /// Takes modulus and exponent, big-endian without leading zeros.
    ///
    /// # Errors
    /// [`Error::Refused`] for a modulus that has not 3072 bits, or an exponent other than 65537.
    pub fn new(modulus: Vec<u8>, exponent: Vec<u8>) -> Result<Self, Error> {
        let bits = modulus.len().saturating_mul(8);
        let full = modulus.first().is_some_and(|byte| byte & 0x80 != 0);
        if bits as u64 == IMPORT_KEY_BITS && full && exponent == [1, 0, 1] {
            return Ok(Self { modulus, exponent });
        }
        Err(Error::refused(
            "reading an import key",
            format!(
                "expected an RSA key of {IMPORT_KEY_BITS} bits with exponent 65537, got one of {bits}"
            ),
            "check where the key came from",
        ))
    }

    /// The modulus, big-endian, 384 bytes.
    #[must_use]
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// The public exponent, big-endian.
    #[must_use]
    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// Seals a content-encryption key to the token: RSAES-OAEP with SHA-1 and MGF1-SHA-1 (RFC 8017,
    /// 7.1), 384 bytes. `SoftHSM` 2 has OAEP with no other hash; OAEP does not rest on collisions.
    ///
    /// # Errors
    /// [`Error::Refused`] when the modulus is none of an RSA key.
    pub fn seal(&self, key: &[u8; 32]) -> Result<Vec<u8>, Error> {
        let parts = PublicKeyComponents {
            n: self.modulus.as_slice(),
            e: self.exponent.as_slice(),
        };
        let sealed = || {
            let public: PublicEncryptingKey = parts.try_into().ok()?;
            let public = OaepPublicEncryptingKey::new(public).ok()?;
            let mut sealed = vec![0; public.ciphertext_size()];
            let written = public.encrypt(&OAEP_SHA1_MGF1SHA1, key, &mut sealed, None);
            written.ok()?;
            Some(sealed)
        };
        sealed().ok_or_else(|| {
            Error::refused(
                "sealing a key",
                "the import key is no RSA key",
                "check where the key came from",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_size_and_exponent_of_the_ceremony_are_taken() {
        let modulus = vec![0xff; 384];
        assert!(ImportKey::new(modulus.clone(), vec![1, 0, 1]).is_ok());
        assert!(ImportKey::new(modulus.clone(), vec![3]).is_err());
        assert!(ImportKey::new(modulus[1..].to_vec(), vec![1, 0, 1]).is_err());
        let short = [vec![0x7f], vec![0xff; 383]].concat();
        assert!(ImportKey::new(short, vec![1, 0, 1]).is_err());
    }

    #[test]
    fn a_modulus_that_is_none_seals_nothing() {
        let even = [vec![0xff; 383], vec![0]].concat();
        let key = ImportKey::new(even, vec![1, 0, 1]).unwrap();
        assert!(key.seal(&[1; 32]).is_err());
    }
}
