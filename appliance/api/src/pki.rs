//! Certificates.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
