//! What the log tells about a decision.

use countersign_audit::{Actor, Detail, Entry, Kind as EntryKind};
use countersign_intent::{RequestId, Timestamp};
use countersign_policy::{Cap, Decision, Limit, Permit, Reservation};
use serde::Serialize;

use super::stages::Remembered;
use crate::journal::stamp;
use crate::policies::ActivePolicy;

/// An entry whose details do not fit says at least that there was one. An empty one, which this
/// cannot be, would be refused by the ledger, and the request with it.
pub(super) fn too_long(now: Timestamp, kind: EntryKind, request: RequestId) -> Vec<u8> {
    Entry::new(stamp(now), kind, Actor::System, Detail::default())
        .request(request.to_string())
        .code("detail_too_long")
        .encode()
        .unwrap_or_default()
}

/// What the log tells about a decision besides who, what and when.
#[derive(Serialize)]
pub(super) struct Recorded<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_version: Option<u64>,
    effects: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    reasons: &'a [countersign_api::Reason],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reserved: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) approved_request: Option<String>,
}

impl<'a> Recorded<'a> {
    pub(super) fn of(
        decision: &Decision,
        remembered: &'a Remembered,
        policy: Option<&ActivePolicy>,
        own: &[Limit],
    ) -> Self {
        let (effects, reasons): (&[String], &[_]) = match remembered {
            Remembered::Allow { effects, .. } | Remembered::Pending { effects, .. } => {
                (effects, &[])
            }
            Remembered::Deny {
                effects, reasons, ..
            } => (effects, reasons),
        };
        let reserved = match (decision, policy) {
            (Decision::Allow(permit), Some(policy)) => reservations(permit, policy, own),
            _ => Vec::new(),
        };
        Self {
            policy_version: policy.map(|policy| policy.version),
            effects,
            reasons,
            reserved,
            text: match remembered {
                Remembered::Pending { text, .. } => Some(text),
                Remembered::Allow { .. } | Remembered::Deny { .. } => None,
            },
            approved_request: None,
        }
    }
}

/// Each by its limit, of the policy or of the wallet itself, its scope, and how much of what.
fn reservations(permit: &Permit, policy: &ActivePolicy, own: &[Limit]) -> Vec<String> {
    let told = |part: &Reservation| {
        let mut limits = policy.set.limits().iter().chain(own);
        let limit = limits.find(|limit| limit.id() == part.key.limit());
        let name = limit.map_or("?", Limit::name);
        let unit = limit.map_or_else(|| "of an unknown unit".to_owned(), |one| unit(one.cap()));
        format!("{name} {} {} {unit}", part.key.scope(), part.amount)
    };
    permit.reservations().iter().map(told).collect()
}

fn unit(cap: Cap) -> String {
    match cap {
        Cap::Amount { asset, .. } => format!("base units of {asset}"),
        Cap::MicroUsd(_) => "micro-dollars".to_owned(),
        Cap::Count(_) => "requests".to_owned(),
    }
}
