use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::{IdempotencyKey, Store};

/// Keys read at once, and what others can do between two reads.
const KEYS_PER_READ: u32 = 1_000;
const BETWEEN_READS: Duration = Duration::from_millis(2);

/// How long reading them waits after it failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Bits per key, and how many of them a key sets: one new key in a few hundred looks known.
const BITS_PER_KEY: usize = 16;
const BITS_SET: u32 = 4;

/// Blocks of the first generation; each next one has twice as many as the one before it.
const FIRST_BLOCKS: usize = 1 << 14;

/// 64 MiB in all, room for 33 million keys. Beyond that ever more new keys look known.
const GENERATIONS: usize = 6;

/// One line of the processor's cache, so that a key costs one miss.
type Block = [u64; 8];
const BLOCK_BITS: usize = 512;

/// Which idempotency keys may be stored already: a Bloom filter (Putze, Sanders, Singler, "Cache-,
/// Hash- and Space-Efficient Bloom Filters", 2007), so that a key nobody used costs no trip to the
/// database.
///
/// It saves work and decides nothing: a key that looks known is looked up, and the database takes
/// no key twice.
pub(super) struct Keys {
    filter: Arc<Mutex<Filter>>,
    filling: JoinHandle<()>,
}

impl Keys {
    /// Reads the stored ones in the background. Until all are there, every key looks known.
    pub(super) fn fill(store: Arc<dyn Store>) -> Self {
        let filter = Arc::new(Mutex::new(Filter::default()));
        let filling = tokio::spawn(fill(store, Arc::downgrade(&filter)));
        Self { filter, filling }
    }

    /// Those that may be stored; from now on all of them may.
    pub(super) fn note(&self, keys: &[IdempotencyKey]) -> Vec<IdempotencyKey> {
        let mut filter = lock(&self.filter);
        let known = keys.iter().filter(|key| filter.note(key));
        known.cloned().collect()
    }

    /// Ends the reading, so that nothing holds the store any more.
    pub(super) async fn stop(&mut self) {
        self.filling.abort();
        let _cancelled = (&mut self.filling).await;
    }
}

