//! What is kept of a request, so that it can be judged under another policy one day.
//!
//! Raw bytes, because every signature pays for it: flags, the number of mint hints, the request
//! whose approval it uses up (if any), the hints, the bytes as they came. It grants nothing and has
//! no MAC: a replay tells what would have been, the log's digest tells what was.

use countersign_intent::{Address, RequestId};

use super::stages::{Asked, Form};

const TRANSACTION: u8 = 1;
const HALTED: u8 = 2;
const RELEASE: u8 = 4;

/// A kept request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// How the bytes came.
    pub form: Form,
    /// Whether something stopped it that is no policy: a freeze, a pause, a certificate, a grant.
    pub halted: bool,
    /// The held request whose approval it uses up.
    pub approved: Option<RequestId>,
    /// Mint hints.
    pub mints: Vec<Address>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Kept {
    pub(super) fn of(asked: &Asked, halted: bool) -> Self {
        Self {
            form: asked.form,
            halted,
            approved: asked.approved,
            mints: asked.mints.clone(),
            bytes: asked.bytes.clone(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut flags = match self.form {
            Form::Message => 0,
            Form::Transaction => TRANSACTION,
        };
        flags |= if self.halted { HALTED } else { 0 };
        flags |= self.approved.map_or(0, |_| RELEASE);
        let mints = self.mints.len();
        let mut out = Vec::with_capacity(18 + 32 * mints + self.bytes.len());
        // The wire takes at most 16 hints.
        out.extend([flags, u8::try_from(mints).unwrap_or(u8::MAX)]);
        if let Some(approved) = &self.approved {
            out.extend(approved.as_bytes());
        }
        for mint in &self.mints {
            out.extend(mint.as_bytes());
        }
        out.extend(&self.bytes);
        out
    }

    /// Reads what was kept; `None` if this program did not write it.
    #[must_use]
    pub fn decode(kept: &[u8]) -> Option<Self> {
        let ([flags, mints], mut rest) = kept.split_first_chunk()?;
        if flags & !(TRANSACTION | HALTED | RELEASE) != 0 {
            return None;
        }
        let mut approved = None;
        if flags & RELEASE != 0 {
            let (id, after) = rest.split_first_chunk()?;
            approved = Some(RequestId::from_bytes(*id));
            rest = after;
        }
        let mut hints = Vec::with_capacity(usize::from(*mints));
        for _ in 0..*mints {
            let (mint, after) = rest.split_first_chunk()?;
            hints.push(Address::new(*mint));
            rest = after;
        }
        Some(Self {
            form: match flags & TRANSACTION {
                0 => Form::Message,
                _ => Form::Transaction,
            },
            halted: flags & HALTED != 0,
            approved,
            mints: hints,
            bytes: rest.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_kept() -> impl Strategy<Value = Kept> {
        let mints = proptest::collection::vec(any::<[u8; 32]>(), 0..=16);
        let bytes = proptest::collection::vec(any::<u8>(), 0..1_300);
        let approved = proptest::option::of(any::<[u8; 16]>());
        (any::<bool>(), any::<bool>(), approved, mints, bytes).prop_map(
            |(message, halted, approved, mints, bytes)| Kept {
                form: if message {
                    Form::Message
                } else {
                    Form::Transaction
                },
                halted,
                approved: approved.map(RequestId::from_bytes),
                mints: mints.into_iter().map(Address::new).collect(),
                bytes,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_kept_is_what_was_asked(kept in any_kept()) {
            prop_assert_eq!(Kept::decode(&kept.encode()), Some(kept));
        }

        #[test]
        fn anything_else_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Some(kept) = Kept::decode(&bytes) {
                prop_assert_eq!(kept.encode(), bytes);
            }
        }
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        for kept in [
            &[][..],
            &[0],
            &[RELEASE, 0, 1, 2],
            &[0, 1, 9, 9],
            &[8, 0, 1],
        ] {
            assert_eq!(Kept::decode(kept), None, "{kept:?}");
        }
    }
}
