//! `countersign wallets`

mod import;
mod rotate;
mod seal;
mod verify;

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use countersign_api::{
    CreateWallet, ManageWallet, PatchWallet, PauseWallet, Wallet, WalletLimit, WalletStatus,
};
use countersign_intent::{UserId, WalletId};

use crate::change::Sending;
use crate::client::Call;
use crate::confirm::Confirm;
use crate::failure::{Failure, Outcome};
use crate::input;
use crate::listing::{self, Range, Since};
use crate::output::Output;
use crate::session::Session;
use crate::table::{cell, fields, middle, table, whole, words};

/// Wallets.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List wallets, newest first
    List {
        /// Only wallets of this user
        #[arg(long, value_name = "USER_ID")]
        user: Option<UserId>,
        /// Only wallets at this venue
        #[arg(long)]
        venue: Option<String>,
        /// Only wallets in this state
        #[arg(long)]
        status: Option<State>,
        /// Only wallets that this bot was granted
        #[arg(long, value_name = "NAME")]
        bot: Option<String>,
        #[command(flatten)]
        since: Since,
        #[command(flatten)]
        range: Range,
    },
    /// Show one wallet
    Show {
        /// `wal_…`
        id: WalletId,
    },
    /// Create a user's wallet at a venue, or find it (gateways)
    Create {
        /// `usr_…`
        #[arg(long, value_name = "USER_ID")]
        user: UserId,
        /// Slug of the venue
        #[arg(long, default_value = "solana")]
        venue: String,
        /// `mainnet` or `testnet`
        #[arg(long)]
        environment: Option<String>,
        /// A name for people
        #[arg(long)]
        name: Option<String>,
        /// Where the key lives: `resident`, `wrapped` or `envelope`
        #[arg(long)]
        custody: Option<String>,
        /// The user's own limits: a JSON array, as `wallets show --json` prints it
        #[arg(long, value_name = "FILE")]
        limits: Option<PathBuf>,
        #[command(flatten)]
        sending: Sending,
    },
    /// Make a wallet of a key from outside (gateways)
    Import(import::Arguments),
    /// Show the key that imported keys are sealed to
    ImportKey,
    /// Seal a key to the appliance, offline
    Seal(seal::Arguments),
    /// Replace a wallet's own limits; people have to agree to looser ones
    Limit {
        /// `wal_…`
        id: WalletId,
        /// All of them: a JSON array, as `wallets show --json` prints it; `-` for standard input
        #[arg(value_name = "FILE")]
        limits: PathBuf,
        /// The risk manager's limits instead of the user's (risk)
        #[arg(long)]
        managed: bool,
        #[command(flatten)]
        sending: Sending,
    },
    /// Give a wallet another name
    Rename {
        /// `wal_…`
        id: WalletId,
        /// The name
        name: String,
        #[command(flatten)]
        sending: Sending,
    },
    /// Stop signing until resumed
    Pause {
        #[command(flatten)]
        one: One,
        /// Why, for the log
        #[arg(long)]
        reason: Option<String>,
    },
    /// Sign again
    Resume(One),
    /// Stop signing for ever
    Archive {
        #[command(flatten)]
        one: One,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Give a wallet a new key; the old one moves to a wallet without grants
    Rotate(rotate::Arguments),
    /// Have the HSM prove that it holds a wallet's key
    Verify(verify::Arguments),
}

/// One wallet to act on.
#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// `wal_…`
    id: WalletId,
    #[command(flatten)]
    sending: Sending,
}

/// States of a wallet.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum State {
    Active,
    Paused,
    Archived,
}

pub(super) fn run(command: Command, session: &mut Session) -> Outcome {
    match command {
        Command::List {
            user,
            venue,
            status,
            bot,
            since,
            range,
        } => {
            let call = Call::get("/v1/wallets")
                .query("user_id", user)
                .query("venue", venue)
                .query("status", status.map(State::word))
                .query("bot", bot)
                .query("since", since.since);
            listing::show(session, &call, &range, list)
        }
        Command::Show { id } => {
            session.call_and_show(&Call::get(format!("/v1/wallets/{id}")), show)
        }
        Command::Create {
            user,
            venue,
            environment,
            name,
            custody,
            limits,
            sending,
        } => {
            let body = CreateWallet {
                user_id: user.to_string(),
                venue,
                environment,
                name,
                custody,
                limits: limits
                    .as_deref()
                    .map(read_limits)
                    .transpose()?
                    .unwrap_or_default(),
            };
            let call = Call::post("/v1/wallets").json(&body)?;
            sending.send(session, call, show)
        }
        Command::Import(arguments) => import::run(arguments, session),
        Command::ImportKey => import::key(session),
        Command::Seal(arguments) => seal::run(&arguments, session),
        Command::Rename { id, name, sending } => rename(id, name, &sending, session),
        Command::Limit {
            id,
            limits,
            managed,
            sending,
        } => {
            let limits = read_limits(&limits)?;
            limit(id, limits, managed, &sending, session)
        }
        Command::Pause { one, reason } => pause(&one, reason, session),
        Command::Resume(one) => act(&one, "resume", session),
        Command::Archive { one, confirm } => archive(&one, confirm, session),
        Command::Rotate(arguments) => rotate::run(&arguments, session),
        Command::Verify(arguments) => verify::run(&arguments, session),
    }
}

