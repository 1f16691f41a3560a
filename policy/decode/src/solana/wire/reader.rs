//! A cursor over hostile bytes.

use crate::DecodeError;

/// Reads forward only; every read says what it was for when the bytes run out.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    pub(crate) const fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8], DecodeError> {
        let taken = self
            .at
            .checked_add(count)
            .and_then(|end| self.bytes.get(self.at..end))
            .ok_or_else(|| {
                DecodeError::malformed(
                    self.at,
                    format!(
                        "expected {count} bytes of {what}, {} are left",
                        self.remaining()
                    ),
                )
            })?;
        self.at += count;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self, what: &str) -> Result<&'a [u8; N], DecodeError> {
        let at = self.at;
        self.take(N, what)?
            .first_chunk()
            .ok_or_else(|| DecodeError::malformed(at, format!("expected {N} bytes of {what}")))
    }

    /// `count` items of `N` bytes each, without copying them.
    pub(crate) fn chunks<const N: usize>(
        &mut self,
        count: usize,
        what: &str,
    ) -> Result<&'a [[u8; N]], DecodeError> {
        let (chunks, _) = self.take(count.saturating_mul(N), what)?.as_chunks();
        Ok(chunks)
    }

    pub(crate) fn u8(&mut self, what: &str) -> Result<u8, DecodeError> {
        self.array::<1>(what).map(|[byte]| *byte)
    }

    pub(crate) fn u16(&mut self, what: &str) -> Result<u16, DecodeError> {
        self.array(what).map(|bytes| u16::from_le_bytes(*bytes))
    }

    pub(crate) fn u32(&mut self, what: &str) -> Result<u32, DecodeError> {
        self.array(what).map(|bytes| u32::from_le_bytes(*bytes))
    }

    pub(crate) fn u64(&mut self, what: &str) -> Result<u64, DecodeError> {
        self.array(what).map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// A compact-u16 length: little-endian groups of 7 bits in 1 to 3 bytes, in its shortest
    /// form only (a longer form would be a second spelling of the same message).
    pub(crate) fn compact_u16(&mut self, what: &str) -> Result<usize, DecodeError> {
        let start = self.at;
        let refused = |why: &str| {
            DecodeError::malformed(start, format!("the count of {what} {why}; send it minimal"))
        };
        let mut value = 0_usize;
        for group in 0..3_u32 {
            let byte = self.u8(what)?;
            if byte == 0 && group > 0 {
                return Err(refused("is not in its shortest form"));
            }
            if group == 2 && byte > 3 {
                return Err(refused("does not fit 16 bits"));
            }
            value |= usize::from(byte & 0x7f) << (7 * group);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(refused("does not fit 16 bits"))
    }

    /// Refuses bytes that nothing has read.
    pub(crate) fn finish(&self, what: &str) -> Result<(), DecodeError> {
        if self.remaining() == 0 {
            return Ok(());
        }
        Err(DecodeError::malformed(
            self.at,
            format!(
                "expected the end of the {what}, {} more bytes came",
                self.remaining()
            ),
        ))
    }
}
