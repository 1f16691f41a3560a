mod reserve;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use countersign_audit::leaf_hash;
use countersign_intent::{RequestId, Timestamp};
use countersign_policy::Decision;

use super::core::Core;
use super::given_back::Reservation;
use super::head::Head;
use super::job::{
    AdminChange, Bench, Case, Hold, Judge, Judged, LedgerError, Randomness, Verdict, check_entry,
};
use super::limits::Limits;
use super::queue::{Answer, Batch, Job, Settlement};
use super::ruling::{Ruling, Signable, sign_again};
use crate::{
    Decided, EntryRow, IdempotencyKey, MessageRow, OutcomeKind, OutcomeRow, RequestRow,
    StoredRequest, Writes, request_id, request_seq,
};

/// Where the request that has an idempotency key is.
#[derive(Clone)]
enum Known {
    Stored(Box<StoredRequest>),
    /// Judged in this batch: its place among the new requests, or among those judged again.
    New(usize),
    Again(usize),
}

/// One batch being judged: the state in memory runs ahead, and what has to be written to
/// make it true is collected.
pub(super) struct Draft<'a> {
    core: &'a mut Core,
    known: HashMap<IdempotencyKey, Known>,
    now: Result<Timestamp, LedgerError>,
    randomness: &'a Randomness,
    writes: Writes,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        core: &'a mut Core,
        known: Vec<StoredRequest>,
        clock: Timestamp,
        limits: &Limits,
        randomness: &'a Randomness,
    ) -> Self {
        let latest = core.latest;
        let now = if clock < latest.saturating_sub(limits.clock_tolerance) {
            Err(LedgerError::Clock { clock, latest })
        } else {
            core.latest = latest.max(clock);
            Ok(core.latest)
        };
        let known = known
            .into_iter()
            .map(|stored| (stored.request.key.clone(), Known::Stored(Box::new(stored))));
        Self {
            core,
            known: known.collect(),
            now,
            randomness,
            writes: Writes::default(),
        }
    }

    /// What has to be written, and the log's head once it is.
    pub(super) fn finish(mut self) -> (Writes, Head) {
        let now = self.core.latest;
        let core = self.core;
        core.windows.write_to(&mut self.writes, &mut core.sums, now);
        core.nonces.write_to(&mut self.writes, &mut core.sums);
        core.sequences.write_to(&mut self.writes, &mut core.sums);
        core.given_back.write_to(&mut self.writes, &mut core.sums);
        if let Some(seal) = &self.writes.seal {
            core.sums.put_authority(seal);
        }
        core.reached.note(&self.writes);
        core.rows.seal(&mut self.writes);
        let head = core.head();
        if !self.writes.is_empty() {
            self.writes.ledger_seal = Some(core.sums.seal(core.reached.at(head)));
        }
        (self.writes, head)
    }

    /// Writes down what became of earlier attempts.
    pub(super) fn settle(&mut self, settlements: &mut [Settlement]) {
        for settlement in settlements {
            settlement.tried = true;
            let index = self.append(settlement.entry().to_vec());
            if let Some(released) = settlement.released() {
                for held in released {
                    self.core.windows.give_back(held);
                }
                let (nonces, windows) = (&mut self.core.nonces, &mut self.core.windows);
                nonces.give_back(settlement.seq(), windows);
                self.core.sequences.give_back(settlement.seq());
                self.core.given_back.insert(settlement.seq());
            }
            self.put_outcome(settlement.row(index));
        }
    }

    /// Does the jobs of the batch, in order, and turns them into answers.
    pub(super) fn work(&mut self, batch: &mut Batch) {
        for job in std::mem::take(&mut batch.jobs) {
            let answer = match job {
                Job::Judge { cases, reply } => {
                    let rulings = cases.into_iter().map(|case| self.judge(case));
                    Answer::Judged(reply, rulings.collect())
                }
                Job::Admin { change, reply } => Answer::Indices(reply, self.change(change)),
                Job::Append { entry, reply } => Answer::Index(reply, self.append_checked(entry)),
                Job::Observe { observation, reply } => {
                    Answer::Observed(reply, self.observe(observation))
                }
                Job::Checkpoint { checkpoint, reply } => {
                    self.writes.checkpoints.push(checkpoint);
                    Answer::Done(reply)
                }
                Job::Forget { through, reply } => {
                    self.writes.forgotten = self.writes.forgotten.max(Some(through));
                    Answer::Done(reply)
                }
                Job::Flush { reply } | Job::Shutdown { reply } => Answer::Done(reply),
                Job::Settle(_) => continue,
            };
            batch.answers.push(answer);
        }
    }

    fn judge(&mut self, case: Case) -> Result<Ruling, LedgerError> {
        if case.dry_run {
            return self.dry_run(case);
        }
        let Some(known) = self.known.get(&case.key).cloned() else {
            let id = self.next_id()?;
            return self.decide(case, id, false);
        };
        self.check(&known)?;
        let (request, outcome) = self.stored(&known)?;
        if request.fingerprint != case.fingerprint {
            let request_id = request.id;
            return Ok(Ruling::Told(Judged::Conflict { request_id }));
        }
        let id = request.id;
        let kind = outcome.as_ref().map(|row| row.kind);
        if request.decided == Decided::Allowed {
            self.agrees(id, kind)?;
        }
        match (request.decided, kind) {
            (Decided::Allowed, None | Some(OutcomeKind::Unknown)) => sign_again(case, request),
            // The reservation was given back: nothing of the first judgement is left to keep.
            (Decided::Allowed, Some(OutcomeKind::NotSent | OutcomeKind::Refused)) => {
                self.decide(case, id, true)
            }
            (Decided::Allowed, Some(OutcomeKind::Signed))
            | (Decided::Denied | Decided::Pending, _) => {
                let request = request.clone();
                Ok(Ruling::Told(Judged::Replayed(StoredRequest {
                    request,
                    outcome,
                })))
            }
        }
    }

    /// Whether what was read of an allowed request's outcome is what became of its reservation.
    fn agrees(&self, id: RequestId, kind: Option<OutcomeKind>) -> Result<(), LedgerError> {
        let reservation = self.core.given_back.reservation(request_seq(id));
        match (kind, reservation) {
            (None | Some(OutcomeKind::Unknown), Reservation::Held)
            | (
                Some(OutcomeKind::NotSent | OutcomeKind::Refused),
                Reservation::GivenBack | Reservation::Forgotten,
            )
            | (Some(OutcomeKind::Signed), _) => Ok(()),
            (None | Some(OutcomeKind::Unknown), Reservation::Forgotten) => {
                Err(LedgerError::TooOld(id))
            }
            (None | Some(OutcomeKind::Unknown), Reservation::GivenBack)
            | (Some(OutcomeKind::NotSent | OutcomeKind::Refused), Reservation::Held) => {
                Err(LedgerError::NotOurs(id))
            }
        }
    }

    fn dry_run(&mut self, case: Case) -> Result<Ruling, LedgerError> {
        let request_id = self.next_id()?;
        let verdict = self.verdict(case.judge, request_id, case.hold)?;
        let log_index = self.append(verdict.entry);
        Ok(Ruling::Told(Judged::DryRun {
            request_id,
            log_index,
            answer: verdict.answer,
        }))
    }

    /// Judges a case under `id`; `again` if that id was judged before.
    fn decide(&mut self, case: Case, id: RequestId, again: bool) -> Result<Ruling, LedgerError> {
        let at = self.now.clone()?;
        let verdict = self.verdict(case.judge, id, case.hold)?;
        if let Some(change) = &case.on_allow {
            self.fits(change)?;
        }
        let (decided, held) = match &verdict.decision {
            Decision::Allow(permit) => {
                let held = match case.hold {
                    None => self.reserve(permit, at)?,
                    Some(Hold::Nonce(nonce)) => self.hold(permit, nonce, id)?,
                    Some(Hold::Sequence(wanted)) => self.take(permit, wanted, id, at)?,
                };
                (Decided::Allowed, held)
            }
            Decision::Deny(_) => (Decided::Denied, Vec::new()),
            Decision::NeedApproval(_) => (Decided::Pending, Vec::new()),
        };
        if let (Decided::Allowed, Some(change)) = (decided, case.on_allow) {
            self.change(change)?;
        }
        if again && decided == Decided::Allowed {
            self.core.given_back.remove(request_seq(id));
        }
        let log_index = self.append(verdict.entry);
        let answer = verdict.answer;
        self.keep(id, verdict.message, again);
        self.remember(
            RequestRow {
                id,
                key: case.key,
                fingerprint: case.fingerprint,
                at,
                wallet: case.wallet,
                decided,
                digest: case.digest,
                answer: answer.clone(),
                log_index,
                mac: Vec::new(),
            },
            again,
        );
        let request_id = id;
        Ok(match decided {
            Decided::Allowed => Ruling::Sign(Signable {
                request_id,
                log_index,
                wallet: case.wallet,
                at,
                digest: case.digest,
                input: case.input,
                answer,
                held: Some(held),
            }),
            Decided::Denied => Ruling::Told(Judged::Denied {
                request_id,
                log_index,
                answer,
            }),
            Decided::Pending => Ruling::Told(Judged::Pending {
                request_id,
                log_index,
                answer,
            }),
        })
    }

    fn verdict(
        &mut self,
        judge: Judge,
        request_id: RequestId,
        hold: Option<Hold>,
    ) -> Result<Verdict, LedgerError> {
        let bench = Bench {
            now: self.now.clone()?,
            request_id,
            usage: &self.core.windows,
            hold: hold.map(|hold| self.core.state_of(&hold)),
        };
        let verdict = catch_unwind(AssertUnwindSafe(|| judge(&bench)))
            .map_err(|_| LedgerError::NoDecision("judging it failed; see the log"))?
            .ok_or(LedgerError::Stale)?;
        check_entry(&verdict.entry)?;
        Ok(verdict)
    }

    fn keep(&mut self, id: RequestId, message: Vec<u8>, again: bool) {
        let seq = request_seq(id);
        if again {
            self.writes.messages.retain(|row| row.seq != seq);
        }
        if !message.is_empty() {
            self.writes.messages.push(MessageRow { seq, message });
        }
    }

    fn remember(&mut self, row: RequestRow, again: bool) {
        let key = row.key.clone();
        let place = if again {
            let seq = request_seq(row.id);
            self.writes.outcomes.retain(|outcome| outcome.seq != seq);
            self.writes.rejudged.push(row);
            Known::Again(self.writes.rejudged.len().saturating_sub(1))
        } else {
            self.writes.requests.push(row);
            Known::New(self.writes.requests.len().saturating_sub(1))
        };
        self.known.insert(key, place);
    }

    /// What was read from the database counts only if this appliance wrote it.
    fn check(&self, known: &Known) -> Result<(), LedgerError> {
        match known {
            Known::Stored(stored) if !self.core.rows.are_genuine(stored) => {
                Err(LedgerError::NotOurs(stored.request.id))
            }
            Known::Stored(_) | Known::New(_) | Known::Again(_) => Ok(()),
        }
    }

    /// The request that is known, and its outcome.
    fn stored<'k>(
        &'k self,
        known: &'k Known,
    ) -> Result<(&'k RequestRow, Option<OutcomeRow>), LedgerError> {
        let lost = LedgerError::NoDecision("the earlier request is not there");
        let (request, outcome) = match known {
            Known::New(place) => (self.writes.requests.get(*place).ok_or(lost)?, None),
            Known::Again(place) => (self.writes.rejudged.get(*place).ok_or(lost)?, None),
            Known::Stored(stored) => (&stored.request, stored.outcome.as_ref()),
        };
        let signed = |row: &&OutcomeRow| row.kind == OutcomeKind::Signed;
        let seq = request_seq(request.id);
        let later = || self.writes.outcomes.iter().find(|row| row.seq == seq);
        let outcome = outcome.filter(signed).or_else(later).or(outcome);
        Ok((request, outcome.cloned()))
    }

    fn put_outcome(&mut self, row: OutcomeRow) {
        let mut earlier = self.writes.outcomes.iter_mut();
        match earlier.find(|earlier| earlier.seq == row.seq) {
            Some(earlier) if earlier.kind == OutcomeKind::Signed => {}
            Some(earlier) => *earlier = row,
            None => self.writes.outcomes.push(row),
        }
    }

    /// Whether the change was made on top of the last one, and its entries can be written.
    fn fits(&self, change: &AdminChange) -> Result<(), LedgerError> {
        let expected = self.core.authority_version().saturating_add(1);
        let got = change.seal.as_ref().map_or(0, |seal| seal.version);
        let sealed = change.seal.is_some() || !change.rows.is_empty();
        if sealed && got != expected {
            return Err(LedgerError::StaleSeal { expected, got });
        }
        change
            .entries
            .iter()
            .try_for_each(|entry| check_entry(entry))
    }

    fn change(&mut self, change: AdminChange) -> Result<Vec<u64>, LedgerError> {
        self.fits(&change)?;
        let indices = self.append_all(change.entries)?;
        if let Some(seal) = &change.seal {
            self.core.authority = Some(seal.clone());
        }
        self.writes.authority.extend(change.rows);
        self.writes.seal = change.seal.or(self.writes.seal.take());
        Ok(indices)
    }

    fn append_all(&mut self, entries: Vec<Vec<u8>>) -> Result<Vec<u64>, LedgerError> {
        entries.iter().try_for_each(|entry| check_entry(entry))?;
        Ok(entries
            .into_iter()
            .map(|entry| self.append(entry))
            .collect())
    }

    fn append_checked(&mut self, entry: Vec<u8>) -> Result<u64, LedgerError> {
        check_entry(&entry)?;
        Ok(self.append(entry))
    }

    fn append(&mut self, entry: Vec<u8>) -> u64 {
        let index = self.core.frontier.size();
        let leaf_hash = leaf_hash(&entry);
        let nodes = self.core.frontier.append(leaf_hash);
        self.writes.nodes.extend(nodes);
        self.writes.entries.push(EntryRow {
            index,
            entry,
            leaf_hash,
            tag: Vec::new(),
        });
        index
    }

    fn next_id(&mut self) -> Result<RequestId, LedgerError> {
        let random = (self.randomness)().map_err(LedgerError::Randomness)?;
        let seq = self.core.next_seq;
        self.core.next_seq = seq.saturating_add(1);
        Ok(request_id(seq, random))
    }
}