fn rename(id: WalletId, name: String, sending: &Sending, session: &mut Session) -> Outcome {
    let body = PatchWallet {
        name: Some(name),
        limits: None,
    };
    let call = Call::new(countersign_api::Method::Patch, format!("/v1/wallets/{id}"));
    sending.send(session, call.json(&body)?, show)
}

fn limit(
    id: WalletId,
    limits: Vec<WalletLimit>,
    managed: bool,
    sending: &Sending,
    session: &mut Session,
) -> Outcome {
    let call = |path| Call::new(countersign_api::Method::Patch, path);
    let call = if managed {
        call(format!("/v1/wallets/{id}/managed")).json(&ManageWallet { limits })?
    } else {
        call(format!("/v1/wallets/{id}")).json(&PatchWallet {
            name: None,
            limits: Some(limits),
        })?
    };
    if managed {
        return sending.send(session, call, show);
    }
    sending.ask(session, call, show)
}

fn read_limits(file: &Path) -> Result<Vec<WalletLimit>, Failure> {
    let text = input::read_text(file, input::MAX_POLICY)?;
    serde_json::from_str(&text).map_err(|error| {
        let shown = file.display();
        Failure::usage(format!(
            "expected a JSON array of limits in `{shown}`: {error}"
        ))
    })
}

fn act(one: &One, verb: &str, session: &mut Session) -> Outcome {
    let call = Call::post(format!("/v1/wallets/{}/{verb}", one.id));
    one.sending.send(session, call, show)
}

fn pause(one: &One, reason: Option<String>, session: &mut Session) -> Outcome {
    let call = Call::post(format!("/v1/wallets/{}/pause", one.id));
    let call = match reason {
        Some(_) => call.json(&PauseWallet { reason })?,
        None => call,
    };
    one.sending.send(session, call, show)
}

fn archive(one: &One, confirm: Confirm, session: &mut Session) -> Outcome {
    if !one.sending.dry_run() {
        let (wallet, name) = named(one.id, session)?;
        let what = format!(
            "{} signs nothing ever again; what lies at {} cannot be moved any more",
            wallet.id, wallet.address
        );
        confirm.ask(&what, &name)?;
    }
    act(one, "archive", session)
}

/// A wallet, and what people call it: its name, or its id if it has none.
fn named(id: WalletId, session: &mut Session) -> Result<(Wallet, String), Failure> {
    let call = Call::get(format!("/v1/wallets/{id}"));
    let wallet = session.call::<Wallet>(&call)?.body;
    let name = wallet.name.clone().unwrap_or_else(|| wallet.id.clone());
    Ok((wallet, name))
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Archived => "archived",
        }
    }
}

const fn word(status: WalletStatus) -> &'static str {
    match status {
        WalletStatus::Active => State::Active.word(),
        WalletStatus::Paused => State::Paused.word(),
        WalletStatus::Archived => State::Archived.word(),
    }
}

fn list(wallets: &[Wallet], out: &mut Output) {
    let rows: Vec<_> = wallets.iter().map(row).collect();
    table(
        out,
        [
            whole("id"),
            middle("user").spare(),
            words("venue"),
            words("environment").spare(),
            middle("address"),
            words("custody").spare(),
            whole("status"),
            words("name"),
        ],
        &rows,
    );
}

fn row(wallet: &Wallet) -> [String; 8] {
    [
        wallet.id.clone(),
        wallet.user_id.clone(),
        wallet.venue.clone(),
        wallet.environment.clone(),
        wallet.address.clone(),
        wallet.custody.clone(),
        word(wallet.status).to_owned(),
        cell(wallet.name.as_ref()),
    ]
}

/// Limits in words, e.g. `daily: withdrawal 5 SOL per 24h`; `None` without any.
fn told(limits: &[WalletLimit]) -> Option<String> {
    let one = |limit: &WalletLimit| {
        let most = match (&limit.max_amount, &limit.max_usd, limit.max_count) {
            (Some(most), ..) => format!("{most} {}", limit.asset.as_deref().unwrap_or_default()),
            (None, Some(most), _) => format!("{most} USD"),
            (None, None, most) => format!("{} requests", most.unwrap_or_default()),
        };
        let (name, action, window) = (&limit.name, &limit.action, &limit.window);
        format!("{name}: {action} {most} per {window}")
    };
    let all: Vec<String> = limits.iter().map(one).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn show(wallet: &Wallet, out: &mut Output) {
    fields(
        out,
        &[
            ("id", Some(wallet.id.clone())),
            ("user", Some(wallet.user_id.clone())),
            ("name", wallet.name.clone()),
            ("venue", Some(wallet.venue.clone())),
            ("environment", Some(wallet.environment.clone())),
            ("address", Some(wallet.address.clone())),
            ("custody", Some(wallet.custody.clone())),
            (
                "key",
                wallet
                    .imported
                    .then(|| "imported: others may have it".to_owned()),
            ),
            ("status", Some(word(wallet.status).to_owned())),
            ("limits", told(&wallet.limits)),
            ("managed", told(&wallet.managed)),
            ("created", Some(wallet.created_at.clone())),
            ("rotated", wallet.rotated_at.clone()),
            ("key before", wallet.rotated_from.clone()),
            ("key of", wallet.rotated_to.clone()),
        ],
    );
}
