//! `countersign pki blocked`

use countersign_api::BlockedPrincipal;

use crate::client::Call;
use crate::failure::Outcome;
use crate::listing::{self, Range};
use crate::output::Output;
use crate::session::Session;
use crate::table::{cell, end, table, time, whole};

pub(super) fn run(range: &Range, session: &mut Session) -> Outcome {
    listing::show(session, &Call::get("/v1/pki/principals"), range, list)
}

fn list(blocked: &[BlockedPrincipal], out: &mut Output) {
    let rows: Vec<_> = blocked
        .iter()
        .map(|one| {
            [
                one.principal.clone(),
                one.since.clone(),
                one.by.clone(),
                cell(one.reason.as_ref()),
            ]
        })
        .collect();
    let columns = [whole("principal"), time("since"), end("by"), end("reason")];
    table(out, columns, &rows);
}
