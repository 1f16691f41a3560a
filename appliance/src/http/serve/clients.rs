//! How many connections each principal holds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_intent::Principal;

/// Counts connections by principal, so that one client cannot take everybody's.
#[derive(Debug)]
pub(super) struct Clients {
    most: usize,
    open: Mutex<HashMap<Principal, usize>>,
}

/// One connection of one principal; gives its place back when dropped.
#[derive(Debug)]
pub(super) struct ClientPlace {
    clients: Arc<Clients>,
    principal: Principal,
}

impl Clients {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            open: Mutex::default(),
        })
    }

    /// A place for one more connection of `principal`, or `None` if it holds them all.
    pub(super) fn enter(self: &Arc<Self>, principal: &Principal) -> Option<ClientPlace> {
        let mut open = self.lock();
        let count = open.entry(principal.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(ClientPlace {
            clients: Arc::clone(self),
            principal: principal.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Principal, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ClientPlace {
    fn drop(&mut self) {
        let mut open = self.clients.lock();
        if let Some(count) = open.get_mut(&self.principal) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.principal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_per_principal_and_come_back() {
        let clients = Clients::new(2);
        let [a, b] = ["bot/a", "bot/b"].map(|id| id.parse::<Principal>().unwrap());
        let first = clients.enter(&a).unwrap();
        let _second = clients.enter(&a).unwrap();
        assert!(clients.enter(&a).is_none());
        let other = clients.enter(&b).unwrap();
        drop((first, other));
        assert!(clients.enter(&a).is_some());
        assert_eq!(clients.lock().len(), 1);
    }
}
