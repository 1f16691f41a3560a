//! `countersign tables`

use clap::Subcommand;
use countersign_api::{FeedTable, LookupTable, Method};
use countersign_intent::Address;
use serde_json::{Value, json};

use crate::change::{self, DryRun};
use crate::client::Call;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::listing::{self, Range, Since};
use crate::output::Output;
use crate::session::Session;
use crate::table::{end, fields, table, time, whole};

/// Lookup tables.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the tables that are known
    List {
        #[command(flatten)]
        since: Since,
        #[command(flatten)]
        range: Range,
    },
    /// One table with its entries
    Show {
        /// The table
        address: Address,
    },
    /// Feed what a table holds, as it was observed in finalised state
    Feed {
        /// The table
        address: Address,
        /// Its entries, in order
        #[arg(required = true, value_name = "ENTRY")]
        entries: Vec<Address>,
        /// Index of the first entry given
        #[arg(long, default_value_t = 0)]
        from: u16,
        #[command(flatten)]
        preview: DryRun,
        #[command(flatten)]
        idempotency: Idempotency,
    },
    /// Forget a table at once; only an operator can feed it again
    Remove {
        /// The table
        address: Address,
        #[command(flatten)]
        preview: DryRun,
        #[command(flatten)]
        idempotency: Idempotency,
    },
}

pub(super) fn run(command: &Command, session: &mut Session) -> Outcome {
    match command {
        Command::List { since, range } => {
            let call = Call::get("/v1/tables").query("since", since.since.as_ref());
            listing::show(session, &call, range, list)
        }
        Command::Show { address } => {
            let call = Call::get(format!("/v1/tables/{address}"));
            session.call_and_show(&call, show)
        }
        Command::Feed {
            address,
            entries,
            from,
            preview,
            idempotency,
        } => {
            let body = FeedTable {
                address: address.to_string(),
                from: *from,
                addresses: entries.iter().map(ToString::to_string).collect(),
            };
            let call = Call::post("/v1/tables").json(&body)?;
            if preview.dry_run {
                return change::preview(session, &call);
            }
            session.call_and_show(&call.keyed(idempotency.key()?), show)
        }
        Command::Remove {
            address,
            preview,
            idempotency,
        } => {
            let call = Call::new(Method::Delete, format!("/v1/tables/{address}"));
            if preview.dry_run {
                return change::preview(session, &call);
            }
            let reply = session.call::<Value>(&call.keyed(idempotency.key()?))?;
            let value = json!({ "address": address.to_string(), "removed": true });
            session.show(&value, |out| out.line(format!("removed {address}")));
            Ok(reply.exit())
        }
    }
}

fn list(tables: &[LookupTable], out: &mut Output) {
    let rows: Vec<_> = tables
        .iter()
        .map(|one| {
            [
                one.address.clone(),
                one.length.to_string(),
                one.fed_by.clone(),
                one.fed_at.clone(),
            ]
        })
        .collect();
    table(
        out,
        [whole("table"), whole("entries"), end("fed by"), time("fed")],
        &rows,
    );
}

fn show(table: &LookupTable, out: &mut Output) {
    fields(
        out,
        &[
            ("table", Some(table.address.clone())),
            ("entries", Some(table.length.to_string())),
            ("fed by", Some(table.fed_by.clone())),
            ("fed", Some(table.fed_at.clone())),
        ],
    );
    for (index, entry) in table.addresses.iter().enumerate() {
        out.line(format!("{index:>5}  {entry}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::command::tests::{countersign, tried};
    use crate::exit::Exit;

    const A: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
    const B: &str = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";

    fn known() -> Value {
        json!({
            "address": A, "length": 2, "fed_by": "gateway/g", "fed_at": "t",
            "addresses": [B, A],
        })
    }

    #[test]
    fn a_table_is_fed_shown_listed_and_removed() {
        let feed = ["tables", "feed", A, B, A, "--from", "0"];
        let (exit, _, _, calls) = countersign(&feed, [(200, known())]);
        assert_eq!(exit, Exit::Done);
        let sent: Value = serde_json::from_slice(calls[0].body.as_ref().unwrap()).unwrap();
        assert_eq!(
            sent,
            json!({ "address": A, "from": 0, "addresses": [B, A] })
        );
        let (_, out, ..) = countersign(&["tables", "show", A], [(200, known())]);
        assert!(out.contains(&format!("0  {B}")), "{out}");
        let page = json!({ "items": [known()], "next_cursor": null });
        let (_, out, ..) = countersign(&["tables", "list"], [(200, page)]);
        assert!(out.contains("gateway/g"), "{out}");
        let (_, out, _, calls) = countersign(&["tables", "remove", A], [(204, Value::Null)]);
        assert!(out.contains("removed"), "{out}");
        assert_eq!(calls[0].path, format!("/v1/tables/{A}"));
    }

    #[test]
    fn tables_can_be_tried() {
        for line in [&["tables", "feed", A, B][..], &["tables", "remove", A][..]] {
            let (_, call) = tried(line, []);
            assert!(call.path.starts_with("/v1/tables"));
        }
    }
}
