//! What the log tells about a decision.

use countersign_audit::{Actor, Detail, Entry, Kind as EntryKind};
use countersign_intent::{RequestId, Timestamp};
use countersign_policy::{Decision, Permit};
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
            (Decision::Allow(permit), Some(policy)) => reservations(permit, policy),
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

fn reservations(permit: &Permit, policy: &ActivePolicy) -> Vec<String> {
    let name = |id: &[u8; 16]| {
        let limit = policy.set.limits().iter().find(|limit| limit.id() == id);
        limit.map_or("?", |limit| limit.name()).to_owned()
    };
    permit
        .reservations()
        .iter()
        .map(|part| {
            format!(
                "{} {} {}",
                name(part.key.limit()),
                part.key.scope(),
                part.amount
            )
        })
        .collect()
}
