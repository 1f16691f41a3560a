//! `countersign destinations list`

use serde_json::json;

use crate::command::policy::active;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::session::Session;
use crate::table::{table, whole, words};

pub(super) fn run(session: &mut Session) -> Outcome {
    let policy = active::fetch(session)?;
    let value: Vec<_> = policy
        .destinations()
        .iter()
        .map(|one| {
            let addresses: Vec<String> = one.solana().iter().map(ToString::to_string).collect();
            json!({
                "name": one.name(), "solana": addresses, "cooldown": one.cooldown().to_string(),
            })
        })
        .collect();
    session.show(&value, |out| {
        let rows: Vec<_> = policy
            .destinations()
            .iter()
            .flat_map(|one| {
                one.solana().iter().map(|address| {
                    [
                        one.name().to_owned(),
                        address.to_string(),
                        one.cooldown().to_string(),
                    ]
                })
            })
            .collect();
        table(
            out,
            [
                words("destination"),
                whole("address"),
                words("usable after"),
            ],
            &rows,
        );
    });
    Ok(Exit::Done)
}
