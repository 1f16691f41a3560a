//! What a governed change brings about.

use std::sync::Arc;

use countersign_audit::Kind as EntryKind;
use countersign_intent::{Principal, Timestamp, WalletId};
use serde_json::Value;

use crate::certificates::CertificateRecord;
use crate::freezes::Scope;
use crate::policies::PolicyRecord;
use crate::records::{Cached, Draft, Stored};

/// What a change writes, what the log says of it, and what follows in memory once it is durable.
pub(super) struct Effect {
    pub(super) drafts: Vec<Draft>,
    pub(super) kind: EntryKind,
    pub(super) subject: Option<String>,
    pub(super) detail: Value,
    pub(super) result: Value,
    pub(super) after: After,
}

pub(super) enum After {
    Nothing,
    Reload(Arc<dyn Cached>),
    Activate(Box<Stored<PolicyRecord>>),
    Lift(Scope, i64),
    Unblock(Principal, i64, Timestamp),
    Certified(Box<Stored<CertificateRecord>>),
    ForgetWallet(WalletId),
}
