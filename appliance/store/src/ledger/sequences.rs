use std::collections::HashMap;

use countersign_intent::RequestId;

use super::seal::Sums;
use crate::{Cause, SequenceRow, StoreError, StoreResult, Writes, request_seq};

/// Uses that are remembered of one account; the oldest are forgotten first. As many as nodes
/// hold of one account's unconfirmed transactions (geth: `txpool.accountqueue`).
const MOST: usize = 64;

/// Accounts whose signatures use up numbers one by one, and who may have a signature over each.
///
/// Of all signatures over one number, one takes effect. So a second one is made only if it means what
/// an earlier one means, or nothing at all, and offers more for being taken: whichever takes effect
/// was allowed. Nobody observes which numbers were used up at the chain, so a number whose uses are
/// forgotten is free again: refusing it would let whoever asks lock the account with signatures that never
/// land. What is signed over it then takes effect instead of the earlier one, and reserves by itself.
///
/// Unlike what is held under a durable nonce, what was reserved counts at the time of the reservation.
#[derive(Debug, Default)]
pub(super) struct Sequences {
    by_account: HashMap<[u8; 32], Sequence>,
    dirty: Vec<[u8; 32]>,
}

#[derive(Debug, Default)]
struct Sequence {
    /// In the order in which they were made.
    uses: Vec<Use>,
}

#[derive(Debug, Clone, Copy)]
struct Use {
    number: u64,
    request: RequestId,
    meaning: [u8; 32],
    bid: Bid,
}

/// What is offered for being taken, for each unit of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bid {
    /// All that is paid at most.
    pub most: u128,
    /// What goes to whoever takes it, at most.
    pub tip: u128,
}

/// A number of an account, as it would be signed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceUse {
    /// Names the account.
    pub account: [u8; 32],
    /// Its number.
    pub number: u64,
    /// SHA-256 of what the signature does, but for the number and the bid.
    pub meaning: [u8; 32],
    /// Whether it does nothing but use up the number.
    pub cancels: bool,
    /// What is offered.
    pub bid: Bid,
}

/// What is known of the number that a case would be signed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SequenceState {
    /// Nobody has a signature over it.
    Free,
    /// This request may have one, and the case may replace it.
    Replaces(RequestId),
    /// This request may have one, and the case means something else.
    HeldBy(RequestId),
    /// This request may have one, and the case does not offer this much, which it would have to.
    BidsTooLow(RequestId, Bid),
}

impl SequenceState {
    /// Whether a signature may be made.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Free | Self::Replaces(_))
    }
}

impl Bid {
    /// What has to be offered to replace this: a tenth more of both, as nodes ask.
    const fn to_replace(self) -> Self {
        Self {
            most: a_tenth_more(self.most),
            tip: a_tenth_more(self.tip),
        }
    }

    const fn covers(self, other: Self) -> bool {
        self.most >= other.most && self.tip >= other.tip
    }

    const fn join(self, other: Self) -> Self {
        Self {
            most: if self.most > other.most {
                self.most
            } else {
                other.most
            },
            tip: if self.tip > other.tip {
                self.tip
            } else {
                other.tip
            },
        }
    }
}

const fn a_tenth_more(amount: u128) -> u128 {
    let tenth = amount.div_ceil(10);
    let more = if tenth == 0 { 1 } else { tenth };
    amount.saturating_add(more)
}

impl Sequences {
    pub(super) fn load(rows: Vec<SequenceRow>) -> StoreResult<Self> {
        let mut by_account = HashMap::with_capacity(rows.len());
        for row in rows {
            let sequence = Sequence::decode(&row.uses).ok_or_else(|| {
                StoreError::Corrupt(Cause::new(
                    "what was signed over an account's numbers is cut off",
                ))
            })?;
            by_account.insert(row.account, sequence);
        }
        Ok(Self {
            by_account,
            dirty: Vec::new(),
        })
    }

