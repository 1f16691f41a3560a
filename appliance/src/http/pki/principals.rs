use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use countersign_api::{BlockPrincipal, BlockedPrincipal, Page, PageQuery};
use countersign_intent::{Principal, Role};

use crate::app::App;
use crate::certificates::{self, BlockRecord, Blocked, CertificateRecord};
use crate::governance::change::What;
use crate::http::changes::propose;
use crate::http::convert;
use crate::http::error::ApiError;
use crate::http::extract::{OptionalBody, Peer, Query};
use crate::http::names;
use crate::http::page::{Narrow, Part, narrowed};
use crate::identity::SpiffeId;
use crate::records::Stored;

/// The principal that a path names by role and name.
pub(in crate::http) struct Named(Principal);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = axum::extract::Path::<(String, String)>::from_request_parts(parts, state).await;
        let axum::extract::Path((role, name)) =
            path.map_err(|error| ApiError::field("path", error.body_text()))?;
        let role: Role = convert::id("role", &role)?;
        let principal = Principal::new(role, &name);
        let principal = principal.map_err(|error| ApiError::field("name", error.to_string()))?;
        Ok(Self(principal))
    }
}

/// Holds from here on, recorded or not.
pub(in crate::http) async fn block(
    State(app): State<Arc<App>>,
    peer: Peer,
    Named(principal): Named,
    OptionalBody(body): OptionalBody<BlockPrincipal>,
) -> Result<Json<BlockedPrincipal>, ApiError> {
    convert::optional_text("reason", body.reason.as_deref(), 256)?;
    let blocked = certificates::block(&app.certificates, &peer.0, &principal, body.reason).await?;
    let mut shown = convert::blocked(&blocked);
    // What it has let others in with is for people to look at; the block itself did not wait.
    shown.issued = issued_by(&app, &principal).await.unwrap_or_default();
    let unknown = names::principal(&app, &principal);
    let warnings: Vec<String> = unknown.into_iter().chain(shown.warning).collect();
    shown.warning = (!warnings.is_empty()).then(|| warnings.join("; "));
    Ok(Json(shown))
}

/// The good certificates of others that a principal issued, the newest last, at most 100.
async fn issued_by(app: &App, principal: &Principal) -> Result<Vec<String>, ApiError> {
    const MOST: usize = 100;
    let (by, now) = (principal.to_string(), app.clock.now());
    let mut issued = Vec::new();
    for stored in app.records.all::<CertificateRecord>(None).await? {
        let record = &stored.record;
        let others = !record.spiffe_id.ends_with(&format!("/{by}"));
        let theirs = record.issuers.iter().flatten().any(|one| *one == by);
        let spiffe: Result<SpiffeId, _> = record.spiffe_id.parse();
        let blocked = spiffe.is_ok_and(|id| app.register.is_blocked(&id.principal));
        if (theirs || record.issued_by == by) && others && !blocked && record.is_good(now) {
            let id = countersign_intent::CertificateId::from_bytes(stored.id);
            issued.push(format!("{id} {}", record.spiffe_id));
        }
    }
    issued.truncate(MOST);
    Ok(issued)
}

/// Governed: people agree to it on their devices. The block that is in force now is meant.
pub(in crate::http) async fn unblock(
    State(app): State<Arc<App>>,
    peer: Peer,
    Named(principal): Named,
    OptionalBody(body): OptionalBody<BlockPrincipal>,
) -> Result<Response, ApiError> {
    convert::optional_text("reason", body.reason.as_deref(), 256)?;
    let stands = certificates::blocked(&app.certificates, &principal).await?;
    let stands = stands.ok_or_else(|| ApiError::not_found("block of", &principal.to_string()))?;
    let what = What::Unblock {
        principal: stands.record.principal,
        since: stands.record.since,
        reason: body.reason,
    };
    propose(&app, &peer, what).await
}

pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<BlockedPrincipal>>, ApiError> {
    let part = Part::read(query.cursor.as_deref(), query.limit)?;
    let since = convert::since(query.since.as_deref(), app.clock.now())?;
    let wanted = InForce(since.map(|since| since.micros()));
    Ok(Json(narrowed(&app.records, None, part, &wanted).await?))
}

/// The blocks in force, put in force at a time or later.
struct InForce(Option<i64>);

impl Narrow<BlockRecord> for InForce {
    type Shown = BlockedPrincipal;

    async fn show(&self, row: &Stored<BlockRecord>) -> Result<Option<BlockedPrincipal>, ApiError> {
        let blocked = Blocked {
            record: row.record.clone(),
            recorded: true,
            warning: None,
        };
        let late = self.0.is_none_or(|since| row.record.since >= since);
        let in_force = row.record.lifted_at.is_none() && late;
        Ok(in_force.then(|| convert::blocked(&blocked)))
    }
}
