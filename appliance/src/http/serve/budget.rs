//! How much of what clients send is in memory at a time: by what has arrived, not by what is
//! announced, for each principal and for all of them.
//!
//! `countersign_bodies_refused_total{bound}` counts what found no room.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use countersign_intent::Principal;

use super::Limits;
use super::clients::stops_others;
use crate::identity::Caller;

/// One part in so many is kept for those who stop others.
const KEPT_ONE_IN: usize = 4;

/// What a principal has whatever the others hold: some requests of ordinary size.
const OWN: usize = 64 * 1024;

/// What a request takes beside its headers and its body: its stream and its task.
const REQUEST: usize = 1024;

/// Why there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRoom {
    /// The principal holds as much as one may.
    OfClient {
        /// Bytes.
        most: usize,
    },
    /// All of them together do.
    OfAll {
        /// Bytes.
        most: usize,
    },
}

/// The bytes that are held.
#[derive(Debug)]
pub(super) struct Budget {
    most: usize,
    most_of_client: usize,
    held: Mutex<Takings>,
}

#[derive(Debug, Default)]
struct Takings {
    of: HashMap<Principal, usize>,
    total: usize,
    /// Of those who do not stop others.
    of_others: usize,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            most: limits.max_bytes,
            most_of_client: limits.max_bytes_per_client,
            held: Mutex::default(),
        })
    }

    fn take(&self, who: &Principal, bytes: usize) -> Result<(), NoRoom> {
        let mut held = self.lock();
        let own = held.of.get(who).copied().unwrap_or(0);
        let now = own.saturating_add(bytes);
        if now > self.most_of_client {
            let most = self.most_of_client;
            return Err(NoRoom::OfClient { most });
        }
        let stops = stops_others(who);
        let (taken, most) = if stops {
            (held.total, self.most)
        } else {
            let kept = self.most / KEPT_ONE_IN;
            (held.of_others, self.most.saturating_sub(kept))
        };
        if now > OWN && taken.saturating_add(bytes) > most {
            return Err(NoRoom::OfAll { most });
        }
        held.total = held.total.saturating_add(bytes);
        if !stops {
            held.of_others = held.of_others.saturating_add(bytes);
        }
        if let Some(own) = held.of.get_mut(who) {
            *own = now;
        } else {
            held.of.insert(who.clone(), now);
        }
        Ok(())
    }

    fn give_back(&self, who: &Principal, bytes: usize) {
        let mut held = self.lock();
        held.total = held.total.saturating_sub(bytes);
        if !stops_others(who) {
            held.of_others = held.of_others.saturating_sub(bytes);
        }
        if let Some(own) = held.of.get_mut(who) {
            *own = own.saturating_sub(bytes);
            if *own == 0 {
                held.of.remove(who);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Takings> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller's right to room for a request; it comes with the request.
#[derive(Debug, Clone)]
pub struct Allowance {
    budget: Arc<Budget>,
    caller: Arc<Caller>,
}

impl Allowance {
    pub(super) fn new(budget: &Arc<Budget>, caller: &Arc<Caller>) -> Self {
        Self {
            budget: Arc::clone(budget),
            caller: Arc::clone(caller),
        }
    }

    /// Takes room for a request without its body.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn begin(&self, headers: &HeaderMap) -> Result<Held, NoRoom> {
        let headers = headers
            .iter()
            .map(|(name, value)| name.as_str().len().saturating_add(value.len()));
        let mut held = Held {
            from: Some(self.clone()),
            head: headers.fold(REQUEST, usize::saturating_add),
            bytes: 0,
        };
        held.take(held.head)?;
        Ok(held)
    }
}

/// The room that a request has; given back when this is dropped.
#[derive(Debug)]
pub struct Held {
    from: Option<Allowance>,
    head: usize,
    bytes: usize,
}

impl Held {
    /// Of what is in memory already, or comes from nobody who is known.
    #[must_use]
    pub const fn uncounted() -> Self {
        Self {
            from: None,
            head: 0,
            bytes: 0,
        }
    }

    /// Takes room for more.
    ///
    /// # Errors
    /// [`NoRoom`], counted.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let Some(from) = &self.from else {
            return Ok(());
        };
        from.budget
            .take(from.caller.principal(), bytes)
            .inspect_err(|none| {
                let bound = match none {
                    NoRoom::OfClient { .. } => "principal",
                    NoRoom::OfAll { .. } => "all",
                };
                metrics::counter!("countersign_bodies_refused_total", "bound" => bound)
                    .increment(1);
            })?;
        self.bytes = self.bytes.saturating_add(bytes);
        Ok(())
    }

    /// Gives back what the body took, which is gone.
    pub(super) fn drop_body(&mut self) {
        let body = self.bytes.saturating_sub(self.head);
        if let Some(from) = &self.from {
            from.budget.give_back(from.caller.principal(), body);
        }
        self.bytes = self.bytes.saturating_sub(body);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(from) = &self.from {
            from.budget.give_back(from.caller.principal(), self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(id: &str) -> Principal {
        id.parse().unwrap()
    }

    fn budget() -> Arc<Budget> {
        Budget::new(&Limits {
            max_bytes: 1_600_000,
            max_bytes_per_client: 700_000,
            ..Limits::default()
        })
    }

    #[test]
    fn one_principal_takes_no_more_than_its_own_and_gets_it_back() {
        let budget = budget();
        let greedy = who("bot/greedy");
        budget.take(&greedy, 700_000).unwrap();
        let none = NoRoom::OfClient { most: 700_000 };
        assert_eq!(budget.take(&greedy, 1), Err(none));
        budget.take(&who("bot/b"), 300_000).unwrap();
        budget.give_back(&greedy, 700_000);
        budget.take(&greedy, 700_000).unwrap();
        budget.give_back(&greedy, 700_000);
        budget.give_back(&who("bot/b"), 300_000);
        assert_eq!(budget.lock().total, 0);
        assert!(budget.lock().of.is_empty());
    }

    #[test]
    fn what_many_take_leaves_room_to_stop_them_and_for_small_requests() {
        let budget = budget();
        budget.take(&who("bot/a"), 700_000).unwrap();
        budget.take(&who("bot/b"), 500_000).unwrap();
        let none = Err(NoRoom::OfAll { most: 1_200_000 });
        assert_eq!(budget.take(&who("bot/c"), OWN + 1), none);
        budget.take(&who("bot/c"), OWN).unwrap();
        budget.take(&who("risk/r"), 300_000).unwrap();
        let none = Err(NoRoom::OfAll { most: 1_600_000 });
        assert_eq!(budget.take(&who("operator/o"), 300_000), none);
        budget.take(&who("operator/o"), OWN).unwrap();
    }
}
