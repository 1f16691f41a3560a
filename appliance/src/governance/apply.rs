//! A governed change taking effect, in the very commit that marks its consent as used.

use std::sync::Arc;
use std::time::Duration;

use countersign_audit::{Actor, Kind as EntryKind};
use countersign_intent::{PolicyId, Principal, RegistrationId, RequestId, Timestamp, WalletId};
use serde_json::{Value, json};

use super::change::{self, ChangeRecord, What};
use super::consent::{ConsentRecord, Use};
use super::tally::{State, tally};
use super::{Digest32, GovernError, changeable};
use crate::app::App;
use crate::certificates::{self, CertificateRecord};
use crate::freezes::{FreezeRecord, Scope};
use crate::phase::Phase;
use crate::policies::PolicyRecord;
use crate::records::{Draft, RecordsError, Stored};
use crate::registrations::{Registered, RegistrationRecord};
use crate::second_factor;

/// How often waiting changes are looked at.
const EVERY: Duration = Duration::from_millis(500);

/// How soon a stop is noticed.
const STEP: Duration = Duration::from_millis(50);

/// Puts changes into effect when their time locks are over, until the appliance halts.
pub async fn watch(app: Arc<App>) {
    let mut waited = Duration::ZERO;
    while app.phase.get() != Phase::Halted {
        tokio::time::sleep(STEP).await;
        waited += STEP;
        if waited < EVERY {
            continue;
        }
        waited = Duration::ZERO;
        for id in app.open_changes.all() {
            if let Err(error) = apply(&app, id).await {
                tracing::error!(%error, request = %id, "a change did not take effect");
            }
        }
    }
}

/// What a change writes, what the log says of it, and what follows in memory once it is durable.
pub(super) struct Effect {
    pub(super) drafts: Vec<Draft>,
    pub(super) kind: EntryKind,
    pub(super) subject: Option<String>,
    pub(super) detail: Value,
    pub(super) result: Value,
    pub(super) after: After,
}

pub(super) enum After {
    Nothing,
    Activate(Box<Stored<PolicyRecord>>),
    Approvers,
    Registrations,
    Lift(Scope, i64),
    Unblock(Principal, i64, Timestamp),
    Certified(Box<Stored<CertificateRecord>>),
    ForgetWallet(WalletId),
    Venues,
}

/// Puts a change into effect if its people agreed and its time lock is over.
///
/// # Errors
/// Rows that this appliance did not write; a store or HSM that does not answer.
pub async fn apply(app: &App, id: RequestId) -> Result<(), GovernError> {
    // Time locks run by the clock: nothing takes effect while it is not trusted.
    if app.timekeeper.read().suspect.is_some() {
        return Ok(());
    }
    let mut turn = app.records.turn().await;
    let Some(mut stored) = app.records.get::<ChangeRecord>(*id.as_bytes()).await? else {
        app.open_changes.remove(id);
        return Ok(());
    };
    let ask = change::ask(app, &stored)?;
    let consent = app.records.get::<ConsentRecord>(*id.as_bytes()).await?;
    let now = app.clock.now();
    let said = consent.as_ref().map(|consent| consent.record.clone());
    let tally = tally(
        &ask,
        &said.unwrap_or_default(),
        &app.approvers.all(),
        &[],
        now,
    );
    match (tally.state, consent) {
        (State::Approved, Some(mut consent)) if tally.missing.is_empty() => {
            let effect = effect(app, id, &stored.record).await?;
            stored.record.result = Some(effect.result);
            consent.record.used = Some(Use {
                by: "system".to_owned(),
                key: String::new(),
                fingerprint: Digest32(ask.digest),
                at: now.micros(),
            });
            let mut drafts = effect.drafts;
            drafts.push(Draft::update(&stored)?);
            drafts.push(Draft::update(&consent)?);
            let actor = Actor::System;
            let entry = app
                .journal
                .entry(effect.kind, actor, effect.subject, &effect.detail)
                .map_err(RecordsError::from)?;
            turn.commit(drafts, vec![entry]).await?;
            app.open_changes.remove(id);
            // Within the turn: nothing that needs it sees the rows and not their effect.
            follow(app, effect.after).await
        }
        (State::Rejected | State::Expired | State::Used, _) => {
            app.open_changes.remove(id);
            Ok(())
        }
        (State::Pending | State::Approved, _) => Ok(()),
    }
}

async fn follow(app: &App, after: After) -> Result<(), GovernError> {
    match after {
        After::Nothing => {}
        After::Activate(stored) => app.policies.activate(&stored)?,
        After::Approvers => app.approvers.load(&app.records).await?,
        After::Registrations => app.registrations.load(&app.records).await?,
        After::Lift(scope, since) => app.freezes.lift(&scope, since),
        After::Unblock(principal, since, at) => {
            app.register
                .lift(&principal, Timestamp::from_micros(since), at);
        }
        After::Certified(stored) => certificates::put(app, &stored)?,
        After::ForgetWallet(wallet) => app.directory.forget(wallet),
        After::Venues => app.venues.load(&app.records).await?,
    }
    Ok(())
}

