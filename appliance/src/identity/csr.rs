//! Certificate signing requests (PKCS #10, RFC 2986): only the key is taken from them.

use rcgen::SubjectPublicKeyInfo;
use rustls_pki_types::CertificateSigningRequestDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_SIG_ED25519,
};
use x509_parser::prelude::FromDer;

/// A request for a P-256, P-384 or Ed25519 key with generous extras is well under this many bytes.
pub const MAX_CSR_BYTES: usize = 16 * 1024;

/// Why a certificate signing request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsrError {
    /// Larger than [`MAX_CSR_BYTES`].
    #[error("expected a certificate signing request of at most {MAX_CSR_BYTES} bytes, got {0}")]
    TooLarge(usize),
    /// Not exactly one PEM block of the right kind.
    #[error("expected exactly one PEM block `CERTIFICATE REQUEST`, got {0}")]
    NotOnePem(usize),
    /// Not PEM, or not PKCS #10 inside.
    #[error("expected a PKCS #10 certificate signing request in PEM")]
    Malformed,
    /// A key of another type.
    #[error("expected a key on P-256, P-384 or Ed25519; make a new key of one of these types")]
    KeyType,
    /// The request is not signed by the key it asks a certificate for.
    #[error("the certificate signing request is not signed by its own key")]
    Signature,
}

/// Reads one PEM-encoded request, proves possession of its key and answers that key. Subject,
/// alternative names and every extension asked for are ignored.
pub(super) fn requested_key(pem: &str) -> Result<SubjectPublicKeyInfo, CsrError> {
    if pem.len() > MAX_CSR_BYTES {
        return Err(CsrError::TooLarge(pem.len()));
    }
    let blocks: Vec<_> = CertificateSigningRequestDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| CsrError::Malformed)?;
    let [der] = blocks.as_slice() else {
        return Err(CsrError::NotOnePem(blocks.len()));
    };
    let (rest, request) =
        X509CertificationRequest::from_der(der).map_err(|_| CsrError::Malformed)?;
    if !rest.is_empty() {
        return Err(CsrError::Malformed);
    }
    let key = &request.certification_request_info.subject_pki;
    if !is_accepted(key) {
        return Err(CsrError::KeyType);
    }
    request
        .verify_signature()
        .map_err(|_| CsrError::Signature)?;
    SubjectPublicKeyInfo::from_der(key.raw).map_err(|_| CsrError::KeyType)
}

/// P-256 or P-384 as an uncompressed point, or Ed25519. Whether the point is on its curve shows when the
/// signature is verified.
fn is_accepted(key: &x509_parser::x509::SubjectPublicKeyInfo<'_>) -> bool {
    let bytes = &key.subject_public_key.data;
    let algorithm = &key.algorithm;
    if algorithm.algorithm == OID_SIG_ED25519 {
        return algorithm.parameters.is_none() && bytes.len() == 32;
    }
    let curve = algorithm
        .parameters
        .as_ref()
        .and_then(|any| any.as_oid().ok());
    let length = match curve {
        Some(curve) if curve == OID_EC_P256 => 65,
        Some(curve) if curve == OID_NIST_EC_P384 => 97,
        _ => return false,
    };
    algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY
        && bytes.len() == length
        && bytes.first() == Some(&4)
}
