use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{Certificate, CertificateQuery, CertificateStatus, Page};
use countersign_intent::Principal;

use crate::app::App;
use crate::certificates::CertificateRecord;
use crate::http::convert;
use crate::http::error::ApiError;
use crate::http::extract::{Peer, Query};
use crate::http::page::{Narrow, narrowed};
use crate::identity::SpiffeId;
use crate::records::Stored;

pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<CertificateQuery>,
) -> Result<Json<Page<Certificate>>, ApiError> {
    let limit = convert::page_size(query.limit)?;
    let after = convert::cursor(query.cursor.as_deref())?;
    let wanted = Wanted {
        spiffe_id: query
            .principal
            .as_deref()
            .map(|text| spiffe_id(&app, text))
            .transpose()?,
        status: query.status,
        app: &app,
    };
    Ok(Json(
        narrowed(&app.records, None, after, limit, &wanted).await?,
    ))
}

fn spiffe_id(app: &App, text: &str) -> Result<String, ApiError> {
    let principal: Principal = text
        .parse()
        .map_err(|error: countersign_intent::NameError| {
            ApiError::field("principal", error.to_string())
        })?;
    let id = SpiffeId {
        trust_domain: app.authority.trust_domain().clone(),
        principal,
    };
    Ok(id.to_string())
}

/// The certificates that a caller asks for.
struct Wanted<'a> {
    app: &'a App,
    spiffe_id: Option<String>,
    status: Option<CertificateStatus>,
}

impl Narrow<CertificateRecord> for Wanted<'_> {
    type Shown = Certificate;

    async fn show(&self, row: &Stored<CertificateRecord>) -> Result<Option<Certificate>, ApiError> {
        let of = self.spiffe_id.as_ref();
        if of.is_some_and(|id| *id != row.record.spiffe_id) {
            return Ok(None);
        }
        let shown = convert::certificate(row, self.app);
        let status = self.status;
        Ok(Some(shown).filter(|shown| status.is_none_or(|wanted| wanted == shown.status)))
    }
}
