//! A log in memory, and the definitions of RFC 6962 §2.1 written down naively.

use std::collections::BTreeMap;
use std::ops::Range;

use ed25519_dalek::{Signer as _, SigningKey};

use crate::checkpoint::{Checkpoint, LogKey, Signed, extends};
use crate::export;
use crate::hash::{EMPTY_ROOT, Hash, leaf_hash, node_hash};
use crate::leaf::{Actor, Detail, Entry, Kind, Stamp};
use crate::tree::{Frontier, HashReader, Tile};

pub(crate) const ORIGIN: &str = "desk.example/audit";

/// MTH of RFC 6962 §2.1 over leaf hashes.
pub(crate) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&root(left), &root(right))
        }
    }
}

/// PATH of RFC 6962 §2.1.1.
pub(crate) fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut below, beside) = if index < left.len() {
        (path(index, left), root(right))
    } else {
        (path(index - left.len(), right), root(left))
    };
    below.push(beside);
    below
}

/// SUBPROOF of RFC 6962 §2.1.2.
pub(crate) fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole {
            Vec::new()
        } else {
            vec![root(leaves)]
        };
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut below, beside) = if old <= left.len() {
        (subproof(old, left, whole), root(right))
    } else {
        (subproof(old - left.len(), right, false), root(left))
    };
    below.push(beside);
    below
}

pub(crate) fn leaves(range: Range<usize>) -> Vec<Hash> {
    range
        .map(|n| leaf_hash(format!("entry {n}").as_bytes()))
        .collect()
}

/// What a store keeps: leaf hashes and nodes.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) leaves: Vec<Hash>,
    pub(crate) nodes: BTreeMap<(u8, u64), Hash>,
    pub(crate) frontier: Frontier,
}

impl Memory {
    pub(crate) fn of(leaves: &[Hash]) -> Self {
        let mut memory = Self::default();
        leaves.iter().for_each(|leaf| memory.push(*leaf));
        memory
    }

    pub(crate) fn push(&mut self, leaf: Hash) {
        for node in self.frontier.append(leaf) {
            assert!(
                self.nodes
                    .insert((node.level, node.index), node.hash)
                    .is_none()
            );
        }
        self.leaves.push(leaf);
    }
}

impl HashReader for Memory {
    type Error = Tile;

    fn read(&self, tile: Tile) -> Result<Vec<Hash>, Tile> {
        assert!((1..=256).contains(&tile.width), "{tile:?}");
        let at = |index: u64| match tile.level {
            0 => self.leaves.get(index as usize).copied(),
            level => self.nodes.get(&(level, index)).copied(),
        };
        tile.range().map(at).collect::<Option<_>>().ok_or(tile)
    }
}

pub(crate) fn signing_key(seed: u8) -> (SigningKey, LogKey) {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let public = LogKey::new(ORIGIN, key.verifying_key().as_bytes()).unwrap();
    (key, public)
}

/// A log that grows and signs.
pub(crate) struct Log {
    pub(crate) tree: Memory,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) notes: Vec<Signed>,
    key: SigningKey,
    pub(crate) public: LogKey,
}

impl Log {
    pub(crate) fn new() -> Self {
        let (key, public) = signing_key(7);
        Self {
            tree: Memory::default(),
            entries: Vec::new(),
            notes: Vec::new(),
            key,
            public,
        }
    }

    pub(crate) fn append(&mut self, entry: Vec<u8>) {
        self.tree.push(leaf_hash(&entry));
        self.entries.push(entry);
    }

    pub(crate) fn sign(&mut self) -> &Signed {
        let last = self.notes.last().map(|signed| &signed.checkpoint);
        let next = extends(&self.public, last, &self.tree.frontier, &self.tree).unwrap();
        let signed = next
            .sign(&self.public, |text| self.sign_text(text))
            .unwrap();
        self.notes.push(signed);
        self.notes.last().unwrap()
    }

    pub(crate) fn sign_text(&self, text: &[u8]) -> Result<[u8; 64], std::convert::Infallible> {
        Ok(self.key.sign(text).to_bytes())
    }

    /// `n` entries, a checkpoint after every `every`th and at the end.
    pub(crate) fn sample(n: usize, every: usize) -> Self {
        let mut log = Self::new();
        for index in 0..n {
            log.append(sample_entry(index));
            if (index + 1) % every == 0 || index + 1 == n {
                log.sign();
            }
        }
        log
    }

    /// The lines of its export.
    pub(crate) fn lines(&self) -> Vec<Vec<u8>> {
        let mut lines = vec![export::header_line(&self.public).unwrap()];
        let mut notes = self.notes.iter().peekable();
        for index in 0..=self.entries.len() {
            while let Some(signed) = notes.next_if(|s| s.checkpoint.size == index as u64) {
                lines.push(export::checkpoint_line(&signed.note).unwrap());
            }
            if let Some(entry) = self.entries.get(index) {
                let leaf = self.tree.leaves[index];
                lines.push(export::entry_line(index as u64, leaf, entry).unwrap());
            }
        }
        lines.push(export::end_line(self.entries.len() as u64).unwrap());
        lines
    }

    pub(crate) fn last(&self) -> &Checkpoint {
        &self.notes.last().unwrap().checkpoint
    }
}

/// A reservation and its outcome in turn, a second apart.
pub(crate) fn sample_entry(index: usize) -> Vec<u8> {
    let at = Stamp::from_unix_micros(1_795_000_000_000_000 + index as i64 * 1_000_000).unwrap();
    let request = format!("req_{}", index / 2);
    let detail = Detail::from_json(r#"{"asset":"SOL","amount":"1.5","to":"9xQe\\\"W"}"#).unwrap();
    let entry = if index.is_multiple_of(2) {
        let bot = Actor::Caller {
            spiffe_id: "spiffe://desk.example/bot/a",
            certificate: "crt_01",
        };
        Entry::new(at, Kind::SignReserved, bot, detail)
            .request(request)
            .subject("wal_1")
            .rule("dex-trades")
            .digest([index as u8; 32])
    } else {
        Entry::new(at, Kind::SignOutcome, Actor::System, Detail::default())
            .request(request)
            .code("signed")
    };
    entry.encode().unwrap()
}
