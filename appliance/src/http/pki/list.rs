use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{Certificate, CertificateQuery, CertificateStatus, Page};
use countersign_intent::{Principal, Role, Timestamp};

use crate::app::App;
use crate::certificates::CertificateRecord;
use crate::http::convert;
use crate::http::error::ApiError;
use crate::http::extract::{Peer, Query};
use crate::http::page::{Dated, Narrow, Part, is_before, narrowed};
use crate::identity::SpiffeId;
use crate::records::Stored;

pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<CertificateQuery>,
) -> Result<Json<Page<Certificate>>, ApiError> {
    let part = Part::read(query.cursor.as_deref(), query.limit)?;
    let principal = wanted_principal(query.principal, query.bot)?;
    let wanted = Wanted {
        spiffe_id: principal
            .as_deref()
            .map(|text| spiffe_id(&app, text))
            .transpose()?,
        status: query.status,
        since: convert::since(query.since.as_deref(), app.clock.now())?,
        app: &app,
    };
    Ok(Json(narrowed(&app.records, None, part, &wanted).await?))
}

/// A bot is a principal, too.
fn wanted_principal(
    principal: Option<String>,
    bot: Option<String>,
) -> Result<Option<String>, ApiError> {
    match (principal, bot) {
        (principal, None) => Ok(principal),
        (None, Some(bot)) => Ok(Some(format!("{}/{bot}", Role::Bot))),
        (Some(_), Some(_)) => {
            let detail = "`principal` says who is meant already; leave this out";
            Err(ApiError::field("bot", detail))
        }
    }
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
    since: Option<Timestamp>,
}

impl Dated for CertificateRecord {
    fn made_at(&self) -> i64 {
        self.issued_at().micros()
    }
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
    fn ends(&self, row: &Stored<CertificateRecord>) -> bool {
        is_before(row, self.since)
    }
}
