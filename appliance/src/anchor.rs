//! What the token remembers of the log: size and root of a signed head, and which run of the appliance
//! wrote it. So a database that was set back is noticed at a start, and a second appliance on the same
//! token by the first one, which reads its own memory back and finds somebody else's.

use std::fmt;

use countersign_audit::{Frontier, tiles_for_frontier};
use countersign_hsm::MonotonicAnchor;
use countersign_store::ledger::Ledger;
use countersign_store::{Store, StoreError};

use crate::device::{DeskError, DeviceDesk};
use crate::hashes::fetch;

/// Which run of the appliance wrote: random, made anew by every process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run([u8; 16]);

impl Run {
    /// This one.
    ///
    /// # Errors
    /// A system without random numbers.
    pub fn begin() -> Result<Self, AnchorError> {
        let mut run = [0; 16];
        getrandom::fill(&mut run)
            .map_err(|error| AnchorError::Refused(format!("no random numbers: {error}")))?;
        Ok(Self(run))
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// One memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remembered {
    /// Entries of the log.
    pub size: u64,
    /// The root over them.
    pub root: [u8; 32],
    /// Who wrote it; earlier versions did not say.
    pub run: Option<Run>,
}

impl Remembered {
    fn encode(&self) -> Vec<u8> {
        let mut value = self.size.to_be_bytes().to_vec();
        value.extend_from_slice(&self.root);
        value.extend(self.run.iter().flat_map(|run| run.0));
        value
    }

    fn decode(value: &[u8]) -> Option<Self> {
        let (size, rest) = value.split_first_chunk()?;
        let (root, run) = rest.split_first_chunk()?;
        Some(Self {
            size: u64::from_be_bytes(*size),
            root: *root,
            run: match run {
                [] => None,
                run => Some(Run(run.try_into().ok()?)),
            },
        })
    }
}

impl fmt::Display for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} entries of a log", self.size)?;
        match self.run {
            Some(run) => write!(f, ", written by the run {run}"),
            None => f.write_str(", written by an earlier version"),
        }
    }
}

/// Why it was not read, not written or not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The token.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// It does not go together with the log.
    #[error("{0}")]
    Refused(String),
}

/// What the token's memory of the log said when the database was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The log is what it remembers, or grew out of it.
    Checked(Remembered),
    /// It should be there, and is not: an older database would not be noticed.
    Missing,
    /// The token keeps none.
    None,
}

impl Found {
    /// The word in log entries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checked(_) => "checked",
            Self::Missing => "missing",
            Self::None => "none",
        }
    }
}

/// Refuses a log that is older than, or differs from, what the token remembers.
///
/// # Errors
/// A log that is shorter or has another root at the remembered size; a store or HSM that does not
/// answer.
pub async fn check(
    db: &dyn Store,
    ledger: &Ledger,
    desk: &DeviceDesk,
) -> Result<Found, AnchorError> {
    let value = desk
        .run(|desk| match desk.anchor.as_mut() {
            Some(anchor) => Ok(Some(anchor.read()?)),
            None => Ok(None),
        })
        .await?;
    let Some(value) = value else {
        return Ok(Found::None);
    };
    let Some(value) = value else {
        tracing::error!("{MISSING}");
        return Ok(Found::Missing);
    };
    let Some(remembered) = Remembered::decode(&value) else {
        return refused("the token's memory of the log has another shape".to_owned());
    };
    let size = remembered.size;
    let head = *ledger.head().borrow();
    if head.size < size {
        return refused(format!(
            "the token remembers {size} log entries, {} are here",
            head.size
        ));
    }
    let hashes = fetch(db, tiles_for_frontier(size)).await?;
    let tree =
        Frontier::load(&hashes, size).map_err(|error| AnchorError::Refused(error.to_string()))?;
    if tree.root().0 != remembered.root {
        return refused(format!(
            "the log's first {size} entries are not those the token knows"
        ));
    }
    Ok(Found::Checked(remembered))
}

