use std::sync::Arc;

use countersign_audit::Hash;
use countersign_intent::{RequestId, Signature, Timestamp, WalletId};

/// A row that grants power: a user, wallet, grant, certificate, policy, price, freeze, …
/// The caller makes `body` and `mac`, and checks them on the way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityRow {
    /// What it is, e.g. `wallet`.
    pub kind: String,
    /// Unique within the kind.
    pub id: Vec<u8>,
    /// Place in listings; unique within the kind.
    pub seq: i64,
    /// Id of the row it belongs to, e.g. the user of a wallet.
    pub parent: Option<Vec<u8>>,
    /// A text it can be found by, unique within the kind, e.g. the external id of a user.
    pub lookup: Option<String>,
    /// Everything it says, as JSON.
    pub body: String,
    /// Made by an HSM-resident key over all the other columns.
    pub mac: Vec<u8>,
}

/// What the check of all rows at a start reads of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityMac {
    /// What it is.
    pub kind: String,
    /// Unique within the kind.
    pub id: Vec<u8>,
    /// The row's MAC.
    pub mac: Vec<u8>,
}

/// The seal over the set of all rows of authority: one missing row shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthoritySeal {
    /// One more with each change.
    pub version: u64,
    /// Number of rows.
    pub count: u64,
    /// A sum over the MACs of all rows; the caller's.
    pub sum: Vec<u8>,
    /// Made by an HSM-resident key over all the other columns.
    pub mac: Vec<u8>,
}

/// Who asked, and the `Idempotency-Key` that was sent along.
///
/// Any text will do. One that grows with time (a counter, a UUID of version 7) makes for
/// cheaper commits than a random one: its index is then written in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey {
    principal: Arc<str>,
    key: Arc<str>,
}

impl IdempotencyKey {
    /// Joins a principal's text form, e.g. `bot/momentum-7`, and the key as it was sent.
    #[must_use]
    pub fn new(principal: impl Into<Arc<str>>, key: impl Into<Arc<str>>) -> Self {
        Self {
            principal: principal.into(),
            key: key.into(),
        }
    }

    /// The principal's text form.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// The key as it was sent.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// What policy said about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// Limits are reserved; it may be signed.
    Allowed,
    /// Refused.
    Denied,
    /// Waits for approvals.
    Pending,
}

impl Decided {
    /// The number stored.
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Allowed => 1,
            Self::Denied => 2,
            Self::Pending => 3,
        }
    }

    /// The decision stored as this number.
    #[must_use]
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Allowed),
            2 => Some(Self::Denied),
            3 => Some(Self::Pending),
            _ => None,
        }
    }
}

/// The number of a request: 1, 2, 3, … with gaps; the first 8 bytes of the id, big-endian.
#[must_use]
pub fn request_seq(id: RequestId) -> u64 {
    let bytes = id.as_bytes().iter().take(8);
    bytes.fold(0, |seq, byte| (seq << 8) | u64::from(*byte))
}

/// The id of the request with this number and these random bytes.
#[must_use]
pub fn request_id(seq: u64, random: [u8; 8]) -> RequestId {
    let mut bytes = [0; 16];
    let parts = seq.to_be_bytes().into_iter().chain(random);
    bytes
        .iter_mut()
        .zip(parts)
        .for_each(|(to, from)| *to = from);
    RequestId::from_bytes(bytes)
}

/// A judged request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// Its id; the first 8 bytes are its number, see [`request_seq`].
    pub id: RequestId,
    /// Who asked, under which key.
    pub key: IdempotencyKey,
    /// SHA-256 over what was asked for: the same key with another one is a conflict.
    pub fingerprint: [u8; 32],
    /// When it was judged.
    pub at: Timestamp,
    /// The wallet asked to sign.
    pub wallet: WalletId,
    /// What policy said.
    pub decided: Decided,
    /// SHA-256 of the bytes to sign.
    pub digest: [u8; 32],
    /// What the caller needs to answer the same again; opaque here.
    pub answer: Vec<u8>,
    /// Index of the log entry that records the decision.
    pub log_index: u64,
    /// Made by the ledger over all the other columns; empty in rows of earlier versions.
    pub mac: Vec<u8>,
}

