//! Which certificates are let in, in memory.
//!
//! The authority's signature alone lets nobody in: whoever got the CA key to sign elsewhere would have
//! a certificate that no list shows and nobody can revoke. So every certificate that is let in has
//! a sealed row, and this is the copy of those rows that each request is held against.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use countersign_intent::{Principal, Timestamp};

use super::{Caller, IdentityError, Serial};

/// Renewals of one principal within [`RENEWALS_PER`]: a client renews a few times a day.
pub const MOST_RENEWALS: usize = 10;

/// The stretch of time that [`MOST_RENEWALS`] is about.
pub const RENEWALS_PER: Duration = Duration::from_secs(600);

/// Certificates put in between two times that expired ones are dropped.
const PUTS_PER_SWEEP: usize = 1_024;

/// A certificate as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Whom it is for.
    pub principal: Principal,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Last moment of its validity.
    pub not_after: Timestamp,
    /// SHA-256 of its DER; rows of earlier versions have none.
    pub sha256: Option<[u8; 32]>,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Until when it is good beside the one that took its place.
    pub ends_at: Option<Timestamp>,
    /// The certificate that took its place.
    pub successor: Option<Serial>,
    /// Everybody who issued it, a certificate it renews, or an issuer's own.
    pub issuers: Vec<Principal>,
}

impl Caller {
    /// Whether the certificate is good at `now`. Asked on every request: a connection must not
    /// outlive the certificate it was opened with.
    ///
    /// # Errors
    /// Expired or not valid yet; never issued, revoked or replaced; of a blocked principal.
    pub fn check(&self, now: Timestamp, register: &Register) -> Result<(), IdentityError> {
        self.check_time(now)?;
        register.check(self, now)
    }
}

impl Issued {
    /// Whether a caller came with this very certificate, and not with one that copies its serial number.
    fn is(&self, caller: &Caller) -> bool {
        match self.sha256 {
            Some(sha256) => sha256 == *caller.sha256(),
            None => self.not_after == caller.not_after(),
        }
    }
}

#[derive(Debug)]
struct Entry {
    issued: Issued,
    /// Whether somebody came with it, or may have.
    used: AtomicBool,
}

/// A certificate that is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The certificate.
    pub serial: Serial,
    /// Whose it is.
    pub principal: Principal,
    /// Everybody on whose word it rests.
    pub issuers: Vec<Principal>,
}

/// How a principal stands, whatever their certificates say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// When it was put in force.
    pub since: Timestamp,
    /// When it was lifted: certificates issued before stay dead.
    pub lifted_at: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct State {
    issued: HashMap<Serial, Entry>,
    blocks: HashMap<Principal, Block>,
    renewals: HashMap<Principal, VecDeque<Duration>>,
    puts: usize,
}

/// The certificates that were issued, and the principals that are blocked. Asked on every request.
#[derive(Debug, Default)]
pub struct Register(RwLock<State>);

impl Register {
    /// Nobody is let in.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a certificate as it is recorded. One that was revoked here stays revoked, recorded
    /// or not.
    pub fn put(&self, serial: Serial, issued: Issued, now: Timestamp) {
        let mut state = self.write();
        state.puts = state.puts.wrapping_add(1);
        if state.puts.is_multiple_of(PUTS_PER_SWEEP) {
            state
                .issued
                .retain(|_, entry| entry.issued.not_after >= now);
        }
        let before = state.issued.remove(&serial);
        let revoked = before.as_ref().is_some_and(|before| before.issued.revoked);
        let entry = Entry {
            issued: Issued {
                revoked: revoked || issued.revoked,
                ..issued
            },
            used: AtomicBool::new(before.is_some_and(|before| before.used.into_inner())),
        };
        state.issued.insert(serial, entry);
    }

    /// Revokes a certificate and everything renewed from it: no request that starts after this
    /// returns is accepted from them. Answers all of them, the first one first.
    pub fn revoke(&self, serial: Serial) -> Vec<Serial> {
        let mut state = self.write();
        let chain = chain(&state, serial);
        for serial in &chain {
            if let Some(entry) = state.issued.get_mut(serial) {
                entry.issued.revoked = true;
            }
        }
        chain
    }

    /// Blocks a principal, whichever certificate they come with, or takes in how the block stands
    /// by its row.
    pub fn block(&self, principal: Principal, block: Block) {
        let mut state = self.write();
        let stands = state.blocks.get(&principal);
        // A row that was read may be older than a block that is not recorded yet.
        if stands.is_none_or(|stands| stands.since <= block.since) {
            state.blocks.insert(principal, block);
        }
    }

    /// Lifts the block that was put in force at `since`.
    pub fn lift(&self, principal: &Principal, since: Timestamp, at: Timestamp) {
        if let Some(block) = self.write().blocks.get_mut(principal)
            && block.since == since
        {
            block.lifted_at = Some(at);
        }
    }

    /// How a principal stands; `None` if they were never blocked.
    #[must_use]
    pub fn block_of(&self, principal: &Principal) -> Option<Block> {
        self.read().blocks.get(principal).copied()
    }

    /// Whether a principal is blocked now.
    #[must_use]
    pub fn is_blocked(&self, principal: &Principal) -> bool {
        let block = self.block_of(principal);
        block.is_some_and(|block| block.lifted_at.is_none())
    }

