//! The certificate authority: its own certificate, and the certificates it issues.
//!
//! Profile (RFC 5280): ECDSA P-256 with SHA-256; the authority signs end entities only
//! (`pathLenConstraint` 0); a certificate is good for one purpose, client or server; serials are
//! random. What a signing request asks for is not looked at, except its key.

use std::sync::Arc;

use countersign_intent::{Principal, Span, Timestamp};
use rcgen::{
    BasicConstraints, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose, PublicKeyData, SanType,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use super::csr::requested_key;
use super::error::AuthorityError;
use super::profile::{authority_uri, base_params, seconds, subject_alt_name, timestamp, uri};
use super::signer::{CaSigner, RemoteKey};
use super::{Serial, SpiffeId, TrustDomain};

/// Sixteen random bytes for a serial, from the HSM or the operating system.
pub type SerialSource =
    Box<dyn Fn() -> Result<[u8; 16], Box<dyn std::error::Error + Send + Sync>> + Send + Sync>;

/// For how long certificates are issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// The authority's own certificate.
    pub authority: Span,
    /// A server certificate.
    pub server: Span,
    /// A client certificate, unless asked otherwise.
    pub client: Span,
    /// The longest a client certificate may be asked for.
    pub client_longest: Span,
}

impl Default for Lifetimes {
    /// Ten years, seven days, 24 hours, 31 days.
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            authority: Span::from_secs(3653 * DAY),
            server: Span::from_secs(7 * DAY),
            client: Span::from_secs(DAY),
            client_longest: Span::from_secs(31 * DAY),
        }
    }
}

/// A certificate just issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// DER.
    pub certificate: CertificateDer<'static>,
    /// PEM, one block.
    pub pem: String,
    /// Names it in a revocation.
    pub serial: Serial,
    /// First moment of validity, whole seconds.
    pub not_before: Timestamp,
    /// Last moment of validity, whole seconds.
    pub not_after: Timestamp,
}

impl Issued {
    /// SHA-256 of the DER.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.certificate).into()
    }
}

/// The certificate authority of one trust domain. Its methods call the signer and block with it.
pub struct Authority {
    signer: Arc<dyn CaSigner>,
    serials: SerialSource,
    trust_domain: TrustDomain,
    lifetimes: Lifetimes,
    certificate: CertificateDer<'static>,
    pem: String,
    not_after: Timestamp,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("trust_domain", &self.trust_domain)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes the authority's self-signed certificate. Store [`Authority::pem`]; from then on
    /// [`Authority::load`] it.
    ///
    /// # Errors
    /// No signature, no randomness, or a trust domain or time that fits in no certificate.
    pub fn create(
        signer: Arc<dyn CaSigner>,
        serials: SerialSource,
        trust_domain: TrustDomain,
        lifetimes: Lifetimes,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        let serial = random_serial(&serials)?;
        let not_after = now.saturating_add(lifetimes.authority);
        let mut params = base_params(serial, now, not_after)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Countersign CA");
        params.subject_alt_names = vec![uri(&authority_uri(&trust_domain))?];
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = RemoteKey::new(&*signer);
        let pem = params
            .self_signed(&key)
            .map_err(|error| failure(&key, error))?
            .pem();
        Self::load(&pem, signer, serials, trust_domain, lifetimes)
    }

