//! Signatures, of each kind that a wallet's key makes.

use std::fmt;

/// A signature that was verified under its wallet's public key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// Ed25519 (RFC 8032): `R || S`. The same key signs the same bytes alike.
    Ed25519([u8; 64]),
    /// ECDSA on secp256k1, `s` in the lower half of the order. The same key need not sign the same
    /// digest alike.
    Recoverable {
        /// `r || s`, big-endian.
        scalars: [u8; 64],
        /// Which of the points that `r` stands for was meant: 0 to 3 (SEC 1, 4.1.6). Its lowest bit
        /// says whether the y coordinate is odd.
        recovery: u8,
    },
}

impl Signature {
    /// As it is stored: 64 bytes, and the recovery identifier after them where there is one.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(bytes) => bytes.to_vec(),
            Self::Recoverable { scalars, recovery } => [scalars.as_slice(), &[*recovery]].concat(),
        }
    }

    /// Reads what [`Signature::to_bytes`] wrote: the length tells the kind.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if let Ok(bytes) = bytes.try_into() {
            return Some(Self::Ed25519(bytes));
        }
        let (scalars, rest) = bytes.split_first_chunk()?;
        match rest {
            [recovery @ 0..=3] => Some(Self::Recoverable {
                scalars: *scalars,
                recovery: *recovery,
            }),
            _ => None,
        }
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Ed25519(_) => "Ed25519",
            Self::Recoverable { .. } => "Recoverable",
        };
        write!(f, "{kind}({})", hex::encode(self.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back_and_nothing_else_is() {
        let ecdsa = |recovery| Signature::Recoverable {
            scalars: [2; 64],
            recovery,
        };
        for signature in [Signature::Ed25519([1; 64]), ecdsa(0), ecdsa(3)] {
            let bytes = signature.to_bytes();
            assert_eq!(Signature::from_bytes(&bytes), Some(signature));
        }
        for length in [0, 1, 63, 66] {
            assert_eq!(Signature::from_bytes(&vec![0; length]), None, "{length}");
        }
        let mut unknown = ecdsa(0).to_bytes();
        unknown[64] = 4;
        assert_eq!(Signature::from_bytes(&unknown), None);
    }
}
