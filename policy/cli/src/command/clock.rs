//! `countersign clock`

use clap::Subcommand;
use countersign_api::{ClockState, ConfirmClock, Status};
use countersign_intent::Timestamp;

use super::status;
use crate::change::{self, DryRun};
use crate::client::Call;
use crate::failure::{Failure, Outcome};
use crate::idempotency::Idempotency;
use crate::output::Output;
use crate::session::Session;

/// Verbs of the clock.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What the machine's clock says, the time that counts, and why they differ
    Show,
    /// Say that the machine's clock is right, so that withdrawals go on
    Confirm(Confirm),
}

/// A confirmation.
#[derive(Debug, clap::Args)]
pub(crate) struct Confirm {
    /// What your own clock says, like `2026-11-21T09:30:00Z`; nothing is confirmed if the machine's
    /// is further than a minute from it. `--time "$(date -u +%FT%TZ)"`
    #[arg(long)]
    time: Option<String>,
    #[command(flatten)]
    preview: DryRun,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(command: Command, session: &mut Session) -> Outcome {
    match command {
        Command::Show => {
            let reply = session.call::<Status>(&Call::get("/v1/status"))?;
            session.show(&reply.body.clock, |out| show(&reply.body.clock, out));
            Ok(reply.exit())
        }
        Command::Confirm(confirm) => {
            if let Some(time) = confirm.time.as_deref()
                && Timestamp::parse(time).is_err()
            {
                return Err(Failure::usage(format!(
                    "expected a time like `2026-11-21T09:30:00Z`, got `{time}`"
                )));
            }
            let body = ConfirmClock { time: confirm.time };
            let call = Call::post("/v1/clock/confirm").json(&body)?;
            if confirm.preview.dry_run {
                return change::preview(session, &call);
            }
            session.call_and_show(&call.keyed(confirm.idempotency.key()?), show)
        }
    }
}

fn show(clock: &ClockState, out: &mut Output) {
    out.line(status::clock(clock));
}
