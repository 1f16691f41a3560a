//! `countersign pki list`

use countersign_api::Certificate;

use crate::client::Call;
use crate::failure::Outcome;
use crate::listing::{self, Range};
use crate::output::Output;
use crate::session::Session;
use crate::table::{cell, end, table, time, whole};

pub(super) fn run(range: &Range, session: &mut Session) -> Outcome {
    listing::show(session, &Call::get("/v1/pki/certificates"), range, list)
}

fn list(certificates: &[Certificate], out: &mut Output) {
    let rows: Vec<_> = certificates
        .iter()
        .map(|certificate| {
            [
                certificate.id.clone(),
                certificate.spiffe_id.clone(),
                certificate.not_before.clone(),
                certificate.not_after.clone(),
                cell(certificate.revoked_at.as_ref()),
            ]
        })
        .collect();
    table(
        out,
        [
            whole("id"),
            end("issued to"),
            time("not before").spare(),
            time("not after"),
            time("revoked"),
        ],
        &rows,
    );
}
