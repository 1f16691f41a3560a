//! People saying yes or no.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Body of `POST /v1/requests/{id}/approvals`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// `apr_…` or the approver's name, e.g. `alice`.
    pub approver_id: String,
    /// How it was signed: `solana-offchain-v0` or `eip191`; the scheme the approver is enrolled
    /// with.
    pub scheme: String,
    /// The signature over the approval text in that scheme. `solana-offchain-v0`: 64 bytes of
    /// Ed25519 in base58, standard base64 or hexadecimal, over the `message` of the approval text
    /// or over the same bytes with zeros for the application domain. `eip191`: 65 bytes `r‖s‖v` in hexadecimal, with or
    /// without `0x`, or standard base64; `v` is 0, 1, 27 or 28.
    pub signature: String,
}

/// Body of `POST /v1/requests/{id}/reject`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reject {
    /// The group's member who says no: `apr_…` or a name. Left out: the operator, as the member
    /// they are, or in their own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver_id: Option<String>,
    /// Why, for the log; at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Query of `GET /v1/requests/{id}/approval-text`.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ApprovalTextQuery {
    /// `apr_…` or the approver's name.
    pub approver_id: String,
}

/// Answer of `GET /v1/requests/{id}/approval-text`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ApprovalText {
    /// `req_…`
    pub request_id: String,
    /// `apr_…`
    pub approver_id: String,
    /// Name of the approver.
    pub approver: String,
    /// The approver's key: base58 for `solana-offchain-v0`, a `0x…` address for `eip191`.
    pub public_key: String,
    /// How it is to be signed: `solana-offchain-v0` or `eip191`.
    pub scheme: String,
    /// The text as the device shows it: printable ASCII and line feeds.
    pub text: String,
    /// Base64 of the exact bytes to sign. `solana-offchain-v0`: header and text, as the device
    /// takes them. `eip191`: the text alone; the wallet adds the prefix.
    pub message: String,
}

/// What a request asks of one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AskedGroup {
    /// Name of the group.
    pub group: String,
    /// How many of its members have to approve.
    pub quorum: u32,
    /// How many approvals count now.
    pub counted: u32,
    /// Its members.
    pub approvers: Vec<String>,
    /// Those of them whose approval would not count, by name, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub do_not_count: BTreeMap<String, String>,
    /// The rule that asks; `change` for a governed change.
    pub rule: String,
    /// When the time lock is over, RFC 3339 UTC.
    pub opens_at: String,
    /// When the ask lapses, RFC 3339 UTC.
    pub expires_at: String,
}

/// An approval as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GivenApproval {
    /// `apr_…`
    pub approver_id: String,
    /// Name of the approver.
    pub approver: String,
    /// The scheme it was signed in.
    pub scheme: String,
    /// When it came in, RFC 3339 UTC.
    pub given_at: String,
    /// The operator who handed it in.
    pub posted_by: String,
    /// Whether it counts under the policy, the roster and the keys of now.
    pub counts: bool,
}

/// A rejection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GivenRejection {
    /// Name of the group's member who said no; `operator/NAME` if an operator named none.
    pub approver: String,
    /// The operator who handed it in.
    pub posted_by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// RFC 3339 UTC.
    pub at: String,
}
