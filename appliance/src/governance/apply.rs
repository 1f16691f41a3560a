//! A governed change taking effect, in the very commit that marks its consent as used.

use std::sync::Arc;
use std::time::Duration;

use countersign_audit::{Actor, Kind as EntryKind};
use countersign_intent::{PolicyId, RegistrationId, RequestId, Timestamp};
use serde_json::json;

use super::Governance;
use super::change::{self, ChangeRecord, What};
use super::consent::{ConsentRecord, Use};
use super::effect::{After, Effect};
use super::tally::{State, tally};
use super::{Digest32, GovernError, changeable};
use crate::certificates;
use crate::freezes::{FreezeRecord, Scope};
use crate::phase::Phase;
use crate::policies::{PolicyRecord, policy_hash};
use crate::records::{Draft, RecordsError, Stored};
use crate::registrations::{Registered, RegistrationRecord};

/// How often waiting changes are looked at.
const EVERY: Duration = Duration::from_millis(500);

/// How soon a stop is noticed.
const STEP: Duration = Duration::from_millis(50);

/// Puts changes into effect when their time locks are over, until the appliance halts.
pub async fn watch(governance: Arc<Governance>) {
    let mut waited = Duration::ZERO;
    while governance.phase.get() != Phase::Halted {
        tokio::time::sleep(STEP).await;
        waited += STEP;
        if waited < EVERY {
            continue;
        }
        waited = Duration::ZERO;
        for id in governance.open_changes.all() {
            if let Err(error) = apply(&governance, id).await {
                tracing::error!(%error, request = %id, "a change did not take effect");
            }
        }
    }
}

/// Puts a change into effect if its people agreed and its time lock is over.
///
/// # Errors
/// Rows that this appliance did not write; a store or HSM that does not answer.
pub async fn apply(governance: &Governance, id: RequestId) -> Result<(), GovernError> {
    // Time locks run by the clock: nothing takes effect while it is not trusted.
    if governance.timekeeper.read().suspect.is_some() {
        return Ok(());
    }
    let mut turn = governance.records.turn().await;
    let Some(mut stored) = governance
        .records
        .get::<ChangeRecord>(*id.as_bytes())
        .await?
    else {
        governance.open_changes.remove(id);
        return Ok(());
    };
    let ask = change::ask(governance, &stored)?;
    let consent = governance
        .records
        .get::<ConsentRecord>(*id.as_bytes())
        .await?;
    let now = governance.clock.now();
    let said = consent.as_ref().map(|consent| consent.record.clone());
    let tally = tally(
        &ask,
        &said.unwrap_or_default(),
        &governance.approvers.all(),
        &[],
        now,
    );
    match (tally.state, consent) {
        (State::Approved, Some(mut consent)) if tally.missing.is_empty() => {
            let effect = effect(governance, id, &stored.record).await?;
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
            let entry = governance
                .journal
                .entry(effect.kind, actor, effect.subject, &effect.detail)
                .map_err(RecordsError::from)?;
            turn.commit(drafts, vec![entry]).await?;
            governance.open_changes.remove(id);
            // Within the turn: nothing that needs it sees the rows and not their effect.
            follow(governance, effect.after).await
        }
        (State::Rejected | State::Expired | State::Used, _) => {
            governance.open_changes.remove(id);
            Ok(())
        }
        (State::Pending | State::Approved, _) => Ok(()),
    }
}

async fn follow(governance: &Governance, after: After) -> Result<(), GovernError> {
    match after {
        After::Nothing => {}
        After::Reload(cached) => cached.reload(&governance.records).await?,
        After::Activate(stored) => governance.policies.activate(&stored)?,
        After::Lift(scope, since) => governance.freezes.lift(&scope, since),
        After::Unblock(principal, since, at) => {
            governance
                .register
                .lift(&principal, Timestamp::from_micros(since), at);
        }
        After::Certified(stored) => certificates::put(&governance.certificates, &stored)?,
        After::ForgetWallet(wallet) => governance.directory.forget(wallet),
    }
    Ok(())
}

async fn effect(
    governance: &Governance,
    id: RequestId,
    record: &ChangeRecord,
) -> Result<Effect, GovernError> {
    if let Some(nothing) = refused(governance, id, &record.what) {
        return Ok(nothing);
    }
    match &record.what {
        What::Policy { name, text, .. } => policy(governance, id, record, name, text).await,
        What::ApproverAdd { to, replaces } => {
            super::approver::enrolment(governance, id, to, replaces.as_ref()).await
        }
        What::ApproverRemove { id: approver, .. } => {
            super::approver::removal(governance, id, approver).await
        }
        What::Unfreeze { scope, since, .. } => unfreeze(governance, id, scope, *since).await,
        What::Unblock {
            principal, since, ..
        } => super::unblock::effect(governance, id, principal, *since).await,
        What::Certificate {
            name,
            csr,
            lifetime,
        } => super::certificate::effect(governance, id, record, name, csr, *lifetime).await,
        What::RegistrationAdd { registered, .. } => {
            registration_add(governance, id, registered).await
        }
        What::WalletLimits { wallet, was, to } => {
            super::wallet_limits::effect(governance, id, wallet, was, to).await
        }
        What::Venue { was, to } => super::venue::effect(governance, id, was.as_deref(), to).await,
        What::SecondFactor { operator } => new_second_factor(governance, id, operator).await,
    }
}

/// Who can ask and agree may be others than when this was asked: of two approvers whose removal was
/// agreed to, the second may be one too many.
fn refused(governance: &Governance, id: RequestId, what: &What) -> Option<Effect> {
    let active = governance.policies.active()?;
    let why = changeable::after(governance, what, &active.set)?;
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
    governance: &Governance,
    id: RequestId,
    operator: &str,
) -> Result<Effect, GovernError> {
    let (generation, draft) = governance.second_factors.reset(operator).await?;
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
    governance: &Governance,
    id: RequestId,
    record: &ChangeRecord,
    name: &str,
    text: &str,
) -> Result<Effect, GovernError> {
    let version = governance
        .policies
        .active()
        .map_or(0, |active| active.version)
        + 1;
    let stored = Stored {
        id: governance.desk.random_id().await?,
        seq: 0,
        record: PolicyRecord {
            version,
            name: name.to_owned(),
            text: text.to_owned(),
            proposed_by: record.asker.clone(),
            created_at: governance.clock.now().micros(),
        },
    };
    let policy = PolicyId::from_bytes(stored.id).to_string();
    let hash = policy_hash(text);
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
    governance: &Governance,
    id: RequestId,
    scope: &Scope,
    since: i64,
) -> Result<Effect, GovernError> {
    let now = governance.clock.now().micros();
    let stored = governance
        .records
        .get::<FreezeRecord>(scope.row_id())
        .await?;
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
    governance: &Governance,
    id: RequestId,
    registered: &Registered,
) -> Result<Effect, GovernError> {
    let registry = governance.registrations.current();
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
        registered_at: governance.clock.now().micros(),
        removed_at: None,
    };
    let row = governance.desk.random_id().await?;
    let named = RegistrationId::from_bytes(row).to_string();
    Ok(Effect {
        drafts: vec![Draft::new(row, &record)?],
        kind: EntryKind::RegistrationChanged,
        subject: Some(named.clone()),
        detail: json!({ "registered": record }),
        result: json!({ "registered": true, "registration_id": named }),
        after: After::Reload(governance.registrations.clone()),
    })
}
