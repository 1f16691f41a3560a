//! `countersign pki`

mod auto;
mod blocked;
mod collect;
mod issue;
mod key;
mod list;
mod renew;
mod revoke;
#[cfg(test)]
mod tests;
mod unblock;

use clap::Subcommand;
use countersign_api::{Certificate, IssuedCertificate, PendingChange};
use serde_json::Value;

use crate::change;
use crate::client::Call;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::listing::Range;
use crate::output::Output;
use crate::session::{Reply, Session};
use crate::table::{cell, fields};

/// Client certificates.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Issue a client certificate
    Issue(issue::Arguments),
    /// Fetch the certificate of a request that people agreed to
    Collect(collect::Arguments),
    /// List issued certificates, newest first
    List(list::Arguments),
    /// Revoke a certificate and what was renewed from it, or block a principal, at once
    Revoke(revoke::Arguments),
    /// List blocked principals, newest first
    Blocked(Range),
    /// Ask the group to let a principal have certificates again
    Unblock(unblock::Arguments),
    /// Get a new certificate for yourself
    Renew(renew::Arguments),
}

pub(super) fn run(command: Command, session: &mut Session) -> Outcome {
    match command {
        Command::Issue(arguments) => issue::run(&arguments, session),
        Command::Collect(arguments) => collect::run(&arguments, session),
        Command::List(arguments) => list::run(&arguments, session),
        Command::Revoke(arguments) => revoke::run(arguments, session),
        Command::Blocked(range) => blocked::run(&range, session),
        Command::Unblock(arguments) => unblock::run(arguments, session),
        Command::Renew(arguments) => renew::run(&arguments, session),
    }
}

/// Sends a request for a certificate and puts what comes back where it belongs. Where people
/// have to agree first, the key stays where it was made.
fn ask(call: &Call, pending: key::Pending, session: &mut Session) -> Outcome {
    let reply = match session.call::<Value>(call) {
        Ok(reply) => reply,
        Err(failure) => return Err(pending.without(failure)),
    };
    if reply.exit() == Exit::NeedsApproval {
        return held(&reply, &pending, session);
    }
    let issued: IssuedCertificate = serde_json::from_value(reply.body.clone())
        .map_err(|_| Failure::unreachable("the answer is no certificate"))
        .map_err(|failure| pending.without(failure))?;
    pending.keep(&issued.pem)?;
    session.show(&reply.value, |out| {
        if !pending.has_file() {
            out.text(&issued.pem);
        }
    });
    let certificate = &issued.certificate;
    let (id, spiffe, end) = (
        &certificate.id,
        &certificate.spiffe_id,
        &certificate.not_after,
    );
    session
        .out
        .note(format!("issued {id} to {spiffe}, good until {end}"));
    for line in pending.told() {
        session.out.note(line);
    }
    Ok(reply.exit())
}

fn held(reply: &Reply<Value>, pending: &key::Pending, session: &mut Session) -> Outcome {
    let change = serde_json::from_value::<PendingChange>(reply.body.clone());
    session.show(&reply.value, |out| match &change {
        Ok(change) => change::show(change, out),
        Err(_) => out.line("it waits for people"),
    });
    if let Some(line) = pending.key_told() {
        session.out.note(line);
    }
    if let Ok(change) = &change {
        session.out.note(format!(
            "once the group agreed: `countersign pki collect {} --out FILE`",
            change.request_id
        ));
    }
    Ok(Exit::NeedsApproval)
}

fn show(certificate: &Certificate, out: &mut Output) {
    fields(
        out,
        &[
            ("id", Some(certificate.id.clone())),
            ("issued to", Some(certificate.spiffe_id.clone())),
            ("not before", Some(certificate.not_before.clone())),
            ("not after", Some(certificate.not_after.clone())),
            ("revoked", Some(cell(certificate.revoked_at.as_ref()))),
        ],
    );
    if let Some(warning) = &certificate.warning {
        out.line(format!("WARNING: {warning}"));
    }
}
