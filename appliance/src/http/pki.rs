//! `/v1/pki`.

mod list;
mod principals;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_api::{Certificate, IssueCertificate, IssuedCertificate, RenewCertificate};
use countersign_intent::{CertificateId, Principal, Role};

use super::changes::propose;
use super::convert;
use super::error::ApiError;
use super::extract::{Body, Path, Peer};
use crate::app::App;
use crate::certificates::{self, CertificateError, CertificateRecord};
use crate::governance::change::What;
use crate::identity::Issued;
use crate::records::Stored;

pub(super) use list::list;
pub(super) use principals::{block, list as blocked, unblock};

pub(super) async fn issue(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<IssueCertificate>,
) -> Result<Response, ApiError> {
    let role: Role = convert::id("role", &body.role)?;
    let principal = Principal::new(role, &body.name)
        .map_err(|error| ApiError::field("name", error.to_string()))?;
    let lifetime = body
        .lifetime
        .as_deref()
        .map(|text| convert::span("lifetime", text))
        .transpose()?;
    if app.register.is_blocked(&principal) {
        return Err(CertificateError::Blocked(principal).into());
    }
    // Whoever may bring in another operator holds an operator's power twice.
    if role == Role::Operator && app.policies.active().is_some() {
        app.authority.check_request(&body.csr, lifetime)?;
        let what = What::Certificate {
            name: body.name,
            csr: body.csr,
            // Written down, so that people read it.
            lifetime: Some(lifetime.unwrap_or(app.config.certificates.client).micros()),
        };
        return propose(&app, &peer, what).await;
    }
    let issued =
        certificates::issue(&app.certificates, &peer.0, body.csr, &principal, lifetime).await?;
    Ok(answer(&app, issued).into_response())
}

pub(super) async fn renew(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<RenewCertificate>,
) -> Result<Json<IssuedCertificate>, ApiError> {
    let issued = certificates::renew(&app.certificates, &peer.0, body.csr).await?;
    Ok(answer(&app, issued))
}

fn answer(
    app: &App,
    (stored, issued): (Stored<CertificateRecord>, Issued),
) -> Json<IssuedCertificate> {
    Json(IssuedCertificate {
        certificate: convert::certificate(&stored, app),
        pem: issued.pem,
        ca_pem: app.authority.pem().to_owned(),
    })
}

/// Refused from the next request on, recorded or not.
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<Json<Certificate>, ApiError> {
    let id: CertificateId = convert::id("id", &text)?;
    let (stored, warning) = certificates::revoke(&app.certificates, &peer.0, id).await?;
    Ok(Json(Certificate {
        warning,
        ..convert::certificate(&stored, &app)
    }))
}
