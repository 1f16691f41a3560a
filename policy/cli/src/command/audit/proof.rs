//! `countersign audit proof`

use countersign_api::Proof;
use countersign_audit::proof::verify_inclusion;
use countersign_audit::{Hash, leaf_hash};
use serde_json::json;

use super::{Pinned, page, signed};
use crate::client::Call;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use crate::table::fields;

/// Fetch one entry with its proof and verify both.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Position of the entry in the log, from 0
    index: u64,
    #[command(flatten)]
    pinned: Pinned,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let index = arguments.index;
    let signed = signed(session, &arguments.pinned)?;
    let (size, root) = (signed.checkpoint.size, signed.checkpoint.root);
    if index >= size {
        return Err(Failure::usage(format!(
            "expected an entry below {size}, what the last checkpoint covers, got {index}"
        )));
    }
    let entries = page(session, index, 1)?.body.items;
    let entry = entries.into_iter().find(|entry| entry.index == index);
    let entry = entry.ok_or_else(|| Failure::unreachable(format!("no entry {index} came")))?;
    let call = Call::get("/v1/audit/proof")
        .query("index", Some(index))
        .query("size", Some(size));
    let proof: Proof = session.call(&call)?.body;
    let hashes: Vec<Hash> = proof
        .hashes
        .iter()
        .map(|hash| hash.parse())
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::refused(format!("the proof is not good: {error}")))?;
    let leaf = leaf_hash(entry.entry.as_bytes());
    verify_inclusion(leaf, index, size, root, &hashes).map_err(|error| {
        Failure::refused(format!("entry {index} is not in the signed log: {error}"))
            .and("  keep the entry and the checkpoint: together they show it")
    })?;
    let value = json!({
        "good": true,
        "index": index,
        "entry": entry.entry,
        "leaf": leaf,
        "hashes": hashes,
        "checkpoint": signed.note,
    });
    session.show(&value, |out| {
        out.line(format!(
            "entry {index} is in the signed log of {size} entries"
        ));
        fields(
            out,
            &[
                ("leaf", Some(leaf.to_string())),
                ("root", Some(root.to_string())),
                ("entry", Some(entry.entry)),
            ],
        );
    });
    Ok(Exit::Done)
}
