//! `/v1/approvers`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{
    Approver, ApproverQuery, EnrolApprover, EnrolmentText, EnrolmentTextQuery, Page,
};
use countersign_intent::{Principal, Role};
use countersign_policy::approval::text::of_enrolment;

use super::changes::propose;
use super::convert;
use super::error::ApiError;
use super::extract::{Body, Path, Peer, Query};
use super::page::{Dated, Part, Shown, narrowed};
use crate::app::App;
use crate::approvers::{ApproverRecord, Identity, Key, Scheme};
use crate::governance::approver::Enrolment;
use crate::governance::change::What;
use crate::records::Stored;

pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<ApproverQuery>,
) -> Result<Json<Page<Approver>>, ApiError> {
    let part = Part::read(query.cursor.as_deref(), query.limit)?;
    let policy = app.policies.active();
    let set = policy.as_ref().map(|policy| &policy.set);
    let status = query.status.as_deref();
    let status = status
        .map(|text| convert::word("status", &["enrolled", "removed"], text))
        .transpose()?;
    let show = |row: &Stored<ApproverRecord>| {
        let state = row.record.removed_at.map_or("enrolled", |_| "removed");
        let matches = status.is_none_or(|status| status == state);
        matches.then(|| convert::approver(row, set))
    };
    let since = convert::since(query.since.as_deref(), app.clock.now())?;
    let wanted = Shown { show, since };
    Ok(Json(narrowed(&app.records, None, part, &wanted).await?))
}

impl Dated for ApproverRecord {
    fn made_at(&self) -> i64 {
        self.enrolled_at
    }
}

pub(super) async fn enrolment_text(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<EnrolmentTextQuery>,
) -> Result<Json<EnrolmentText>, ApiError> {
    let (_, key, text) = enrolment(&app, &query.name, &query.scheme, &query.public_key)?;
    let message = key
        .message(&app.config.trust_domain, &text)
        .map_err(|error| ApiError::field("name", error.to_string()))?;
    Ok(Json(EnrolmentText {
        text,
        message: BASE64_STANDARD.encode(message),
    }))
}

pub(super) async fn enrol(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<EnrolApprover>,
) -> Result<Response, ApiError> {
    let (scheme, key, text) = enrolment(&app, &body.name, &body.scheme, &body.public_key)?;
    if let Some(operator) = &body.operator {
        check_operator(&app, operator)?;
    }
    key.verify(&app.config.trust_domain, &text, &body.proof)
        .map_err(|error| ApiError::field("proof", error.to_string()))?;
    let identity = Identity {
        name: &body.name,
        operator: body.operator.as_deref(),
        key: &key,
    };
    if let Some(why) = app.approvers.twin(&identity) {
        return Err(ApiError::field("public_key", why));
    }
    let to = Enrolment {
        name: body.name,
        scheme,
        public_key: key.to_string(),
        operator: body.operator,
    };
    let replaces = app.approvers.enrolled(&to.name).as_ref().map(Enrolment::of);
    if replaces.as_ref() == Some(&to) {
        let why = format!("`{}` is enrolled with this key already", to.name);
        return Err(ApiError::field("public_key", why));
    }
    let what = What::ApproverAdd { to, replaces };
    propose(&app, &peer, what).await
}

/// Who is tied to nobody counts beside the operator they are.
fn check_operator(app: &App, operator: &str) -> Result<(), ApiError> {
    let who = Principal::new(Role::Operator, operator)
        .map_err(|error| ApiError::field("operator", error.to_string()))?;
    let ways = app.register.ways_in(app.clock.now());
    if ways.iter().any(|way| way.principal == who) {
        return Ok(());
    }
    let why = format!(
        "no certificate of `{who}` is let in, so there is no such operator; `countersign pki list` has \
         those that there are. Leave it out for somebody who is no operator, or have them certified first"
    );
    Err(ApiError::field("operator", why))
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<Response, ApiError> {
    let approver = app
        .approvers
        .enrolled(&text)
        .ok_or_else(|| ApiError::not_found("enrolled approver", &text))?;
    let what = What::ApproverRemove {
        id: approver.id.to_string(),
        public_key: Some(approver.key.to_string()),
        name: approver.record.name,
    };
    propose(&app, &peer, what).await
}

/// The key, and the text whose signature proves that somebody has it.
fn enrolment(
    app: &App,
    name: &str,
    scheme: &str,
    public_key: &str,
) -> Result<(Scheme, Key, String), ApiError> {
    // Names of approvers are names of principals: the asker is known by name.
    Principal::new(Role::Operator, name)
        .map_err(|error| ApiError::field("name", error.to_string()))?;
    let scheme = Scheme::by_name(scheme).ok_or_else(|| {
        let known: Vec<&str> = Scheme::ALL.iter().map(|one| one.as_str()).collect();
        let detail = format!("expected one of {}, got `{scheme}`", known.join(", "));
        ApiError::field("scheme", detail)
    })?;
    let key = Key::parse(scheme, public_key)
        .map_err(|error| ApiError::field("public_key", error.to_string()))?;
    let written = key.to_string();
    let domain = &app.config.trust_domain;
    let text = of_enrolment(domain, name, scheme.as_str(), &written)
        .map_err(|error| ApiError::field("name", error.to_string()))?;
    Ok((scheme, key, text))
}
