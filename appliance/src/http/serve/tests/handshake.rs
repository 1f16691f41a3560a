use countersign_intent::Span;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::{HandshakeKind, NamedGroup, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::identity::testing::csr;

const DAY: Span = Span::from_secs(24 * 60 * 60);

/// The handshake fails, or in TLS 1.3 the first read after it, and the reason is counted.
async fn assert_refused(bed: &Bed, client: Option<&Client>, reason: &str) {
    let config = bed.config(client);
    if let Ok(mut stream) = bed.connect(config).await {
        assert!(soon(stream.read_u8()).await.is_err());
    }
    let counted = bed.next_counted().await;
    assert_eq!(
        counted,
        once(&format!("countersign_handshake_failures_total{{{reason}}}"))
    );
}

#[tokio::test]
async fn a_good_certificate_is_let_in_and_named() {
    let bed = Bed::tls(Limits::default()).await;
    let (client, _) = bed.client("gateway/onboarding");
    assert_eq!(bed.http1(&client).await.who().await, "gateway/onboarding");
    assert_eq!(bed.http2(&client).await.who().await, "gateway/onboarding");
    assert!(bed.counted().is_empty());
}

#[tokio::test]
async fn no_certificate_is_refused() {
    let bed = Bed::tls(Limits::default()).await;
    assert_refused(&bed, None, "no_certificate").await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let bed = Bed::tls(Limits::default()).await;
    let client = bed.bot();
    bed.clock.advance(DAY);
    bed.clock.advance(Span::from_secs(1));
    assert_refused(&bed, Some(&client), "certificate_expired").await;
}

#[tokio::test]
async fn a_certificate_of_the_future_is_refused() {
    let bed = Bed::tls(Limits::default()).await;
    let later = bed.clock.now().saturating_add(Span::from_secs(3600));
    let (client, _) = bed.client_at("bot/bot", later);
    assert_refused(&bed, Some(&client), "certificate_not_yet_valid").await;
}

#[tokio::test]
async fn another_authoritys_certificate_is_refused() {
    let bed = Bed::tls(Limits::default()).await;
    // Same subject, same trust domain, another key.
    let (client, _) = Client::issue(&authority(), "bot/bot", start());
    assert_refused(&bed, Some(&client), "bad_certificate").await;
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused() {
    let bed = Bed::tls(Limits::default()).await;
    let key = KeyPair::generate().unwrap();
    let uri = "spiffe://desk-a.example/bot/bot".try_into().unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![rcgen::SanType::URI(uri)];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = params.self_signed(&key).unwrap();
    let client = Client::new(vec![certificate.into()], &key);
    assert_refused(&bed, Some(&client), "unknown_issuer").await;
}

#[tokio::test]
async fn a_server_certificate_is_no_client_certificate() {
    let bed = Bed::tls(Limits::default()).await;
    let key = KeyPair::generate().unwrap();
    let names = [ServerName::try_from("localhost").unwrap()];
    let issued = bed.authority.issue_server(&key, &names, start()).unwrap();
    let client = Client::new(vec![issued.certificate], &key);
    assert_refused(&bed, Some(&client), "wrong_purpose").await;
}

#[tokio::test]
async fn a_client_cannot_certify_others() {
    let bed = Bed::tls(Limits::default()).await;
    let bot_key = KeyPair::generate().unwrap();
    let bot = bed
        .authority
        .issue_client(&csr(&bot_key), &"bot/bot".parse().unwrap(), None, start())
        .unwrap();
    let key = KeyPair::generate().unwrap();
    let uri = "spiffe://desk-a.example/operator/root".try_into().unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![rcgen::SanType::URI(uri)];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let issuer = Issuer::from_ca_cert_der(&bot.certificate, &bot_key).unwrap();
    let forged = params.signed_by(&key, &issuer).unwrap();
    let client = Client::new(vec![forged.into(), bot.certificate.clone()], &key);
    assert_refused(&bed, Some(&client), "bad_certificate").await;
}

#[tokio::test]
async fn tls_1_2_is_refused() {
    let bed = Bed::tls(Limits::default()).await;
    let mut stream = TcpStream::connect(bed.address).await.unwrap();
    // RFC 5246 §7.4.1.2: no `supported_versions`, so 1.2 is the most this client speaks.
    let hello = [
        &[0x03, 0x03][..],             // client_version
        &[7; 32],                      // random
        &[0],                          // session_id
        &[0, 2, 0xc0, 0x2b],           // ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        &[1, 0],                       // null compression
        &[0, 20],                      // extensions
        &[0, 10, 0, 4, 0, 2, 0, 0x17], // supported_groups: secp256r1
        &[0, 13, 0, 8, 0, 6, 4, 3, 8, 4, 4, 1],
    ]
    .concat();
    let length = u8::try_from(hello.len()).unwrap();
    let record = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length], &hello[..]].concat();
    stream.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    let _ = soon(stream.read_to_end(&mut answer)).await;
    assert_eq!(
        answer,
        [21, 3, 3, 0, 2, 2, 70],
        "expected a fatal alert `protocol_version`"
    );
    let counted = bed.next_counted().await;
    assert_eq!(
        counted,
        once("countersign_handshake_failures_total{incompatible}")
    );
}

