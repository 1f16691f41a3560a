//! Wire to domain and back: the one place that knows both.

mod asks;
mod clock;
mod recorded;
mod registrations;
mod tables;
mod text;
pub mod venues;
mod wallets;

use countersign_api as api;
use countersign_intent::{Action, Role, Span, Timestamp};
use countersign_policy::{PolicyAsset, PolicySet};

use super::error::ApiError;
use crate::app::App;
use crate::certificates::{Blocked, CertificateRecord};
use crate::freezes::{InForce, Scope};
use crate::grants::GrantRecord;
use crate::identity::SpiffeId;
use crate::policies::{PolicyRecord, policy_hash};
use crate::prices::PriceRecord;
use crate::records::Stored;
use crate::users::UserRecord;

pub use asks::{approval_text, approver, change_request, pending_change, sign_request, tell};
pub use clock::clock;
pub use recorded::{cursor_after, recorded_request, recorded_wallet};
pub use registrations::{nonce, registered, registration};
pub use tables::{addresses, feed_refused, table};
pub use text::{optional_text, text};
pub use wallets::{custody, limit_records, limits_refused, wallet};

/// A role on the wire.
#[must_use]
pub const fn role(role: Role) -> api::Role {
    match role {
        Role::Bot => api::Role::Bot,
        Role::Gateway => api::Role::Gateway,
        Role::Risk => api::Role::Risk,
        Role::Operator => api::Role::Operator,
        Role::Auditor => api::Role::Auditor,
    }
}

/// A role of the domain.
#[must_use]
pub const fn domain_role(role: api::Role) -> Role {
    match role {
        api::Role::Bot => Role::Bot,
        api::Role::Gateway => Role::Gateway,
        api::Role::Risk => Role::Risk,
        api::Role::Operator => Role::Operator,
        api::Role::Auditor => Role::Auditor,
    }
}

/// Parses an identifier in a named field.
///
/// # Errors
/// Text of another shape.
pub fn id<T: std::str::FromStr<Err: std::fmt::Display>>(
    field: &str,
    text: &str,
) -> Result<T, ApiError> {
    text.parse()
        .map_err(|error: T::Err| ApiError::field(field, error.to_string()))
}

/// Size of a page.
///
/// # Errors
/// A size out of bounds.
pub fn page_size(limit: Option<u32>) -> Result<u32, ApiError> {
    let limit = limit.unwrap_or(100);
    if !(1..=500).contains(&limit) {
        let detail = format!("expected 1 to 500, got {limit}");
        return Err(ApiError::field("limit", detail));
    }
    Ok(limit)
}

/// Place in a listing.
///
/// # Errors
/// A cursor that was not given out here.
pub fn cursor(cursor: Option<&str>) -> Result<Option<i64>, ApiError> {
    let parse = |text: &str| text.parse().map_err(|_| no_cursor(text));
    cursor.map(parse).transpose()
}

/// A cursor that was not given out here.
#[must_use]
pub fn no_cursor(text: &str) -> ApiError {
    let detail = format!("`{text}` is no `next` of a page before; leave it out to begin anew");
    ApiError::field("cursor", detail)
}

/// The earliest time wanted: a time, or how long before now.
///
/// # Errors
/// Text that is neither.
pub fn since(text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
    let read = |text: &str| {
        let ago = text.parse::<Span>().map(|span| now.saturating_sub(span));
        ago.or_else(|_| Timestamp::parse(text)).map_err(|_| {
            let detail = format!(
                "expected a time like `2026-11-30T08:00:00Z` or how long ago like `24h`, got `{text}`"
            );
            ApiError::field("since", detail)
        })
    };
    text.map(read).transpose()
}

/// One of a closed list of words.
///
/// # Errors
/// Another one; the answer names those there are.
pub fn word<'a>(field: &str, words: &[&'a str], text: &str) -> Result<&'a str, ApiError> {
    let known = words.iter().find(|word| **word == text);
    known.copied().ok_or_else(|| {
        let detail = format!("expected one of `{}`, got `{text}`", words.join("`, `"));
        ApiError::field(field, detail)
    })
}

fn time(micros: i64) -> String {
    Timestamp::from_micros(micros).to_string()
}

/// A user on the wire.
#[must_use]
pub fn user(stored: &Stored<UserRecord>) -> api::User {
    api::User {
        id: countersign_intent::UserId::from_bytes(stored.id).to_string(),
        external_id: stored.record.external_id.clone(),
        display_name: stored.record.display_name.clone(),
        tier: stored.record.tier.clone(),
        created_at: time(stored.record.created_at),
    }
}

