use std::collections::HashSet;
use std::sync::Arc;

use countersign_intent::{Span, Timestamp};
use rcgen::KeyPair;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::super::testing::{
    Client, SoftwareKey, authority, authority_of, csr, pem, principal, random_serials, start,
    trust_domain,
};
use super::super::{
    Authority, AuthorityError, CaSigner, Issued, Lifetimes, Serial, SerialSource, SignerError,
};

const DAY: Span = Span::from_secs(24 * 60 * 60);

fn load(pem: &str, signer: Arc<dyn CaSigner>, domain: &str) -> Result<Authority, AuthorityError> {
    let domain = domain.parse().unwrap();
    Authority::load(pem, signer, random_serials(), domain, Lifetimes::default())
}

fn issue(
    authority: &Authority,
    lifetime: Option<Span>,
    now: Timestamp,
) -> Result<Issued, AuthorityError> {
    let key = KeyPair::generate().unwrap();
    authority.issue_client(&csr(&key), &principal("bot/bot"), lifetime, now)
}

#[test]
fn the_authoritys_certificate_signs_end_entities_and_nothing_else() {
    let authority = authority();
    let (_, certificate) = X509Certificate::from_der(authority.certificate()).unwrap();
    let constraints = certificate.basic_constraints().unwrap().unwrap();
    assert!(constraints.critical && constraints.value.ca);
    assert_eq!(constraints.value.path_len_constraint, Some(0));
    let usage = certificate.key_usage().unwrap().unwrap();
    assert!(usage.critical && usage.value.key_cert_sign() && usage.value.crl_sign());
    assert!(!usage.value.digital_signature());
    assert!(certificate.verify_signature(None).is_ok());
    assert!(authority.pem().starts_with("-----BEGIN CERTIFICATE-----\n"));
}

#[test]
fn a_stored_authority_is_taken_up_again_and_issues() {
    let signer = SoftwareKey::random();
    let first = authority_of(signer.clone());
    let again = load(first.pem(), signer, "desk-a.example").unwrap();
    assert_eq!(again.certificate(), first.certificate());
    assert_eq!(again.not_after(), first.not_after());
    assert!(issue(&again, None, start()).is_ok());
}

#[test]
fn a_foreign_certificate_is_not_taken_up() {
    let signer = SoftwareKey::random();
    let own = authority_of(signer.clone());
    assert!(matches!(
        load(own.pem(), SoftwareKey::random(), "desk-a.example"),
        Err(AuthorityError::OtherKey)
    ));
    assert!(matches!(
        load(own.pem(), signer.clone(), "desk-b.example"),
        Err(AuthorityError::OtherTrustDomain(_))
    ));
    assert!(matches!(
        load("not a certificate", signer.clone(), "desk-a.example"),
        Err(AuthorityError::Unreadable(_))
    ));
    let mut tampered = own.certificate().to_vec();
    *tampered.last_mut().unwrap() ^= 1;
    let tampered = pem("CERTIFICATE", &tampered);
    assert!(matches!(
        load(&tampered, signer, "desk-a.example"),
        Err(AuthorityError::Unreadable(
            "it is not signed by its own key"
        ))
    ));
}

#[test]
fn a_client_certificate_is_what_the_profile_says() {
    let authority = authority();
    let (client, issued) = Client::issue(&authority, "operator/alice", start());
    let (_, certificate) = X509Certificate::from_der(&client.chain[0]).unwrap();
    assert_eq!(
        issued.not_before,
        Timestamp::parse("2026-11-21T11:55:00Z").unwrap()
    );
    assert_eq!(
        issued.not_after,
        Timestamp::parse("2026-11-22T12:00:00Z").unwrap()
    );
    assert_eq!(
        certificate.validity().not_after.to_string(),
        "Nov 22 12:00:00 2026 +00:00"
    );
    assert_eq!(
        Serial::from_der_integer(certificate.raw_serial()),
        Some(issued.serial)
    );
    assert_eq!(certificate.subject().to_string(), "OU=operator, CN=alice");
    assert!(
        certificate
            .basic_constraints()
            .unwrap()
            .is_some_and(|c| !c.value.ca)
    );
    let usage = certificate.key_usage().unwrap().unwrap().value;
    assert!(usage.digital_signature() && !usage.key_cert_sign());
    let purposes = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(purposes.client_auth && !purposes.server_auth && !purposes.any);
    let names = &certificate
        .subject_alternative_name()
        .unwrap()
        .unwrap()
        .value
        .general_names;
    assert_eq!(names.len(), 1);
    assert_eq!(
        names[0].to_string(),
        "URI(spiffe://desk-a.example/operator/alice)"
    );
}

#[test]
fn serials_are_random_and_positive() {
    let authority = authority();
    let serials: HashSet<Serial> = (0..32)
        .map(|_| issue(&authority, None, start()).unwrap().serial)
        .collect();
    assert_eq!(serials.len(), 32);
    assert!(serials.iter().all(|serial| serial.as_bytes()[0] < 0x80));
}

#[test]
fn a_lifetime_is_bounded_by_the_limit_and_by_the_authority() {
    let authority = authority();
    let longest = Lifetimes::default().client_longest;
    assert!(issue(&authority, Some(longest), start()).is_ok());
    for refused in [Span::ZERO, Span::from_micros(longest.micros() + 1)] {
        assert!(matches!(
            issue(&authority, Some(refused), start()),
            Err(AuthorityError::Lifetime { asked, .. }) if asked == refused
        ));
    }
    let near_the_end = authority.not_after().saturating_sub(Span::from_secs(60));
    let issued = issue(&authority, Some(DAY), near_the_end).unwrap();
    assert_eq!(issued.not_after, authority.not_after());
    assert!(matches!(
        issue(&authority, None, authority.not_after()),
        Err(AuthorityError::Expired(_))
    ));
}

/// Announces one key and signs with another, or not at all.
struct Faulty {
    announced: Arc<SoftwareKey>,
    signs_with: Option<Arc<SoftwareKey>>,
}

impl CaSigner for Faulty {
    fn public_key_sec1(&self) -> [u8; 65] {
        self.announced.public_key_sec1()
    }

    fn sign_digest(&self, sha256: &[u8; 32]) -> Result<[u8; 64], SignerError> {
        self.signs_with.as_ref().map_or_else(
            || Err(SignerError::Device("the token is gone".into())),
            |key| key.sign_digest(sha256),
        )
    }
}

#[test]
fn a_signature_that_is_missing_or_wrong_issues_nothing() {
    let signer = SoftwareKey::random();
    let pem = authority_of(signer.clone()).pem().to_owned();
    let with = |signs_with| {
        let faulty = Faulty {
            announced: signer.clone(),
            signs_with,
        };
        let authority = load(&pem, Arc::new(faulty), "desk-a.example").unwrap();
        issue(&authority, None, start())
    };
    assert!(matches!(
        with(None),
        Err(AuthorityError::Signer(SignerError::Device(_)))
    ));
    assert!(matches!(
        with(Some(SoftwareKey::random())),
        Err(AuthorityError::Signer(SignerError::Unverifiable))
    ));
    assert!(with(Some(signer.clone())).is_ok());
}

#[test]
fn without_randomness_nothing_is_issued() {
    let signer = SoftwareKey::random();
    let pem = authority_of(signer.clone()).pem().to_owned();
    let empty: SerialSource = Box::new(|| Err("no entropy".into()));
    let authority =
        Authority::load(&pem, signer, empty, trust_domain(), Lifetimes::default()).unwrap();
    assert!(matches!(
        issue(&authority, None, start()),
        Err(AuthorityError::Random(_))
    ));
}