#[tokio::test]
async fn noise_instead_of_tls_is_refused() {
    let bed = Bed::tls(Limits::default()).await;
    let mut stream = TcpStream::connect(bed.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let _ = soon(stream.read_to_end(&mut Vec::new())).await;
    let counted = bed.next_counted().await;
    assert_eq!(
        counted,
        once("countersign_handshake_failures_total{protocol}")
    );
}

#[tokio::test]
async fn the_hybrid_group_is_preferred_and_x25519_possible() {
    let bed = Bed::tls(Limits::default()).await;
    let client = bed.bot();
    let offering = |kx_groups| {
        let provider = CryptoProvider {
            kx_groups,
            ..aws_lc_rs::default_provider()
        };
        bed.config_with(Some(&client), provider)
    };
    use aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    for (groups, expected) in [
        (vec![X25519MLKEM768, X25519], NamedGroup::X25519MLKEM768),
        (
            vec![X25519, SECP256R1, X25519MLKEM768],
            NamedGroup::X25519MLKEM768,
        ),
        (vec![SECP256R1, X25519], NamedGroup::X25519),
        (vec![SECP384R1, X25519], NamedGroup::X25519),
        (vec![SECP384R1], NamedGroup::secp384r1),
    ] {
        let stream = bed.connect(offering(groups)).await.unwrap();
        let group = stream.get_ref().1.negotiated_key_exchange_group().unwrap();
        assert_eq!(group.name(), expected);
    }
    assert!(bed.connect(offering(vec![SECP256R1])).await.is_err());
    let counted = bed.next_counted().await;
    assert_eq!(
        counted["countersign_handshake_failures_total{incompatible}"],
        1
    );
}

/// Such a client exchanges keys, and verifies the server's signature, on P-384 alone.
#[tokio::test]
async fn a_client_that_knows_p384_alone_connects() {
    let bed = Bed::tls(Limits::default()).await;
    let client = bed.bot();
    let mut provider = CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::SECP384R1],
        ..aws_lc_rs::default_provider()
    };
    let certificates = provider.signature_verification_algorithms.mapping;
    let handshake: Vec<_> = certificates
        .iter()
        .filter(|(scheme, _)| *scheme == SignatureScheme::ECDSA_NISTP384_SHA384)
        .copied()
        .collect();
    provider.signature_verification_algorithms.mapping = Box::leak(handshake.into_boxed_slice());
    let stream = bed.connect(bed.config_with(Some(&client), provider)).await;
    assert_eq!(Http::one(stream.unwrap()).await.who().await, "bot/bot");
}

#[tokio::test]
async fn the_server_certificate_is_renewed_while_serving() {
    let bed = Bed::tls(Limits::default()).await;
    let seen =
        |stream: &TlsStream<TcpStream>| stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    let client = bed.bot();
    let stream = bed.connect(bed.config(Some(&client))).await.unwrap();
    let first = seen(&stream);
    let first_end = bed.server.not_after();
    let mut kept = Http::one(stream).await;
    kept.who().await;

    assert!(!bed.server.renew_if_due(bed.clock.now()).unwrap());
    bed.clock.advance(Span::from_secs(4 * 24 * 3600));
    assert!(!bed.server.renew_if_due(bed.clock.now()).unwrap());
    bed.clock.advance(Span::from_secs(16 * 3600 + 60));
    assert!(bed.server.renew_if_due(bed.clock.now()).unwrap());
    assert!(!bed.server.renew_if_due(bed.clock.now()).unwrap());

    bed.clock.advance(Span::from_secs(3 * 24 * 3600));
    assert!(bed.clock.now() > first_end);
    let client = bed.bot();
    let stream = bed.connect(bed.config(Some(&client))).await.unwrap();
    assert_ne!(seen(&stream), first);
    assert_eq!(Http::one(stream).await.who().await, "bot/bot");
    // The old connection lives on, though its client's own certificate does not.
    assert_eq!(
        kept.get("/who").await.unwrap(),
        refused("certificate_expired")
    );
}

#[tokio::test]
async fn a_resumed_session_keeps_its_caller_and_is_checked_again() {
    let bed = Bed::tls(Limits::default()).await;
    let (client, issued) = bed.client("bot/bot");
    let config = Arc::new(bed.config(Some(&client)));
    let mut first = Http::one(bed.connect(config.clone()).await.unwrap()).await;
    first.who().await;

    let stream = bed.connect(config.clone()).await.unwrap();
    assert_eq!(
        stream.get_ref().1.handshake_kind(),
        Some(HandshakeKind::Resumed)
    );
    let mut resumed = Http::one(stream).await;
    assert_eq!(resumed.who().await, "bot/bot");

    bed.register.revoke(issued.serial);
    let stream = bed.connect(config.clone()).await.unwrap();
    assert_eq!(
        stream.get_ref().1.handshake_kind(),
        Some(HandshakeKind::Resumed)
    );
    let mut resumed = Http::one(stream).await;
    assert_eq!(
        resumed.get("/who").await.unwrap(),
        refused("certificate_revoked")
    );
    assert!(
        resumed.get("/who").await.is_err(),
        "the connection should be closed"
    );
}
