//! `countersign nonces`

use clap::Subcommand;
use countersign_api::{Nonce, ObserveNonce};
use countersign_intent::{Address, WalletId};

use crate::change::{self, DryRun};
use crate::client::Call;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::listing::{self, Range};
use crate::output::Output;
use crate::session::Session;
use crate::table::{cell, middle, table, whole};

/// Durable nonces.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List nonce accounts, what was observed of each, and which request has a signature over it
    List {
        /// Only those of this wallet, `wal_…`
        #[arg(long, value_name = "WALLET_ID")]
        wallet: Option<WalletId>,
        /// Only those that are `free`, `held`, or `unknown` for want of an observation
        #[arg(long)]
        status: Option<String>,
        #[command(flatten)]
        range: Range,
    },
    /// Tell what a nonce account holds, as it was observed in finalised state
    Observe {
        /// The nonce account
        account: Address,
        /// The nonce that it holds
        nonce: Address,
        /// The slot it was observed at
        #[arg(long)]
        slot: u64,
        #[command(flatten)]
        preview: DryRun,
        #[command(flatten)]
        idempotency: Idempotency,
    },
}

pub(super) fn run(command: &Command, session: &mut Session) -> Outcome {
    match command {
        Command::List {
            wallet,
            status,
            range,
        } => {
            let call = Call::get("/v1/nonces")
                .query("wallet_id", *wallet)
                .query("status", status.as_ref());
            listing::show(session, &call, range, list)
        }
        Command::Observe {
            account,
            nonce,
            slot,
            preview,
            idempotency,
        } => {
            let body = ObserveNonce {
                nonce: nonce.to_string(),
                slot: *slot,
            };
            let call = Call::post(format!("/v1/nonces/{account}")).json(&body)?;
            if preview.dry_run {
                return change::preview(session, &call);
            }
            let call = call.keyed(idempotency.key()?);
            session.call_and_show(&call, |nonce: &Nonce, out| {
                list(std::slice::from_ref(nonce), out);
            })
        }
    }
}

fn list(nonces: &[Nonce], out: &mut Output) {
    let rows: Vec<_> = nonces
        .iter()
        .map(|one| {
            [
                one.account.clone(),
                cell(one.wallet_id.as_ref()),
                cell(one.nonce.as_ref()),
                cell(one.slot.map(|slot| slot.to_string()).as_ref()),
                cell(one.held_by.as_ref()),
            ]
        })
        .collect();
    table(
        out,
        [
            whole("account"),
            middle("wallet").spare(),
            middle("nonce").spare(),
            whole("slot"),
            middle("held by"),
        ],
        &rows,
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::command::tests::{WALLET, countersign, tried};
    use crate::exit::Exit;

    const A: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
    const B: &str = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";

    #[test]
    fn a_nonce_is_observed_and_listed() {
        let known = json!({
            "account": A, "wallet_id": WALLET, "nonce": B, "slot": 7, "held_by": "req_1",
        });
        let observe = ["nonces", "observe", A, B, "--slot", "7"];
        let (exit, out, _, calls) = countersign(&observe, [(200, known.clone())]);
        assert_eq!(exit, Exit::Done);
        assert_eq!(calls[0].path, format!("/v1/nonces/{A}"));
        let sent: Value = serde_json::from_slice(calls[0].body.as_ref().unwrap()).unwrap();
        assert_eq!(sent, json!({ "nonce": B, "slot": 7 }));
        assert!(out.contains("req_1"), "{out}");
        let page = json!({ "items": [known], "next_cursor": null });
        let (_, out, ..) = countersign(&["nonces", "list"], [(200, page)]);
        assert!(out.contains(WALLET) && out.contains(B), "{out}");
        let (_, call) = tried(&observe, []);
        assert_eq!(call.path, format!("/v1/nonces/{A}"));
    }
}
