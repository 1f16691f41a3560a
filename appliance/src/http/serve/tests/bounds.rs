use axum::http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

const SHORT: Duration = Duration::from_millis(120);

async fn until_closed(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Vec<u8> {
    let mut answer = Vec::new();
    // A reset says as clearly as an end that the connection is closed.
    let _ = soon(stream.read_to_end(&mut answer)).await;
    answer
}

#[tokio::test]
async fn silence_instead_of_a_handshake_is_given_up() {
    let bed = Bed::tls(Limits {
        handshake_timeout: SHORT,
        ..Limits::default()
    })
    .await;
    let mut stream = TcpStream::connect(bed.address).await.unwrap();
    assert!(until_closed(&mut stream).await.is_empty());
    let counted = bed.counted();
    assert_eq!(counted["countersign_timeouts_total{handshake}"], 1);
    assert_eq!(counted["countersign_handshake_failures_total{timeout}"], 1);
}

#[tokio::test]
async fn a_client_that_only_connects_is_given_up() {
    for http2 in [false, true] {
        let bed = Bed::tls(Limits {
            idle_timeout: SHORT,
            ..Limits::default()
        })
        .await;
        let mut config = bed.config(Some(&bed.bot()));
        if http2 {
            config.alpn_protocols = vec![b"h2".to_vec()];
        }
        let mut stream = bed.connect(config).await.unwrap();
        until_closed(&mut stream).await;
        assert_eq!(bed.counted()["countersign_timeouts_total{idle}"], 1);
    }
}

#[tokio::test]
async fn a_connection_idle_after_its_requests_is_given_up() {
    let idle_timeout = Duration::from_millis(600);
    let bed = Bed::tls(Limits {
        idle_timeout,
        ..Limits::default()
    })
    .await;
    let mut http = bed.http1(&bed.bot()).await;
    http.who().await;
    assert_eq!(
        bed.next_counted().await,
        once("countersign_timeouts_total{idle}")
    );
    assert!(http.get("/who").await.is_err());
}

#[tokio::test]
async fn headers_that_trickle_are_given_up() {
    let bed = Bed::tls(Limits {
        header_timeout: SHORT,
        ..Limits::default()
    })
    .await;
    let mut stream = bed.connect(bed.config(Some(&bed.bot()))).await.unwrap();
    stream
        .write_all(b"GET /who HTTP/1.1\r\nhost: localhost\r\n")
        .await
        .unwrap();
    let (mut from, mut to) = tokio::io::split(stream);
    let trickle = tokio::spawn(async move {
        while to.write_all(b"a: b\r\n").await.is_ok() && to.flush().await.is_ok() {
            tokio::time::sleep(SHORT / 6).await;
        }
    });
    until_closed(&mut from).await;
    assert_eq!(bed.counted()["countersign_timeouts_total{header}"], 1);
    drop(from);
    soon(trickle).await.unwrap();
}

#[tokio::test]
async fn headers_that_trickle_are_given_up_on_the_plain_listener_too() {
    let bed = Bed::plain(Limits {
        header_timeout: SHORT,
        ..Limits::for_probes()
    })
    .await;
    let mut stream = TcpStream::connect(bed.address).await.unwrap();
    stream.write_all(b"GET /li").await.unwrap();
    until_closed(&mut stream).await;
    assert_eq!(bed.counted()["countersign_timeouts_total{header}"], 1);
}

#[tokio::test]
async fn a_request_that_never_ends_is_given_up() {
    for http2 in [false, true] {
        let bed = Bed::tls(Limits {
            request_timeout: SHORT,
            ..Limits::default()
        })
        .await;
        let client = bed.bot();
        let mut http = if http2 {
            bed.http2(&client).await
        } else {
            bed.http1(&client).await
        };
        assert!(http.get("/hang").await.is_err());
        assert_eq!(
            bed.next_counted().await["countersign_timeouts_total{request}"],
            1
        );
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let bed = Bed::tls(Limits::default()).await;
    let mut stream = bed.connect(bed.config(Some(&bed.bot()))).await.unwrap();
    let head = b"POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nfive!";
    stream.write_all(head).await.unwrap();
    let answer = String::from_utf8(until_closed(&mut stream).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(bed.counted()["countersign_timeouts_total{body}"], 1);
}

#[tokio::test]
async fn large_bodies_are_refused() {
    let bed = Bed::tls(Limits::default()).await;
    let client = bed.bot();
    for mut http in [bed.http1(&client).await, bed.http2(&client).await] {
        for (size, status) in [
            (1000, StatusCode::OK),
            (1001, StatusCode::PAYLOAD_TOO_LARGE),
        ] {
            let body = Full::from(vec![b'x'; size]);
            let request = Request::post("https://localhost/echo").body(body).unwrap();
            assert_eq!(http.send(request).await.unwrap().0, status);
        }
    }
}

#[tokio::test]
async fn large_and_many_headers_are_refused() {
    let bed = Bed::tls(Limits::default()).await;
    let client = bed.bot();
    let too_large = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    let with = |count: usize, size: usize| {
        let mut request = Request::get("https://localhost/who");
        for n in 0..count {
            request = request.header(format!("x-{n}"), "v".repeat(size));
        }
        request.body(Full::default()).unwrap()
    };
    for mut http in [bed.http1(&client).await, bed.http2(&client).await] {
        assert_eq!(http.send(with(40, 10)).await.unwrap().0, StatusCode::OK);
        assert_eq!(http.send(with(1, 20_000)).await.unwrap().0, too_large);
    }
    let mut http = bed.http1(&client).await;
    assert_eq!(http.send(with(70, 10)).await.unwrap().0, too_large);
    let counted = bed.next_counted().await;
    assert_eq!(
        counted["countersign_connection_errors_total{api,header_too_large}"],
        2
    );
}

#[tokio::test]
async fn headers_without_end_are_refused_before_they_fill_the_memory() {
    let bed = Bed::tls(Limits::default()).await;
    let mut stream = bed.connect(bed.config(Some(&bed.bot()))).await.unwrap();
    stream.write_all(b"GET /who HTTP/1.1\r\nx: ").await.unwrap();
    let mut sent = 0;
    while stream.write_all(&[b'v'; 1024]).await.is_ok() && sent < 1024 {
        stream.flush().await.unwrap_or(());
        sent += 1;
        if sent == 64 {
            break;
        }
    }
    let answer = String::from_utf8(until_closed(&mut stream).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

/// Begins a request that does not end, on a connection of its own.
async fn busy(bed: &Bed, client: &Client) -> JoinHandle<bool> {
    let mut http = bed.http1(client).await;
    let hanging = tokio::spawn(async move { http.get("/hang").await.is_ok() });
    bed.until_started(1).await;
    hanging
}

#[tokio::test]
async fn too_many_connections_are_closed_and_places_come_back() {
    let bed = Bed::tls(Limits {
        max_connections: 2,
        ..Limits::default()
    })
    .await;
    let [a, b, c] = ["bot/a", "bot/b", "bot/c"].map(|id| bed.client(id).0);
    let first = busy(&bed, &a).await;
    let _second = busy(&bed, &b).await;
    assert_eq!(bed.gauge_moved(), 2.0);
    assert!(bed.http1(&c).await.get("/who").await.is_err());
    let counted = bed.counted();
    assert_eq!(
        counted,
        once("countersign_connections_refused_total{api,too_many}")
    );
    first.abort();
    let mut third = soon(async {
        loop {
            let mut third = bed.http1(&c).await;
            if third.get("/who").await.is_ok() {
                return third;
            }
        }
    })
    .await;
    assert_eq!(third.who().await, "bot/c");
    assert_eq!(bed.gauge_moved(), 0.0, "one closed, one opened");
}

#[tokio::test]
async fn one_client_cannot_take_all_connections() {
    let bed = Bed::tls(Limits {
        max_connections_per_client: 1,
        ..Limits::default()
    })
    .await;
    let _first = busy(&bed, &bed.bot()).await;
    // Another certificate of the same principal counts for the same principal.
    assert!(bed.http1(&bed.bot()).await.get("/who").await.is_err());
    let counted = bed.counted();
    assert_eq!(
        counted,
        once("countersign_connections_refused_total{api,too_many_of_client}")
    );
    assert_eq!(bed.http1(&bed.client("bot/b").0).await.who().await, "bot/b");
}

/// Idle connections make room, those of whoever holds most first; over HTTP/2, too.
#[tokio::test]
async fn idle_connections_of_the_greedy_make_room() {
    let bed = Bed::tls(Limits {
        max_connections: 8,
        max_connections_per_client: 6,
        ..Limits::default()
    })
    .await;
    let greedy = bed.client("bot/greedy").0;
    let mut idle = Vec::new();
    for number in 0..9 {
        idle.push(match number % 2 {
            0 => bed.http1(&greedy).await,
            _ => bed.http2(&greedy).await,
        });
        idle.last_mut().unwrap().who().await;
    }
    for id in ["risk/r", "operator/o", "bot/b", "gateway/g"] {
        let mut newcomer = bed.http1(&bed.client(id).0).await;
        assert_eq!(newcomer.who().await, id);
        idle.push(newcomer);
    }
}

/// Where nothing is idle, who stops others is let in all the same.
#[tokio::test]
async fn who_stops_others_is_let_in_however_busy_it_is() {
    let bed = Bed::tls(Limits {
        max_connections: 4,
        ..Limits::default()
    })
    .await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(busy(&bed, &bed.client("bot/greedy").0).await);
    }
    assert!(bed.http1(&bed.bot()).await.get("/who").await.is_err());
    for id in ["risk/r", "operator/o"] {
        assert_eq!(bed.http1(&bed.client(id).0).await.who().await, id);
    }
}

#[tokio::test]
async fn strangers_cannot_take_the_places_of_clients() {
    let bed = Bed::tls(Limits {
        max_handshakes: 2,
        ..Limits::default()
    })
    .await;
    let mut known = bed.http1(&bed.bot()).await;
    known.who().await;
    let mut strangers = Vec::new();
    for _ in 0..3 {
        strangers.push(TcpStream::connect(bed.address).await.unwrap());
    }
    // The one that came first makes room.
    assert!(until_closed(&mut strangers[0]).await.is_empty());
    let counted = bed.counted();
    assert_eq!(counted.len(), 2, "{counted:?}");
    for name in [
        "countersign_connections_refused_total{api,entrance_full}",
        "countersign_handshake_failures_total{displaced}",
    ] {
        assert_eq!(counted.get(name), Some(&1), "{counted:?}");
    }
    known.who().await;
}

#[tokio::test]
async fn a_crowd_of_strangers_does_not_keep_a_client_out() {
    let bed = Bed::tls(Limits {
        max_handshakes: 4,
        ..Limits::default()
    })
    .await;
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(TcpStream::connect(bed.address).await.unwrap());
    }
    assert_eq!(bed.http1(&bed.bot()).await.who().await, "bot/bot");
    drop(crowd);
}

#[tokio::test]
async fn the_plain_listener_is_bounded_too() {
    let bed = Bed::plain(Limits {
        max_connections: 1,
        ..Limits::for_probes()
    })
    .await;
    let mut first = Http::one(TcpStream::connect(bed.address).await.unwrap()).await;
    first.get("/live").await.unwrap();
    let mut second = TcpStream::connect(bed.address).await.unwrap();
    assert!(until_closed(&mut second).await.is_empty());
    let counted = bed.counted();
    assert_eq!(
        counted,
        once("countersign_connections_refused_total{probes,entrance_full}")
    );
}
