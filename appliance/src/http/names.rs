//! Whether what somebody names is there. Stopping a name takes a word and no question, so one that was
//! misspelt is stopped as well, and what was meant goes on signing: that has to be told.

use countersign_intent::{Principal, Role, UserId, WalletId};
use countersign_policy::nearest;

use crate::app::App;
use crate::freezes::Scope;
use crate::users::UserRecord;
use crate::wallets::WalletRecord;

/// What to tell of a scope that covers nothing; nothing where that cannot be looked up now.
pub(super) async fn unknown(app: &App, scope: &Scope) -> Option<String> {
    match scope {
        Scope::Everything => None,
        Scope::Venue(slug) => venue(app, slug),
        Scope::Bot(name) => principal(app, &Principal::new(Role::Bot, name).ok()?),
        Scope::Principal(named) => principal(app, &named.parse().ok()?),
        Scope::User(text) => {
            let id: UserId = text.parse().ok()?;
            let found = app.records.get::<UserRecord>(*id.as_bytes()).await.ok()?;
            found
                .is_none()
                .then(|| told("user", text, None, "users list"))
        }
        Scope::Wallet(text) => {
            let id: WalletId = text.parse().ok()?;
            let found = app.records.get::<WalletRecord>(*id.as_bytes()).await.ok()?;
            let list = "wallets list";
            found.is_none().then(|| told("wallet", text, None, list))
        }
    }
}

/// What to tell of a principal that has no certificate to come in with.
pub(super) fn principal(app: &App, named: &Principal) -> Option<String> {
    let known = app.register.principals();
    if known.contains(named) {
        return None;
    }
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    let named = named.to_string();
    let near = near(&named, &known);
    Some(told("holder of a certificate", &named, near, "pki list"))
}

fn venue(app: &App, slug: &str) -> Option<String> {
    if app.venues.find(slug).is_some() {
        return None;
    }
    let entries = app.venues.all();
    let known: Vec<String> = entries.iter().map(|one| one.record.slug.clone()).collect();
    Some(told("venue", slug, near(slug, &known), "venues list"))
}

fn near<'k>(named: &str, known: &'k [String]) -> Option<&'k str> {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    nearest(named, &known)
}

fn told(what: &str, named: &str, near: Option<&str>, list: &str) -> String {
    let meant = near.map_or_else(
        || format!("`countersign {list}` shows which there are"),
        |near| format!("did you mean `{near}`? That one is not covered"),
    );
    format!("there is no {what} `{named}` here: {meant}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_named() {
        let known = ["bot/bot", "bot/bot2", "operator/a"].map(str::to_owned);
        let told = |named| {
            told(
                "holder of a certificate",
                named,
                near(named, &known),
                "pki list",
            )
        };
        assert!(told("bot/botx").contains("did you mean `bot/bot`?"));
        let far = told("bot/momentum-7");
        assert!(far.contains("`countersign pki list` shows"), "{far}");
    }
}
