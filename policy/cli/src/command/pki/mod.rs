//! `countersign pki`

mod issue;
mod key;
mod list;
mod renew;
mod revoke;
#[cfg(test)]
mod tests;

use clap::Subcommand;
use countersign_api::{Certificate, IssuedCertificate};

use crate::client::Call;
use crate::failure::Outcome;
use crate::listing::Range;
use crate::output::Output;
use crate::session::Session;
use crate::table::{cell, fields};

/// Client certificates.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Issue a client certificate
    Issue(issue::Arguments),
    /// List issued certificates, oldest first
    List(Range),
    /// Revoke a certificate at once
    Revoke(revoke::Arguments),
    /// Get a new certificate for yourself
    Renew(renew::Arguments),
}

pub(super) fn run(command: Command, session: &mut Session) -> Outcome {
    match command {
        Command::Issue(arguments) => issue::run(&arguments, session),
        Command::List(range) => list::run(&range, session),
        Command::Revoke(arguments) => revoke::run(&arguments, session),
        Command::Renew(arguments) => renew::run(&arguments, session),
    }
}

/// Sends a request for a certificate and puts what comes back where it belongs.
fn ask(call: &Call, pending: key::Pending, session: &mut Session) -> Outcome {
    let reply = match session.call::<IssuedCertificate>(call) {
        Ok(reply) => reply,
        Err(failure) => return Err(pending.without(failure)),
    };
    pending.keep(&reply.body.pem)?;
    session.show(&reply.value, |out| {
        if !pending.has_file() {
            out.text(&reply.body.pem);
        }
    });
    let certificate = &reply.body.certificate;
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
}
