//! `countersign destinations add` and `destinations remove`

use countersign_intent::Address;

use crate::command::policy::edit::{self, List};
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::segment;
use crate::session::Session;

/// Which address, and of which destination.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The destination's name
    #[arg(value_parser = segment::checked)]
    name: String,
    /// A Solana address
    address: Address,
    /// Print the policy that would be proposed, and what it changes
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn add(arguments: &Arguments, session: &mut Session) -> Outcome {
    let list = list(arguments);
    edit::propose(session, arguments.dry_run, &arguments.idempotency, |text| {
        list.add(text, &arguments.address.to_string())
    })
}

pub(super) fn remove(arguments: &Arguments, session: &mut Session) -> Outcome {
    let list = list(arguments);
    edit::propose(session, arguments.dry_run, &arguments.idempotency, |text| {
        list.remove(text, &arguments.address.to_string())
    })
}

fn list(arguments: &Arguments) -> List<'_> {
    List {
        section: "destinations",
        name: &arguments.name,
        key: "solana",
    }
}
