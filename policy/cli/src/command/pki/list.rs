//! `countersign pki list`

use countersign_api::{Certificate, CertificateStatus};
use countersign_intent::Principal;

use crate::client::Call;
use crate::failure::Outcome;
use crate::listing::{self, Range, Since};
use crate::output::Output;
use crate::session::Session;
use crate::table::{cell, end, table, time, whole};

/// Which certificates.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only those of this principal, `role/name`
    #[arg(long, value_name = "ROLE/NAME")]
    principal: Option<Principal>,
    /// Only those that stand like this: good, expired, renewed, revoked or blocked
    #[arg(long, value_parser = status)]
    status: Option<CertificateStatus>,
    /// Only those of this bot
    #[arg(long, value_name = "NAME", conflicts_with = "principal")]
    bot: Option<String>,
    #[command(flatten)]
    since: Since,
    #[command(flatten)]
    range: Range,
}

fn status(text: &str) -> Result<CertificateStatus, String> {
    serde_json::from_value(serde_json::Value::from(text))
        .map_err(|_| format!("expected good, expired, renewed, revoked or blocked, got `{text}`"))
}

fn word(status: CertificateStatus) -> String {
    let value = serde_json::to_value(status).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let call = Call::get("/v1/pki/certificates")
        .query("principal", arguments.principal.as_ref())
        .query("bot", arguments.bot.as_ref())
        .query("status", arguments.status.map(word))
        .query("since", arguments.since.since.as_ref());
    listing::show(session, &call, &arguments.range, list)
}

fn list(certificates: &[Certificate], out: &mut Output) {
    let rows: Vec<_> = certificates
        .iter()
        .map(|certificate| {
            [
                certificate.id.clone(),
                certificate.spiffe_id.clone(),
                word(certificate.status),
                certificate.not_after.clone(),
                cell(certificate.ends_at.as_ref()),
                certificate.issued_by.clone(),
            ]
        })
        .collect();
    table(
        out,
        [
            whole("id"),
            end("issued to"),
            whole("status"),
            time("not after"),
            time("ends").spare(),
            end("issued by").spare(),
        ],
        &rows,
    );
}