/// A grant on the wire.
#[must_use]
pub fn grant(stored: &Stored<GrantRecord>) -> api::Grant {
    api::Grant {
        id: countersign_intent::GrantId::from_bytes(stored.id).to_string(),
        bot: stored.record.bot.clone(),
        wallet_id: stored.record.wallet.clone(),
        actions: stored.record.actions.clone(),
        created_at: time(stored.record.created_at),
        revoked_at: stored.record.revoked_at.map(time),
        warning: None,
    }
}

/// A certificate on the wire.
#[must_use]
pub fn certificate(stored: &Stored<CertificateRecord>, app: &App) -> api::Certificate {
    let record = &stored.record;
    api::Certificate {
        id: countersign_intent::CertificateId::from_bytes(stored.id).to_string(),
        spiffe_id: record.spiffe_id.clone(),
        not_before: time(record.not_before),
        not_after: time(record.not_after),
        revoked_at: record.revoked_at.map(time),
        issued_by: record.issued_by.clone(),
        issuers: record.issuers.clone().unwrap_or_default(),
        renews: record.renews.clone(),
        renewed_to: record.renewed_to.clone(),
        ends_at: record.ends_at.map(time),
        status: certificate_status(record, app),
        warning: None,
    }
}

fn certificate_status(record: &CertificateRecord, app: &App) -> api::CertificateStatus {
    use api::CertificateStatus::{Blocked, Expired, Good, Renewed, Revoked};
    let now = app.clock.now();
    let id: Result<SpiffeId, _> = record.spiffe_id.parse();
    let block = id.ok().and_then(|id| app.register.block_of(&id.principal));
    if record.revoked_at.is_some() {
        return Revoked;
    }
    match block.map(|block| block.lifted_at) {
        Some(None) => return Blocked,
        Some(Some(lifted)) if record.issued_at() <= lifted => return Revoked,
        Some(Some(_)) | None => {}
    }
    if now.micros() > record.not_after {
        Expired
    } else if record.is_good(now) {
        Good
    } else {
        Renewed
    }
}

/// A blocked principal on the wire.
#[must_use]
pub fn blocked(blocked: &Blocked) -> api::BlockedPrincipal {
    let record = &blocked.record;
    api::BlockedPrincipal {
        principal: record.principal.clone(),
        by: record.by.clone(),
        reason: record.reason.clone(),
        since: time(record.since),
        recorded: blocked.recorded,
        issued: Vec::new(),
        warning: blocked.warning.clone(),
    }
}

/// A price on the wire, with how long a policy takes it.
#[must_use]
pub fn price(record: &PriceRecord, policy: Option<&PolicySet>) -> api::Price {
    let mut assets = policy.into_iter().flat_map(PolicySet::assets);
    let asset = assets.find(|asset| asset.symbol() == record.asset);
    let max_age = asset.and_then(PolicyAsset::price_max_age);
    let set_at = Timestamp::from_micros(record.set_at);
    let amount = countersign_intent::Amount::from_base(u128::from(record.micro_usd));
    api::Price {
        asset: record.asset.clone(),
        price_usd: amount.display(6).to_string(),
        set_at: set_at.to_string(),
        expires_at: max_age.map(|max_age| set_at.saturating_add(max_age).to_string()),
    }
}

/// A version of the policy on the wire, without its text.
#[must_use]
pub fn policy(stored: &Stored<PolicyRecord>, active: Option<u64>) -> api::PolicySummary {
    let record = &stored.record;
    api::PolicySummary {
        id: countersign_intent::PolicyId::from_bytes(stored.id).to_string(),
        name: record.name.clone(),
        version: record.version,
        hash: policy_hash(&record.text),
        active: active == Some(record.version),
        created_at: time(record.created_at),
        findings: Vec::new(),
        unchanged: false,
    }
}

/// A finding about a policy on the wire.
#[must_use]
pub fn finding(finding: countersign_policy::lint::Finding) -> api::PolicyFinding {
    api::PolicyFinding {
        severity: finding.severity.to_string(),
        subject: finding.subject,
        message: finding.message,
    }
}

/// Hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// A freeze on the wire.
#[must_use]
pub fn freeze(freeze: &InForce) -> api::FreezeState {
    api::FreezeState {
        scope: match freeze.record.scope.clone() {
            Scope::Everything => api::FreezeScope::Everything,
            Scope::Venue(slug) => api::FreezeScope::Venue(slug),
            Scope::User(id) => api::FreezeScope::User(id),
            Scope::Wallet(id) => api::FreezeScope::Wallet(id),
            Scope::Bot(name) => api::FreezeScope::Bot(name),
            Scope::Principal(principal) => api::FreezeScope::Principal(principal),
        },
        by: freeze.record.by.clone(),
        reason: freeze.record.reason.clone(),
        since: time(freeze.record.since),
        recorded: freeze.recorded,
        first: freeze.record.first.as_ref().map(|first| api::FirstFreeze {
            by: first.by.clone(),
            reason: first.reason.clone(),
            since: time(first.since),
        }),
        warning: None,
    }
}

/// A freeze's scope, its identifiers checked.
///
/// # Errors
/// An identifier of another shape, an empty name, or two.
pub fn scope(scope: api::FreezeScope, beside: Option<String>) -> Result<Scope, ApiError> {
    let scope = named_scope(scope, beside)?;
    Ok(match scope {
        api::FreezeScope::Everything => Scope::Everything,
        api::FreezeScope::Venue(slug) => {
            text("scope.venue", &slug, 64)?;
            Scope::Venue(slug)
        }
        api::FreezeScope::User(user) => {
            id::<countersign_intent::UserId>("scope.user", &user)?;
            Scope::User(user)
        }
        api::FreezeScope::Wallet(wallet) => {
            id::<countersign_intent::WalletId>("scope.wallet", &wallet)?;
            Scope::Wallet(wallet)
        }
        api::FreezeScope::Bot(name) => Scope::Bot(bot_name("scope.bot", &name)?),
        api::FreezeScope::Principal(text) => {
            let principal: Result<countersign_intent::Principal, _> = text.parse();
            let principal =
                principal.map_err(|error| ApiError::field("scope.principal", error.to_string()))?;
            Scope::of(&principal)
        }
    })
}

/// Fills in the name that stands beside a scope.
fn named_scope(
    mut scope: api::FreezeScope,
    beside: Option<String>,
) -> Result<api::FreezeScope, ApiError> {
    use api::FreezeScope::{Bot, Everything, Principal, User, Venue, Wallet};
    let Some(beside) = beside else {
        return Ok(scope);
    };
    match &mut scope {
        Venue(name) | User(name) | Wallet(name) | Bot(name) | Principal(name)
            if name.is_empty() =>
        {
            *name = beside;
        }
        Everything | Venue(_) | User(_) | Wallet(_) | Bot(_) | Principal(_) => {
            let detail = "`scope` says already what is meant; leave this out";
            return Err(ApiError::field("id", detail));
        }
    }
    Ok(scope)
}

/// A bot's name, given as such or as a SPIFFE id.
///
/// # Errors
/// Anything else, or another role.
pub fn bot_name(field: &str, bot: &str) -> Result<String, ApiError> {
    let name = match bot.strip_prefix("spiffe://") {
        None => bot,
        Some(rest) => rest
            .split_once('/')
            .and_then(|(_, path)| path.strip_prefix("bot/"))
            .ok_or_else(|| ApiError::field(field, format!("`{bot}` is no bot's SPIFFE id")))?,
    };
    countersign_intent::Principal::new(Role::Bot, name)
        .map(|principal| principal.name().to_owned())
        .map_err(|error| ApiError::field(field, error.to_string()))
}

/// Actions of a grant.
///
/// # Errors
/// A word that is no action.
pub fn actions(actions: &[String]) -> Result<(), ApiError> {
    for action in actions {
        if !Action::ALL.iter().any(|known| known.as_str() == action) {
            let known: Vec<&str> = Action::ALL.iter().map(|known| known.as_str()).collect();
            let detail = format!("expected some of {}, got `{action}`", known.join(", "));
            return Err(ApiError::field("actions", detail));
        }
    }
    Ok(())
}

/// A length of time in a named field.
///
/// # Errors
/// Text that is none.
pub fn span(field: &str, text: &str) -> Result<Span, ApiError> {
    text.parse()
        .map_err(|error: countersign_intent::SpanError| ApiError::field(field, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_is_named_either_way_and_nothing_else_is_a_bot() {
        assert_eq!(bot_name("bot", "a").unwrap(), "a");
        assert_eq!(bot_name("bot", "spiffe://desk.example/bot/a").unwrap(), "a");
        for name in [
            "",
            "a b",
            "spiffe://desk.example/operator/a",
            "spiffe://x",
            "a/b",
        ] {
            assert!(bot_name("bot", name).is_err(), "`{name}` was accepted");
        }
    }
}
