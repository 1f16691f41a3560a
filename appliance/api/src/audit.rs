//! The log, its checkpoints and proofs.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// One entry, verbatim.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Position in the log, from 0.
    pub index: u64,
    /// The logged bytes: one line of JSON. Its leaf hash is SHA-256(0x00 ‖ these bytes).
    pub entry: String,
}

/// Entries from `start` on.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    /// The entries.
    pub items: Vec<AuditEntry>,
    /// Entries in the log now.
    pub size: u64,
    /// Where the next page starts; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_start: Option<u64>,
}

/// A signed checkpoint.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Checkpoint {
    /// C2SP signed note: origin, size and root, with the log key's signature.
    pub note: String,
    /// Verifier key of the log (C2SP signed-note).
    pub vkey: String,
    /// Entries covered.
    pub size: u64,
}

/// Query of `GET /v1/audit/entries`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct EntriesQuery {
    /// Index of the first entry wanted; 0 unless told.
    pub start: Option<u64>,
    /// Entries wanted, 1 to 500; 100 unless told.
    pub limit: Option<u32>,
}

/// Query of `GET /v1/audit/checkpoints`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct CheckpointsQuery {
    /// Only those that cover more entries than this; all unless told.
    pub after: Option<u64>,
    /// Checkpoints wanted, 1 to 500; 100 unless told.
    pub limit: Option<u32>,
}

/// Signed checkpoints, smallest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CheckpointPage {
    /// The checkpoints.
    pub items: Vec<Checkpoint>,
    /// The `after` of the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_after: Option<u64>,
}

/// Query of `GET /v1/audit/proof`: an inclusion proof with `index`, a consistency proof with
/// `old`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ProofQuery {
    /// Entry to prove.
    pub index: Option<u64>,
    /// Older size that the log must extend.
    pub old: Option<u64>,
    /// Size to prove against; that of the last checkpoint unless told.
    pub size: Option<u64>,
}

/// A proof.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Proof {
    /// Proven entry, for inclusion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Older size, for consistency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<u64>,
    /// Size proven against.
    pub size: u64,
    /// Base64 SHA-256 hashes, RFC 9162 §2.1.3.1 or §2.1.4.1 order.
    pub hashes: Vec<String>,
    /// Base64 root at `size`.
    pub root: String,
    /// The proven entry, verbatim: for a bot, which gets proofs of its own entries alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
}
