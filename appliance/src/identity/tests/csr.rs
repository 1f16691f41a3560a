use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
    PKCS_RSA_SHA256, PublicKeyData, RsaKeySize, SignatureAlgorithm,
};
use rustls_pki_types::CertificateSigningRequestDer;
use rustls_pki_types::pem::PemObject;

use super::super::csr::requested_key;
use super::super::testing::{authority, csr, pem, principal, start, trust_domain};
use super::super::{Caller, CsrError, MAX_CSR_BYTES};

fn csr_on(algorithm: &'static SignatureAlgorithm) -> String {
    csr(&KeyPair::generate_for(algorithm).unwrap())
}

#[test]
fn keys_on_p256_p384_and_ed25519_are_taken() {
    for algorithm in [
        &PKCS_ECDSA_P256_SHA256,
        &PKCS_ECDSA_P384_SHA384,
        &PKCS_ED25519,
    ] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let taken = requested_key(&csr(&key)).unwrap();
        assert_eq!(
            taken.subject_public_key_info(),
            key.subject_public_key_info()
        );
    }
}

#[test]
fn other_keys_are_refused() {
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    assert_eq!(requested_key(&csr(&rsa)), Err(CsrError::KeyType));
}

#[test]
fn everything_asked_for_but_the_key_is_ignored() {
    let key = KeyPair::generate().unwrap();
    let mut wishes = CertificateParams::new(vec!["evil.example".to_owned()]).unwrap();
    for uri in [
        "spiffe://desk-a.example/operator/root",
        "spiffe://a/../%00",
        "https://x",
    ] {
        let uri = rcgen::SanType::URI(uri.try_into().unwrap());
        wishes.subject_alt_names.push(uri);
    }
    wishes.distinguished_name.push(DnType::CommonName, "root");
    wishes.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    wishes.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    wishes.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
    let unheard_of = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
    wishes.custom_extensions = vec![unheard_of];
    let request = wishes.serialize_request(&key).unwrap().pem().unwrap();

    let issued = authority()
        .issue_client(&request, &principal("bot/bot"), None, start())
        .unwrap();
    let caller = Caller::from_certificate(&issued.certificate, &trust_domain()).unwrap();
    assert_eq!(*caller.principal(), principal("bot/bot"));
    let der = issued.certificate.as_ref();
    for wish in [&b"evil"[..], b"root", b"https"] {
        assert!(!der.windows(wish.len()).any(|window| window == wish));
    }
}

#[test]
fn text_that_is_not_one_request_is_refused() {
    let good = csr_on(&PKCS_ECDSA_P256_SHA256);
    assert_eq!(requested_key(""), Err(CsrError::NotOnePem(0)));
    assert_eq!(requested_key("hello"), Err(CsrError::NotOnePem(0)));
    assert_eq!(
        requested_key(&format!("{good}{good}")),
        Err(CsrError::NotOnePem(2))
    );
    let certificate = good.replace("CERTIFICATE REQUEST", "CERTIFICATE");
    assert_eq!(requested_key(&certificate), Err(CsrError::NotOnePem(0)));
    let unfinished = good.replace("-----END CERTIFICATE REQUEST-----", "");
    assert!(requested_key(&unfinished).is_err());
    let large = " ".repeat(MAX_CSR_BYTES) + &good;
    assert_eq!(requested_key(&large), Err(CsrError::TooLarge(large.len())));
    let empty = "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n";
    assert_eq!(requested_key(empty), Err(CsrError::Malformed));
}

fn der_of(pem: &str) -> CertificateSigningRequestDer<'static> {
    CertificateSigningRequestDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn armoured(der: &[u8]) -> String {
    pem("CERTIFICATE REQUEST", der)
}

#[test]
fn a_request_not_signed_by_its_own_key_is_refused() {
    let mut der = der_of(&csr_on(&PKCS_ED25519)).to_vec();
    *der.last_mut().unwrap() ^= 1;
    assert_eq!(requested_key(&armoured(&der)), Err(CsrError::Signature));
}

#[test]
fn bytes_after_the_request_are_refused() {
    let mut der = der_of(&csr_on(&PKCS_ED25519)).to_vec();
    assert!(requested_key(&armoured(&der)).is_ok());
    der.push(0);
    assert_eq!(requested_key(&armoured(&der)), Err(CsrError::Malformed));
}

proptest! {
    #[test]
    fn no_changed_request_gives_another_key(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let mut der = der_of(&csr(&key)).to_vec();
        *at.get_mut(&mut der[..]) ^= flip;
        if let Ok(taken) = requested_key(&armoured(&der)) {
            prop_assert_eq!(taken.subject_public_key_info(), key.subject_public_key_info());
        }
    }

    #[test]
    fn noise_is_refused(der in prop::collection::vec(any::<u8>(), 0..256)) {
        prop_assert!(requested_key(&armoured(&der)).is_err());
    }
}
