//! What is counted and what is told of each request.

use std::collections::BTreeMap;

use countersign_api::Decision;
use countersign_intent::Timestamp;
use countersign_policy::replay::Said;

use super::super::recorded::reading::Recall;

/// A request that was judged twice.
pub(super) struct Judged<'a> {
    pub recall: &'a Recall<'a>,
    pub was: Said,
    pub would_be: Said,
    /// What it does, in words.
    pub effects: Vec<String>,
}

/// One request of a list.
pub(super) struct Row {
    pub id: String,
    pub at: String,
    pub principal: String,
    pub wallet: String,
    pub was: &'static str,
    pub would_be: &'static str,
    /// Why it would be so.
    pub why: Vec<String>,
    pub effects: Vec<String>,
}

/// Everything that was counted, of the time that is looked at.
pub(super) struct Tally {
    since: Timestamp,
    /// When the active policy began to decide; `None` where that is not readable.
    active_since: Option<Timestamp>,
    limit: usize,
    pub requests: u64,
    pub not_kept: u64,
    pub altered: Vec<String>,
    pub altered_total: u64,
    pub counts: BTreeMap<(&'static str, &'static str), u64>,
    pub changed: u64,
    pub changes: Vec<Row>,
    /// Decided by an earlier policy, and otherwise than the active one would have.
    pub by_earlier: u64,
    /// Decided otherwise than the active policy does now.
    pub unreproduced: u64,
    pub unreproduced_rows: Vec<Row>,
}

/// Requests listed at most that were decided otherwise, or do not fit their digest.
const OTHERS: usize = 20;

impl Tally {
    pub(super) fn new(since: Timestamp, active_since: &str, limit: u32) -> Self {
        Self {
            since,
            active_since: Timestamp::parse(active_since).ok(),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            requests: 0,
            not_kept: 0,
            altered: Vec::new(),
            altered_total: 0,
            counts: BTreeMap::new(),
            changed: 0,
            changes: Vec::new(),
            by_earlier: 0,
            unreproduced: 0,
            unreproduced_rows: Vec::new(),
        }
    }

    fn counts_at(&mut self, at: Timestamp) -> bool {
        let counts = at >= self.since;
        self.requests = self.requests.saturating_add(u64::from(counts));
        counts
    }

    /// A request whose message is not there.
    pub(super) fn not_kept(&mut self, at: Timestamp) {
        let counts = self.counts_at(at);
        self.not_kept = self.not_kept.saturating_add(u64::from(counts));
    }

    /// A request whose message is not the one that was logged.
    pub(super) fn altered(&mut self, recall: &Recall<'_>) {
        self.counts_at(recall.at);
        self.altered_total = self.altered_total.saturating_add(1);
        if self.altered.len() < OTHERS {
            self.altered.push(recall.item.id.clone());
        }
    }

    /// A request that was judged.
    pub(super) fn judged(&mut self, judged: Judged<'_>) {
        if !self.counts_at(judged.recall.at) {
            return;
        }
        let recorded = recorded(judged.recall.item.decision);
        if !reproduces(recorded, &judged.was) {
            self.otherwise(recorded, &judged);
        }
        let words = (judged.was.as_str(), judged.would_be.as_str());
        let count = self.counts.entry(words).or_default();
        *count = count.saturating_add(1);
        if judged.was.differs(&judged.would_be) {
            self.changed = self.changed.saturating_add(1);
            if self.changes.len() < self.limit {
                let why = judged.would_be.why();
                self.changes.push(judged.row(words.0, words.1, why));
            }
        }
    }

    fn otherwise(&mut self, recorded: &'static str, judged: &Judged<'_>) {
        let at = judged.recall.at;
        if self.active_since.is_some_and(|since| at < since) {
            self.by_earlier = self.by_earlier.saturating_add(1);
            return;
        }
        self.unreproduced = self.unreproduced.saturating_add(1);
        if self.unreproduced_rows.len() < OTHERS {
            let row = judged.row(recorded, judged.was.as_str(), judged.was.why());
            self.unreproduced_rows.push(row);
        }
    }
}

impl Judged<'_> {
    fn row(&self, was: &'static str, would_be: &'static str, why: Vec<String>) -> Row {
        let item = self.recall.item;
        Row {
            id: item.id.clone(),
            at: item.at.clone(),
            principal: item.principal.clone(),
            wallet: item.wallet_id.clone(),
            was,
            would_be,
            why,
            effects: self.effects.clone(),
        }
    }
}

const fn recorded(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::Deny => "deny",
        Decision::ApprovalRequired => "approval_required",
    }
}

/// What no policy was asked about was denied. A release that nobody would have been asked about has
/// a request before it that is told.
fn reproduces(recorded: &str, said: &Said) -> bool {
    match said {
        Said::Halted => recorded == "deny",
        Said::Unasked => true,
        Said::Allow { .. } | Said::Deny { .. } | Said::Ask { .. } => said.as_str() == recorded,
    }
}
