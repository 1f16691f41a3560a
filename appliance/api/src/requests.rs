//! What was asked and what became of it.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{AskedGroup, GivenApproval, GivenRejection};

/// A recorded request: for a signature, or for a governed change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Request {
    /// `req_…`
    pub id: String,
    /// `sign`, or of a governed change: `policy`, `approver_add`, `approver_remove`, `unfreeze`,
    /// `certificate`, `registration_add`, `wallet_limits`, `venue` or `second_factor`.
    pub kind: String,
    /// Who asked, e.g. `bot/momentum-7`.
    pub principal: String,
    /// `wal_…`; absent for a governed change that is about no wallet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<String>,
    /// RFC 3339 UTC.
    pub created_at: String,
    /// Decided at once: `reserved`, `signed`, `denied`, `released` or `unknown`. Waiting for
    /// people: `pending`, then `approved` (to be used by the asker, or done by itself once the
    /// time lock is over), `rejected`, `expired`, or `consumed` (a withdrawal that was released)
    /// and `done` (a change in effect).
    pub state: String,
    /// Index of the audit entry that recorded the decision.
    pub log_index: u64,
    /// Index of the audit entry that recorded what became of it, `sign_outcome`, once it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_log_index: Option<u64>,
    /// The answer or problem body as it was given, without the signature.
    #[schema(value_type = Object)]
    pub answer: serde_json::Value,
    /// The signature, once signed: base58 for Solana, `0x…` of `r || s || v` for EVM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// What is asked of whom, where people are asked. In a list: absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<AskedGroup>,
    /// Approvals that were given. In a list: absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<GivenApproval>,
    /// The rejection that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<GivenRejection>,
    /// What is missing until it may be released.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What people are asked to approve, as their devices show it. In a list: absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The request that used the approval, or what a change brought about, e.g. the certificate.
    #[schema(value_type = Object)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<serde_json::Value>,
}

/// Query of `GET /v1/requests` and `GET /v1/requests/{id}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RequestQuery {
    /// How long to wait: of one request, for a pending one to be decided; of the list, together
    /// with `after`, for something to change. E.g. `30s`, 60 s at most.
    pub wait: Option<String>,
    /// Only what changed since the log had got this far, the `revision` of an earlier answer.
    /// Without a cursor.
    pub after: Option<u64>,
    /// Only requests in this state, e.g. `pending`.
    pub status: Option<String>,
    /// Only requests of this kind, e.g. `sign` or `policy`; `change` is all that are not `sign`.
    pub kind: Option<String>,
    /// Only requests about this wallet, `wal_…`.
    pub wallet_id: Option<String>,
    /// Only what this bot asked for.
    pub bot: Option<String>,
    /// Only requests made at this time or later: RFC 3339, or how long ago, e.g. `24h`.
    pub since: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Entries wanted, 1 to 500; 100 unless told.
    pub limit: Option<u32>,
}
