//! Revoked certificates, in memory.

use std::collections::HashSet;

use arc_swap::ArcSwap;

use super::Serial;

/// The serials that are no longer accepted, asked on every request and so read without a lock.
///
/// The durable list is kept elsewhere; this is its copy.
#[derive(Debug, Default)]
pub struct Revocations {
    revoked: ArcSwap<HashSet<Serial>>,
}

impl Revocations {
    /// Nothing revoked.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Revokes certificates: no request that starts after this returns is accepted from them.
    pub fn revoke(&self, serials: impl IntoIterator<Item = Serial>) {
        let serials: Vec<Serial> = serials.into_iter().collect();
        self.revoked.rcu(|revoked| {
            let mut revoked = HashSet::clone(revoked);
            revoked.extend(&serials);
            revoked
        });
    }

    /// Whether the certificate was revoked.
    #[must_use]
    pub fn is_revoked(&self, serial: &Serial) -> bool {
        self.revoked.load().contains(serial)
    }

    /// How many are revoked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.revoked.load().len()
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serial(number: u8) -> Serial {
        Serial::from_bytes([number; 16])
    }

    #[test]
    fn revoking_adds() {
        let revocations = Revocations::new();
        assert!(revocations.is_empty());
        revocations.revoke([serial(1), serial(2)]);
        revocations.revoke([serial(3), serial(1)]);
        assert_eq!(revocations.len(), 3);
        assert!(revocations.is_revoked(&serial(1)) && revocations.is_revoked(&serial(3)));
        assert!(!revocations.is_revoked(&serial(4)));
    }

    #[test]
    fn revocations_from_many_threads_are_all_kept() {
        let revocations = Revocations::new();
        std::thread::scope(|scope| {
            for thread in 0..4u8 {
                let revocations = &revocations;
                scope.spawn(move || {
                    for n in 0..32 {
                        revocations.revoke([serial(thread * 32 + n)]);
                    }
                });
            }
        });
        assert_eq!(revocations.len(), 128);
    }
}
