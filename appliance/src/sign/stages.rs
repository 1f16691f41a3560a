//! What each stage of the walk hands to the next. Each is made only by the stage before it.

use std::sync::Arc;

use countersign_api::ErrorCode;
use countersign_intent::{Principal, RequestId, Timestamp, WalletId};
use countersign_policy::Reason;
use countersign_policy::approval::Approval;
use serde::{Deserialize, Serialize};

use crate::identity::Caller;
pub(super) use crate::venue::Refusal;
use crate::venue::{Body, Told, Understood};
use crate::wallets::WalletEntry;

/// A request whose form was checked: stage 2.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// The idempotency key; empty for a dry run without one.
    pub key: String,
    /// Which wallet.
    pub wallet: WalletId,
    /// What it is asked to sign.
    pub body: Body,
    /// The held request whose approval it uses up.
    pub approved: Option<RequestId>,
    /// Only the decision is wanted.
    pub dry_run: bool,
    /// SHA-256 over everything that was asked for.
    pub fingerprint: [u8; 32],
}

/// A wallet that the caller may use: stage 3.
#[derive(Debug, Clone)]
pub(super) struct Resolved {
    pub asked: Asked,
    pub wallet: Arc<WalletEntry>,
}

/// Bytes that are understood, or the refusal: stage 4. A refusal is judged like anything else,
/// so that it is recorded and repeated the same.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub resolved: Resolved,
    pub understood: Result<Understood, Refusal>,
    /// SHA-256 of the bytes that would be signed, or that were not understood.
    pub digest: [u8; 32],
    /// What the appliance had been told when they were read.
    pub told: Told,
}

/// People's consent to a held request, brought along by the request that uses it up.
#[derive(Debug, Clone)]
pub(super) struct Release {
    /// The held request.
    pub request: RequestId,
    /// Who asked for it.
    pub asker: Principal,
    /// When.
    pub asked_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// The approvals whose approvers are enrolled still.
    pub given: Vec<Approval>,
}

/// What the ledger keeps to answer a request the same way again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remembered {
    /// It may be signed.
    Allow {
        /// The rules that allowed it.
        rule: String,
        /// What it does, in words.
        effects: Vec<String>,
        /// Proof that this appliance allowed it.
        voucher: String,
    },
    /// It was refused.
    Deny {
        /// The code.
        code: ErrorCode,
        /// Every reason.
        reasons: Vec<countersign_api::Reason>,
        /// What it does, in words, where it was understood.
        effects: Vec<String>,
    },
    /// It waits for people.
    Pending {
        /// The rules that ask.
        rule: String,
        /// The first group that has to approve.
        group: String,
        /// How many of it.
        quorum: u32,
        /// Microseconds since the Unix epoch.
        expires_at: i64,
        /// What it does, in words.
        effects: Vec<String>,
        /// What an approver is shown.
        text: String,
        /// All that is needed to judge it again: `governance::held::Held` as JSON.
        held: String,
        /// Proof that this appliance holds it.
        voucher: String,
    },
}

impl Remembered {
    pub(super) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Remembered::encode`] wrote.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// A policy's reason on the wire.
pub(super) fn wire_reason(reason: &Reason) -> countersign_api::Reason {
    countersign_api::Reason {
        code: reason.code.as_str().to_owned(),
        rule: reason.rule.as_deref().map(str::to_owned),
        effect: reason.effect,
        message: reason.message.clone(),
        retry_after: reason.retry_after.map(|at| at.to_string()),
    }
}
