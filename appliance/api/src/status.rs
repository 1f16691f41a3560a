//! How the appliance is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ClockState, FreezeState};

/// One check.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// e.g. `hsm.audit_log`, `store`, `clock`, `log`.
    pub name: String,
    /// Whether it passed.
    pub ok: bool,
    /// What is wrong and how to mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Body of `/readyz`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether every check passed.
    pub ready: bool,
    /// The checks.
    pub checks: Vec<Check>,
}

/// Body of `GET /v1/status`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Version of the appliance.
    pub version: String,
    /// `sealed`, `ready`, `degraded`, `frozen` or `halted`.
    pub phase: String,
    /// Checks that `/readyz` makes.
    pub checks: Vec<Check>,
    /// Whether the machine's clock is trusted.
    pub clock: ClockState,
    /// Freezes in force.
    pub freezes: Vec<FreezeState>,
    /// Entries in the log.
    pub log_size: u64,
    /// Entries covered by the last signed checkpoint.
    pub checkpoint_size: u64,
    /// Hash of the active policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_hash: Option<String>,
    /// Verifier key of the log.
    pub log_vkey: String,
    /// The caller's own SPIFFE id.
    pub you: String,
    /// The certificate the caller came with, `crt_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Until when that one is good beside the one it was renewed to, if it was, RFC 3339 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_ends_at: Option<String>,
    /// What makes the appliance less than it should be, though it works: that nobody can agree to
    /// changes, or that two approvers are one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
