//! `countersign grants`

use clap::Subcommand;
use countersign_api::{CreateGrant, Grant, Method};
use countersign_intent::{GrantId, WalletId};
use serde_json::{Value, json};

use crate::change::{self, Sending};
use crate::client::Call;
use crate::failure::Outcome;
use crate::listing::{self, Range, Since};
use crate::output::Output;
use crate::session::Session;
use crate::table::{fields, middle, table, time, whole, words};

/// Grants.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List grants, newest first
    List {
        /// Only grants to this bot
        #[arg(long, value_name = "NAME")]
        bot: Option<String>,
        /// Only grants of this wallet, `wal_…`
        #[arg(long, value_name = "WALLET_ID")]
        wallet: Option<WalletId>,
        /// `active`, `revoked` or `any`
        #[arg(long, default_value = "active")]
        status: String,
        #[command(flatten)]
        since: Since,
        #[command(flatten)]
        range: Range,
    },
    /// Let a bot use a wallet
    Create {
        /// Name of the bot
        #[arg(long)]
        bot: String,
        /// `wal_…`
        #[arg(long, value_name = "WALLET_ID")]
        wallet: WalletId,
        /// Actions the bot may ask for, e.g. `trade,fee`; every action unless told
        #[arg(long, value_delimiter = ',', value_name = "ACTION,…")]
        actions: Option<Vec<String>>,
        /// Give the bot more than it has, where it has a grant of this wallet already
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        sending: Sending,
    },
    /// Stop a bot's use of a wallet at once
    Revoke {
        /// `grt_…`
        id: GrantId,
        #[command(flatten)]
        sending: Sending,
    },
}

pub(super) fn run(command: Command, session: &mut Session) -> Outcome {
    match command {
        Command::List {
            bot,
            wallet,
            status,
            since,
            range,
        } => {
            let call = Call::get("/v1/grants")
                .query("bot", bot)
                .query("wallet_id", wallet)
                .query("status", Some(status))
                .query("since", since.since);
            listing::show(session, &call, &range, list)
        }
        Command::Create {
            bot,
            wallet,
            actions,
            replace,
            sending,
        } => {
            let body = CreateGrant {
                bot,
                wallet_id: wallet.to_string(),
                actions,
                replace,
            };
            let call = Call::post("/v1/grants").json(&body)?;
            sending.send(session, call, show)
        }
        Command::Revoke { id, sending } => revoke(id, &sending, session),
    }
}

fn revoke(id: GrantId, sending: &Sending, session: &mut Session) -> Outcome {
    let call = Call::new(Method::Delete, format!("/v1/grants/{id}"));
    if sending.dry_run() {
        return change::preview(session, &call);
    }
    let reply = session.call::<Value>(&sending.keyed(call)?)?;
    let value = match &reply.value {
        Value::Null => json!({ "id": id.to_string(), "revoked": true }),
        said => said.clone(),
    };
    session.show(&value, |out| out.line(format!("revoked {id}")));
    Ok(reply.exit())
}

fn list(grants: &[Grant], out: &mut Output) {
    let rows: Vec<_> = grants
        .iter()
        .map(|grant| {
            [
                grant.id.clone(),
                grant.bot.clone(),
                grant.wallet_id.clone(),
                actions(grant),
                grant.created_at.clone(),
            ]
        })
        .collect();
    table(
        out,
        [
            whole("id"),
            words("bot"),
            middle("wallet"),
            words("actions"),
            time("created").spare(),
        ],
        &rows,
    );
}

fn show(grant: &Grant, out: &mut Output) {
    fields(
        out,
        &[
            ("id", Some(grant.id.clone())),
            ("bot", Some(grant.bot.clone())),
            ("wallet", Some(grant.wallet_id.clone())),
            ("actions", Some(actions(grant))),
            ("created", Some(grant.created_at.clone())),
        ],
    );
    if let Some(warning) = &grant.warning {
        out.line(format!("WARNING: {warning}"));
    }
}

fn actions(grant: &Grant) -> String {
    match &grant.actions {
        None => "every action".to_owned(),
        Some(actions) if actions.is_empty() => "no action".to_owned(),
        Some(actions) => actions.join(", "),
    }
}
