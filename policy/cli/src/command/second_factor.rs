//! `countersign second-factor`

use clap::Subcommand;
use countersign_api::{ResetSecondFactor, SecondFactorSecret};

use crate::change::{self, DryRun};
use crate::client::Call;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::output::Output;
use crate::session::Session;

/// Verbs of the second factor.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show your own secret, once: feed it to an authenticator, and leave it nowhere else
    Enroll(DryRun),
    /// Ask the group to let an operator have another secret
    Reset(Reset),
}

/// A reset.
#[derive(Debug, clap::Args)]
pub(crate) struct Reset {
    /// Name of the operator
    operator: String,
    #[command(flatten)]
    preview: DryRun,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(command: Command, session: &mut Session) -> Outcome {
    match command {
        // Under a key that nobody else gets: the appliance keeps no answer to this.
        Command::Enroll(preview) => {
            let call = Call::post("/v1/second-factor");
            if preview.dry_run {
                return change::preview(session, &call);
            }
            session.call_and_show(&call, show)
        }
        Command::Reset(reset) => {
            let body = ResetSecondFactor {
                operator: reset.operator,
            };
            let call = Call::post("/v1/second-factor/reset").json(&body)?;
            if reset.preview.dry_run {
                return change::preview(session, &call);
            }
            change::ask(session, &call.keyed(reset.idempotency.key()?))
        }
    }
}

fn show(secret: &SecondFactorSecret, out: &mut Output) {
    out.line(&secret.otpauth);
}
