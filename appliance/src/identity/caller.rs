//! What a client certificate says about the peer.

use countersign_audit::Actor;
use countersign_intent::{CertificateId, Principal, Timestamp};
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use super::profile::seconds;
use super::{Serial, SpiffeId, TrustDomain};

/// The principal at the other end of a connection and the certificate that says so. Made once
/// per connection, shared by its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    principal: Principal,
    spiffe_id: Box<str>,
    certificate: Box<str>,
    serial: Serial,
    sha256: [u8; 32],
    not_before: Timestamp,
    not_after: Timestamp,
}

/// Why a request is not from anyone we know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The certificate names no principal of this trust domain.
    #[error("the client certificate names no principal: {0}")]
    Unknown(&'static str),
    /// The certificate is not valid yet.
    #[error("the client certificate is not valid before {0}; check the clocks")]
    NotYetValid(Timestamp),
    /// The certificate's time is over.
    #[error("the client certificate expired at {0}; renew it and connect again")]
    Expired(Timestamp),
    /// No row of ours has this serial number.
    #[error(
        "the client certificate `{0}` was signed by this appliance's authority but is not one that \
         it issued, or it was issued after the backup from which its database was restored; ask an \
         operator for a new one, and tell them of this: unless the database was restored, somebody else \
         may use the CA key"
    )]
    NotIssued(Serial),
    /// Another certificate took its place.
    #[error(
        "the client certificate `{0}` was renewed and ended at {1}; use the one that took its place"
    )]
    Renewed(Serial, Timestamp),
    /// Nobody of this name comes in.
    #[error(
        "`{0}` is blocked, whichever certificate it comes with; lifting that takes the group \
         `change`: an operator asks with `countersign pki unblock {0}`"
    )]
    Blocked(Principal),
    /// The certificate was revoked.
    #[error("the client certificate `{0}` was revoked; ask an operator for a new one")]
    Revoked(Serial),
}

impl IdentityError {
    /// A stable word for problem documents and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "certificate_unknown",
            Self::NotYetValid(_) => "certificate_not_yet_valid",
            Self::Expired(_) => "certificate_expired",
            Self::NotIssued(_) => "certificate_not_issued",
            Self::Revoked(_) => "certificate_revoked",
            Self::Renewed(..) => "certificate_renewed",
            Self::Blocked(_) => "principal_blocked",
        }
    }
}

impl Caller {
    /// Reads a certificate whose chain to our authority the TLS handshake has verified.
    ///
    /// # Errors
    /// [`IdentityError::Unknown`] unless it is for client authentication alone, not an
    /// authority's, and its only alternative name is the URI of a principal in `trust_domain`.
    pub fn from_certificate(
        der: &CertificateDer<'_>,
        trust_domain: &TrustDomain,
    ) -> Result<Self, IdentityError> {
        let malformed = IdentityError::Unknown("it is malformed");
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| malformed.clone())?;
        if !rest.is_empty() {
            return Err(malformed);
        }
        if certificate.is_ca() || !is_for_clients_only(&certificate) {
            return Err(IdentityError::Unknown(
                "it is not for client authentication",
            ));
        }
        let validity = certificate.validity();
        let principal = principal(&certificate, trust_domain)?;
        let id = SpiffeId {
            trust_domain: trust_domain.clone(),
            principal: principal.clone(),
        };
        let serial = Serial::from_der_integer(certificate.raw_serial())
            .ok_or(IdentityError::Unknown("its serial number is not ours"))?;
        Ok(Self {
            principal,
            spiffe_id: id.to_string().into(),
            certificate: CertificateId::from_bytes(*serial.as_bytes())
                .to_string()
                .into(),
            serial,
            sha256: Sha256::digest(der).into(),
            not_before: seconds(validity.not_before.timestamp()),
            not_after: seconds(validity.not_after.timestamp()),
        })
    }

    /// SHA-256 of the certificate's DER.
    #[must_use]
    pub const fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// Whether `now` is within the certificate's own time.
    pub(super) fn check_time(&self, now: Timestamp) -> Result<(), IdentityError> {
        if now > self.not_after {
            return Err(IdentityError::Expired(self.not_after));
        }
        if now < self.not_before {
            return Err(IdentityError::NotYetValid(self.not_before));
        }
        Ok(())
    }

    /// Who it is.
    #[must_use]
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Who it is, as the log has it.
    #[must_use]
    pub const fn actor(&self) -> Actor<'_> {
        Actor::Caller {
            spiffe_id: &self.spiffe_id,
            certificate: &self.certificate,
        }
    }

    /// The certificate's identifier, `crt_…`.
    #[must_use]
    pub const fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Which certificate it is.
    #[must_use]
    pub const fn serial(&self) -> Serial {
        self.serial
    }

    /// Last moment of the certificate's validity.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }
}

/// The TLS library accepts a certificate without the extension; we do not.
fn is_for_clients_only(certificate: &X509Certificate<'_>) -> bool {
    certificate
        .extended_key_usage()
        .ok()
        .flatten()
        .is_some_and(|usage| {
            usage.value.client_auth && !usage.value.server_auth && !usage.value.any
        })
}

fn principal(
    certificate: &X509Certificate<'_>,
    trust_domain: &TrustDomain,
) -> Result<Principal, IdentityError> {
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| IdentityError::Unknown("its alternative names are malformed"))?
        .map(|extension| extension.value.general_names.as_slice())
        .unwrap_or_default();
    let [GeneralName::URI(uri)] = names else {
        return Err(IdentityError::Unknown(
            "expected exactly one alternative name, a URI",
        ));
    };
    let id: SpiffeId = uri
        .parse()
        .map_err(|_| IdentityError::Unknown("its URI is not a SPIFFE id of a principal"))?;
    if id.trust_domain != *trust_domain {
        return Err(IdentityError::Unknown("it is of another trust domain"));
    }
    Ok(id.principal)
}
