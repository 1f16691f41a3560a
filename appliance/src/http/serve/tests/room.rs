use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::http::Request;
use hyper::body::Frame;

use super::*;

/// Sends one piece and never ends.
struct Unending(Option<Bytes>);

impl hyper::body::Body for Unending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.take() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None => Poll::Pending,
        }
    }
}

/// Opens as many streams as a connection may have, each with a body that does not end.
async fn hoard(bed: &Bed, client: &Client) {
    let mut config = bed.config(Some(client));
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TokioIo::new(bed.connect(config).await.unwrap());
    let (mut sender, connection) = soon(http2::handshake(TokioExecutor::new(), stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    for _ in 0..60 {
        let piece = Unending(Some(Bytes::from_static(&[b'x'; 900])));
        let request = Request::post("https://localhost/echo").body(piece).unwrap();
        soon(sender.ready()).await.unwrap();
        tokio::spawn(sender.send_request(request));
    }
}

fn echo() -> Request<Full<Bytes>> {
    let body = Full::from(vec![b'x'; 900]);
    Request::post("https://localhost/echo").body(body).unwrap()
}

/// Until as many bodies found no room, by either bound.
async fn until_refused(bed: &Bed, bound: &str, most: u64) {
    let name = format!("countersign_bodies_refused_total{{{bound}}}");
    let mut refused = 0;
    while refused < most {
        refused += bed.next_counted().await.get(&name).copied().unwrap_or(0);
    }
}

#[tokio::test]
async fn bodies_that_do_not_end_fill_neither_the_memory_nor_anothers_room() {
    let bed = Bed::tls(Limits {
        max_bytes: 256 * 1024,
        max_bytes_per_client: 64 * 1024,
        ..Limits::default()
    })
    .await;
    let greedy = bed.client("bot/greedy").0;
    for _ in 0..3 {
        hoard(&bed, &greedy).await;
    }
    // Each takes its piece and a KiB: most of the 180 find no room.
    soon(until_refused(&bed, "principal", 90)).await;
    for id in ["bot/b", "risk/r", "operator/o"] {
        let mut other = bed.http2(&bed.client(id).0).await;
        assert_eq!(other.send(echo()).await.unwrap().0, StatusCode::OK, "{id}");
    }
    // What does not come in time gives its room back.
    soon(async {
        let again = async || bed.http1(&greedy).await.send(echo()).await.unwrap().0;
        while again().await != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn who_stops_others_has_room_when_everybody_else_has_none() {
    let bed = Bed::tls(Limits {
        max_bytes: 128 * 1024,
        max_bytes_per_client: 96 * 1024,
        ..Limits::default()
    })
    .await;
    for id in ["bot/a", "bot/b", "gateway/c"] {
        hoard(&bed, &bed.client(id).0).await;
    }
    soon(until_refused(&bed, "all", 1)).await;
    for id in ["risk/r", "operator/o", "bot/small"] {
        let mut other = bed.http1(&bed.client(id).0).await;
        assert_eq!(other.send(echo()).await.unwrap().0, StatusCode::OK, "{id}");
    }
}
