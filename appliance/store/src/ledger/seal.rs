use std::collections::HashMap;
use std::sync::Arc;

use countersign_audit::Hash;
use countersign_intent::Timestamp;

use crate::{
    AuthoritySeal, Cause, HeldRow, NonceRow, SequenceRow, Store, StoreError, StoreResult, UsageRow,
};

/// Makes a MAC under a key that the database does not have.
pub type Sealer = Arc<dyn Fn(&[u8]) -> [u8; 32] + Send + Sync>;

/// Rows read at once when all are.
const ROWS_PER_READ: u32 = 10_000;

const AUTHORITY: &[u8] = b"authority seal\0";

/// Sums over everything that limits rest on: the use of each limit, what nonces hold, and which
/// reservations were given back; and the seal over the rows of authority.
///
/// Each row has a tag, a MAC cut to 128 bits; tags add up, so a row that changes costs two of them
/// (the incremental multiset hash of Clarke et al., ASIACRYPT 2003, keyed). The tags and sums
/// never leave this process. What is stored with each commit is a MAC over the sum of all of them,
/// the log's size and root, and the number of the last request: a row that was changed, added,
/// taken away or set back behind the appliance's back shows at the next start, and the rows of one
/// limit show when they are read.
pub(super) struct Sums {
    sealer: Sealer,
    limits: HashMap<Name, u128>,
    nonces: HashMap<[u8; 32], u128>,
    sequences: HashMap<[u8; 32], u128>,
    /// The tags of what there is one of.
    single: HashMap<&'static [u8], u128>,
    total: u128,
}

/// Stands for a limit's stored key.
pub(super) type Name = [u8; 16];

/// How far the log and the requests have got, as sealed with the sums.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached {
    pub(super) size: u64,
    pub(super) root: Hash,
    pub(super) last_request: u64,
    /// The latest time that was recorded with a request.
    pub(super) latest: Timestamp,
    /// Size and time of the last signed checkpoint.
    pub(super) checkpoint: Option<(u64, Timestamp)>,
    /// The first request whose rows have MACs.
    pub(super) macs_from: u64,
    /// The first log entry that has a tag.
    pub(super) tags_from: u64,
}

impl Sums {
    /// Over nothing.
    pub(super) fn new(sealer: Sealer) -> Self {
        Self {
            sealer,
            limits: HashMap::new(),
            nonces: HashMap::new(),
            sequences: HashMap::new(),
            single: HashMap::new(),
            total: 0,
        }
    }

    /// Reads the use of all limits. `newest` is told of the newest row of each.
    pub(super) async fn read_usage(
        &mut self,
        store: &dyn Store,
        mut newest: impl FnMut(&UsageRow),
    ) -> StoreResult<()> {
        let mut last: Option<UsageRow> = None;
        loop {
            let after = last.as_ref();
            let after = after.map(|row| (row.limit_key.as_slice(), row.bucket));
            let rows = store.usage_after(after, ROWS_PER_READ).await?;
            if rows.is_empty() {
                break;
            }
            self.add_all(&rows);
            for row in rows {
                let before = last.replace(row);
                let ended = |before: &UsageRow| {
                    last.as_ref()
                        .is_none_or(|row| row.limit_key != before.limit_key)
                };
                before.filter(ended).iter().for_each(&mut newest);
            }
        }
        last.iter().for_each(&mut newest);
        Ok(())
    }

    /// Holds the sums against the stored seal. `earlier` is what they were without all that earlier
    /// versions did not seal, if there is nothing of it that anybody could have taken away.
    pub(super) fn check(
        &self,
        seal: Option<&[u8]>,
        reached: Reached,
        earlier: Option<u128>,
    ) -> StoreResult<()> {
        let nothing_yet = seal.is_none()
            && (reached.size, reached.last_request) == (0, 0)
            && self.limits.is_empty()
            && self.nonces.is_empty()
            && self.sequences.is_empty()
            && !self.single.contains_key(AUTHORITY)
            && earlier.is_some();
        let written = |ours: [u8; 32]| seal == Some(ours.as_slice());
        if nothing_yet
            || written(self.seal(reached))
            || earlier.is_some_and(|total| written(self.earlier_seal(reached, total)))
        {
            return Ok(());
        }
        Err(StoreError::Corrupt(Cause::new(
            "the use of limits, the log, or the seal over the rows that grant power is not what was \
             recorded last; somebody changed or set back the database: restore it, or find out who \
             did",
        )))
    }

    fn add_all(&mut self, rows: &[UsageRow]) {
        let mut of: Option<(&[u8], Name)> = None;
        for row in rows {
            let name = match of {
                Some((key, name)) if key == row.limit_key => name,
                _ => self.name(&row.limit_key),
            };
            of = Some((&row.limit_key, name));
            self.replace(name, &row.limit_key, row.bucket, None, Some(row.amount));
        }
    }

    /// The name of a limit's stored key.
    pub(super) fn name(&self, limit_key: &[u8]) -> Name {
        let tag = (self.sealer)(&[b"limit\0", limit_key].concat());
        let mut name = [0; 16];
        name.iter_mut().zip(tag).for_each(|(to, from)| *to = from);
        name
    }

