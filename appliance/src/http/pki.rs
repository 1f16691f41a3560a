//! `/v1/pki`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_api::{
    Certificate, ErrorCode, IssueCertificate, IssuedCertificate, Page, PageQuery, RenewCertificate,
};
use countersign_audit::Kind as EntryKind;
use countersign_intent::{CertificateId, Principal, Role, Span};

use super::changes::propose;
use super::convert;
use super::error::ApiError;
use super::extract::{Body, Path, Peer, Query};
use super::phase::require_phase;
use crate::app::App;
use crate::certificates::CertificateRecord;
use crate::governance::change::What;
use crate::identity::{Serial, SpiffeId};
use crate::phase::Activity;
use crate::records::{Draft, RecordsError, Stored};

pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Certificate>>, ApiError> {
    let limit = convert::page_size(query.limit)?;
    let after = convert::cursor(query.cursor.as_deref())?;
    let rows = app
        .records
        .list::<CertificateRecord>(None, after, limit)
        .await?;
    Ok(Json(convert::page(rows, limit, convert::certificate)))
}

pub(super) async fn issue(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<IssueCertificate>,
) -> Result<Response, ApiError> {
    require_phase(&app, Activity::Change)?;
    let role: Role = convert::id("role", &body.role)?;
    let principal = Principal::new(role, &body.name)
        .map_err(|error| ApiError::field("name", error.to_string()))?;
    let lifetime = body
        .lifetime
        .as_deref()
        .map(|text| convert::span("lifetime", text))
        .transpose()?;
    // Whoever may bring in another operator holds an operator's power twice.
    if role == Role::Operator && app.policies.active().is_some() {
        app.authority.check_request(&body.csr, lifetime)?;
        let what = What::Certificate {
            name: body.name,
            csr: body.csr,
            lifetime: lifetime.map(Span::micros),
        };
        return propose(&app, &peer, what).await;
    }
    let issued = certify(&app, &peer, body.csr, principal, lifetime).await?;
    Ok(issued.into_response())
}

pub(super) async fn renew(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<RenewCertificate>,
) -> Result<Json<IssuedCertificate>, ApiError> {
    require_phase(&app, Activity::Change)?;
    let principal = peer.principal().clone();
    certify(&app, &peer, body.csr, principal, None).await
}

async fn certify(
    app: &Arc<App>,
    peer: &Peer,
    csr: String,
    principal: Principal,
    lifetime: Option<Span>,
) -> Result<Json<IssuedCertificate>, ApiError> {
    let (authority, now) = (Arc::clone(&app.authority), app.clock.now());
    let subject = principal.clone();
    let issued =
        tokio::task::spawn_blocking(move || authority.issue_client(&csr, &subject, lifetime, now))
            .await
            .map_err(|_| {
                ApiError::new(ErrorCode::HsmUnavailable, "the certificate was not made")
            })??;
    let id = SpiffeId {
        trust_domain: app.authority.trust_domain().clone(),
        principal,
    };
    let stored = Stored {
        id: *issued.serial.as_bytes(),
        seq: 0,
        record: CertificateRecord {
            spiffe_id: id.to_string(),
            not_before: issued.not_before.micros(),
            not_after: issued.not_after.micros(),
            issued_by: peer.principal().to_string(),
            revoked_at: None,
        },
    };
    let draft = Draft::new(stored.id, &stored.record)?;
    record(app, peer, EntryKind::CertificateIssued, &stored, draft).await?;
    Ok(Json(IssuedCertificate {
        certificate: convert::certificate(&stored),
        pem: issued.pem,
        ca_pem: app.authority.pem().to_owned(),
    }))
}

/// Refused from the next request on, recorded or not.
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<Json<Certificate>, ApiError> {
    require_phase(&app, Activity::Tighten)?;
    let id: CertificateId = convert::id("id", &text)?;
    let found = app.records.get::<CertificateRecord>(*id.as_bytes()).await?;
    let mut stored = found.ok_or_else(|| ApiError::not_found("certificate", &text))?;
    if stored.record.revoked_at.is_none() {
        app.revocations.revoke([Serial::from_bytes(stored.id)]);
        stored.record.revoked_at = Some(app.clock.now().micros());
        let draft = Draft::update(&stored)?;
        record(&app, &peer, EntryKind::CertificateRevoked, &stored, draft).await?;
    }
    Ok(Json(convert::certificate(&stored)))
}

async fn record(
    app: &App,
    peer: &Peer,
    kind: EntryKind,
    stored: &Stored<CertificateRecord>,
    draft: Draft,
) -> Result<(), ApiError> {
    let subject = Some(CertificateId::from_bytes(stored.id).to_string());
    let entry = app
        .journal
        .entry(kind, peer.actor(), subject, &stored.record)
        .map_err(RecordsError::from)?;
    app.records.commit(vec![draft], vec![entry]).await?;
    Ok(())
}