    /// Decides whether a caller's certificate is one of ours and still good.
    ///
    /// # Errors
    /// Never issued, revoked, replaced, or of a blocked principal.
    pub fn check(&self, caller: &Caller, now: Timestamp) -> Result<(), IdentityError> {
        let state = self.read();
        let serial = caller.serial();
        let entry = state.issued.get(&serial);
        let entry = entry.filter(|entry| entry.issued.principal == *caller.principal());
        let Some(entry) = entry else {
            return Err(IdentityError::NotIssued(serial));
        };
        if !entry.issued.is(caller) {
            return Err(IdentityError::NotIssued(serial));
        }
        let block = state.blocks.get(caller.principal());
        match block.map(|block| block.lifted_at) {
            Some(None) => return Err(IdentityError::Blocked(caller.principal().clone())),
            Some(Some(lifted)) if entry.issued.issued_at <= lifted => {
                return Err(IdentityError::Revoked(serial));
            }
            Some(Some(_)) | None => {}
        }
        if entry.issued.revoked {
            return Err(IdentityError::Revoked(serial));
        }
        match entry.issued.ends_at {
            Some(ends_at) if now > ends_at => Err(IdentityError::Renewed(serial, ends_at)),
            Some(_) | None => Ok(()),
        }
    }

    /// Notes that somebody came with a certificate.
    pub fn note_use(&self, serial: &Serial) {
        if let Some(entry) = self.read().issued.get(serial) {
            entry.used.store(true, Ordering::Relaxed);
        }
    }

    /// Takes everything known here as used: what an earlier run of the appliance let in was not
    /// written down, and whoever was replaced must not replace in turn who came after them.
    pub fn assume_used(&self) {
        for entry in self.read().issued.values() {
            entry.used.store(true, Ordering::Relaxed);
        }
    }

    /// Whether somebody came with a certificate, or may have: before the start, or with one that is
    /// not kept here any more.
    #[must_use]
    pub fn may_be_used(&self, serial: &Serial) -> bool {
        let state = self.read();
        let entry = state.issued.get(serial);
        entry.is_none_or(|entry| entry.used.load(Ordering::Relaxed))
    }

    /// What is known of a certificate.
    #[must_use]
    pub fn get(&self, serial: &Serial) -> Option<Issued> {
        let state = self.read();
        state.issued.get(serial).map(|entry| entry.issued.clone())
    }

    /// Everybody who issued any certificate of a principal that is known here, in order.
    #[must_use]
    pub fn issuers_of(&self, principal: &Principal) -> Vec<Principal> {
        let state = self.read();
        let entries = state.issued.values().map(|entry| &entry.issued);
        let theirs = entries.filter(|issued| issued.principal == *principal);
        let issuers: HashSet<&Principal> = theirs.flat_map(|issued| &issued.issuers).collect();
        let mut issuers: Vec<Principal> = issuers.into_iter().cloned().collect();
        issuers.sort_by_key(ToString::to_string);
        issuers
    }

    /// Everybody who has a certificate that is known here, good or not.
    #[must_use]
    pub fn principals(&self) -> HashSet<Principal> {
        let state = self.read();
        let entries = state.issued.values();
        entries
            .map(|entry| entry.issued.principal.clone())
            .collect()
    }

    /// The certificates that are let in now.
    #[must_use]
    pub fn ways_in(&self, now: Timestamp) -> Vec<Way> {
        let state = self.read();
        let good = state.issued.iter().filter(|(_, entry)| {
            let issued = &entry.issued;
            let block = state.blocks.get(&issued.principal);
            let blocked = block.is_some_and(|block| {
                block
                    .lifted_at
                    .is_none_or(|lifted| issued.issued_at <= lifted)
            });
            let ended = issued.ends_at.is_some_and(|ends_at| now > ends_at);
            !blocked && !issued.revoked && !ended && now <= issued.not_after
        });
        good.map(|(serial, entry)| Way {
            serial: *serial,
            principal: entry.issued.principal.clone(),
            issuers: entry.issued.issuers.clone(),
        })
        .collect()
    }

    /// A certificate and everything renewed from it, the first one first.
    #[must_use]
    pub fn chain(&self, serial: Serial) -> Vec<Serial> {
        chain(&self.read(), serial)
    }

    /// Counts a renewal by the monotonic clock.
    ///
    /// # Errors
    /// [`MOST_RENEWALS`] were made within [`RENEWALS_PER`]; how long to wait.
    pub fn count_renewal(&self, principal: &Principal, at: Duration) -> Result<(), Duration> {
        let mut state = self.write();
        let made = state.renewals.entry(principal.clone()).or_default();
        let since = at.saturating_sub(RENEWALS_PER);
        made.retain(|one| at < RENEWALS_PER || *one > since);
        if made.len() >= MOST_RENEWALS {
            let oldest = made.front().copied().unwrap_or_default();
            return Err(oldest.saturating_add(RENEWALS_PER).saturating_sub(at));
        }
        made.push_back(at);
        Ok(())
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn chain(state: &State, serial: Serial) -> Vec<Serial> {
    let mut chain = Vec::new();
    let mut next = Some(serial);
    while let Some(serial) = next.filter(|serial| !chain.contains(serial)) {
        chain.push(serial);
        let entry = state.issued.get(&serial);
        next = entry.and_then(|entry| entry.issued.successor);
    }
    chain
}

#[cfg(test)]
mod tests;
