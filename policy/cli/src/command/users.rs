//! `countersign users`

use clap::Subcommand;
use countersign_api::{CreateUser, User};
use countersign_intent::UserId;

use crate::change::Sending;
use crate::client::Call;
use crate::failure::Outcome;
use crate::listing::{self, Range, Since};
use crate::output::Output;
use crate::session::Session;
use crate::table::{cell, fields, table, time, whole, words};

/// Users of a platform.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List users, newest first
    List {
        /// Only the user with this external id
        #[arg(long, value_name = "ID")]
        external_id: Option<String>,
        /// Only users of this service tier
        #[arg(long)]
        tier: Option<String>,
        #[command(flatten)]
        since: Since,
        #[command(flatten)]
        range: Range,
    },
    /// Show one user
    Show {
        /// `usr_…`
        id: UserId,
    },
    /// Create a user, or find the one with this external id (gateways)
    Create {
        /// The platform's own name for this user
        external_id: String,
        /// A name for people
        #[arg(long)]
        display_name: Option<String>,
        /// Service tier that policies may match
        #[arg(long)]
        tier: Option<String>,
        #[command(flatten)]
        sending: Sending,
    },
}

pub(super) fn run(command: Command, session: &mut Session) -> Outcome {
    match command {
        Command::List {
            external_id,
            tier,
            since,
            range,
        } => {
            let call = Call::get("/v1/users")
                .query("external_id", external_id)
                .query("tier", tier)
                .query("since", since.since);
            listing::show(session, &call, &range, list)
        }
        Command::Show { id } => session.call_and_show(&Call::get(format!("/v1/users/{id}")), show),
        Command::Create {
            external_id,
            display_name,
            tier,
            sending,
        } => {
            let body = CreateUser {
                external_id,
                display_name,
                tier,
            };
            let call = Call::post("/v1/users").json(&body)?;
            sending.send(session, call, show)
        }
    }
}

fn list(users: &[User], out: &mut Output) {
    let rows: Vec<_> = users.iter().map(row).collect();
    table(
        out,
        [
            whole("id"),
            words("external id"),
            words("name"),
            words("tier").spare(),
            time("created").spare(),
        ],
        &rows,
    );
}

fn row(user: &User) -> [String; 5] {
    [
        user.id.clone(),
        user.external_id.clone(),
        cell(user.display_name.as_ref()),
        cell(user.tier.as_ref()),
        user.created_at.clone(),
    ]
}

fn show(user: &User, out: &mut Output) {
    fields(
        out,
        &[
            ("id", Some(user.id.clone())),
            ("external id", Some(user.external_id.clone())),
            ("name", user.display_name.clone()),
            ("tier", user.tier.clone()),
            ("created", Some(user.created_at.clone())),
        ],
    );
}
