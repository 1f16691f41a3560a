//! Issued certificates; their rows decide what is revoked.

use serde::{Deserialize, Serialize};

use crate::identity::{Revocations, Serial};
use crate::records::{Kind, Record, Records, RecordsError};

/// A certificate as recorded; the row's identifier is its serial number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateRecord {
    /// SPIFFE id.
    pub spiffe_id: String,
    /// Microseconds since the Unix epoch.
    pub not_before: i64,
    /// Microseconds since the Unix epoch.
    pub not_after: i64,
    /// Who it was issued by.
    pub issued_by: String,
    /// When it was revoked, microseconds since the Unix epoch.
    pub revoked_at: Option<i64>,
}

impl Record for CertificateRecord {
    const KIND: Kind = Kind::Certificate;
}

/// Loads what is revoked.
///
/// # Errors
/// As [`Records::all`].
pub async fn load(records: &Records, revocations: &Revocations) -> Result<(), RecordsError> {
    let all = records.all::<CertificateRecord>(None).await?;
    let revoked = all
        .iter()
        .filter(|stored| stored.record.revoked_at.is_some())
        .map(|stored| Serial::from_bytes(stored.id));
    revocations.revoke(revoked);
    Ok(())
}
