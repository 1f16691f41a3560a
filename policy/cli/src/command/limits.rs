//! `countersign limits`

use clap::Subcommand;
use countersign_api::{LimitUse, Page};
use countersign_intent::{Address, WalletId};

use crate::client::Call;
use crate::failure::Outcome;
use crate::output::Output;
use crate::session::Session;
use crate::table::{cell, middle, table, time, whole, words};

/// Limits.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what is left under the limits of the active policy, and when more will be
    Show(Arguments),
}

/// For whom.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The limits of this wallet and of its user, `wal_…`
    #[arg(long, value_name = "WALLET_ID")]
    wallet: Option<WalletId>,
    /// The limits of this bot
    #[arg(long)]
    bot: Option<String>,
    /// The limits of what is sent to this address
    #[arg(long, value_name = "ADDRESS")]
    destination: Option<Address>,
}

pub(super) fn run(command: &Command, session: &mut Session) -> Outcome {
    let Command::Show(arguments) = command;
    let call = Call::get("/v1/limits")
        .query("wallet_id", arguments.wallet)
        .query("bot", arguments.bot.as_ref())
        .query("destination", arguments.destination);
    let exit =
        session.call_and_show::<Page<LimitUse>>(&call, |page, out| show(&page.items, out))?;
    if let Some(missing) = missing(arguments) {
        session.out.note(missing);
    }
    Ok(exit)
}

/// Most limits are counted for somebody, and are told for those alone who were named.
fn missing(arguments: &Arguments) -> Option<String> {
    let wallet = arguments.wallet.is_none();
    let more = [
        (
            wallet,
            "`--wallet wal_…` (those per wallet and per user; `countersign wallets list` has the ids)",
        ),
        (arguments.bot.is_none(), "`--bot NAME` (those per bot)"),
        (
            arguments.destination.is_none(),
            "`--destination ADDRESS` (those per destination)",
        ),
    ];
    let more: Vec<&str> = more
        .into_iter()
        .filter_map(|(missing, flag)| missing.then_some(flag))
        .collect();
    wallet.then(|| {
        format!(
            "not all limits are shown; for the others give {}",
            more.join(", ")
        )
    })
}

fn show(limits: &[LimitUse], out: &mut Output) {
    let rows: Vec<_> = limits
        .iter()
        .map(|one| {
            [
                one.limit.clone(),
                one.scope.clone(),
                one.left.clone(),
                one.unit.clone(),
                one.used.clone(),
                cell(one.held.as_ref()),
                one.max.clone(),
                one.window.clone(),
                cell(one.frees_at.as_ref()),
            ]
        })
        .collect();
    table(
        out,
        [
            words("limit"),
            middle("for").spare(),
            whole("left"),
            middle("unit"),
            whole("used").spare(),
            whole("of it held").spare(),
            whole("most"),
            words("within"),
            time("frees"),
        ],
        &rows,
    );
}
