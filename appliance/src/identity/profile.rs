//! Values in the form certificates have them.

use countersign_intent::{Span, Timestamp};
use rcgen::string::Ia5String;
use rcgen::{CertificateParams, DistinguishedName, SanType, SerialNumber};
use rustls_pki_types::ServerName;
use time::OffsetDateTime;

use super::error::AuthorityError;
use super::{Serial, TrustDomain};

/// Certificates begin this much in the past, so that a peer whose clock is a little behind
/// accepts a fresh one.
pub const BACKDATE: Span = Span::from_secs(5 * 60);

/// Parameters with nothing of the builder's own defaults left.
pub(super) fn base_params(
    serial: Serial,
    now: Timestamp,
    not_after: Timestamp,
) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.serial_number = Some(SerialNumber::from_slice(serial.as_bytes()));
    params.not_before = date(now.saturating_sub(BACKDATE))?;
    params.not_after = date(not_after)?;
    Ok(params)
}

/// Whole seconds: certificates have no finer time.
pub(super) fn date(at: Timestamp) -> Result<OffsetDateTime, AuthorityError> {
    OffsetDateTime::from_unix_timestamp(at.micros().div_euclid(1_000_000))
        .map_err(AuthorityError::build)
}

pub(super) fn timestamp(date: OffsetDateTime) -> Timestamp {
    seconds(date.unix_timestamp())
}

/// Seconds since the epoch as a timestamp, staying in its range.
pub(super) const fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}

pub(super) fn uri(text: &str) -> Result<SanType, AuthorityError> {
    Ia5String::try_from(text)
        .map(SanType::URI)
        .map_err(AuthorityError::build)
}

/// The SPIFFE id of a trust domain itself has no path (X509-SVID §3.2).
pub(super) fn authority_uri(trust_domain: &TrustDomain) -> String {
    format!("spiffe://{trust_domain}")
}

pub(super) fn subject_alt_name(name: &ServerName<'_>) -> Result<SanType, AuthorityError> {
    match name {
        ServerName::DnsName(name) => Ia5String::try_from(name.as_ref())
            .map(SanType::DnsName)
            .map_err(AuthorityError::build),
        ServerName::IpAddress(address) => Ok(SanType::IpAddress((*address).into())),
        other => Err(AuthorityError::build(format!(
            "expected a DNS name or an IP address, got `{}`",
            other.to_str()
        ))),
    }
}
