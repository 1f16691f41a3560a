//! What people said about an ask, and whether it was used: one row, so that every change of it
//! is one commit, and a missing row shows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::Digest32;
use crate::approvers::Scheme;
use crate::records::{Kind, Record};

/// The row; its identifier is the request's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentRecord {
    /// The latest approval of each approver.
    pub approvals: Vec<Yes>,
    /// The rejection that ended it.
    pub rejection: Option<No>,
    /// The use it was put to: at most one, ever.
    pub used: Option<Use>,
}

impl Record for ConsentRecord {
    const KIND: Kind = Kind::Consent;
}

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Yes {
    /// `apr_…`
    pub approver: String,
    /// Their name.
    pub name: String,
    /// How it was signed.
    pub scheme: Scheme,
    /// The signature as it came.
    pub signature: String,
    /// Microseconds since the Unix epoch.
    pub given_at: i64,
    /// Digest of what was approved.
    pub digest: Digest32,
    /// The policy it was given under.
    pub policy_hash: Digest32,
    /// The rosters of the groups it was given in.
    pub rosters: BTreeMap<String, Digest32>,
    /// SPIFFE id of the operator who handed it in.
    pub posted_by: String,
}

/// A rejection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct No {
    /// Name of the group's member; `operator/NAME` if an operator named none.
    pub name: String,
    /// SPIFFE id of the operator who handed it in.
    pub posted_by: String,
    /// Why.
    pub reason: Option<String>,
    /// Microseconds since the Unix epoch.
    pub at: i64,
}

/// The use of a consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// Who used it: the asker of a release, `system` for a change.
    pub by: String,
    /// The idempotency key of the release; empty for a change.
    pub key: String,
    /// What that release asked for, byte for byte; what a change was.
    pub fingerprint: Digest32,
    /// Microseconds since the Unix epoch.
    pub at: i64,
}

impl Use {
    /// Whether it is this very release, come again.
    #[must_use]
    pub fn is(&self, by: &str, key: &str, fingerprint: &[u8; 32]) -> bool {
        self.by == by && self.key == key && self.fingerprint.0 == *fingerprint
    }
}
