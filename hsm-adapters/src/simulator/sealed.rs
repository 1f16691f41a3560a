//! Blobs of the simulator: `nonce (12) || AES-256-GCM ciphertext and tag (48)`. What the blob is
//! bound to goes in as associated data.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::key::{KeyId, KeyType};

pub(super) fn wrapped_aad(key_type: KeyType) -> Vec<u8> {
    format!("wrapped {key_type}").into_bytes()
}

pub(super) fn envelope_aad(id: &KeyId, key_type: KeyType) -> Vec<u8> {
    format!("envelope {key_type} {id}").into_bytes()
}

pub(super) fn seal(
    key: &[u8; 32],
    aad: &[u8],
    private: &Zeroizing<[u8; 32]>,
) -> Result<Vec<u8>, Error> {
    let mut sealed = private.to_vec();
    let nonce = RandomizedNonceKey::new(&AES_256_GCM, key)
        .and_then(|key| key.seal_in_place_append_tag(Aad::from(aad), &mut sealed))
        .map_err(|_| Error::broken("sealing a key", "sealing failed", "restart the simulator"))?;
    Ok([nonce.as_ref().as_slice(), &sealed].concat())
}

pub(super) fn open(key: &[u8; 32], aad: &[u8], blob: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
    let opened = || {
        let (nonce, sealed) = blob.split_first_chunk::<12>()?;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let key = RandomizedNonceKey::new(&AES_256_GCM, key).ok()?;
        let plain = key
            .open_in_place(Nonce::from(nonce), Aad::from(aad), &mut sealed)
            .ok()?;
        Some(Zeroizing::new(<[u8; 32]>::try_from(&*plain).ok()?))
    };
    opened().ok_or_else(|| {
        Error::refused(
            "opening a stored key",
            "the blob was altered, or belongs to another token or key",
            "restore the row from a backup",
        )
    })
}
