//! `countersign registrations list`

use countersign_api::{Registered, Registration};
use countersign_intent::WalletId;

use crate::client::Call;
use crate::failure::Outcome;
use crate::listing::{self, Range, Since};
use crate::output::Output;
use crate::session::Session;
use crate::table::{middle, table, time, whole, words};

/// List what is registered.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only those of this kind, e.g. `token-account`
    #[arg(long)]
    kind: Option<String>,
    /// Only those of this wallet, `wal_…`
    #[arg(long, value_name = "WALLET_ID")]
    wallet: Option<WalletId>,
    /// `active`, `removed` or `any`
    #[arg(long, default_value = "active")]
    status: String,
    #[command(flatten)]
    since: Since,
    #[command(flatten)]
    range: Range,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let kind = arguments.kind.as_ref().map(|kind| kind.replace('-', "_"));
    let call = Call::get("/v1/registrations")
        .query("kind", kind)
        .query("wallet_id", arguments.wallet)
        .query("status", Some(&arguments.status))
        .query("since", arguments.since.since.as_ref());
    listing::show(session, &call, &arguments.range, show)
}

fn show(registrations: &[Registration], out: &mut Output) {
    let rows: Vec<_> = registrations
        .iter()
        .map(|one| {
            let (kind, address, about) = told(&one.registered);
            [
                one.id.clone(),
                kind.to_owned(),
                address.clone(),
                about,
                one.registered_at.clone(),
            ]
        })
        .collect();
    table(
        out,
        [
            whole("id"),
            words("kind"),
            middle("address"),
            words("about"),
            time("registered").spare(),
        ],
        &rows,
    );
}

fn told(registered: &Registered) -> (&'static str, &String, String) {
    match registered {
        Registered::TokenAccount {
            wallet_id,
            account,
            mint,
        } => (
            "token account",
            account,
            format!("{wallet_id}, mint {mint}"),
        ),
        Registered::NonceAccount { wallet_id, account } => {
            ("nonce account", account, wallet_id.clone())
        }
        Registered::Market {
            market,
            base_mint,
            quote_mint,
            base_lot,
            quote_lot,
            taker_fee_bps,
        } => {
            let about = format!(
                "{base_lot} of {base_mint} and {quote_lot} of {quote_mint} a lot, \
                 {taker_fee_bps} bps"
            );
            ("market", market, about)
        }
        Registered::TipAccount { account } => ("tip account", account, String::new()),
    }
}
