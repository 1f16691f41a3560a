use countersign_intent::{RequestId, Timestamp};
use countersign_policy::{Permit, Reservation};

use super::Draft;
use crate::ledger::attempts::Held;
use crate::ledger::job::{LedgerError, Observation};
use crate::ledger::nonces::NonceState;
use crate::ledger::nonces::{NonceUse, Observed};
use crate::ledger::sequences::SequenceUse;
use crate::ledger::windows::Windows;

impl Draft<'_> {
    pub(super) fn reserve(
        &mut self,
        permit: &Permit,
        now: Timestamp,
    ) -> Result<Vec<Held>, LedgerError> {
        let windows = &mut self.core.windows;
        let reservations = permit.reservations();
        asked_for(windows, reservations)?;
        let held = reservations.iter().filter_map(|wanted| {
            Some(Held {
                key: wanted.key.clone(),
                bucket: windows.reserve(&wanted.key, now, wanted.amount)?,
                amount: wanted.amount,
            })
        });
        Ok(held.collect())
    }

    /// Holds what a request reserves, until its nonce has advanced: nothing of it stands in a
    /// bucket, and so nothing of it is given back from one.
    pub(super) fn hold(
        &mut self,
        permit: &Permit,
        nonce: NonceUse,
        id: RequestId,
    ) -> Result<Vec<Held>, LedgerError> {
        asked_for(&self.core.windows, permit.reservations())?;
        if self.core.nonces.state(&nonce) != NonceState::Free {
            return Err(LedgerError::NoDecision(
                "its nonce is not known to be free, and it was allowed nevertheless",
            ));
        }
        let held = permit.reservations().iter();
        let held = held.map(|one| (one.key.clone(), one.amount)).collect();
        let windows = &mut self.core.windows;
        self.core.nonces.hold(nonce.account, id, held, windows);
        Ok(Vec::new())
    }

    /// Uses up a number of an account; what the request reserves counts from now on.
    pub(super) fn take(
        &mut self,
        permit: &Permit,
        wanted: SequenceUse,
        id: RequestId,
        now: Timestamp,
    ) -> Result<Vec<Held>, LedgerError> {
        if !self.core.sequences.state(&wanted).is_open() {
            return Err(LedgerError::NoDecision(
                "its number is not known to be free, and it was allowed nevertheless",
            ));
        }
        let held = self.reserve(permit, now)?;
        self.core.sequences.take(wanted, id);
        Ok(held)
    }

    pub(super) fn observe(&mut self, observation: Observation) -> Result<Observed, LedgerError> {
        let now = self.now.clone()?;
        let Observation {
            account,
            value,
            slot,
            entry,
        } = observation;
        let windows = &mut self.core.windows;
        let seen = (account, value, slot);
        let ending = self.core.nonces.held_under(&account);
        if !ending.iter().all(|key| windows.holds(key)) {
            return Err(LedgerError::NoDecision("a limit that is held was not read"));
        }
        let observed = self.core.nonces.observe(seen, now, windows);
        if matches!(observed, Observed::Advanced { .. }) {
            self.append_checked(entry(&observed)?)?;
        }
        Ok(observed)
    }
}

fn asked_for(windows: &Windows, reservations: &[Reservation]) -> Result<(), LedgerError> {
    if reservations.iter().all(|wanted| windows.holds(&wanted.key)) {
        return Ok(());
    }
    Err(LedgerError::NoDecision(
        "it reserves a limit that was not asked for",
    ))
}