async fn fill(store: Arc<dyn Store>, filter: Weak<Mutex<Filter>>) {
    let mut last = None;
    loop {
        let read = store.idempotency_keys(last.as_ref(), KEYS_PER_READ).await;
        let Some(filter) = filter.upgrade() else {
            return;
        };
        match read {
            Ok(keys) if keys.is_empty() => {
                lock(&filter).complete = true;
                return;
            }
            Ok(mut keys) => {
                let mut filter = lock(&filter);
                for key in &keys {
                    filter.note(key);
                }
                last = keys.pop();
            }
            Err(error) => {
                tracing::warn!(%error, "every idempotency key is looked up until they can be read");
                drop(filter);
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
        tokio::time::sleep(BETWEEN_READS).await;
    }
}

fn lock(filter: &Mutex<Filter>) -> MutexGuard<'_, Filter> {
    filter.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct Filter {
    /// Keyed, so that nobody can choose keys that look like others'.
    hasher: RandomState,
    generations: Vec<Generation>,
    complete: bool,
}

impl Filter {
    /// Takes a key in; says whether it may have been there before.
    fn note(&mut self, key: &IdempotencyKey) -> bool {
        let hash = self.hasher.hash_one(key);
        let known = self.generations.iter().any(|one| one.may_have(hash));
        if !known {
            self.add(hash);
        }
        known || !self.complete
    }

    fn add(&mut self, hash: u64) {
        let full = self.generations.last().is_none_or(|last| last.room == 0);
        if full && self.generations.len() < GENERATIONS {
            let next = Generation::new(FIRST_BLOCKS << self.generations.len());
            self.generations.push(next);
        }
        if let Some(last) = self.generations.last_mut() {
            last.add(hash);
        }
    }
}

struct Generation {
    blocks: Vec<Block>,
    /// How many more keys it is good for.
    room: usize,
}

impl Generation {
    fn new(blocks: usize) -> Self {
        Self {
            blocks: vec![Block::default(); blocks],
            room: blocks * (BLOCK_BITS / BITS_PER_KEY),
        }
    }

    fn may_have(&self, hash: u64) -> bool {
        let block = self.blocks.get(self.place(hash)).copied();
        let set = block.unwrap_or_default();
        let wanted = bits(hash);
        set.iter().zip(wanted).all(|(set, bits)| set & bits == bits)
    }

    fn add(&mut self, hash: u64) {
        let place = self.place(hash);
        let block = self.blocks.get_mut(place).into_iter().flatten();
        block.zip(bits(hash)).for_each(|(set, bits)| *set |= bits);
        self.room = self.room.saturating_sub(1);
    }

    /// By the upper bits; [`bits`] takes the lower ones.
    fn place(&self, hash: u64) -> usize {
        let upper = usize::try_from(hash >> 40).unwrap_or_default();
        upper & self.blocks.len().saturating_sub(1)
    }
}

/// The bits of a key within its block: nine bits of the hash say where each is.
fn bits(hash: u64) -> Block {
    let mut block = Block::default();
    for nth in 0..BITS_SET {
        let at = (hash >> (9 * nth)) & 0x1ff;
        let word = usize::try_from(at >> 6).unwrap_or_default();
        if let Some(word) = block.get_mut(word) {
            *word |= 1 << (at & 63);
        }
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{Fault, MemoryStore, Point};
    use crate::{RequestRow, Writes, conformance};

    fn key(number: usize) -> IdempotencyKey {
        IdempotencyKey::new("bot/a", number.to_string())
    }

    fn complete() -> Filter {
        Filter {
            complete: true,
            ..Filter::default()
        }
    }

    #[test]
    fn few_new_keys_look_known_and_none_that_was_noted_looks_new_over_generations() {
        let mut filter = complete();
        let room = FIRST_BLOCKS * (BLOCK_BITS / BITS_PER_KEY);
        let noted = room + room / 2;
        let taken = (0..noted).filter(|number| filter.note(&key(*number)));
        let taken = taken.count();
        assert!(taken < noted / 50, "{taken} of {noted} new keys look known");
        assert_eq!(filter.generations.len(), 2);
        assert!((0..noted).all(|number| filter.note(&key(number))));
    }

    #[test]
    fn memory_is_bounded() {
        let mut filter = complete();
        for number in 0..GENERATIONS + 3 {
            filter.note(&key(number));
            filter.generations.iter_mut().for_each(|one| one.room = 0);
        }
        let blocks = filter.generations.iter().map(|one| one.blocks.len());
        let bytes = blocks.sum::<usize>() * size_of::<Block>();
        assert!(bytes < 64 << 20, "{bytes} bytes");
        assert!((0..GENERATIONS + 3).all(|number| filter.note(&key(number))));
    }

    #[tokio::test]
    async fn every_key_looks_known_until_all_are_read() {
        let store = Arc::new(MemoryStore::new());
        let many = usize::try_from(KEYS_PER_READ).unwrap() * 2 + 10;
        let rows = (1..=many).map(|number| RequestRow {
            key: key(number),
            ..conformance::request(number as u64, key(number))
        });
        let writes = Writes {
            requests: rows.collect(),
            ..Writes::default()
        };
        store.begin().await.unwrap().commit(writes).await.unwrap();
        store.fail(Point::Keys, 2, Fault::NotDone);
        let mut keys = Keys::fill(Arc::clone(&store) as _);
        assert_eq!(keys.note(&[key(0)]), [key(0)]);
        (&mut keys.filling).await.unwrap();
        let all: Vec<_> = (0..=many).map(key).collect();
        assert_eq!(keys.note(&all), all);
        let new: Vec<_> = (many + 1..many + 1_001).map(key).collect();
        assert!(keys.note(&new).len() < 50);
    }
}
