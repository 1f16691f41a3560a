//! What a caller is handed once the digest is signed.

use super::keccak;
use super::typed::DIGEST_PREFIX;
use crate::DecodeError;

/// An ECDSA signature on secp256k1, with `s` in the lower half of the order (EIP-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// The first number, big-endian.
    pub r: [u8; 32],
    /// The second number, big-endian.
    pub s: [u8; 32],
    /// Whether the y coordinate of the point is odd: the recovery identifier is 1.
    pub odd_y: bool,
}

/// A signature as its chain wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The first number, big-endian.
    pub r: [u8; 32],
    /// The second number, big-endian.
    pub s: [u8; 32],
    /// The recovery identifier, as this kind of signature writes it: 27 or 28 for typed data, with
    /// the chain in it for a legacy transaction (EIP-155), else 0 or 1.
    pub v: u128,
    /// The signed transaction, ready to be sent; `None` for typed data.
    pub transaction: Option<Vec<u8>>,
    /// The hash that a transaction is known by, or that of typed data.
    pub hash: [u8; 32],
}

/// The answer for bytes that were decoded before, and whose signature was given before. It says
/// nothing about what they do.
///
/// # Errors
/// Bytes that are no unsigned transaction and no typed data.
pub fn finish(bytes: &[u8], signature: &Signature) -> Result<Answer, DecodeError> {
    let Signature { r, s, odd_y } = *signature;
    if bytes.starts_with(&DIGEST_PREFIX) {
        return Ok(Answer {
            r,
            s,
            v: 27 + u128::from(odd_y),
            transaction: None,
            hash: keccak(bytes),
        });
    }
    let transaction = super::raw::read(bytes)?;
    let v = transaction.v(odd_y);
    let signed = transaction.signed(v, &r, &s);
    Ok(Answer {
        r,
        s,
        v,
        hash: keccak(&signed),
        transaction: Some(signed),
    })
}
