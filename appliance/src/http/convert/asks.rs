//! What people are asked and what they said, on the wire.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api as api;
use countersign_intent::RequestId;
use countersign_policy::PolicySet;
use countersign_store::{Decided, OutcomeKind, StoredRequest};

use super::time;
use crate::approvers::{ApproverRecord, Key};
use crate::governance::change::ChangeRecord;
use crate::governance::{Ask, ConsentRecord, Proposal, State, Tally, ToSign, Yes};
use crate::records::Stored;
use crate::sign::{Answer, answer_of};
use crate::venue::signature_text;

/// A sign request on the wire, as the ledger alone tells it.
#[must_use]
pub fn sign_request(stored: &StoredRequest) -> api::Request {
    let request = &stored.request;
    let signature = stored
        .outcome
        .as_ref()
        .and_then(|outcome| outcome.signature);
    api::Request {
        id: request.id.to_string(),
        kind: "sign".to_owned(),
        principal: request.key.principal().to_owned(),
        wallet_id: Some(request.wallet.to_string()),
        created_at: request.at.to_string(),
        state: state(stored).to_owned(),
        log_index: request.log_index,
        outcome_log_index: stored.outcome.as_ref().map(|outcome| outcome.log_index),
        answer: match answer_of(stored) {
            Answer::Done(body) | Answer::Pending(body) => serde_json::to_value(body),
            Answer::Problem(problem) => serde_json::to_value(problem),
        }
        .unwrap_or_default(),
        signature: signature.as_ref().map(signature_text),
        asks: Vec::new(),
        approvals: Vec::new(),
        rejection: None,
        missing: Vec::new(),
        text: None,
        result: None,
    }
}

fn state(stored: &StoredRequest) -> &'static str {
    match (stored.request.decided, stored.outcome.as_ref()) {
        (Decided::Denied, _) => "denied",
        (Decided::Pending, _) => "pending",
        (Decided::Allowed, None) => "reserved",
        (Decided::Allowed, Some(outcome)) => match outcome.kind {
            OutcomeKind::Signed => "signed",
            OutcomeKind::Refused | OutcomeKind::NotSent => "released",
            OutcomeKind::Unknown => "unknown",
        },
    }
}

/// A governed change on the wire, without what people said.
#[must_use]
pub fn change_request(ask: &Ask, stored: &Stored<ChangeRecord>) -> api::Request {
    let group = ask.standing.iter().flat_map(|one| &one.requirements).next();
    api::Request {
        id: ask.id.to_string(),
        kind: ask.kind.to_owned(),
        principal: ask.asker.to_string(),
        wallet_id: stored.record.what.wallet().map(str::to_owned),
        created_at: ask.asked_at.to_string(),
        state: "pending".to_owned(),
        log_index: ask.log_index,
        outcome_log_index: None,
        answer: serde_json::json!({
            "request_id": ask.id.to_string(),
            "decision": "approval_required",
            "group": group.map(|need| &need.group),
            "quorum": group.map(|need| need.quorum),
            "expires_at": ask.expires_at.to_string(),
            "what": stored.record.what,
        }),
        signature: None,
        asks: Vec::new(),
        approvals: Vec::new(),
        rejection: None,
        missing: Vec::new(),
        text: None,
        result: stored.record.result.clone(),
    }
}

/// Adds what people are asked and what they said.
pub fn tell(request: &mut api::Request, ask: &Ask, consent: &ConsentRecord, tally: Tally) {
    request.state = match tally.state {
        State::Pending => "pending",
        State::Approved => "approved",
        State::Rejected => "rejected",
        State::Expired => "expired",
        State::Used if ask.wallet.is_some() => "consumed",
        State::Used => "done",
    }
    .to_owned();
    request.missing = tally.missing;
    request.text = ask.standing.as_ref().ok().map(|one| one.text.clone());
    request.asks = tally
        .groups
        .into_iter()
        .map(|group| api::AskedGroup {
            group: group.requirement.group.to_string(),
            quorum: u32::from(group.requirement.quorum),
            counted: u32::try_from(group.counted).unwrap_or(u32::MAX),
            approvers: group.approvers,
            do_not_count: group.without,
            rule: group.requirement.rule.to_string(),
            opens_at: (ask.asked_at.saturating_add(group.requirement.time_lock)).to_string(),
            expires_at: ask.expires_at.to_string(),
        })
        .collect();
    let given = |yes: &Yes| api::GivenApproval {
        approver_id: yes.approver.clone(),
        approver: yes.name.clone(),
        scheme: yes.scheme.as_str().to_owned(),
        given_at: time(yes.given_at),
        posted_by: yes.posted_by.clone(),
        counts: tally.counting.contains(&yes.approver),
    };
    request.approvals = consent.approvals.iter().map(given).collect();
    request.rejection = consent.rejection.as_ref().map(|no| api::GivenRejection {
        approver: no.name.clone(),
        posted_by: no.posted_by.clone(),
        reason: no.reason.clone(),
        at: time(no.at),
    });
    if let (Some(used), Some(_)) = (&consent.used, ask.wallet) {
        request.result = Some(serde_json::json!({
            "released_by": used.by,
            "idempotency_key": used.key,
            "at": time(used.at),
        }));
    }
}

/// A change that waits, on the wire.
#[must_use]
pub fn pending_change(proposal: Proposal) -> api::PendingChange {
    let ask = proposal.ask;
    let need = ask.standing.iter().flat_map(|one| &one.requirements).next();
    let time_lock = need.map(|need| need.time_lock).unwrap_or_default();
    api::PendingChange {
        request_id: ask.id.to_string(),
        decision: api::Decision::ApprovalRequired,
        kind: ask.kind.to_owned(),
        group: need.map(|need| need.group.to_string()).unwrap_or_default(),
        quorum: need.map_or(0, |need| u32::from(need.quorum)),
        opens_at: ask.asked_at.saturating_add(time_lock).to_string(),
        expires_at: ask.expires_at.to_string(),
        why: proposal.why,
        findings: Vec::new(),
        log_index: ask.log_index,
    }
}

/// The text for one approver, with the bytes to sign.
#[must_use]
pub fn approval_text(request: RequestId, given: ToSign) -> api::ApprovalText {
    let approver = given.approver;
    api::ApprovalText {
        request_id: request.to_string(),
        approver_id: approver.id.to_string(),
        public_key: approver.key.to_string(),
        scheme: approver.record.scheme.as_str().to_owned(),
        approver: approver.record.name,
        text: given.text,
        message: BASE64_STANDARD.encode(given.message),
    }
}

/// An approver on the wire.
#[must_use]
pub fn approver(stored: &Stored<ApproverRecord>, policy: Option<&PolicySet>) -> api::Approver {
    let record = &stored.record;
    let groups = policy.map_or(&[][..], PolicySet::groups).iter();
    let lists = |name: &str, members: &[Box<str>]| members.iter().any(|one| **one == *name);
    api::Approver {
        id: countersign_intent::ApproverId::from_bytes(stored.id).to_string(),
        name: record.name.clone(),
        scheme: record.scheme.as_str().to_owned(),
        public_key: Key::parse(record.scheme, &record.public_key)
            .map_or_else(|_| record.public_key.clone(), |key| key.to_string()),
        operator: record.operator.clone(),
        groups: groups
            .filter(|group| record.removed_at.is_none() && lists(&record.name, group.approvers()))
            .map(|group| group.name().to_owned())
            .collect(),
        enrolled_at: time(record.enrolled_at),
        removed_at: record.removed_at.map(time),
    }
}
