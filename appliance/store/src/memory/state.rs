use std::collections::{BTreeMap, BTreeSet, HashMap};

use countersign_audit::Hash;

use crate::{
    AuthorityRow, AuthoritySeal, Cause, CheckpointRow, EntryRow, IdempotencyKey, NonceRow,
    OutcomeKind, OutcomeRow, Progress, RequestRow, SequenceRow, StoreError, StoreResult,
    StoredRequest, UsageRow, Writes, request_seq,
};

/// The tables.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) authority: BTreeMap<(String, Vec<u8>), AuthorityRow>,
    pub(super) seal: Option<AuthoritySeal>,
    pub(super) ledger_seal: Option<[u8; 32]>,
    pub(super) requests: BTreeMap<u64, RequestRow>,
    pub(super) by_key: HashMap<IdempotencyKey, u64>,
    pub(super) usage: BTreeMap<(Vec<u8>, i64), u128>,
    pub(super) nonces: BTreeMap<[u8; 32], NonceRow>,
    pub(super) sequences: BTreeMap<[u8; 32], SequenceRow>,
    pub(super) entries: BTreeMap<u64, EntryRow>,
    pub(super) checkpoints: BTreeMap<u64, CheckpointRow>,
    pub(super) messages: BTreeMap<u64, Vec<u8>>,
    pub(super) given_back: BTreeSet<u64>,
    given_back_from: u64,
    outcomes: BTreeMap<u64, OutcomeRow>,
    nodes: BTreeMap<(u8, u64), Hash>,
    latest_micros: i64,
}

impl State {
    pub(super) fn progress(&self) -> Progress {
        let entries = self.entries.last_key_value();
        let last = self.requests.last_key_value();
        Progress {
            entries: entries.map_or(0, |(index, _)| index.saturating_add(1)),
            last_request: last.map_or(0, |(seq, _)| *seq),
            latest_micros: self.latest_micros,
            macs_from: 1,
            tags_from: 0,
            given_back_from: self.given_back_from.max(1),
        }
    }

    pub(super) fn usage_of(&self, limit_keys: &[Vec<u8>]) -> Vec<UsageRow> {
        let rows = |key: &Vec<u8>| {
            let buckets = self.usage.range((key.clone(), i64::MIN)..);
            let own = buckets.take_while(|((of, _), _)| of == key);
            own.map(|((limit_key, bucket), amount)| UsageRow {
                limit_key: limit_key.clone(),
                bucket: *bucket,
                amount: *amount,
            })
            .collect::<Vec<_>>()
        };
        limit_keys.iter().flat_map(rows).collect()
    }

    pub(super) fn request(&self, seq: u64) -> Option<StoredRequest> {
        Some(StoredRequest {
            request: self.requests.get(&seq)?.clone(),
            outcome: self.outcomes.get(&seq).cloned(),
        })
    }

    pub(super) fn hashes(&self, level: u8, first: u64, count: u16) -> Vec<Hash> {
        let range = first..first.saturating_add(u64::from(count));
        if level == 0 {
            let entries = self.entries.range(range);
            return entries.map(|(_, entry)| entry.leaf_hash).collect();
        }
        let nodes = self.nodes.range((level, range.start)..(level, range.end));
        nodes.map(|(_, hash)| *hash).collect()
    }

    /// Whether a unique value that `writes` wants is taken.
    pub(super) fn check(&self, writes: &Writes) -> StoreResult<()> {
        let mut keys: HashMap<_, _> = HashMap::new();
        let request_taken = writes.requests.iter().any(|row| {
            self.requests.contains_key(&request_seq(row.id))
                || self.by_key.contains_key(&row.key)
                || keys.insert(&row.key, ()).is_some()
        });
        let entry_taken = |entry: &EntryRow| self.entries.contains_key(&entry.index);
        if request_taken {
            return Err(conflict("a request with this number or idempotency key"));
        }
        if writes.entries.iter().any(entry_taken) {
            return Err(conflict("a log entry with this index"));
        }
        if writes.authority.iter().any(|row| self.authority_taken(row)) {
            return Err(conflict(
                "a row of authority with this place or lookup text",
            ));
        }
        Ok(())
    }

    fn authority_taken(&self, new: &AuthorityRow) -> bool {
        let same_lookup = |row: &AuthorityRow| row.lookup.is_some() && row.lookup == new.lookup;
        let others = self.authority.values();
        others
            .filter(|row| row.kind == new.kind && row.id != new.id)
            .any(|row| row.seq == new.seq || same_lookup(row))
    }

    pub(super) fn apply(&mut self, writes: Writes) {
        for row in writes.authority {
            self.authority
                .insert((row.kind.clone(), row.id.clone()), row);
        }
        self.seal = writes.seal.or(self.seal.take());
        for row in writes.outcomes {
            let stored = self.outcomes.get(&row.seq);
            if stored.is_none_or(|stored| stored.kind != OutcomeKind::Signed) {
                self.outcomes.insert(row.seq, row);
            }
        }
        for row in &writes.rejudged {
            self.outcomes.remove(&request_seq(row.id));
        }
        for row in writes.requests.into_iter().chain(writes.rejudged) {
            let seq = request_seq(row.id);
            self.latest_micros = self.latest_micros.max(row.at.micros());
            self.by_key.insert(row.key.clone(), seq);
            self.requests.insert(seq, row);
        }
        for row in writes.messages {
            self.messages.insert(row.seq, row.message);
        }
        if let Some(through) = writes.forgotten {
            self.messages.retain(|seq, _| *seq > through);
        }
        for row in writes.usage {
            self.usage.insert((row.limit_key, row.bucket), row.amount);
        }
        for (key, from) in writes.usage_expired {
            self.usage
                .retain(|(of, bucket), _| *of != key || *bucket >= from);
        }
        self.ledger_seal = writes.ledger_seal.or(self.ledger_seal);
        for row in writes.nonces {
            self.nonces.insert(row.account, row);
        }
        for row in writes.sequences {
            self.sequences.insert(row.account, row);
        }
        for seq in &writes.reserved_again {
            self.given_back.remove(seq);
        }
        self.given_back.extend(writes.given_back);
        self.given_back_from = writes.given_back_from.unwrap_or(self.given_back_from);
        for entry in writes.entries {
            self.entries.insert(entry.index, entry);
        }
        for node in writes.nodes {
            self.nodes.insert((node.level, node.index), node.hash);
        }
        for row in writes.checkpoints {
            self.checkpoints.insert(row.size, row);
        }
    }
}

fn conflict(what: &str) -> StoreError {
    StoreError::Conflict(Cause::new(what))
}
