//! Certificate serial numbers.

use std::fmt;

/// A certificate's serial number: a positive integer of at most 16 bytes, big-endian.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serial([u8; 16]);

impl Serial {
    /// Makes a serial of 16 random bytes. The first bit is cleared, so that the DER integer is
    /// positive without a padding byte (RFC 5280 §4.1.2.2).
    #[must_use]
    pub const fn from_random(mut random: [u8; 16]) -> Self {
        random[0] &= 0x7f;
        Self(random)
    }

    /// Reads the content bytes of a DER integer; `None` for one that is negative, zero, or longer
    /// than 16 bytes, which this authority never issues.
    #[must_use]
    pub fn from_der_integer(content: &[u8]) -> Option<Self> {
        if content.first().is_none_or(|byte| byte & 0x80 != 0) {
            return None;
        }
        let zeros = content.iter().take_while(|byte| **byte == 0).count();
        let digits = content.get(zeros..).filter(|digits| !digits.is_empty())?;
        let mut bytes = [0; 16];
        let start = bytes.len().checked_sub(digits.len())?;
        bytes.get_mut(start..)?.copy_from_slice(digits);
        Some(Self(bytes))
    }

    /// Wraps 16 big-endian bytes, as stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 big-endian bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_integers_are_read_whatever_their_length() {
        let whole = Serial::from_random([0xff; 16]);
        assert_eq!(whole.as_bytes()[0], 0x7f);
        assert_eq!(Serial::from_der_integer(whole.as_bytes()), Some(whole));
        let short = Serial::from_der_integer(&[1, 2]).unwrap();
        assert_eq!(short.to_string(), "00000000000000000000000000000102");
        let mut padded = [0; 17];
        padded[1] = 0xff;
        assert_eq!(
            Serial::from_der_integer(&padded).unwrap().as_bytes()[0],
            0xff
        );
    }

    #[test]
    fn serials_that_are_never_issued_are_refused() {
        assert_eq!(Serial::from_der_integer(&[]), None);
        assert_eq!(Serial::from_der_integer(&[0]), None);
        assert_eq!(Serial::from_der_integer(&[0x80]), None);
        assert_eq!(Serial::from_der_integer(&[1; 17]), None);
    }
}
