use std::sync::OnceLock;

use countersign_intent::{Span, Timestamp};
use proptest::prelude::*;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType, SerialNumber};
use rustls_pki_types::CertificateDer;

use super::super::testing::{Client, authority, principal, recorded, start, trust_domain};
use super::super::{Block, Caller, IdentityError, IssuedCertificate, Register, SpiffeId};

fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

fn bot() -> SanType {
    uri("spiffe://desk-a.example/bot/bot")
}

/// What our authority never issues, as far as the caller's parser can tell.
fn forged(
    names: Vec<SanType>,
    purposes: Vec<ExtendedKeyUsagePurpose>,
    change: impl FnOnce(&mut CertificateParams),
) -> CertificateDer<'static> {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    let mut params = CertificateParams::default();
    params.subject_alt_names = names;
    params.extended_key_usages = purposes;
    params.serial_number = Some(SerialNumber::from_slice(&[1; 16]));
    change(&mut params);
    let key = KEY.get_or_init(|| KeyPair::generate().unwrap());
    params.self_signed(key).unwrap().into()
}

fn named(names: Vec<SanType>) -> Result<Caller, IdentityError> {
    let certificate = forged(names, vec![ExtendedKeyUsagePurpose::ClientAuth], |_| ());
    Caller::from_certificate(&certificate, &trust_domain())
}

fn is_unknown(result: &Result<Caller, IdentityError>) -> bool {
    matches!(result, Err(IdentityError::Unknown(_)))
}

#[test]
fn a_client_certificate_names_its_caller() {
    let (client, issued) = Client::issue(&authority(), "risk/limits-1", start());
    let caller = Caller::from_certificate(&client.chain[0], &trust_domain()).unwrap();
    assert_eq!(*caller.principal(), principal("risk/limits-1"));
    assert_eq!(caller.serial(), issued.serial);
    assert_eq!(caller.not_after(), issued.not_after);
}

#[test]
fn anything_but_exactly_one_uri_is_refused() {
    assert!(named(vec![bot()]).is_ok());
    let dns = SanType::DnsName("desk-a.example".try_into().unwrap());
    let mail = SanType::Rfc822Name("a@desk-a.example".try_into().unwrap());
    for names in [
        vec![],
        vec![dns.clone()],
        vec![mail],
        vec![bot(), bot()],
        vec![bot(), uri("spiffe://desk-a.example/operator/root")],
        vec![bot(), dns],
    ] {
        assert!(is_unknown(&named(names.clone())), "{names:?} was accepted");
    }
}

#[test]
fn another_trust_domain_is_refused() {
    assert!(is_unknown(&named(vec![uri(
        "spiffe://desk-b.example/bot/bot"
    )])));
    assert!(is_unknown(&named(vec![uri("spiffe://desk-a.example")])));
}

#[test]
fn a_certificate_for_another_purpose_is_refused() {
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, ServerAuth};
    for purposes in [
        vec![],
        vec![ServerAuth],
        vec![Any],
        vec![ClientAuth, ServerAuth],
    ] {
        let certificate = forged(vec![bot()], purposes, |_| ());
        let read = Caller::from_certificate(&certificate, &trust_domain());
        assert!(is_unknown(&read), "{read:?}");
    }
    let authority = forged(vec![bot()], vec![ClientAuth], |params| {
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    });
    assert!(is_unknown(&Caller::from_certificate(
        &authority,
        &trust_domain()
    )));
}

#[test]
fn a_serial_we_never_issue_is_refused() {
    let certificate = forged(
        vec![bot()],
        vec![ExtendedKeyUsagePurpose::ClientAuth],
        |params| params.serial_number = Some(SerialNumber::from_slice(&[1; 20])),
    );
    assert!(is_unknown(&Caller::from_certificate(
        &certificate,
        &trust_domain()
    )));
}

#[test]
fn a_certificate_is_good_from_its_first_to_its_last_moment() {
    let (client, issued) = Client::issue(&authority(), "bot/bot", start());
    let caller = Caller::from_certificate(&client.chain[0], &trust_domain()).unwrap();
    let register = Register::new();
    let check = |at: Timestamp| caller.check(at, &register);
    assert_eq!(check(start()), Err(IdentityError::NotIssued(issued.serial)));
    register.put(issued.serial, recorded("bot/other", &issued), start());
    assert_eq!(check(start()), Err(IdentityError::NotIssued(issued.serial)));
    register.put(issued.serial, recorded("bot/bot", &issued), start());
    let moment = Span::from_micros(1);
    assert_eq!(check(issued.not_before), Ok(()));
    assert_eq!(check(issued.not_after), Ok(()));
    assert_eq!(
        check(issued.not_before.saturating_sub(moment)),
        Err(IdentityError::NotYetValid(issued.not_before))
    );
    assert_eq!(
        check(issued.not_after.saturating_add(moment)),
        Err(IdentityError::Expired(issued.not_after))
    );
    let ends_at = start().saturating_add(moment);
    let renewed = IssuedCertificate {
        ends_at: Some(ends_at),
        ..recorded("bot/bot", &issued)
    };
    register.put(issued.serial, renewed, start());
    assert_eq!(check(ends_at), Ok(()));
    assert_eq!(
        check(ends_at.saturating_add(moment)),
        Err(IdentityError::Renewed(issued.serial, ends_at))
    );
    let since = start();
    let block = |lifted_at| Block { since, lifted_at };
    register.block(principal("bot/bot"), block(None));
    assert_eq!(
        check(start()),
        Err(IdentityError::Blocked(principal("bot/bot")))
    );
    register.block(principal("bot/bot"), block(Some(start())));
    assert_eq!(check(start()), Err(IdentityError::Revoked(issued.serial)));
    register.block(principal("bot/bot"), block(Some(issued.not_before)));
    assert_eq!(check(start()), Ok(()));
    register.revoke(issued.serial);
    assert_eq!(check(start()), Err(IdentityError::Revoked(issued.serial)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_uri_names_a_caller_exactly_when_it_is_a_spiffe_id_of_ours(
        text in prop_oneof![
            "[ -~]{0,40}",
            "spiffe://desk-a\\.example/[a-z]{3,8}/[ -~]{0,20}",
            "spiffe://desk-[ab]\\.example/(bot|risk)/[A-Za-z0-9._-]{1,64}",
            "spiffe://desk-a\\.example/(bot|operator)/[a-z]{1,8}(/[a-z]{0,3})?",
        ],
    ) {
        let expected = text
            .parse::<SpiffeId>()
            .ok()
            .filter(|id| id.trust_domain == trust_domain())
            .map(|id| id.principal);
        let read = named(vec![uri(&text)]);
        prop_assert_eq!(read.ok().map(|caller| caller.principal().clone()), expected);
    }

    #[test]
    fn no_bytes_make_the_parser_panic(
        at in any::<prop::sample::Index>(),
        flip in 1..=255u8,
        noise in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut der = forged(vec![bot()], vec![ExtendedKeyUsagePurpose::ClientAuth], |_| ()).to_vec();
        *at.get_mut(&mut der[..]) ^= flip;
        if let Ok(caller) = Caller::from_certificate(&der.into(), &trust_domain()) {
            prop_assert_eq!(caller.principal().to_string().split('/').count(), 2);
        }
        prop_assert!(Caller::from_certificate(&noise.into(), &trust_domain()).is_err());
    }
}
