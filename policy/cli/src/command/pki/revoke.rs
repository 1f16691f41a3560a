//! `countersign pki revoke`

use countersign_api::{BlockPrincipal, BlockedPrincipal, Method, Status};
use countersign_intent::{CertificateId, Principal};

use super::show;
use crate::change::Sending;
use crate::client::Call;
use crate::confirm::Confirm;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::session::Session;
use crate::table::{cell, fields};

/// Revoke a certificate and everything renewed from it, or block a principal, at once.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `crt_…`, as `pki list` shows it
    #[arg(required_unless_present = "principal", conflicts_with = "principal")]
    id: Option<CertificateId>,
    /// `role/name`: none of its certificates is let in any more, nor any it renews. Lifting that
    /// takes the group `change`
    #[arg(long, value_name = "ROLE/NAME")]
    principal: Option<Principal>,
    /// Why, for the log
    #[arg(long, requires = "principal")]
    reason: Option<String>,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    sending: Sending,
}

pub(super) fn run(arguments: Arguments, session: &mut Session) -> Outcome {
    if !arguments.sending.dry_run() {
        sure(&arguments, session)?;
    }
    match (arguments.id, arguments.principal) {
        (Some(id), None) => {
            let call = Call::new(Method::Delete, format!("/v1/pki/certificates/{id}"));
            arguments.sending.send(session, call, show)
        }
        (None, Some(principal)) => {
            let path = format!("/v1/pki/principals/{principal}");
            let reason = arguments.reason;
            let call = Call::new(Method::Delete, path).json(&BlockPrincipal { reason })?;
            arguments.sending.send(session, call, blocked)
        }
        _ => Err(Failure::usage(
            "expected `crt_…` or `--principal role/name`",
        )),
    }
}

/// Whoever shuts themselves out cannot take it back.
fn sure(arguments: &Arguments, session: &mut Session) -> Result<(), Failure> {
    // Shutting out works when hardly anything else does.
    let Ok(status) = session.call::<Status>(&Call::get("/v1/status")) else {
        return Ok(());
    };
    let status = status.body;
    let (name, what) = match (&arguments.id, &arguments.principal) {
        (Some(id), _) if status.certificate == Some(id.to_string()) => (
            id.to_string(),
            format!("{id} is your own: this profile is not let in any more"),
        ),
        (_, Some(named)) if status.you.ends_with(&format!("/{named}")) => (
            named.to_string(),
            format!(
                "{named} is you: you are not let in any more, and only people of the group `change` can \
                 lift that"
            ),
        ),
        _ => return Ok(()),
    };
    arguments.confirm.ask(&what, &name)
}

fn blocked(blocked: &BlockedPrincipal, out: &mut Output) {
    fields(
        out,
        &[
            ("blocked", Some(blocked.principal.clone())),
            ("by", Some(blocked.by.clone())),
            ("since", Some(blocked.since.clone())),
            ("reason", Some(cell(blocked.reason.as_ref()))),
        ],
    );
    if let Some(warning) = &blocked.warning {
        out.line(format!("WARNING: {warning}"));
    }
    if !blocked.recorded {
        out.line("it holds, but its record could not be written yet");
    }
    if !blocked.issued.is_empty() {
        out.line("certificates of others that it issued, good still: look at them too");
    }
    for certificate in &blocked.issued {
        out.line(format!("  {certificate}"));
    }
}