/// What became of an allowed request, over all attempts to sign it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeKind {
    /// Signed; the signature verified.
    Signed,
    /// The device refused; the reservation was given back.
    Refused,
    /// The device was never asked; the reservation was given back.
    NotSent,
    /// The device may have signed; the reservation stays.
    Unknown,
}

impl OutcomeKind {
    /// The number stored.
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Signed => 1,
            Self::Refused => 2,
            Self::NotSent => 3,
            Self::Unknown => 4,
        }
    }

    /// The outcome stored as this number.
    #[must_use]
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Signed),
            2 => Some(Self::Refused),
            3 => Some(Self::NotSent),
            4 => Some(Self::Unknown),
            _ => None,
        }
    }
}

/// The outcome of one request. A later one replaces it, unless it is `Signed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeRow {
    /// The request's number.
    pub seq: u64,
    /// What became of it.
    pub kind: OutcomeKind,
    /// The signature, if it was signed.
    pub signature: Option<Signature>,
    /// Why not, if it was not.
    pub note: Option<String>,
    /// Index of the log entry that records it.
    pub log_index: u64,
    /// Made by the ledger over all the other columns; empty in rows of earlier versions.
    pub mac: Vec<u8>,
}

/// A request as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRequest {
    /// The request.
    pub request: RequestRow,
    /// What became of it; `None` until known.
    pub outcome: Option<OutcomeRow>,
}

/// Which requests are listed; the default takes all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Those of this principal, e.g. `bot/momentum-7`.
    pub principal: Option<String>,
    /// Those about this wallet.
    pub wallet: Option<WalletId>,
    /// Those judged at this time or later.
    pub since: Option<Timestamp>,
    /// Only those that policy gave to people.
    pub waiting: bool,
}

impl RequestFilter {
    /// Whether it takes this one.
    #[must_use]
    pub fn takes(&self, row: &RequestRow) -> bool {
        self.principal
            .as_deref()
            .is_none_or(|principal| principal == row.key.principal())
            && self.wallet.is_none_or(|wallet| wallet == row.wallet)
            && self.since.is_none_or(|since| row.at >= since)
            && (!self.waiting || row.decided == Decided::Pending)
    }
}

/// What one request asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// The request's number.
    pub seq: u64,
    /// The caller's encoding; opaque here.
    pub message: Vec<u8>,
}

/// A request as it is stored, with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRequest {
    /// The request and its outcome.
    pub stored: StoredRequest,
    /// What it asked for; `None` if that was not kept, or forgotten since.
    pub message: Option<Vec<u8>>,
}

/// How much of one limit was used in one stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// Which limit, for whom; the ledger's encoding.
    pub limit_key: Vec<u8>,
    /// Number of the stretch.
    pub bucket: i64,
    /// How much: base units, or a count.
    pub amount: u128,
}

/// What is known of one durable nonce, and what is held under a signature over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonceRow {
    /// The nonce account.
    pub account: [u8; 32],
    /// The value that was observed last.
    pub value: [u8; 32],
    /// The slot it was observed at.
    pub slot: u64,
    /// The request that may have a signature over it.
    pub holder: Option<RequestId>,
    /// What that request reserved.
    pub held: Vec<HeldRow>,
}

/// Numbers of one account that signatures use up one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceRow {
    /// Names the account.
    pub account: [u8; 32],
    /// Who may have a signature over which number; the ledger's encoding.
    pub uses: Vec<u8>,
}

/// How much of one limit is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRow {
    /// Which limit, for whom; the ledger's encoding.
    pub limit_key: Vec<u8>,
    /// How much: base units, or a count.
    pub amount: u128,
}

/// A log entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Its place in the log, from 0.
    pub index: u64,
    /// Exactly the bytes that are hashed.
    pub entry: Vec<u8>,
    /// RFC 6962 leaf hash of `entry`.
    pub leaf_hash: Hash,
    /// Made by the ledger over index and leaf hash: which entry was changed can be told where a
    /// root only tells that one was. Empty in rows of earlier versions.
    pub tag: Vec<u8>,
}

/// A signed checkpoint of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRow {
    /// Number of entries it covers.
    pub size: u64,
    /// The signed note, C2SP `tlog-checkpoint`.
    pub note: String,
    /// When it was signed.
    pub at: Timestamp,
}
