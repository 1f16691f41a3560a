use std::collections::HashMap;

use countersign_intent::{RequestId, Timestamp};
use countersign_policy::LimitKey;

use super::seal::Sums;
use super::windows::{Windows, limit_key, stored_key};
use crate::{Cause, HeldRow, NonceRow, StoreError, StoreResult, Writes};

/// A durable nonce, as a message names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonceUse {
    /// The nonce account.
    pub account: [u8; 32],
    /// The value in the message.
    pub value: [u8; 32],
}

/// What an observation brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    /// Nothing: the value was known.
    Known,
    /// The nonce is seen for the first time, or advanced.
    Advanced {
        /// The request whose signature cannot land any more.
        ended: Option<RequestId>,
    },
    /// Nothing: this value was observed at a slot as late or later.
    Stale {
        /// The slot.
        slot: u64,
        /// The value.
        value: [u8; 32],
    },
}

/// Durable nonces: what was observed of each, and what is held under a signature over it.
///
/// A signature over a nonce can land until the nonce has advanced, and nobody knows when. So
/// what it reserves stands in no bucket of a window; it counts at every instant, until it was
/// observed that the nonce advanced. It may have landed as late as that, so from then on it
/// counts as spent at that very moment.
///
/// A nonce is signed over only if it was observed to be the current one. Whatever is observed
/// later and differs then proves that it advanced: values do not come back, and observations
/// are ordered by the slot they were made at.
#[derive(Debug, Default)]
pub(super) struct Nonces {
    by_account: HashMap<[u8; 32], Nonce>,
    dirty: Vec<[u8; 32]>,
}

#[derive(Debug)]
struct Nonce {
    value: [u8; 32],
    slot: u64,
    holder: Option<Holder>,
}

/// The request that may have a signature over the current value.
#[derive(Debug)]
struct Holder {
    request: RequestId,
    held: Vec<(LimitKey, u128)>,
}

/// What is known of the nonce that a case would be signed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonceState {
    /// It was never observed.
    Unknown,
    /// Another value was observed to be the current one, at this slot.
    NotCurrent(u64),
    /// This request may have a signature over it.
    HeldBy(RequestId),
    /// It is the current one, and nobody has a signature over it.
    Free,
}

impl Nonces {
    pub(super) fn load(rows: Vec<NonceRow>) -> StoreResult<Self> {
        let mut by_account = HashMap::with_capacity(rows.len());
        for row in rows {
            let held: Option<Vec<_>> = row
                .held
                .iter()
                .map(|held| Some((limit_key(&held.limit_key)?, held.amount)))
                .collect();
            let held = held.ok_or_else(|| {
                StoreError::Corrupt(Cause::new("a nonce holds something of no limit"))
            })?;
            let nonce = Nonce {
                value: row.value,
                slot: row.slot,
                holder: row.holder.map(|request| Holder { request, held }),
            };
            by_account.insert(row.account, nonce);
        }
        Ok(Self {
            by_account,
            dirty: Vec::new(),
        })
    }

    pub(super) fn state(&self, wanted: &NonceUse) -> NonceState {
        match self.by_account.get(&wanted.account) {
            None => NonceState::Unknown,
            Some(nonce) if nonce.value != wanted.value => NonceState::NotCurrent(nonce.slot),
            Some(Nonce {
                holder: Some(holder),
                ..
            }) => NonceState::HeldBy(holder.request),
            Some(_) => NonceState::Free,
        }
    }

    /// What is held of a limit, under all nonces.
    pub(super) fn held_of(&self, key: &LimitKey) -> u128 {
        let holders = self
            .by_account
            .values()
            .filter_map(|nonce| nonce.holder.as_ref());
        let held = holders.flat_map(|holder| &holder.held);
        held.filter(|(of, _)| of == key)
            .fold(0, |sum, (_, amount)| sum.saturating_add(*amount))
    }

