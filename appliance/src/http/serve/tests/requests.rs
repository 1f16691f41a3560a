use countersign_intent::Span;

use super::*;

#[tokio::test]
async fn a_revoked_certificate_ends_at_the_next_request() {
    let bed = Bed::tls(Limits::default()).await;
    let (client, issued) = bed.client("bot/bot");
    let other = bed.bot();
    let mut one = bed.http1(&client).await;
    let mut two = bed.http2(&client).await;
    let mut other = bed.http1(&other).await;
    for http in [&mut one, &mut two, &mut other] {
        http.who().await;
    }
    bed.register.revoke(issued.serial);
    for http in [&mut one, &mut two] {
        assert_eq!(
            http.get("/who").await.unwrap(),
            refused("certificate_revoked")
        );
    }
    let counted = bed.counted();
    assert_eq!(
        counted["countersign_identity_refusals_total{certificate_revoked}"],
        2
    );
    assert!(one.get("/who").await.is_err(), "HTTP/1 should be closed");
    assert_eq!(
        two.get("/who").await.unwrap(),
        refused("certificate_revoked")
    );
    assert_eq!(other.who().await, "bot/bot");
}

#[tokio::test]
async fn an_expired_certificate_ends_at_the_next_request() {
    let bed = Bed::tls(Limits::default()).await;
    let mut http = bed.http1(&bed.bot()).await;
    bed.clock.advance(Span::from_secs(24 * 3600 - 1));
    http.who().await;
    bed.clock.advance(Span::from_secs(1));
    assert_eq!(
        http.get("/who").await.unwrap(),
        refused("certificate_expired")
    );
    let counted = bed.counted();
    assert_eq!(
        counted,
        once("countersign_identity_refusals_total{certificate_expired}")
    );
}

#[tokio::test]
async fn a_certificate_revoked_before_connecting_is_told_so() {
    let bed = Bed::tls(Limits::default()).await;
    let (client, issued) = bed.client("bot/bot");
    bed.register.revoke(issued.serial);
    let mut http = bed.http1(&client).await;
    assert_eq!(
        http.get("/who").await.unwrap(),
        refused("certificate_revoked")
    );
}

#[tokio::test]
async fn probes_are_served_without_tls_and_without_a_caller() {
    let bed = Bed::plain(Limits::for_probes()).await;
    let mut http = Http::one(TcpStream::connect(bed.address).await.unwrap()).await;
    assert_eq!(
        http.get("/live").await.unwrap(),
        (StatusCode::OK, "yes".to_owned())
    );
    let (status, _) = http.get("/who").await.unwrap();
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn stopping_lets_requests_finish_and_closes_the_rest() {
    let mut bed = Bed::tls(Limits::default()).await;
    let client = bed.bot();
    let mut busy = bed.http1(&client).await;
    let mut busy_too = bed.http2(&client).await;
    let mut idle = bed.http1(&client).await;
    idle.who().await;
    let slow = tokio::spawn(async move { tokio::join!(busy.get("/slow"), busy_too.get("/slow")) });
    bed.until_started(2).await;
    bed.order_stop();
    let (one, two) = soon(slow).await.unwrap();
    assert_eq!(one.unwrap().0, StatusCode::OK);
    assert_eq!(two.unwrap().0, StatusCode::OK);
    assert_eq!(
        soon(&mut bed.serving).await.unwrap(),
        Stopped { cut_off: 0 }
    );
    assert!(idle.get("/who").await.is_err());
    assert!(TcpStream::connect(bed.address).await.is_err());
}

#[tokio::test]
async fn stopping_cuts_off_what_does_not_finish() {
    let limits = Limits {
        drain_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let mut bed = Bed::tls(limits).await;
    let client = bed.bot();
    let mut hanging = bed.http1(&client).await;
    let hang = tokio::spawn(async move { hanging.get("/hang").await });
    bed.until_started(1).await;
    assert_eq!(bed.stop().await, Stopped { cut_off: 1 });
    assert!(soon(hang).await.unwrap().is_err());
}
