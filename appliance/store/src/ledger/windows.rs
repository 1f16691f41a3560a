use std::collections::{BTreeMap, HashSet};

use countersign_intent::{Span, Timestamp};
use countersign_policy::usage::Window;
use countersign_policy::{LimitKey, Scope, UsageView};
use lru::LruCache;

use super::attempts::Held;
use super::seal::{Name, Sums};
use crate::{Cause, StoreError, StoreResult, UsageRow, Writes};

/// Stored buckets that may have expired before they are deleted: deleting is not urgent, and
/// costs a statement.
const EXPIRED_KEPT: i64 = 16;

#[derive(Debug)]
struct Slot {
    window: Window,
    stored_key: Vec<u8>,
    name: Name,
    /// What is stored under the key, expired buckets too.
    stored: BTreeMap<i64, u128>,
    dirty: Vec<i64>,
}

/// The windows in use, as they will be once the batch at hand is committed. After a commit
/// that failed they are wrong and have to be thrown away.
#[derive(Debug)]
pub(super) struct Windows {
    slots: LruCache<LimitKey, Slot>,
    dirty: Vec<LimitKey>,
    capacity: usize,
}

impl UsageView for Windows {
    fn window(&self, key: &LimitKey) -> Option<&Window> {
        self.slots.peek(key).map(|slot| &slot.window)
    }
}

impl Windows {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            slots: LruCache::unbounded(),
            dirty: Vec::new(),
            capacity,
        }
    }

    /// Those of `keys` that have to be loaded, each once.
    pub(super) fn missing<'a>(
        &mut self,
        keys: impl Iterator<Item = &'a LimitKey>,
    ) -> Vec<LimitKey> {
        let absent: HashSet<_> = keys.filter(|key| self.slots.get(key).is_none()).collect();
        absent.into_iter().cloned().collect()
    }

    /// Adds a window that was missing, from all that is stored under its key.
    pub(super) fn load(
        &mut self,
        sums: &Sums,
        key: LimitKey,
        stored_key: Vec<u8>,
        stored: Vec<(i64, u128)>,
        held: u128,
    ) -> StoreResult<()> {
        let name = sums.name(&stored_key);
        if !sums.agrees(name, &stored_key, &stored) {
            return Err(StoreError::Corrupt(Cause::new(format!(
                "the use of the limit for {} is not what was recorded last; somebody changed the \
                 database: stop the appliance, restore it, or find out who did",
                key.scope()
            ))));
        }
        let mut window = Window::restore(key.window(), stored.iter().copied());
        window.set_held(held);
        let slot = Slot {
            window,
            stored_key,
            name,
            stored: stored.into_iter().collect(),
            dirty: Vec::new(),
        };
        self.slots.put(key, slot);
        Ok(())
    }

    /// Whether the window is here.
    pub(super) fn holds(&self, key: &LimitKey) -> bool {
        self.slots.contains(key)
    }

    /// Counts `amount`, and says in which bucket; `None` if the window is not here.
    pub(super) fn reserve(&mut self, key: &LimitKey, now: Timestamp, amount: u128) -> Option<i64> {
        let slot = self.slots.get_mut(key)?;
        let bucket = slot.window.add(now, amount);
        self.touch(key, bucket);
        Some(bucket)
    }

    /// Lets the next commit delete what has expired of these, once they are here.
    pub(super) fn look_through(&mut self, keys: Vec<LimitKey>) {
        self.dirty.extend(keys);
    }

    /// Says what is held, if the window is here.
    pub(super) fn set_held(&mut self, key: &LimitKey, amount: u128) {
        if let Some(slot) = self.slots.peek_mut(key) {
            slot.window.set_held(amount);
        }
    }

    /// Takes back what was counted.
    pub(super) fn give_back(&mut self, held: &Held) {
        if let Some(slot) = self.slots.get_mut(&held.key) {
            slot.window.give_back(held.bucket, held.amount);
            self.touch(&held.key, held.bucket);
        }
    }

    /// Moves what changed into `writes`, and lets go of what is over the capacity.
    pub(super) fn write_to(&mut self, writes: &mut Writes, sums: &mut Sums, now: Timestamp) {
        for key in std::mem::take(&mut self.dirty) {
            if let Some(slot) = self.slots.get_mut(&key) {
                slot.write_to(writes, sums, now);
            }
        }
        while self.slots.len() > self.capacity {
            self.slots.pop_lru();
        }
    }

    fn touch(&mut self, key: &LimitKey, bucket: i64) {
        let Some(slot) = self.slots.get_mut(key) else {
            return;
        };
        if slot.dirty.is_empty() {
            self.dirty.push(key.clone());
        }
        if !slot.dirty.contains(&bucket) {
            slot.dirty.push(bucket);
        }
    }
}

impl Slot {
    fn write_to(&mut self, writes: &mut Writes, sums: &mut Sums, now: Timestamp) {
        for bucket in std::mem::take(&mut self.dirty) {
            // A bucket that left the window needs no row any more.
            let Some((_, amount)) = self.window.buckets().find(|(at, _)| *at == bucket) else {
                continue;
            };
            let before = self.stored.insert(bucket, amount);
            sums.replace(self.name, &self.stored_key, bucket, before, Some(amount));
            writes.usage.push(UsageRow {
                limit_key: self.stored_key.clone(),
                bucket,
                amount,
            });
        }
        let oldest = self.window.oldest_live(now);
        let expired = |from: &i64| from.saturating_add(EXPIRED_KEPT) <= oldest;
        if self.stored.keys().next().is_some_and(expired) {
            writes.usage_expired.push((self.stored_key.clone(), oldest));
            let live = self.stored.split_off(&oldest);
            for (bucket, amount) in std::mem::replace(&mut self.stored, live) {
                sums.replace(self.name, &self.stored_key, bucket, Some(amount), None);
            }
        }
    }
}

/// What a window is stored under: the limit, the length of the window in microseconds (8
/// bytes, big-endian), and the text of the scope, which is unique.
#[must_use]
pub fn stored_key(key: &LimitKey) -> Vec<u8> {
    let mut bytes = key.limit().to_vec();
    bytes.extend(key.window().micros().to_be_bytes());
    bytes.extend(key.scope().to_string().into_bytes());
    bytes
}

/// The limit that is stored under this.
pub(super) fn limit_key(stored: &[u8]) -> Option<LimitKey> {
    let (limit, rest) = stored.split_first_chunk::<16>()?;
    let (window, scope) = rest.split_first_chunk::<8>()?;
    let window = Span::from_micros(u64::from_be_bytes(*window));
    let scope = Scope::parse(std::str::from_utf8(scope).ok()?)?;
    Some(LimitKey::of_parts(*limit, window, scope))
}
