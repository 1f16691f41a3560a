//! Listing requests.

mod source;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{Page, Request, RequestQuery};
use countersign_intent::{RequestId, Role, Timestamp, WalletId};

use super::find;
use crate::app::App;
use crate::governance::change::{What, is_change};
use crate::http::convert;
use crate::http::error::ApiError;
use crate::http::extract::{Peer, Query};
use crate::http::feed::{self, Feed, Followed};
use crate::http::page::Part;
use source::{Changes, Signs, Source};

/// States that a list can be narrowed to.
const STATES: [&str; 11] = [
    "reserved", "signed", "denied", "released", "unknown", "pending", "approved", "rejected",
    "expired", "consumed", "done",
];

/// The kind of sign requests.
const SIGN: &str = "sign";

/// Every kind that is not [`SIGN`].
const CHANGE: &str = "change";

/// Sign requests and changes, the newest first, by the log entry that recorded each.
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    peer: Peer,
    Query(query): Query<RequestQuery>,
) -> Result<Json<Page<Request>>, ApiError> {
    let part = Part::first(query.limit)?;
    let wanted = Wanted::read(&app, &peer, &query)?;
    if let Some(after) = query.after {
        let feed = Feed::read(&app, after, query.cursor.as_deref(), query.wait.as_deref())?;
        return Ok(Json(feed.page(part, &wanted).await?));
    }
    feed::no_wait(query.wait.as_deref())?;
    let revision = feed::revision(&app);
    let place = Place::read(query.cursor.as_deref())?;
    let page = wanted.page(place, part.limit()).await?;
    Ok(Json(page.at(revision)))
}

/// How far a list of requests has got: below which number of sign requests, and of changes.
#[derive(Debug, Clone, Copy)]
struct Place {
    signs: u64,
    changes: u64,
}

impl Place {
    fn read(cursor: Option<&str>) -> Result<Self, ApiError> {
        let Some(text) = cursor else {
            return Ok(Self {
                signs: u64::MAX,
                changes: u64::MAX,
            });
        };
        let read = |text: &str| {
            let (signs, changes) = text.split_once('-')?;
            Some(Self {
                signs: signs.parse().ok()?,
                changes: changes.parse().ok()?,
            })
        };
        read(text).ok_or_else(|| convert::no_cursor(text))
    }

    fn cursor(self) -> String {
        format!("{}-{}", self.signs, self.changes)
    }
}

/// Which requests a caller sees and wants.
pub(super) struct Wanted<'a> {
    app: &'a App,
    peer: &'a Peer,
    state: Option<&'static str>,
    kind: Option<&'a str>,
    wallet: Option<WalletId>,
    /// The principal of the bot that asked.
    asker: Option<String>,
    since: Option<Timestamp>,
}

impl<'a> Wanted<'a> {
    fn read(app: &'a App, peer: &'a Peer, query: &'a RequestQuery) -> Result<Self, ApiError> {
        let kinds: Vec<&str> = [SIGN, CHANGE].into_iter().chain(What::KINDS).collect();
        let kind = query.kind.as_deref();
        let state = query.status.as_deref();
        let wallet = query.wallet_id.as_deref();
        let bot = query.bot.as_deref();
        let bot = bot.map(|bot| convert::bot_name("bot", bot)).transpose()?;
        Ok(Self {
            app,
            peer,
            state: state
                .map(|text| convert::word("status", &STATES, text))
                .transpose()?,
            kind: kind
                .map(|text| convert::word("kind", &kinds, text))
                .transpose()?,
            wallet: wallet.map(|id| convert::id("wallet_id", id)).transpose()?,
            asker: bot.map(|bot| format!("{}/{bot}", Role::Bot)),
            since: convert::since(query.since.as_deref(), app.clock.now())?,
        })
    }

    /// Whether people were, or are, asked about what is wanted.
    fn asked(&self) -> bool {
        let states = ["pending", "approved", "rejected", "expired", "consumed"];
        self.state.is_some_and(|state| states.contains(&state))
    }

    /// Whether it still waits.
    fn waiting(&self) -> bool {
        matches!(self.state, Some("pending" | "approved"))
    }

    fn signs(&self) -> bool {
        self.kind.is_none_or(|kind| kind == SIGN) && self.state != Some("done")
    }

    fn changes(&self) -> bool {
        let states = ["pending", "approved", "rejected", "expired", "done"];
        self.kind.is_none_or(|kind| kind != SIGN)
            && self.asker.is_none()
            && self.peer.role() != Role::Bot
            && self.state.is_none_or(|state| states.contains(&state))
    }

    fn takes(&self, request: &Request) -> bool {
        let kind = |kind| match kind {
            CHANGE => request.kind != SIGN,
            kind => request.kind == kind,
        };
        let wallet = self.wallet.map(|wallet| wallet.to_string());
        let asker = self.asker.as_ref();
        self.state.is_none_or(|state| request.state == state)
            && self.kind.is_none_or(kind)
            && (wallet.is_none() || wallet == request.wallet_id)
            && asker.is_none_or(|asker| *asker == request.principal)
    }

    /// Takes from both, always the newer one. What one source has not looked far enough for is
    /// left for the next page.
    async fn page(&self, place: Place, limit: u32) -> Result<Page<Request>, ApiError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut signs = match self.signs() {
            true => Signs::read(self, place.signs, limit).await?,
            false => Source::default(),
        };
        let mut changes = match self.changes() {
            true => Changes::read(self, place.changes, limit).await?,
            false => Source::default(),
        };
        let mut items = Vec::new();
        while items.len() < wanted {
            let newer = if signs.reaches() >= changes.reaches() {
                &mut signs
            } else {
                &mut changes
            };
            // Nothing left, or the newer of the two was not looked through further.
            let Some(request) = newer.take() else { break };
            items.push(request);
        }
        let place = Place {
            signs: signs.resumes(),
            changes: changes.resumes(),
        };
        let more = place.signs > 0 || place.changes > 0;
        Ok(Page::new(items, more.then(|| place.cursor())))
    }
}

/// Requests change by entries that name them.
impl Followed for Wanted<'_> {
    type Shown = Request;

    const PREFIX: &'static str = "req_";

    fn concerns(kind: &str) -> bool {
        kind != "sign_dry_run"
    }

    async fn changed(&self, id: &str) -> Result<Option<Request>, ApiError> {
        let id: RequestId = convert::id("id", id)?;
        if is_change(id) && !self.changes() {
            return Ok(None);
        }
        let found = find(self.app, self.peer, id).await?;
        Ok(found.filter(|request| self.takes(request)).map(summary))
    }
}

/// As it stands in a list.
fn summary(mut request: Request) -> Request {
    request.asks = Vec::new();
    request.approvals = Vec::new();
    request.missing = Vec::new();
    request.text = None;
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_says_where_both_have_got_to() {
        let place = Place::read(Some("12-7")).unwrap();
        assert_eq!((place.signs, place.changes), (12, 7));
        assert_eq!(place.cursor(), "12-7");
        assert_eq!(Place::read(None).unwrap().signs, u64::MAX);
        for text in ["", "12", "-", "a-1", "change-3"] {
            assert!(Place::read(Some(text)).is_err(), "`{text}` was accepted");
        }
    }
}