async fn effect(app: &App, id: RequestId, record: &ChangeRecord) -> Result<Effect, GovernError> {
    if let Some(nothing) = refused(app, id, &record.what) {
        return Ok(nothing);
    }
    match &record.what {
        What::Policy { name, text, .. } => policy(app, id, record, name, text).await,
        What::ApproverAdd { to, replaces } => {
            super::approver::enrolment(app, id, to, replaces.as_ref()).await
        }
        What::ApproverRemove { id: approver, .. } => {
            super::approver::removal(app, id, approver).await
        }
        What::Unfreeze { scope, since, .. } => unfreeze(app, id, scope, *since).await,
        What::Unblock {
            principal, since, ..
        } => super::unblock::effect(app, id, principal, *since).await,
        What::Certificate {
            name,
            csr,
            lifetime,
        } => super::certificate::effect(app, id, record, name, csr, *lifetime).await,
        What::RegistrationAdd { registered, .. } => registration_add(app, id, registered).await,
        What::WalletLimits { wallet, was, to } => {
            super::wallet_limits::effect(app, id, wallet, was, to).await
        }
        What::Venue { was, to } => super::venue::effect(app, id, was.as_deref(), to).await,
        What::SecondFactor { operator } => new_second_factor(app, id, operator).await,
    }
}

/// Who can ask and agree may be others than when this was asked: of two approvers whose removal was
/// agreed to, the second may be one too many.
fn refused(app: &App, id: RequestId, what: &What) -> Option<Effect> {
    let active = app.policies.active()?;
    let why = changeable::after(app, what, &active.set)?;
    Some(Effect {
        drafts: Vec::new(),
        kind: match what {
            What::Policy { .. } => EntryKind::PolicyActivated,
            _ => EntryKind::ApproverChanged,
        },
        subject: None,
        detail: json!({ "not_done": what.kind(), "why": why, "request": id.to_string() }),
        result: json!({ "done": false, "why": why }),
        after: After::Nothing,
    })
}

async fn new_second_factor(
    app: &App,
    id: RequestId,
    operator: &str,
) -> Result<Effect, GovernError> {
    let (generation, draft) = second_factor::reset(app, operator).await?;
    Ok(Effect {
        drafts: vec![draft],
        kind: EntryKind::SecondFactor,
        subject: Some(format!("operator/{operator}")),
        detail: json!({ "state": "reset", "generation": generation, "request": id.to_string() }),
        result: json!({ "generation": generation }),
        after: After::Nothing,
    })
}

async fn policy(
    app: &App,
    id: RequestId,
    record: &ChangeRecord,
    name: &str,
    text: &str,
) -> Result<Effect, GovernError> {
    let version = app.policies.active().map_or(0, |active| active.version) + 1;
    let stored = Stored {
        id: app.desk.random_id().await?,
        seq: 0,
        record: PolicyRecord {
            version,
            name: name.to_owned(),
            text: text.to_owned(),
            proposed_by: record.asker.clone(),
            created_at: app.clock.now().micros(),
        },
    };
    let policy = PolicyId::from_bytes(stored.id).to_string();
    let hash = crate::http::convert::policy_hash(text);
    Ok(Effect {
        drafts: vec![Draft::new(stored.id, &stored.record)?],
        kind: EntryKind::PolicyActivated,
        subject: Some(policy.clone()),
        detail: json!({ "version": version, "name": name, "sha256": hash, "request": id.to_string() }),
        result: json!({ "policy_id": policy, "version": version }),
        after: After::Activate(Box::new(stored)),
    })
}

/// A freeze that was made anew meanwhile stays.
async fn unfreeze(
    app: &App,
    id: RequestId,
    scope: &Scope,
    since: i64,
) -> Result<Effect, GovernError> {
    let now = app.clock.now().micros();
    let stored = app.records.get::<FreezeRecord>(scope.row_id()).await?;
    let same = stored.filter(|stored| stored.record.since == since);
    let lifted = same.is_some();
    let drafts = match same {
        Some(mut stored) => {
            stored.record.lifted_at = Some(now);
            vec![Draft::update(&stored)?]
        }
        None => Vec::new(),
    };
    Ok(Effect {
        drafts,
        kind: EntryKind::Unfreeze,
        subject: None,
        detail: json!({ "scope": scope, "lifted": lifted, "request": id.to_string() }),
        result: json!({ "lifted": lifted }),
        after: if lifted {
            After::Lift(scope.clone(), since)
        } else {
            After::Nothing
        },
    })
}

/// An address that was registered meanwhile stays as it is.
async fn registration_add(
    app: &App,
    id: RequestId,
    registered: &Registered,
) -> Result<Effect, GovernError> {
    let registry = app.registrations.current();
    if registry.holds(registered.address()) || registry.room_for(registered).is_err() {
        return Ok(Effect {
            drafts: Vec::new(),
            kind: EntryKind::RegistrationChanged,
            subject: None,
            detail: json!({ "not_registered": registered, "request": id.to_string() }),
            result: json!({ "registered": false }),
            after: After::Nothing,
        });
    }
    let record = RegistrationRecord {
        registered: registered.clone(),
        request: id.to_string(),
        registered_at: app.clock.now().micros(),
        removed_at: None,
    };
    let row = app.desk.random_id().await?;
    let named = RegistrationId::from_bytes(row).to_string();
    Ok(Effect {
        drafts: vec![Draft::new(row, &record)?],
        kind: EntryKind::RegistrationChanged,
        subject: Some(named.clone()),
        detail: json!({ "registered": record }),
        result: json!({ "registered": true, "registration_id": named }),
        after: After::Registrations,
    })
}