fn refused(why: String) -> Result<Found, AnchorError> {
    Err(AnchorError::Refused(format!(
        "{why}; this database is older than the token's memory of it, or another one: find the newest \
         copy, and never continue from a backup without the runbook in `deploy`"
    )))
}

/// What a token without its memory means.
pub const MISSING: &str = "the token remembers nothing of the log: an older database would not be \
                           noticed; find out who removed its memory";

/// What a run may find on the token: what it wrote itself, or, before it wrote anything, what was there
/// when it started.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    run: Run,
    at_start: Option<Remembered>,
    /// The last that it tried to write.
    tried: Option<Remembered>,
    written: bool,
}

/// What it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// What it may find.
    Own,
    /// Nothing, where something was.
    Gone,
    /// What somebody else wrote; `None` where it is no memory at all.
    Others(Option<Remembered>),
}

impl Held {
    /// By a run that found this at its start.
    #[must_use]
    pub const fn since(run: Run, found: Found) -> Option<Self> {
        let at_start = match found {
            Found::Checked(remembered) => Some(remembered),
            Found::Missing => None,
            Found::None => return None,
        };
        Some(Self {
            run,
            at_start,
            tried: None,
            written: false,
        })
    }

    /// Whether this run is known to have written.
    #[must_use]
    pub const fn is_written(&self) -> bool {
        self.written
    }

    /// What it wrote last, for people.
    #[must_use]
    pub fn told(&self) -> String {
        match self.tried.or(self.at_start) {
            Some(own) => own.to_string(),
            None => "nothing".to_owned(),
        }
    }

    /// It is about to write: from here on nobody knows whether it did.
    pub const fn trying(&mut self, size: u64, root: [u8; 32]) -> Remembered {
        let next = Remembered {
            size,
            root,
            run: Some(self.run),
        };
        self.tried = Some(next);
        next
    }

    /// It wrote.
    pub const fn wrote(&mut self) {
        self.written = true;
    }

    fn look(&self, value: Option<&[u8]>) -> Seen {
        let Some(value) = value else {
            return match (self.written, self.at_start) {
                (false, None) => Seen::Own,
                _ => Seen::Gone,
            };
        };
        let Some(found) = Remembered::decode(value) else {
            return Seen::Others(None);
        };
        // A token may show an older one of its own, where the newest cannot be read for a moment.
        let own = |tried: Remembered| {
            found.run == Some(self.run) && (found.size < tried.size || found == tried)
        };
        let untouched = !self.written && self.at_start == Some(found);
        if untouched || self.tried.is_some_and(own) {
            Seen::Own
        } else {
            Seen::Others(Some(found))
        }
    }
}

/// Reads it back.
///
/// # Errors
/// A token that does not answer.
pub async fn look(desk: &DeviceDesk, held: Held) -> Result<Seen, DeskError> {
    desk.run(move |desk| match desk.anchor.as_mut() {
        Some(anchor) => Ok(seen(anchor.as_mut(), &held)?),
        None => Ok(Seen::Own),
    })
    .await
}

/// Reads it back, and writes `next` where it is this run's own.
///
/// # Errors
/// A token that does not answer.
pub async fn renew(desk: &DeviceDesk, held: Held, next: Remembered) -> Result<Seen, DeskError> {
    desk.run(move |desk| {
        let Some(anchor) = desk.anchor.as_mut() else {
            return Ok(Seen::Own);
        };
        let seen = seen(anchor.as_mut(), &held)?;
        if seen == Seen::Own {
            anchor.write(&next.encode())?;
        }
        Ok(seen)
    })
    .await
}

fn seen(anchor: &mut dyn MonotonicAnchor, held: &Held) -> Result<Seen, countersign_hsm::Error> {
    Ok(held.look(anchor.read()?.as_deref()))
}