    /// Takes up an authority whose certificate was made before.
    ///
    /// # Errors
    /// A certificate that is unreadable, or of another key or trust domain.
    pub fn load(
        pem: &str,
        signer: Arc<dyn CaSigner>,
        serials: SerialSource,
        trust_domain: TrustDomain,
        lifetimes: Lifetimes,
    ) -> Result<Self, AuthorityError> {
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| AuthorityError::Unreadable("expected PEM"))?;
        let not_after = check_own_certificate(&certificate, &*signer, &trust_domain)?;
        Ok(Self {
            signer,
            serials,
            trust_domain,
            lifetimes,
            certificate,
            pem: pem.to_owned(),
            not_after,
        })
    }

    /// Issues a client certificate for `principal` on the key of a PEM-encoded signing request.
    /// It lasts for `lifetime`, or the usual time, but never longer than the authority itself.
    ///
    /// # Errors
    /// A refused request or lifetime, an expired authority, no signature, no randomness.
    pub fn issue_client(
        &self,
        csr_pem: &str,
        principal: &Principal,
        lifetime: Option<Span>,
        now: Timestamp,
    ) -> Result<Issued, AuthorityError> {
        let asked = self.lifetime(lifetime)?;
        let key = requested_key(csr_pem)?;
        let id = SpiffeId {
            trust_domain: self.trust_domain.clone(),
            principal: principal.clone(),
        };
        let mut subject = DistinguishedName::new();
        subject.push(DnType::OrganizationalUnitName, principal.role().as_str());
        subject.push(DnType::CommonName, principal.name());
        let names = vec![uri(&id.to_string())?];
        let purpose = ExtendedKeyUsagePurpose::ClientAuth;
        self.issue(&key, subject, names, purpose, asked, now)
    }

    /// Whether [`Authority::issue_client`] would take this request.
    ///
    /// # Errors
    /// A request that cannot be used, a lifetime beyond the configured one.
    pub fn check_request(
        &self,
        csr_pem: &str,
        lifetime: Option<Span>,
    ) -> Result<(), AuthorityError> {
        self.lifetime(lifetime)?;
        requested_key(csr_pem)?;
        Ok(())
    }

    fn lifetime(&self, lifetime: Option<Span>) -> Result<Span, AuthorityError> {
        let asked = lifetime.unwrap_or(self.lifetimes.client);
        let longest = self.lifetimes.client_longest;
        if asked == Span::ZERO || asked > longest {
            return Err(AuthorityError::Lifetime { asked, longest });
        }
        Ok(asked)
    }

    /// Issues a server certificate for `names` on `key`.
    ///
    /// # Errors
    /// A name that fits in no certificate, an expired authority, no signature, no randomness.
    pub fn issue_server(
        &self,
        key: &impl PublicKeyData,
        names: &[ServerName<'_>],
        now: Timestamp,
    ) -> Result<Issued, AuthorityError> {
        let names = names
            .iter()
            .map(subject_alt_name)
            .collect::<Result<_, _>>()?;
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, "countersignd");
        let purpose = ExtendedKeyUsagePurpose::ServerAuth;
        self.issue(key, subject, names, purpose, self.lifetimes.server, now)
    }

    /// The authority's certificate, which clients and servers trust.
    #[must_use]
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The same in PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The trust domain it vouches for.
    #[must_use]
    pub const fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// Last moment of the authority's own validity.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    fn issue(
        &self,
        key: &impl PublicKeyData,
        subject: DistinguishedName,
        names: Vec<SanType>,
        purpose: ExtendedKeyUsagePurpose,
        lifetime: Span,
        now: Timestamp,
    ) -> Result<Issued, AuthorityError> {
        if now >= self.not_after {
            return Err(AuthorityError::Expired(self.not_after));
        }
        let serial = random_serial(&self.serials)?;
        let not_after = now.saturating_add(lifetime).min(self.not_after);
        let mut params = base_params(serial, now, not_after)?;
        params.distinguished_name = subject;
        params.subject_alt_names = names;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        params.use_authority_key_identifier_extension = true;
        let own_key = RemoteKey::new(&*self.signer);
        let issuer =
            Issuer::from_ca_cert_der(&self.certificate, &own_key).map_err(AuthorityError::build)?;
        let certificate = params
            .signed_by(key, &issuer)
            .map_err(|error| failure(&own_key, error))?;
        Ok(Issued {
            pem: certificate.pem(),
            serial,
            not_before: timestamp(params.not_before),
            not_after: timestamp(params.not_after),
            certificate: certificate.into(),
        })
    }
}

fn random_serial(serials: &SerialSource) -> Result<Serial, AuthorityError> {
    serials()
        .map(Serial::from_random)
        .map_err(AuthorityError::Random)
}

/// The signer's own words where it was the signer that failed.
fn failure(key: &RemoteKey<'_>, error: rcgen::Error) -> AuthorityError {
    key.take_failure()
        .map_or_else(|| AuthorityError::build(error), AuthorityError::Signer)
}

/// Checks that a stored certificate is this authority's, and answers when it ends.
fn check_own_certificate(
    der: &CertificateDer<'_>,
    signer: &dyn CaSigner,
    trust_domain: &TrustDomain,
) -> Result<Timestamp, AuthorityError> {
    let unreadable = AuthorityError::Unreadable;
    let (rest, certificate) =
        X509Certificate::from_der(der).map_err(|_| unreadable("expected an X.509 certificate"))?;
    if !rest.is_empty() {
        return Err(unreadable("bytes follow the certificate"));
    }
    if *certificate.public_key().subject_public_key.data != signer.public_key_sec1() {
        return Err(AuthorityError::OtherKey);
    }
    certificate
        .verify_signature(None)
        .map_err(|_| unreadable("it is not signed by its own key"))?;
    if !certificate.is_ca() {
        return Err(unreadable("it is not an authority's certificate"));
    }
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| unreadable("its alternative names are malformed"))?
        .map(|extension| extension.value.general_names.as_slice())
        .unwrap_or_default();
    if names != [GeneralName::URI(&authority_uri(trust_domain))] {
        return Err(AuthorityError::OtherTrustDomain(trust_domain.clone()));
    }
    Ok(seconds(certificate.validity().not_after.timestamp()))
}
