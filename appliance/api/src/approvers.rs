//! People who may approve, with the keys they approve with.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Body of `POST /v1/approvers`: a governed change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolApprover {
    /// The name that groups of the policy list.
    pub name: String,
    /// `solana-offchain-v0` or `eip191`.
    pub scheme: String,
    /// Base58 of an Ed25519 key for `solana-offchain-v0`, a `0x…` address for `eip191`.
    pub public_key: String,
    /// Proof of possession: the enrolment text signed in that scheme, encoded as an approval's
    /// signature.
    pub proof: String,
    /// Name of the operator who is the same person: what this operator asks for, the approver
    /// cannot approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
}

/// Query of `GET /v1/approvers/enrolment-text`.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentTextQuery {
    /// As in [`EnrolApprover`].
    pub name: String,
    /// As in [`EnrolApprover`].
    pub scheme: String,
    /// As in [`EnrolApprover`].
    pub public_key: String,
}

/// Answer of `GET /v1/approvers/enrolment-text`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EnrolmentText {
    /// The text as the device shows it.
    pub text: String,
    /// Base64 of the exact bytes to sign, as in `ApprovalText`.
    pub message: String,
}

/// An enrolled approver.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Approver {
    /// `apr_…`; another one with each key.
    pub id: String,
    /// The name that groups list.
    pub name: String,
    /// `solana-offchain-v0` or `eip191`.
    pub scheme: String,
    /// Base58 key or `0x…` address.
    pub public_key: String,
    /// The operator who is the same person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Groups of the active policy that list the name.
    pub groups: Vec<String>,
    /// RFC 3339 UTC.
    pub enrolled_at: String,
    /// When the approver was removed, RFC 3339 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<String>,
}

/// Query of `GET /v1/approvers`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ApproverQuery {
    /// Only `enrolled` or `removed` ones.
    pub status: Option<String>,
    /// Only entries made at this time or later: RFC 3339, or how long ago, e.g. `24h`.
    pub since: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Entries wanted, 1 to 500; 100 unless told.
    pub limit: Option<u32>,
}
