//! `countersign ledger enroll`

use crate::command::approvers::enroll::{self, Enrolment};
use crate::device::{KeyArguments, Ledgers};
use crate::failure::Outcome;
use crate::session::Session;

/// Enrol a Ledger's key.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    ledgers: Ledgers,
    #[command(flatten)]
    enrolment: Enrolment,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let keys = KeyArguments {
        ledgers: arguments.ledgers.clone(),
        keypair: None,
    };
    enroll::enrol(&keys, &arguments.enrolment, session)
}