    /// Takes in that an amount was replaced.
    pub(super) fn replace(
        &mut self,
        name: Name,
        limit_key: &[u8],
        bucket: i64,
        before: Option<u128>,
        after: Option<u128>,
    ) {
        let tag = |amount: Option<u128>| {
            amount.map_or(0, |amount| self.usage_tag(limit_key, bucket, amount))
        };
        let difference = tag(after).wrapping_sub(tag(before));
        self.total = self.total.wrapping_add(difference);
        let sum = self.limits.entry(name).or_default();
        *sum = sum.wrapping_add(difference);
        if *sum == 0 {
            self.limits.remove(&name);
        }
    }

    /// Whether these are all the rows of a limit, as they were recorded last.
    pub(super) fn agrees(&self, name: Name, limit_key: &[u8], rows: &[(i64, u128)]) -> bool {
        let tags = rows
            .iter()
            .map(|(bucket, amount)| self.usage_tag(limit_key, *bucket, *amount));
        let sum = tags.fold(0, u128::wrapping_add);
        self.limits.get(&name).copied().unwrap_or(0) == sum
    }

    /// Takes in a nonce's row.
    pub(super) fn put_nonce(&mut self, row: &NonceRow) {
        let tag = self.tag(&nonce_bytes(row));
        let before = self.nonces.insert(row.account, tag).unwrap_or(0);
        self.total = self.total.wrapping_add(tag).wrapping_sub(before);
    }

    /// Takes in an account's numbers.
    pub(super) fn put_sequence(&mut self, row: &SequenceRow) {
        let tag = self.tag(&[b"sequence\0".as_slice(), &row.account, &row.uses].concat());
        let before = self.sequences.insert(row.account, tag).unwrap_or(0);
        self.total = self.total.wrapping_add(tag).wrapping_sub(before);
    }

    /// Takes in that the reservation of a request was given back, or made again.
    pub(super) fn change_given_back(&mut self, seq: u64, given_back: bool) {
        let tag = self.tag(&[b"given back\0".as_slice(), &seq.to_be_bytes()].concat());
        self.total = match given_back {
            true => self.total.wrapping_add(tag),
            false => self.total.wrapping_sub(tag),
        };
    }

    /// Takes in the first request of which that is known.
    pub(super) fn put_given_back_from(&mut self, seq: u64) {
        self.put_single(b"given back from\0", &seq.to_be_bytes());
    }

    /// Takes in the seal over the rows of authority: an earlier one that is genuine, with its rows,
    /// is not the last one.
    pub(super) fn put_authority(&mut self, seal: &AuthoritySeal) {
        let bytes = [seal.version.to_be_bytes().as_slice(), &seal.mac].concat();
        self.put_single(AUTHORITY, &bytes);
    }

    fn put_single(&mut self, what: &'static [u8], bytes: &[u8]) {
        let tag = self.tag(&[what, bytes].concat());
        let before = self.single.insert(what, tag).unwrap_or(0);
        self.total = self.total.wrapping_add(tag).wrapping_sub(before);
    }

    /// The sum of all tags.
    pub(super) const fn total(&self) -> u128 {
        self.total
    }

    /// The seal over everything.
    pub(super) fn seal(&self, reached: Reached) -> [u8; 32] {
        self.seal_as(b"ledger seal v3\0", reached, self.total)
    }

    /// The seal that the version before wrote; the next commit writes the other.
    fn earlier_seal(&self, reached: Reached, total: u128) -> [u8; 32] {
        self.seal_as(b"ledger seal v2\0", reached, total)
    }

    fn seal_as(&self, version: &[u8], reached: Reached, total: u128) -> [u8; 32] {
        let mut bytes = version.to_vec();
        bytes.extend(reached.size.to_be_bytes());
        bytes.extend(reached.root.0);
        bytes.extend(reached.last_request.to_be_bytes());
        bytes.extend(total.to_be_bytes());
        bytes.extend(reached.latest.micros().to_be_bytes());
        bytes.extend(reached.macs_from.to_be_bytes());
        bytes.extend(reached.tags_from.to_be_bytes());
        if let Some((size, at)) = reached.checkpoint {
            bytes.extend(size.to_be_bytes());
            bytes.extend(at.micros().to_be_bytes());
        }
        (self.sealer)(&bytes)
    }

    fn usage_tag(&self, limit_key: &[u8], bucket: i64, amount: u128) -> u128 {
        let mut bytes = Vec::with_capacity(limit_key.len().saturating_add(32));
        bytes.extend(b"usage\0");
        bytes.extend(bucket.to_be_bytes());
        bytes.extend(amount.to_be_bytes());
        bytes.extend(limit_key);
        self.tag(&bytes)
    }

    fn tag(&self, bytes: &[u8]) -> u128 {
        let tag = (self.sealer)(bytes);
        tag.iter()
            .take(16)
            .fold(0, |number, byte| (number << 8) | u128::from(*byte))
    }
}

fn nonce_bytes(row: &NonceRow) -> Vec<u8> {
    let mut bytes = b"nonce\0".to_vec();
    bytes.extend(row.account);
    bytes.extend(row.value);
    bytes.extend(row.slot.to_be_bytes());
    bytes.push(u8::from(row.holder.is_some()));
    bytes.extend(row.holder.iter().flat_map(|id| id.as_bytes()));
    for HeldRow { limit_key, amount } in &row.held {
        bytes.extend((limit_key.len() as u64).to_be_bytes());
        bytes.extend(limit_key);
        bytes.extend(amount.to_be_bytes());
    }
    bytes
}
