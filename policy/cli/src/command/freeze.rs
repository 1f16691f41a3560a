//! `countersign freeze`

use clap::ValueEnum;
use countersign_api::{Freeze, FreezeScope, FreezeState};
use countersign_intent::{Principal, Role, UserId, WalletId};

use super::status;
use crate::change::{self, DryRun};
use crate::client::Call;
use crate::failure::{Failure, Outcome};
use crate::idempotency::Idempotency;
use crate::output::Output;
use crate::session::Session;

/// Stop signing at once. Unfreezing takes other people's agreement.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What to stop
    scope: Scope,
    /// Which one: a venue's slug, `usr_…`, `wal_…`, a bot's name, or `role/name`
    id: Option<String>,
    /// Why, for the log
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    preview: DryRun,
    #[command(flatten)]
    idempotency: Idempotency,
}

/// Kinds of scope.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Scope {
    Everything,
    Venue,
    User,
    Wallet,
    Bot,
    Principal,
}

pub(super) fn run(arguments: Arguments, session: &mut Session) -> Outcome {
    let body = Freeze {
        scope: scope(arguments.scope, arguments.id)?,
        id: None,
        reason: arguments.reason,
    };
    let call = Call::post("/v1/freeze").json(&body)?;
    if arguments.preview.dry_run {
        return change::preview(session, &call);
    }
    session.call_and_show(&call.keyed(arguments.idempotency.key()?), show)
}

/// The scope as the wire has it.
///
/// # Errors
/// An id that is none, too many, or too few.
pub(super) fn scope(kind: Scope, id: Option<String>) -> Result<FreezeScope, Failure> {
    match (kind, id) {
        (Scope::Everything, None) => Ok(FreezeScope::Everything),
        (Scope::Everything, Some(id)) => Err(Failure::usage(format!(
            "expected nothing after `everything`, got `{id}`"
        ))),
        (Scope::Venue, Some(slug)) => Ok(FreezeScope::Venue(slug)),
        (Scope::User, Some(id)) => checked::<UserId>(&id).map(FreezeScope::User),
        (Scope::Wallet, Some(id)) => checked::<WalletId>(&id).map(FreezeScope::Wallet),
        (Scope::Bot, Some(name)) => match Principal::new(Role::Bot, &name) {
            Ok(_) => Ok(FreezeScope::Bot(name)),
            Err(error) => Err(Failure::usage(error.to_string())),
        },
        (Scope::Principal, Some(id)) => checked::<Principal>(&id).map(FreezeScope::Principal),
        (_, None) => Err(Failure::usage(
            "expected which one to freeze, like `freeze wallet wal_…`, got nothing",
        )),
    }
}

fn checked<T: std::str::FromStr<Err: ToString>>(id: &str) -> Result<String, Failure> {
    match id.parse::<T>() {
        Ok(_) => Ok(id.to_owned()),
        Err(error) => Err(Failure::usage(error.to_string())),
    }
}

fn show(state: &FreezeState, out: &mut Output) {
    let scope = status::scope(&state.scope);
    out.line(format!(
        "frozen: {scope} since {} by {}",
        state.since, state.by
    ));
    if let Some(first) = &state.first {
        out.line(format!("it was frozen before: {}", status::first(first)));
    }
    if let Some(warning) = &state.warning {
        out.line(format!("WARNING: {warning}"));
    }
    if !state.recorded {
        out.line("it holds, but its record could not be written yet");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_checked_before_it_is_sent() {
        let wallet = "wal_30313233343536373839616263646566".to_owned();
        assert_eq!(
            scope(Scope::Wallet, Some(wallet.clone())).unwrap(),
            FreezeScope::Wallet(wallet.clone())
        );
        assert_eq!(
            scope(Scope::Everything, None).unwrap(),
            FreezeScope::Everything
        );
        assert!(scope(Scope::Everything, Some(wallet.clone())).is_err());
        assert!(scope(Scope::User, Some(wallet)).is_err());
        assert!(scope(Scope::Bot, Some("a b".to_owned())).is_err());
        assert!(scope(Scope::Venue, None).is_err());
    }
}