    pub(super) fn state(&self, wanted: &SequenceUse) -> SequenceState {
        let Some(sequence) = self.by_account.get(&wanted.account) else {
            return SequenceState::Free;
        };
        let earlier = || {
            sequence
                .uses
                .iter()
                .filter(|one| one.number == wanted.number)
        };
        let Some(last) = earlier().next_back() else {
            return SequenceState::Free;
        };
        if !wanted.cancels && !earlier().any(|one| one.meaning == wanted.meaning) {
            return SequenceState::HeldBy(last.request);
        }
        let needed = earlier().map(|one| one.bid.to_replace());
        let needed = needed.fold(Bid { most: 0, tip: 0 }, Bid::join);
        if wanted.bid.covers(needed) {
            SequenceState::Replaces(last.request)
        } else {
            SequenceState::BidsTooLow(last.request, needed)
        }
    }

    /// Remembers that this request may have a signature over the number. The caller saw that it may.
    pub(super) fn take(&mut self, wanted: SequenceUse, request: RequestId) {
        let sequence = self.by_account.entry(wanted.account).or_default();
        sequence.uses.push(Use {
            number: wanted.number,
            request,
            meaning: wanted.meaning,
            bid: wanted.bid,
        });
        if sequence.uses.len() > MOST {
            sequence.uses.remove(0);
        }
        self.changed(wanted.account);
    }

    /// Gives back the number that a request used, if it did: it certainly was not signed.
    pub(super) fn give_back(&mut self, seq: u64) {
        let is_its = |one: &Use| request_seq(one.request) == seq;
        let mut all = self.by_account.iter_mut();
        let Some((account, sequence)) = all.find(|(_, sequence)| sequence.uses.iter().any(is_its))
        else {
            return;
        };
        sequence.uses.retain(|one| !is_its(one));
        let account = *account;
        self.changed(account);
    }

    /// Moves what changed into `writes`.
    pub(super) fn write_to(&mut self, writes: &mut Writes, sums: &mut Sums) {
        for account in std::mem::take(&mut self.dirty) {
            let Some(sequence) = self.by_account.get(&account) else {
                continue;
            };
            let uses = sequence.encode();
            let row = SequenceRow { account, uses };
            sums.put_sequence(&row);
            writes.sequences.push(row);
        }
    }

    fn changed(&mut self, account: [u8; 32]) {
        if !self.dirty.contains(&account) {
            self.dirty.push(account);
        }
    }
}

