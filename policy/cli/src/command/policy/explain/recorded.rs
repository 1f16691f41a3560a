//! Why a recorded request was decided as it was, and what would be decided now.

use std::collections::HashMap;

use countersign_api::{AuditPage, Decision, Page, Policy, PolicySummary, RecordedRequest, Request};
use countersign_audit::Entry;
use countersign_intent::{RequestId, Span, Timestamp};
use countersign_policy::replay::Spent;
use countersign_policy::{Explanation, PolicySet, parse};
use serde_json::Value;

use super::super::recorded::pages::Pages;
use super::super::recorded::prices::Prices;
use super::super::recorded::reading::{Reader, Recall, Wallet, attested, wallets};
use super::super::recorded::registry::Registry;
use super::super::recorded::{longest_window, time};
use crate::client::Call;
use crate::failure::Failure;
use crate::session::Session;

/// Most entries the appliance puts on one page.
const PAGE: u32 = 500;

/// Seconds by which more is fetched than is needed.
const MARGIN: u64 = 60;

/// A version of the policy.
pub(super) struct Version {
    pub summary: PolicySummary,
    set: PolicySet,
}

/// Everything there is to tell of a request besides its stored answer.
pub(super) struct Told {
    /// The policy it was decided under; `None` if there was none.
    pub under: Option<Version>,
    /// What that policy says with what was used up at that time.
    pub then: Reading,
    /// The active policy, if it is another by now, and what it says.
    pub now: Option<(Version, Timestamp, Reading)>,
    /// Allowed requests before it that could not be counted, because their messages are gone.
    pub uncounted: u64,
}

/// What can be said of a message under a policy.
pub(super) enum Reading {
    /// There is no message, or no policy.
    Nothing,
    /// The message has another digest than the log.
    Altered,
    /// It is never signed: why.
    NotUnderstood(String),
    /// Everything that goes into the decision.
    Explained(Box<Explanation>),
}

/// Finds out everything about a sign request.
///
/// # Errors
/// As [`Session::call`]; an answer that is not understood.
pub(super) fn tell(
    request: &Request,
    id: RequestId,
    session: &mut Session,
) -> Result<Told, Failure> {
    let at = time(&request.created_at)?;
    let mut told = Told {
        under: decided_under(request.log_index, session)?,
        then: Reading::Nothing,
        now: None,
        uncounted: 0,
    };
    let active = active(session)?;
    let sets = [&told.under, &active].map(|one| one.as_ref().map(|one| &one.set));
    let Some(any) = sets.into_iter().flatten().next() else {
        return Ok(told);
    };
    let known = Known::fetch(sets.map(|set| set.unwrap_or(any)), at, session)?;
    let target = known.target(id, at, session)?;
    let (Some(under), Some(target)) = (&told.under, &target) else {
        return Ok(told);
    };
    let before = known.since(at.saturating_sub(longest_window(&under.set)));
    let (mut spent, uncounted) = known.spent(&under.set, before, Some(id), session)?;
    told.then = known.judge(&under.set, &mut spent, target, None)?;
    told.uncounted = uncounted;
    if let Some(active) = active.filter(|active| active.summary.id != under.summary.id) {
        let back = longest_window(&active.set);
        let (mut spent, _) = known.spent(&active.set, back, None, session)?;
        let reading = known.judge(&active.set, &mut spent, target, Some(known.now))?;
        told.now = Some((active, known.now, reading));
    }
    Ok(told)
}

/// The version that the log names in the entry about the decision.
fn decided_under(index: u64, session: &mut Session) -> Result<Option<Version>, Failure> {
    let call = Call::get("/v1/audit/entries")
        .query("start", Some(index))
        .query("limit", Some(1_u32));
    let page: AuditPage = session.call(&call)?.body;
    let entry = page
        .items
        .first()
        .map(|item| Entry::parse(item.entry.as_bytes()));
    let Some(Ok(entry)) = entry else {
        return Err(Failure::unreachable(format!(
            "entry {index} of the log is not understood"
        )));
    };
    let detail: Value = serde_json::from_str(entry.detail.as_str()).unwrap_or_default();
    let Some(number) = detail.get("policy_version").and_then(Value::as_u64) else {
        return Ok(None);
    };
    let mut cursor = None;
    loop {
        let call = Call::get("/v1/policies")
            .query("limit", Some(PAGE))
            .query("cursor", cursor);
        let page: Page<PolicySummary> = session.call(&call)?.body;
        if let Some(found) = page.items.iter().find(|one| one.version == number) {
            return version(&format!("/v1/policies/{}", found.id), session).map(Some);
        }
        cursor = page.next;
        if cursor.is_none() {
            return Err(Failure::unreachable(format!(
                "the log names version {number} of the policy, which the appliance does not have"
            )));
        }
    }
}

