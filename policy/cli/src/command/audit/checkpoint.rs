//! `countersign audit checkpoint`

use serde_json::json;

use super::{Pinned, signed};
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::session::Session;

/// Print the last signed checkpoint.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pinned: Pinned,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let signed = signed(session, &arguments.pinned)?;
    let value = json!({
        "note": signed.note,
        "vkey": signed.key.vkey(),
        "size": signed.checkpoint.size,
    });
    session.show(&value, |out| out.bytes(signed.note.as_bytes()));
    Ok(Exit::Done)
}