impl Sequence {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for one in &self.uses {
            out.extend(one.number.to_be_bytes());
            out.extend(one.request.as_bytes());
            out.extend(one.meaning);
            out.extend(one.bid.most.to_be_bytes());
            out.extend(one.bid.tip.to_be_bytes());
        }
        out
    }

    fn decode(mut rest: &[u8]) -> Option<Self> {
        let mut uses = Vec::new();
        while !rest.is_empty() {
            let (number, after) = rest.split_first_chunk()?;
            let (request, after) = after.split_first_chunk()?;
            let (meaning, after) = after.split_first_chunk()?;
            let (most, after) = after.split_first_chunk()?;
            let (tip, after) = after.split_first_chunk()?;
            uses.push(Use {
                number: u64::from_be_bytes(*number),
                request: RequestId::from_bytes(*request),
                meaning: *meaning,
                bid: Bid {
                    most: u128::from_be_bytes(*most),
                    tip: u128::from_be_bytes(*tip),
                },
            });
            rest = after;
        }
        Some(Self { uses })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(number: u64, meaning: u8, most: u128, tip: u128) -> SequenceUse {
        SequenceUse {
            account: [1; 32],
            number,
            meaning: [meaning; 32],
            cancels: false,
            bid: Bid { most, tip },
        }
    }

    fn request(number: u64) -> RequestId {
        crate::request_id(number, [0; 8])
    }

    #[test]
    fn a_second_signature_over_a_number_means_the_same_and_offers_a_tenth_more() {
        let mut all = Sequences::default();
        assert_eq!(all.state(&wanted(7, 1, 100, 10)), SequenceState::Free);
        all.take(wanted(7, 1, 100, 10), request(1));
        let needed = Bid { most: 110, tip: 11 };
        for (meaning, most, tip, state) in [
            (2, 1_000, 1_000, SequenceState::HeldBy(request(1))),
            (1, 100, 10, SequenceState::BidsTooLow(request(1), needed)),
            (1, 109, 11, SequenceState::BidsTooLow(request(1), needed)),
            (1, 110, 10, SequenceState::BidsTooLow(request(1), needed)),
            (1, 110, 11, SequenceState::Replaces(request(1))),
        ] {
            assert_eq!(all.state(&wanted(7, meaning, most, tip)), state);
        }
        let cancel = SequenceUse {
            cancels: true,
            ..wanted(7, 9, 110, 11)
        };
        assert_eq!(all.state(&cancel), SequenceState::Replaces(request(1)));
        all.take(cancel, request(2));
        // Whichever of the two lands was allowed; a third one has to say one of them.
        assert_eq!(
            all.state(&wanted(7, 2, 999, 99)),
            SequenceState::HeldBy(request(2))
        );
        assert_eq!(
            all.state(&wanted(7, 1, 121, 13)),
            SequenceState::Replaces(request(2))
        );
        assert_eq!(all.state(&wanted(8, 2, 0, 0)), SequenceState::Free);
        let other = SequenceUse {
            account: [2; 32],
            ..wanted(7, 2, 0, 0)
        };
        assert_eq!(all.state(&other), SequenceState::Free);
    }

    #[test]
    fn an_offer_of_nothing_is_replaced_by_one_of_something() {
        let mut all = Sequences::default();
        all.take(wanted(0, 1, 0, 0), request(1));
        assert!(!all.state(&wanted(0, 1, 0, 0)).is_open());
        assert!(all.state(&wanted(0, 1, 1, 1)).is_open());
        all.take(wanted(1, 1, u128::MAX, 0), request(2));
        assert!(all.state(&wanted(1, 1, u128::MAX, 1)).is_open());
    }

    #[test]
    fn what_was_certainly_not_signed_gives_its_number_back() {
        let mut all = Sequences::default();
        all.take(wanted(7, 1, 100, 10), request(1));
        all.take(wanted(7, 1, 200, 20), request(2));
        all.give_back(2);
        assert_eq!(
            all.state(&wanted(7, 1, 110, 11)),
            SequenceState::Replaces(request(1))
        );
        all.give_back(1);
        assert_eq!(all.state(&wanted(7, 2, 0, 0)), SequenceState::Free);
    }

    #[test]
    fn no_number_of_signatures_locks_an_account() {
        let mut all = Sequences::default();
        all.take(wanted(3, 1, 1, 1), request(1));
        let far = 1_u64 << 50;
        for number in 0..200 {
            all.take(wanted(far + number, 9, 1, 1), request(2 + number));
        }
        for number in [0, 3, 4, far, far + 200] {
            assert_eq!(all.state(&wanted(number, 2, 1, 1)), SequenceState::Free);
        }
        assert_eq!(
            all.state(&wanted(far + 199, 2, 9, 9)),
            SequenceState::HeldBy(request(201))
        );
    }

    #[test]
    fn what_is_stored_is_read_back() {
        let mut all = Sequences::default();
        all.take(wanted(7, 1, 100, 10), request(1));
        all.take(wanted(9, 2, u128::MAX, 0), request(2));
        let uses = all.by_account[&[1; 32]].encode();
        let row = |uses: &[u8]| SequenceRow {
            account: [1; 32],
            uses: uses.to_vec(),
        };
        let read = Sequences::load(vec![row(&uses)]).unwrap();
        assert_eq!(
            read.state(&wanted(7, 1, 100, 10)),
            all.state(&wanted(7, 1, 100, 10))
        );
        assert_eq!(read.by_account[&[1; 32]].encode(), uses);
        for length in 0..uses.len() {
            let whole = length == 0 || length == 88;
            assert_eq!(Sequences::load(vec![row(&uses[..length])]).is_ok(), whole);
        }
    }
}
