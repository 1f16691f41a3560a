//! What is kept of a request, so that it can be judged under another policy one day.
//!
//! Raw bytes, because every signature pays for it: flags, the request whose approval it uses up (if
//! any), what was asked for as its venue keeps it. It grants nothing and has no MAC: a replay tells
//! what would have been, the log's digest tells what was.

use countersign_intent::RequestId;

use super::stages::Asked;
use crate::venue::Body;

const HALTED: u8 = 2;
const RELEASE: u8 = 4;

/// A kept request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What was asked for.
    pub body: Body,
    /// Whether something stopped it that is no policy: a freeze, a pause, a certificate, a grant.
    pub halted: bool,
    /// The held request whose approval it uses up.
    pub approved: Option<RequestId>,
}

impl Kept {
    pub(super) fn of(asked: &Asked, halted: bool) -> Vec<u8> {
        encode(&asked.body, halted, asked.approved)
    }

    /// Reads what was kept; `None` if this program did not write it.
    #[must_use]
    pub fn decode(kept: &[u8]) -> Option<Self> {
        let (flags, mut rest) = kept.split_first()?;
        if flags & !(HALTED | RELEASE) != 0 {
            return None;
        }
        let mut approved = None;
        if flags & RELEASE != 0 {
            let (id, after) = rest.split_first_chunk()?;
            approved = Some(RequestId::from_bytes(*id));
            rest = after;
        }
        Some(Self {
            body: Body::read_back(rest)?,
            halted: flags & HALTED != 0,
            approved,
        })
    }
}

fn encode(body: &Body, halted: bool, approved: Option<RequestId>) -> Vec<u8> {
    let mut flags = if halted { HALTED } else { 0 };
    flags |= approved.map_or(0, |_| RELEASE);
    let mut out = vec![flags];
    if let Some(approved) = &approved {
        out.extend(approved.as_bytes());
    }
    body.write(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::venue::any_body;

    fn any_kept() -> impl Strategy<Value = Kept> {
        let approved = proptest::option::of(any::<[u8; 16]>());
        (any_body(), any::<bool>(), approved).prop_map(|(body, halted, approved)| Kept {
            body,
            halted,
            approved: approved.map(RequestId::from_bytes),
        })
    }

    impl Kept {
        fn encode(&self) -> Vec<u8> {
            encode(&self.body, self.halted, self.approved)
        }
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
            &[0, 1, 0, 1, 9, 9],
            &[0, 1, 2, 0],
            &[0, 9, 0, 0],
            &[8, 1, 0, 0],
        ] {
            assert_eq!(Kept::decode(kept), None, "{kept:?}");
        }
    }
}
