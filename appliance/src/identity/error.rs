//! Why there is no certificate.

use countersign_intent::{Span, Timestamp};

use super::TrustDomain;
use super::csr::CsrError;
use super::signer::SignerError;

/// Why the authority did not issue, or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The request is refused.
    #[error(transparent)]
    Csr(#[from] CsrError),
    /// A longer life was asked for than certificates have here.
    #[error("expected a lifetime of more than 0s and at most {longest}, got {asked}")]
    Lifetime {
        /// What was asked.
        asked: Span,
        /// What is allowed.
        longest: Span,
    },
    /// The authority's own certificate has expired.
    #[error("the authority's own certificate expired at {0}; make a new authority")]
    Expired(Timestamp),
    /// The stored certificate cannot be read.
    #[error("the authority's stored certificate cannot be read: {0}")]
    Unreadable(&'static str),
    /// The stored certificate is for another key than the signer's.
    #[error(
        "the authority's stored certificate is not for the key on the token; is this the right token?"
    )]
    OtherKey,
    /// The stored certificate is for another trust domain.
    #[error("the authority's stored certificate is not for trust domain `{0}`")]
    OtherTrustDomain(TrustDomain),
    /// The key did not sign.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// There is no randomness for a serial.
    #[error("no random bytes for a serial number")]
    Random(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A value that does not fit in a certificate.
    #[error("the certificate cannot be built")]
    Build(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl AuthorityError {
    pub(super) fn build(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Build(error.into())
    }
}
