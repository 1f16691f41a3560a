//! The one writer: judges requests against the limits, and makes the decision, the
//! reservation and the log entry durable in one commit before anybody learns of it.
//!
//! Many requests share a commit. While one is being written the next ones queue up; the
//! writer then takes all of them, judges them in order, and commits once. Nothing that a
//! request needs is answered before that commit has returned, so:
//!
//! - a crash before the commit leaves nothing behind, and nobody was told anything;
//! - a crash after it leaves a reservation without an outcome. A retry under the same
//!   idempotency key gets the same bytes under the same reservation to sign again.
//!
//! A reservation is given back only if every attempt to sign under it is known not to have
//! reached the device. An attempt whose end was not recorded (a crash, a dropped
//! [`Recorded`]) counts as one that may have signed, for ever.
//!
//! What is reserved for a signature over a durable nonce counts at every instant, until another
//! value of the nonce was observed; from then on it counts at that time.
//!
//! The database is not trusted with what was used up: a MAC over all of it, under a key that the
//! database does not have, is written with each commit and checked when it is read.
//!
//! Whether a reservation was given back is remembered apart from the row of the outcome, and sealed
//! with the rest: a row that is gone has no MAC that is wrong.
//!
//! What is signed counts at the time of its reservation, also if a retry has it signed much
//! later. That gives nobody more than they had: had the first attempt been answered, the same
//! signature could have been kept and used at that later time just the same.

mod attempts;
mod batch;
mod core;
mod given_back;
mod handle;
mod head;
mod job;
mod keys;
mod limits;
mod nonces;
mod queue;
mod reached;
mod recorded;
mod rows;
mod ruling;
mod seal;
mod sequences;
mod windows;
mod writer;

pub use handle::Ledger;
pub use head::Head;
pub use job::{
    AdminChange, Bench, Case, Clock, Hold, HoldState, Judge, Judged, LedgerError, Observation,
    Outcome, OutcomeEntry, Randomness, Told, Verdict,
};
pub use limits::Limits;
pub use nonces::{NonceState, NonceUse, Observed};
pub use recorded::Recorded;
pub use rows::RowSeals;
pub use seal::Sealer;
pub use sequences::{Bid, SequenceState, SequenceUse};
pub use windows::stored_key as usage_key;