/// Renews it for a command that adds to the log while the appliance is stopped. One that is missing stays
/// missing: the next start has to say so.
///
/// # Errors
/// A token that does not answer; a memory that somebody wrote meanwhile.
pub async fn renew_offline(
    desk: &DeviceDesk,
    ledger: &Ledger,
    found: Found,
) -> Result<(), AnchorError> {
    let held = match found {
        Found::Checked(_) => Held::since(Run::begin()?, found),
        Found::Missing | Found::None => None,
    };
    let Some(mut held) = held else {
        return Ok(());
    };
    let head = *ledger.head().borrow();
    let next = held.trying(head.size, head.root.0);
    match renew(desk, held, next).await? {
        Seen::Own => Ok(()),
        Seen::Gone | Seen::Others(_) => Err(AnchorError::Refused(
            "the token's memory of the log was written by somebody else meanwhile; see whether another \
             `countersignd` uses this token"
                .to_owned(),
        )),
    }
}

/// Writes the first one, for a log that was made just now.
///
/// # Errors
/// A token that does not answer, or that remembers a log already.
pub async fn first(desk: &DeviceDesk, ledger: &Ledger) -> Result<(), AnchorError> {
    let head = *ledger.head().borrow();
    let Some(mut held) = Held::since(Run::begin()?, Found::Missing) else {
        return Ok(());
    };
    let next = held.trying(head.size, head.root.0);
    match renew(desk, held, next).await? {
        Seen::Own => Ok(()),
        Seen::Gone | Seen::Others(_) => Err(AnchorError::Refused(
            "the token remembers a log already, of another appliance: `init` is for an empty token"
                .to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use countersign_hsm::Device;
    use countersign_hsm::simulator::{Fault, Operation, Simulator};

    use super::*;

    fn remembered(size: u64, run: u8) -> Remembered {
        Remembered {
            size,
            root: [u8::try_from(size).unwrap(); 32],
            run: Some(Run([run; 16])),
        }
    }

    fn seen(held: &Held, found: Option<Remembered>) -> Seen {
        held.look(found.map(|found| found.encode()).as_deref())
    }

    #[test]
    fn it_is_read_as_it_was_written_also_by_earlier_versions() {
        let with = remembered(7, 1);
        let without = Remembered { run: None, ..with };
        for one in [with, without] {
            assert_eq!(Remembered::decode(&one.encode()), Some(one));
        }
        for wrong in [39, 41, 55, 57] {
            assert_eq!(Remembered::decode(&vec![0; wrong]), None, "{wrong}");
        }
    }

    #[test]
    fn before_it_wrote_it_may_find_what_was_there_and_nothing_else() {
        let (start, other) = (remembered(5, 1), remembered(6, 2));
        let held = Held::since(Run([9; 16]), Found::Checked(start)).unwrap();
        assert_eq!(seen(&held, Some(start)), Seen::Own);
        assert_eq!(seen(&held, None), Seen::Gone);
        assert_eq!(seen(&held, Some(other)), Seen::Others(Some(other)));
        let missing = Held::since(Run([9; 16]), Found::Missing).unwrap();
        assert_eq!(seen(&missing, None), Seen::Own);
        assert_eq!(seen(&missing, Some(start)), Seen::Others(Some(start)));
    }

    /// Done and unheard, or not done: both are its own.
    #[test]
    fn while_a_write_is_in_doubt_both_are_its_own() {
        let start = remembered(5, 1);
        let mut held = Held::since(Run([9; 16]), Found::Checked(start)).unwrap();
        let first = held.trying(6, [6; 32]);
        assert_eq!(seen(&held, Some(start)), Seen::Own);
        assert_eq!(seen(&held, Some(first)), Seen::Own);
        held.wrote();
        let second = held.trying(8, [8; 32]);
        assert_eq!(seen(&held, Some(first)), Seen::Own);
        assert_eq!(seen(&held, Some(second)), Seen::Own);
    }

    #[test]
    fn once_it_wrote_anything_else_is_somebody_elses() {
        let start = remembered(5, 1);
        let mut held = Held::since(Run([9; 16]), Found::Checked(start)).unwrap();
        let own = held.trying(6, [6; 32]);
        held.wrote();
        let bigger = remembered(7, 9);
        let other_root = Remembered {
            root: [1; 32],
            ..own
        };
        let other_run = Remembered {
            run: Some(Run([2; 16])),
            ..own
        };
        let earlier_version = Remembered { run: None, ..own };
        for other in [start, bigger, other_root, other_run, earlier_version] {
            assert_eq!(seen(&held, Some(other)), Seen::Others(Some(other)));
        }
        assert_eq!(held.look(Some(b"x")), Seen::Others(None));
        assert_eq!(seen(&held, None), Seen::Gone);
    }

    fn desk(simulator: &Arc<Simulator>) -> DeviceDesk {
        let device: Arc<dyn Device> = Arc::clone(simulator) as _;
        DeviceDesk::start(&device).unwrap().0
    }

    /// Nothing done, or done and unheard: the next try finds its own either way, and goes on.
    #[tokio::test]
    async fn a_write_that_failed_either_way_ends_nobody() {
        for fault in [Fault::NotDone, Fault::Unheard, Fault::Refused] {
            let simulator = Arc::new(Simulator::default());
            let desk = desk(&simulator);
            let mut held = Held::since(Run([9; 16]), Found::Missing).unwrap();
            for size in [3, 6] {
                simulator.faults().on(Operation::AnchorWrite, 1, fault);
                let next = held.trying(size, [1; 32]);
                assert!(renew(&desk, held, next).await.is_err(), "{fault:?}");
                assert_eq!(look(&desk, held).await.unwrap(), Seen::Own, "{fault:?}");
                let next = held.trying(size + 1, [2; 32]);
                assert_eq!(renew(&desk, held, next).await.unwrap(), Seen::Own);
                held.wrote();
                assert_eq!(look(&desk, held).await.unwrap(), Seen::Own, "{fault:?}");
            }
        }
    }

    /// Of two that run on one token the first one finds the second one's, whether that one heard of its
    /// own write or not, and writes nothing over it.
    #[tokio::test]
    async fn the_first_of_two_finds_the_seconds_and_leaves_it() {
        for heard in [true, false] {
            let simulator = Arc::new(Simulator::default());
            let desk = desk(&simulator);
            let mut first = Held::since(Run([1; 16]), Found::Missing).unwrap();
            let next = first.trying(5, [5; 32]);
            renew(&desk, first, next).await.unwrap();
            first.wrote();
            let mut second = Held::since(Run([2; 16]), Found::Checked(next)).unwrap();
            let taken = second.trying(6, [6; 32]);
            if !heard {
                simulator
                    .faults()
                    .on(Operation::AnchorWrite, 1, Fault::Unheard);
            }
            assert_eq!(renew(&desk, second, taken).await.is_ok(), heard);
            let theirs = Seen::Others(Some(taken));
            assert_eq!(look(&desk, first).await.unwrap(), theirs);
            let next = first.trying(9, [9; 32]);
            assert_eq!(renew(&desk, first, next).await.unwrap(), theirs);
            assert_eq!(look(&desk, second).await.unwrap(), Seen::Own);
        }
    }

    /// Neither wrote when the other looked: one of the two finds the other's.
    #[tokio::test]
    async fn of_two_that_start_at_once_one_is_told() {
        let simulator = Arc::new(Simulator::default());
        let desk = desk(&simulator);
        let mut both = [1, 2].map(|run| Held::since(Run([run; 16]), Found::Missing).unwrap());
        let mut told = Vec::new();
        for held in &mut both {
            let next = held.trying(5, [5; 32]);
            told.push(renew(&desk, *held, next).await.unwrap());
        }
        assert_eq!(told[0], Seen::Own);
        assert!(matches!(told[1], Seen::Others(Some(_))));
    }
}
