use super::seal::Sealer;
use countersign_intent::Signature;

use crate::{EntryRow, OutcomeRow, RequestRow, StoredRequest, Writes, request_seq};

/// Makes and checks the MACs of requests and outcomes, so that no column of them is believed that
/// this appliance did not write.
#[derive(Clone)]
pub struct RowSeals {
    sealer: Sealer,
    since: u64,
}

impl std::fmt::Debug for RowSeals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowSeals")
            .field("since", &self.since)
            .finish_non_exhaustive()
    }
}

impl RowSeals {
    /// `since` is the number of the first request whose rows have to have MACs: those before it were
    /// written by a version that made none.
    #[must_use]
    pub const fn new(sealer: Sealer, since: u64) -> Self {
        Self { sealer, since }
    }

    /// Whether a request and its outcome are as this appliance wrote them.
    #[must_use]
    pub fn are_genuine(&self, stored: &StoredRequest) -> bool {
        let request = &stored.request;
        let genuine = |mac: &[u8], expected: [u8; 32]| same(mac, &expected);
        if request_seq(request.id) < self.since && request.mac.is_empty() {
            let outcome = stored.outcome.as_ref();
            return outcome.is_none_or(|outcome| outcome.mac.is_empty());
        }
        genuine(&request.mac, self.of_request(request))
            && stored
                .outcome
                .as_ref()
                .is_none_or(|outcome| genuine(&outcome.mac, self.of_outcome(outcome)))
    }

    /// Whether a log entry stands where this appliance put it, by its leaf hash. One of an earlier
    /// version has no tag; where those end is for the caller to know.
    #[must_use]
    pub fn is_in_place(&self, entry: &EntryRow) -> bool {
        same(&entry.tag, &self.of_entry(entry))
    }

    /// Makes the MACs and tags of everything that is about to be written.
    pub(super) fn seal(&self, writes: &mut Writes) {
        for row in writes.requests.iter_mut().chain(&mut writes.rejudged) {
            row.mac = self.of_request(row).to_vec();
        }
        for row in &mut writes.outcomes {
            row.mac = self.of_outcome(row).to_vec();
        }
        for row in &mut writes.entries {
            row.tag = self.of_entry(row).to_vec();
        }
    }

    fn of_request(&self, row: &RequestRow) -> [u8; 32] {
        let mut bytes = Vec::with_capacity(256_usize.saturating_add(row.answer.len()));
        bytes.extend(b"request row v1\0");
        bytes.extend(row.id.as_bytes());
        bytes.extend(row.fingerprint);
        bytes.extend(row.digest);
        bytes.extend(row.wallet.as_bytes());
        bytes.extend(row.at.micros().to_be_bytes());
        bytes.extend(row.decided.code().to_be_bytes());
        bytes.extend(row.log_index.to_be_bytes());
        field(&mut bytes, row.key.principal().as_bytes());
        field(&mut bytes, row.key.key().as_bytes());
        field(&mut bytes, &row.answer);
        (self.sealer)(&bytes)
    }

    fn of_outcome(&self, row: &OutcomeRow) -> [u8; 32] {
        let mut bytes = b"outcome row v1\0".to_vec();
        bytes.extend(row.seq.to_be_bytes());
        bytes.extend(row.kind.code().to_be_bytes());
        bytes.extend(row.log_index.to_be_bytes());
        let signature = row.signature.as_ref().map(Signature::to_bytes);
        optional(&mut bytes, signature.as_deref());
        optional(&mut bytes, row.note.as_deref().map(str::as_bytes));
        (self.sealer)(&bytes)
    }

    fn of_entry(&self, row: &EntryRow) -> [u8; 16] {
        let mut bytes = b"entry v1\0".to_vec();
        bytes.extend(row.index.to_be_bytes());
        bytes.extend(row.leaf_hash.0);
        let mut tag = [0; 16];
        let made = (self.sealer)(&bytes);
        tag.iter_mut().zip(made).for_each(|(to, from)| *to = from);
        tag
    }
}

fn same(one: &[u8], other: &[u8]) -> bool {
    let differ = one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == other.len() && differ == 0
}

fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u64).to_be_bytes());
    out.extend(bytes);
}

fn optional(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    out.push(u8::from(bytes.is_some()));
    field(out, bytes.unwrap_or_default());
}
