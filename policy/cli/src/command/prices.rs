//! `countersign prices`

use clap::Subcommand;
use countersign_api::{Price, SetPrice};

use crate::change::Sending;
use crate::client::Call;
use crate::failure::Outcome;
use crate::listing::{self, Range, Since};
use crate::output::Output;
use crate::session::Session;
use crate::table::{cell, table, time, whole, words};

/// Reference prices.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the prices in force
    List {
        #[command(flatten)]
        since: Since,
        #[command(flatten)]
        range: Range,
    },
    /// Vouch for a price
    Set {
        /// Name of the asset in the policy, e.g. `SOL`
        asset: String,
        /// US dollars per whole unit, e.g. `151.25`
        price_usd: String,
        #[command(flatten)]
        sending: Sending,
    },
}

pub(super) fn run(command: Command, session: &mut Session) -> Outcome {
    match command {
        Command::List { since, range } => {
            let call = Call::get("/v1/prices").query("since", since.since.as_ref());
            listing::show(session, &call, &range, list)
        }
        Command::Set {
            asset,
            price_usd,
            sending,
        } => {
            let body = SetPrice { asset, price_usd };
            let call = Call::post("/v1/prices").json(&body)?;
            sending.send(session, call, |price: &Price, out| {
                list(std::slice::from_ref(price), out);
            })
        }
    }
}

fn list(prices: &[Price], out: &mut Output) {
    let rows: Vec<_> = prices
        .iter()
        .map(|price| {
            [
                price.asset.clone(),
                price.price_usd.clone(),
                price.set_at.clone(),
                cell(price.expires_at.as_ref()),
            ]
        })
        .collect();
    table(
        out,
        [
            words("asset"),
            whole("USD"),
            time("set"),
            time("good until"),
        ],
        &rows,
    );
}