fn version(path: &str, session: &mut Session) -> Result<Version, Failure> {
    let policy: Policy = session.call(&Call::get(path))?.body;
    let set = parse(&policy.text).map_err(|_| {
        Failure::unreachable(format!(
            "version {} of the policy is not understood; is this program of the appliance's version?",
            policy.summary.version
        ))
    })?;
    Ok(Version {
        summary: policy.summary,
        set,
    })
}

/// The policy that decides; `None` if there is none yet.
fn active(session: &mut Session) -> Result<Option<Version>, Failure> {
    let call = Call::get("/v1/policies").query("limit", Some(1_u32));
    let any: Page<PolicySummary> = session.call(&call)?.body;
    if any.items.is_empty() {
        return Ok(None);
    }
    version("/v1/policies/active", session).map(Some)
}

/// What both judgements need.
struct Known {
    now: Timestamp,
    prices: Prices,
    registry: Registry,
}

/// The request that is asked about.
struct Target {
    item: RecordedRequest,
    wallets: HashMap<String, Wallet>,
}

impl Known {
    fn fetch(sets: [&PolicySet; 2], at: Timestamp, session: &mut Session) -> Result<Self, Failure> {
        let pages = Pages::begin(session, Span::from_secs(1))?;
        let now = pages.now();
        pages.finish();
        let window = sets.iter().map(|set| longest_window(set)).max();
        let from = at.saturating_sub(window.unwrap_or(Span::ZERO));
        Ok(Self {
            now,
            prices: Prices::fetch(session, sets, from)?,
            registry: Registry::fetch(session, sets.iter().any(|set| attested(set)))?,
        })
    }

    /// How far back a time is, and a little farther: time goes on meanwhile.
    fn since(&self, at: Timestamp) -> Span {
        let micros = self.now.micros().saturating_sub(at.micros());
        let seconds = u64::try_from(micros / 1_000_000).unwrap_or(0);
        Span::from_secs(seconds.saturating_add(MARGIN))
    }

    /// The request as it was recorded.
    fn target(
        &self,
        id: RequestId,
        at: Timestamp,
        session: &mut Session,
    ) -> Result<Option<Target>, Failure> {
        let mut pages = Pages::begin(session, self.since(at))?;
        let id = id.to_string();
        while let Some(mut page) = pages.next(session)? {
            if let Some(place) = page.items.iter().position(|item| item.id == id) {
                pages.finish();
                return Ok(Some(Target {
                    item: page.items.swap_remove(place),
                    wallets: wallets(page.wallets)?,
                }));
            }
        }
        pages.finish();
        Ok(None)
    }

    /// What requests of the last `back` used up of a policy's limits, up to the one of `until`; and
    /// how many of them could not be counted.
    fn spent<'p>(
        &self,
        set: &'p PolicySet,
        back: Span,
        until: Option<RequestId>,
        session: &mut Session,
    ) -> Result<(Spent<'p>, u64), Failure> {
        let reader = Reader::new(set);
        let (mut spent, mut uncounted) = (Spent::new(set), 0_u64);
        let mut pages = Pages::begin(session, back)?;
        'pages: while let Some(page) = pages.next(session)? {
            let wallets = wallets(page.wallets)?;
            for item in &page.items {
                let recall = Recall::read(item, &wallets)?;
                if Some(recall.id) == until {
                    break 'pages;
                }
                if item.decision != Decision::Allow {
                    continue;
                }
                let Some(asked) = &recall.asked else {
                    uncounted = uncounted.saturating_add(1);
                    continue;
                };
                let reading = reader.read(asked, &self.registry);
                let prices = self.prices.at(set, recall.at);
                spent.count(&recall.recorded(asked, &reading, &prices));
            }
        }
        pages.finish();
        Ok((spent, uncounted))
    }

    /// What a policy says of the request, at its time or as if it were asked again at `now`.
    fn judge(
        &self,
        set: &PolicySet,
        spent: &mut Spent<'_>,
        target: &Target,
        now: Option<Timestamp>,
    ) -> Result<Reading, Failure> {
        let recall = Recall::read(&target.item, &target.wallets)?;
        let Some(asked) = &recall.asked else {
            return Ok(Reading::Nothing);
        };
        let reading = Reader::new(set).read(asked, &self.registry);
        if !asked.fits(&reading, &target.item.digest) {
            return Ok(Reading::Altered);
        }
        let at = now.unwrap_or(recall.at);
        let prices = self.prices.at(set, at);
        let mut recorded = recall.recorded(asked, &reading, &prices);
        if now.is_some() {
            // A consent that was given was used then; asked again, people are asked anew.
            recorded.consent = None;
        }
        recorded.at = at;
        let explained = spent.explain(&recorded).map(Box::new);
        Ok(match (explained, &reading) {
            (Some(explained), _) => Reading::Explained(explained),
            (None, Err(why)) => Reading::NotUnderstood(why.clone()),
            (None, Ok(_)) => Reading::Nothing,
        })
    }
}
