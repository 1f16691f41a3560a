//! What a caller is handed once the digest is signed.

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
    /// What the signature is about: the hash that a transaction is known by, or that of typed data.
    pub hash: [u8; 32],
}
