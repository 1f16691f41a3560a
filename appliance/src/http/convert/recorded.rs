//! Recorded requests on the wire, to be judged again.

use countersign_api as api;
use countersign_store::{Decided, OutcomeKind, StoredRequest};

use super::cursor;
use super::wallets::wallet_limit;
use crate::http::error::ApiError;
use crate::records::Stored;
use crate::wallets::WalletRecord;
use crate::wallets::limits::managed_name;

/// Number of the last request of the page before.
///
/// # Errors
/// A cursor that was not given out here.
pub fn cursor_after(text: &str) -> Result<u64, ApiError> {
    cursor(Some(text))?
        .and_then(|after| u64::try_from(after).ok())
        .ok_or_else(|| ApiError::field("cursor", format!("`{text}` is no `next_cursor`")))
}

/// A recorded request on the wire, without what it asked for.
#[must_use]
pub fn recorded_request(stored: &StoredRequest) -> api::RecordedRequest {
    let request = &stored.request;
    let outcome = stored.outcome.as_ref().map(|outcome| match outcome.kind {
        OutcomeKind::Signed => "signed",
        OutcomeKind::Refused => "refused",
        OutcomeKind::NotSent => "not_sent",
        OutcomeKind::Unknown => "unknown",
    });
    api::RecordedRequest {
        id: request.id.to_string(),
        at: request.at.to_string(),
        principal: request.key.principal().to_owned(),
        wallet_id: request.wallet.to_string(),
        decision: match request.decided {
            Decided::Allowed => api::Decision::Allow,
            Decided::Denied => api::Decision::Deny,
            Decided::Pending => api::Decision::ApprovalRequired,
        },
        outcome: outcome.map(str::to_owned),
        halted: false,
        digest: hex::encode(request.digest),
        message: None,
        transaction: None,
        typed_data: None,
        mints: Vec::new(),
        consent: None,
    }
}

/// A wallet on the wire as a decision sees it.
#[must_use]
pub fn recorded_wallet(stored: &Stored<WalletRecord>, tier: Option<String>) -> api::RecordedWallet {
    let record = &stored.record;
    let managed = record.managed.iter().map(|limit| api::WalletLimit {
        name: managed_name(&limit.name),
        ..wallet_limit(limit)
    });
    api::RecordedWallet {
        id: stored.wallet_id().to_string(),
        address: record.address.clone(),
        user_id: record.user.clone(),
        tier,
        limits: record
            .limits
            .iter()
            .map(wallet_limit)
            .chain(managed)
            .collect(),
    }
}