    /// The limits of which something is held under one nonce.
    pub(super) fn held_under(&self, account: &[u8; 32]) -> Vec<LimitKey> {
        let holder = self
            .by_account
            .get(account)
            .and_then(|nonce| nonce.holder.as_ref());
        let held = holder.into_iter().flat_map(|holder| &holder.held);
        held.map(|(key, _)| key.clone()).collect()
    }

    /// Holds what a request reserves, until its nonce has advanced. The caller saw that the nonce
    /// is free.
    pub(super) fn hold(
        &mut self,
        account: [u8; 32],
        request: RequestId,
        held: Vec<(LimitKey, u128)>,
        windows: &mut Windows,
    ) {
        if let Some(nonce) = self.by_account.get_mut(&account) {
            nonce.holder = Some(Holder { request, held });
            self.changed(account, &self.held_under(&account), windows);
        }
    }

    /// Gives back what a request holds, if it does: it certainly was not signed.
    pub(super) fn give_back(&mut self, seq: u64, windows: &mut Windows) {
        let holds = |nonce: &Nonce| {
            let holder = nonce.holder.as_ref();
            holder.is_some_and(|holder| crate::request_seq(holder.request) == seq)
        };
        let mut nonces = self.by_account.iter();
        let Some(account) = nonces.find(|(_, nonce)| holds(nonce)).map(|(at, _)| *at) else {
            return;
        };
        let keys = self.held_under(&account);
        if let Some(nonce) = self.by_account.get_mut(&account) {
            nonce.holder = None;
        }
        self.changed(account, &keys, windows);
    }

    /// Takes in what was observed. If the nonce advanced, what was held under it counts as spent
    /// now.
    pub(super) fn observe(
        &mut self,
        (account, value, slot): ([u8; 32], [u8; 32], u64),
        now: Timestamp,
        windows: &mut Windows,
    ) -> Observed {
        match self.by_account.get_mut(&account) {
            Some(known) if known.value == value => {
                // Not written: a slot that is remembered too low only lets in what is true.
                known.slot = known.slot.max(slot);
                return Observed::Known;
            }
            Some(known) if known.slot >= slot => {
                return Observed::Stale {
                    slot: known.slot,
                    value: known.value,
                };
            }
            Some(_) | None => {}
        }
        let next = Nonce {
            value,
            slot,
            holder: None,
        };
        let before = self.by_account.insert(account, next);
        let holder = before.and_then(|nonce| nonce.holder);
        let ended = holder.as_ref().map(|holder| holder.request);
        let held = holder.map_or_else(Vec::new, |holder| holder.held);
        for (key, amount) in &held {
            windows.reserve(key, now, *amount);
        }
        let keys: Vec<_> = held.into_iter().map(|(key, _)| key).collect();
        self.changed(account, &keys, windows);
        Observed::Advanced { ended }
    }

    /// Moves what changed into `writes`.
    pub(super) fn write_to(&mut self, writes: &mut Writes, sums: &mut Sums) {
        for account in std::mem::take(&mut self.dirty) {
            let Some(nonce) = self.by_account.get(&account) else {
                continue;
            };
            let held = nonce.holder.iter().flat_map(|holder| &holder.held);
            let row = NonceRow {
                account,
                value: nonce.value,
                slot: nonce.slot,
                holder: nonce.holder.as_ref().map(|holder| holder.request),
                held: held
                    .map(|(key, amount)| HeldRow {
                        limit_key: stored_key(key),
                        amount: *amount,
                    })
                    .collect(),
            };
            sums.put_nonce(&row);
            writes.nonces.push(row);
        }
    }

    fn changed(&mut self, account: [u8; 32], keys: &[LimitKey], windows: &mut Windows) {
        for key in keys {
            windows.set_held(key, self.held_of(key));
        }
        if !self.dirty.contains(&account) {
            self.dirty.push(account);
        }
    }
}
