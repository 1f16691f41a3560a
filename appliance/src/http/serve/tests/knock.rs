//! Readiness knocks: it tells an open door from a dead one, and is no failed handshake.

use super::*;

fn knocker(bed: &Bed, address: SocketAddr) -> Knocker {
    let (tls, name) = bed.server.visitor(bed.clock.clone()).unwrap();
    Knocker::new(address, name.unwrap(), tls, bed.own.clone())
}

#[tokio::test]
async fn an_open_door_answers_and_counts_no_failure() {
    let bed = Bed::tls(Limits::default()).await;
    for _ in 0..3 {
        soon(knocker(&bed, bed.address).knock()).await.unwrap();
    }
    // Somebody else without a certificate is counted, and only they.
    let stranger = bed.connect(bed.config(None)).await;
    drop(stranger);
    let counted = bed.next_counted().await;
    assert_eq!(
        counted,
        once("countersign_handshake_failures_total{no_certificate}")
    );
}

#[tokio::test]
async fn a_door_that_nobody_opens_is_noticed() {
    let mut bed = Bed::tls(Limits::default()).await;
    // Connections come in here, and nobody accepts them.
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = soon(knocker(&bed, dead.local_addr().unwrap()).knock()).await;
    assert!(error.unwrap_err().contains("no answer within"));
    bed.stop().await;
    let error = soon(knocker(&bed, bed.address).knock()).await.unwrap_err();
    assert!(error.contains(&bed.address.to_string()), "{error}");
}

#[tokio::test]
async fn a_server_that_clients_would_not_trust_is_noticed() {
    let bed = Bed::tls(Limits::default()).await;
    let knocker = knocker(&bed, bed.address);
    let left = bed.server.not_after().since(bed.clock.now());
    bed.clock.advance(left);
    bed.clock.advance(countersign_intent::Span::from_secs(1));
    let error = soon(knocker.knock()).await.unwrap_err();
    assert!(error.contains("certificate"), "{error}");
}
