//! What was asked for, to be judged again under another policy.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Decision, WalletLimit};

/// Query of `GET /v1/requests/messages`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RecordedQuery {
    /// How far back to begin, e.g. `30d`; at the oldest request unless told. Without a cursor.
    pub since: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Requests wanted, 1 to 500; 100 unless told.
    pub limit: Option<u32>,
}

/// Sign requests with what they asked for, in the order they were first judged in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecordedPage {
    /// The appliance's time, RFC 3339 UTC.
    pub now: String,
    /// The requests.
    pub items: Vec<RecordedRequest>,
    /// The wallets they are about, as they are now.
    pub wallets: Vec<RecordedWallet>,
    /// Number of the newest request; with `first` it tells how far one has got.
    pub newest: u64,
    /// Number of the first request of the page; absent on an empty one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// Where the next page starts; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One sign request as it was recorded.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecordedRequest {
    /// `req_…`
    pub id: String,
    /// When it was judged, RFC 3339 UTC.
    pub at: String,
    /// Who asked, e.g. `bot/momentum-7`.
    pub principal: String,
    /// `wal_…`
    pub wallet_id: String,
    /// What was decided.
    pub decision: Decision,
    /// What became of an allowed one: `signed`, `refused`, `not_sent` or `unknown`; absent while
    /// that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Whether something stopped it that is no policy: a freeze, a pause, a certificate, a grant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub halted: bool,
    /// SHA-256 of the bytes that would be signed, hexadecimal, as the log has it.
    pub digest: String,
    /// Base64 of the message it asked for; neither this nor `transaction` if it was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Base64 of the transaction it asked for; of an EVM wallet, its JSON text as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// JSON text of the typed data it asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typed_data: Option<String>,
    /// Mint hints that it brought.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mints: Vec<String>,
    /// What people had said about the request whose approval it used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<RecordedConsent>,
}

/// What people had said.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecordedConsent {
    /// `req_…` they were asked about.
    pub request_id: String,
    /// When they were asked, RFC 3339 UTC.
    pub asked_at: String,
    /// Who agreed.
    pub given: Vec<RecordedApproval>,
}

/// One yes.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecordedApproval {
    /// The approver's name.
    pub approver: String,
    /// RFC 3339 UTC.
    pub given_at: String,
}

/// A wallet as a decision sees it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecordedWallet {
    /// `wal_…`
    pub id: String,
    /// The address, as its venue writes it.
    pub address: String,
    /// `usr_…`
    pub user_id: String,
    /// The user's service tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The limits it carries; those of a risk manager are called `managed.…`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<WalletLimit>,
}
