//! Certificates.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Body of `POST /v1/pki/certificates`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueCertificate {
    /// PEM of a PKCS#10 request. Only its key is used.
    pub csr: String,
    /// `bot`, `gateway`, `risk`, `operator` or `auditor`.
    pub role: String,
    /// Name of the principal.
    pub name: String,
    /// Lifetime, e.g. `24h`; the configured default unless told, and never more than the
    /// configured maximum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<String>,
}

/// Body of `POST /v1/pki/renew`: a new certificate for the caller's own principal.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewCertificate {
    /// PEM of a PKCS#10 request. Only its key is used.
    pub csr: String,
}

/// A certificate that was issued.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    /// `crt_…`; the digits are the serial number.
    pub id: String,
    /// SPIFFE id.
    pub spiffe_id: String,
    /// RFC 3339 UTC.
    pub not_before: String,
    /// RFC 3339 UTC.
    pub not_after: String,
    /// When it was revoked, RFC 3339 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
    /// Who issued it: an operator, `init`, or its own principal, where it renews another.
    #[serde(default)]
    pub issued_by: String,
    /// Everybody whose word it rests on: they count as whoever comes with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<String>,
    /// The certificate whose place it took, `crt_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<String>,
    /// The certificate that took its place, `crt_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed_to: Option<String>,
    /// Until when it is good beside that one, RFC 3339 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<String>,
    /// Whether it is let in now, and if not, why.
    #[serde(default)]
    pub status: CertificateStatus,
    /// What its revocation leaves behind, told where it is revoked: who alone can still ask people for a
    /// change, or that nobody can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// How a certificate stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateStatus {
    /// It is let in.
    #[default]
    Good,
    /// Its time is over.
    Expired,
    /// Another one took its place, and the overlap is over.
    Renewed,
    /// It was revoked, or issued before its principal was blocked.
    Revoked,
    /// Its principal is blocked.
    Blocked,
}

/// Query of `GET /v1/pki/certificates`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct CertificateQuery {
    /// Only those of this principal, `role/name`.
    pub principal: Option<String>,
    /// Only those of this bot.
    pub bot: Option<String>,
    /// Only those that stand like this: `good`, `expired`, `renewed`, `revoked` or `blocked`.
    #[param(value_type = Option<String>)]
    pub status: Option<CertificateStatus>,
    /// Only those issued at this time or later: RFC 3339, or how long ago, e.g. `24h`.
    pub since: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Entries wanted, 1 to 500; 100 unless told.
    pub limit: Option<u32>,
}

/// Body of `DELETE /v1/pki/principals/{role}/{name}` and of its `/unblock`; it may be left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockPrincipal {
    /// Why, for the log; at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A principal that is not let in, whichever certificate it comes with.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BlockedPrincipal {
    /// Role and name.
    pub principal: String,
    /// Who blocked it.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// RFC 3339 UTC.
    pub since: String,
    /// False while the record of it could not be written; it holds all the same.
    pub recorded: bool,
    /// Good certificates of others that rest on its word, `crt_… spiffe://…`, at most 100: look at
    /// them too. Told where it is blocked, not in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issued: Vec<String>,
    /// What the block leaves behind, told where it is put in force: who alone can still ask people for a
    /// change, or that nobody can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// A new certificate with its PEM.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IssuedCertificate {
    /// The certificate.
    #[serde(flatten)]
    pub certificate: Certificate,
    /// PEM of the certificate.
    pub pem: String,
    /// PEM of the CA.
    pub ca_pem: String,
}
