//! `/v1/policies`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_api::{
    ErrorCode, Page, PageQuery, Policy, PolicyFinding, PolicySummary, ProposePolicy,
};
use countersign_audit::Kind as EntryKind;
use countersign_intent::PolicyId;
use countersign_policy::PolicySet;
use countersign_policy::diff::{Change, compare};
use countersign_policy::lint::{Severity, lint};
use serde_json::json;

use super::error::ApiError;
use super::extract::{Body, Path, Peer, Query};
use super::page::{Dated, Part, Shown, narrowed};
use super::{changes, convert};
use crate::app::App;
use crate::changeable::CONSEQUENCE;
use crate::governance::change::What;
use crate::governance::{also, changeable};
use crate::policies::{ActivePolicy, PolicyRecord, policy_hash};
use crate::records::{Draft, RecordsError, Stored};

pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<PolicySummary>>, ApiError> {
    let part = Part::read(query.cursor.as_deref(), query.limit)?;
    let active = app.policies.active().map(|policy| policy.version);
    let wanted = Shown {
        show: |row: &Stored<PolicyRecord>| Some(convert::policy(row, active)),
        since: convert::since(query.since.as_deref(), app.clock.now())?,
    };
    Ok(Json(narrowed(&app.records, None, part, &wanted).await?))
}

impl Dated for PolicyRecord {
    fn made_at(&self) -> i64 {
        self.created_at
    }
}

pub(super) async fn active(State(app): State<Arc<App>>, _: Peer) -> Result<Json<Policy>, ApiError> {
    let none = || {
        ApiError::new(
            ErrorCode::NotFound,
            "no policy is active; nothing is allowed",
        )
        .because("no_policy")
    };
    let active = app.policies.active().ok_or_else(none)?;
    let stored = app
        .records
        .get::<PolicyRecord>(*active.id.as_bytes())
        .await?
        .ok_or_else(none)?;
    Ok(Json(Policy {
        summary: PolicySummary {
            findings: findings(&app, &active.set),
            ..convert::policy(&stored, Some(active.version))
        },
        text: stored.record.text,
    }))
}

/// Any version, the texts of those that no longer decide included: what was decided under them can be
/// explained.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    _: Peer,
    Path(text): Path,
) -> Result<Json<Policy>, ApiError> {
    let id: PolicyId = convert::id("id", &text)?;
    let stored = app.records.get::<PolicyRecord>(*id.as_bytes()).await?;
    let stored = stored.ok_or_else(|| ApiError::not_found("policy", &text))?;
    let active = app.policies.active().map(|policy| policy.version);
    Ok(Json(Policy {
        summary: convert::policy(&stored, active),
        text: stored.record.text,
    }))
}

/// A first policy, and one that only tightens, is active at once; for any other people are
/// asked.
pub(super) async fn propose(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<ProposePolicy>,
) -> Result<Response, ApiError> {
    let proposed = countersign_policy::parse(&body.text).map_err(|errors| {
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        ApiError::field("text", all.join("; "))
    })?;
    let mut turn = app.records.turn().await;
    let active = app.policies.active();
    if let Some(active) = &active
        && active.set.text() == body.text
    {
        return unchanged(&app, active).await;
    }
    if let Some(active) = &active
        && compare(&active.set, &proposed) != Change::Tightening
    {
        drop(turn);
        let what = What::Policy {
            name: proposed.name().to_owned(),
            text: body.text,
            also: also::of_policy(&app.governance, &active.set, &proposed).await?,
        };
        return changes::propose_with(&app, &peer, what, findings(&app, &proposed)).await;
    }
    if let Some(why) = bricks(&app, active.as_deref().map(|active| &active.set), &proposed) {
        return Err(ApiError::field("text", why));
    }
    let record = PolicyRecord {
        version: active.map_or(0, |active| active.version) + 1,
        name: proposed.name().to_owned(),
        text: body.text,
        proposed_by: peer.principal().to_string(),
        created_at: app.clock.now().micros(),
    };
    let stored = Stored {
        id: app.desk.random_id().await?,
        seq: 0,
        record,
    };
    let draft = Draft::new(stored.id, &stored.record)?;
    let detail = json!({
        "version": stored.record.version,
        "name": stored.record.name,
        "sha256": policy_hash(&stored.record.text),
        "lint_errors": errors(&proposed),
    });
    let subject = Some(PolicyId::from_bytes(stored.id).to_string());
    let entry = app
        .journal
        .entry(EntryKind::PolicyActivated, peer.actor(), subject, &detail)
        .map_err(RecordsError::from)?;
    turn.commit(vec![draft], vec![entry]).await?;
    app.policies.activate(&stored)?;
    drop(turn);
    let summary = PolicySummary {
        findings: findings(&app, &proposed),
        ..convert::policy(&stored, Some(stored.record.version))
    };
    Ok(Json(summary).into_response())
}

/// A version that differs in nothing would only make every approval that waits be asked for anew.
async fn unchanged(app: &App, active: &ActivePolicy) -> Result<Response, ApiError> {
    let stored = app.records.get(*active.id.as_bytes()).await?;
    let stored: Stored<PolicyRecord> =
        stored.ok_or_else(|| ApiError::not_found("policy", &active.id.to_string()))?;
    let summary = PolicySummary {
        findings: findings(app, &active.set),
        unchanged: true,
        ..convert::policy(&stored, Some(active.version))
    };
    Ok(Json(summary).into_response())
}

/// What is likely to be a mistake. Whoever proposes a policy is told, and not refused: the people
/// who write it know what their wallets hold.
fn findings(app: &App, set: &PolicySet) -> Vec<PolicyFinding> {
    let mut findings: Vec<_> = lint(set).into_iter().map(convert::finding).collect();
    findings.extend(not_enrolled(app, set));
    findings
}

/// Whoever a group names and nobody enrolled cannot approve.
fn not_enrolled(app: &App, set: &PolicySet) -> impl Iterator<Item = PolicyFinding> {
    let missing = |name: &&str| app.approvers.enrolled(name).is_none();
    set.groups().iter().flat_map(move |group| {
        let names = group.approvers().iter().map(AsRef::as_ref).filter(missing);
        names.map(|name| PolicyFinding {
            severity: Severity::Warning.to_string(),
            subject: format!("group `{}`", group.name()),
            message: format!(
                "`{name}` is not enrolled and cannot approve: `countersign approvers enroll`"
            ),
        })
    })
}

fn errors(set: &PolicySet) -> usize {
    let findings = lint(set);
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    errors.count()
}

/// Why one operator's word would leave an appliance that nobody can ever change, where people can
/// change it now.
fn bricks(app: &App, active: Option<&PolicySet>, proposed: &PolicySet) -> Option<String> {
    let never = |set| changeable::of_now(&app.governance, set);
    match (never(active), never(Some(proposed))) {
        (None, Some(why)) => Some(format!(
            "under this policy {why}; {}; name enrolled approvers in a group `change` with a quorum",
            CONSEQUENCE
        )),
        _ => None,
    }
}
