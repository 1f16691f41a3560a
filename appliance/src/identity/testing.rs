//! An authority with a software key, and clients of it, for tests.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use countersign_intent::{Principal, Timestamp};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use rand_core::{OsRng, RngCore};
use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};

use super::{
    Authority, CaSigner, Issued, IssuedCertificate, Lifetimes, SerialSource, SignerError,
    TrustDomain,
};
use crate::clock::Clock;

/// The moment tests begin at.
pub(crate) fn start() -> Timestamp {
    Timestamp::parse("2026-11-21T12:00:00.5Z").unwrap()
}

pub(crate) fn trust_domain() -> TrustDomain {
    "desk-a.example".parse().unwrap()
}

pub(crate) fn principal(text: &str) -> Principal {
    text.parse().unwrap()
}

/// What the HSM does, in software.
pub(crate) struct SoftwareKey(SigningKey);

impl SoftwareKey {
    pub(crate) fn random() -> Arc<Self> {
        Arc::new(Self(SigningKey::random(&mut OsRng)))
    }
}

impl CaSigner for SoftwareKey {
    fn public_key_sec1(&self) -> [u8; 65] {
        let point = self.0.verifying_key().to_encoded_point(false);
        point.as_bytes().try_into().unwrap()
    }

    fn sign_digest(&self, sha256: &[u8; 32]) -> Result<[u8; 64], SignerError> {
        let signature: Signature = self.0.sign_prehash(sha256).unwrap();
        Ok(signature.to_bytes().into())
    }
}

pub(crate) fn random_serials() -> SerialSource {
    Box::new(|| {
        let mut serial = [0; 16];
        OsRng.fill_bytes(&mut serial);
        Ok(serial)
    })
}

pub(crate) fn authority() -> Authority {
    authority_of(SoftwareKey::random())
}

pub(crate) fn authority_of(signer: Arc<dyn CaSigner>) -> Authority {
    let lifetimes = Lifetimes::default();
    Authority::create(signer, random_serials(), trust_domain(), lifetimes, start()).unwrap()
}

pub(crate) fn csr(key: &KeyPair) -> String {
    let request = CertificateParams::default().serialize_request(key).unwrap();
    request.pem().unwrap()
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// What the register has of a certificate just issued.
pub(crate) fn recorded(to: &str, issued: &Issued) -> IssuedCertificate {
    IssuedCertificate {
        principal: principal(to),
        issued_at: start(),
        not_after: issued.not_after,
        sha256: Some(issued.sha256()),
        revoked: false,
        ends_at: None,
        successor: None,
        issuers: Vec::new(),
    }
}

/// A client's certificate and key.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: Arc<PrivateKeyDer<'static>>,
}

impl Client {
    pub(crate) fn new(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Self {
        Self {
            chain,
            key: Arc::new(key.serialize_der().try_into().unwrap()),
        }
    }

    /// A client with a fresh key, certified at `now` for the usual time.
    pub(crate) fn issue(authority: &Authority, id: &str, now: Timestamp) -> (Self, Issued) {
        let key = KeyPair::generate().unwrap();
        let issued = authority
            .issue_client(&csr(&key), &principal(id), None, now)
            .unwrap();
        (Self::new(vec![issued.certificate.clone()], &key), issued)
    }
}

/// Lets a TLS client of a test live in the same time as its server.
pub(crate) struct TestTime(pub(crate) Arc<dyn Clock>);

impl std::fmt::Debug for TestTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TestTime")
    }
}

impl rustls::time_provider::TimeProvider for TestTime {
    fn current_time(&self) -> Option<UnixTime> {
        let micros = u64::try_from(self.0.now().micros()).unwrap();
        Some(UnixTime::since_unix_epoch(Duration::from_micros(micros)))
    }
}
