//! The listeners: accepting, the TLS handshake, and the bounds of every connection.
//!
//! Whatever is refused or given up is counted, so that an attack or a bad limit shows:
//! `countersign_connections{listener}` (open now),
//! `countersign_connections_refused_total{listener,reason}`,
//! `countersign_handshake_failures_total{reason}`,
//! `countersign_identity_refusals_total{code}` (requests),
//! `countersign_connection_errors_total{listener,reason}`,
//! `countersign_timeouts_total{kind}` and `countersign_accept_errors_total{listener}`.

mod activity;
mod body;
mod budget;
mod clients;
mod connection;
mod entrance;
mod handshake;
mod knock;
mod limits;
#[cfg(test)]
mod tests;
mod watchdog;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use crate::identity::{Gate, IdentityError, TlsConfig};
use budget::Budget;
use clients::Clients;
use connection::{Ending, Host, OpenConnection};
use entrance::{Entrance, Place};

pub use body::{BodyError, Overrun, read_body, spend_body};
pub use budget::{Allowance, Held, NoRoom};
pub use knock::{Knocker, OwnKnock};
pub use limits::Limits;

/// How a request from a refused peer is answered.
pub type Refuse = fn(&IdentityError) -> Response<Body>;

/// What makes the API's listener more than a plain one.
#[derive(Debug, Clone)]
pub struct TlsFront {
    /// Certificates, versions, key exchange.
    pub config: Arc<TlsConfig>,
    /// Who comes in.
    pub gate: Arc<Gate>,
    /// What the others are told.
    pub refuse: Refuse,
    /// Where readiness knocks from.
    pub own: OwnKnock,
}

/// How a listener ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that were still busy when [`Limits::drain_timeout`] was over.
    pub cut_off: usize,
}

/// Serves the API: TLS, client certificates, every request with an
/// `Arc<`[`crate::identity::Caller`]`>` among its extensions, checked anew each time.
///
/// When `stop` is ready no connection is accepted any more, idle ones are closed, busy ones
/// finish what they have begun, within [`Limits::drain_timeout`].
pub async fn serve_tls(
    listener: TcpListener,
    router: Router,
    front: TlsFront,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> Stopped {
    let api = Arc::new(Api {
        host: Host::new("api", router, limits),
        front,
        clients: Clients::new(limits.max_connections, limits.max_connections_per_client),
        budget: Budget::new(&limits),
    });
    let door = Listening {
        listener: "api",
        entrance: Entrance::giving_way(limits.max_handshakes),
        drain_timeout: limits.drain_timeout,
    };
    accept_until(listener, door, stop, move |accepted| {
        handshake::serve(Arc::clone(&api), accepted)
    })
    .await
}

/// Serves probes and metrics: no TLS, no identity, HTTP/1 only, the same bounds. Meant for a
/// loopback address. Stops like [`serve_tls`].
pub async fn serve_plain(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> Stopped {
    let host = Arc::new(Host::new("probes", router, limits));
    let door = Listening {
        listener: "probes",
        entrance: Entrance::refusing(limits.max_connections),
        drain_timeout: limits.drain_timeout,
    };
    accept_until(listener, door, stop, move |accepted| {
        serve_probe(Arc::clone(&host), accepted)
    })
    .await
}

async fn serve_probe(host: Arc<Host>, accepted: Accepted) {
    let Accepted {
        stream,
        place: _place,
        draining,
        ..
    } = accepted;
    let _open = OpenConnection::new(host.listener);
    let ending = Ending {
        activity: Arc::default(),
        draining,
        leave: None,
    };
    host.serve_http1(stream, None, ending).await;
}

/// What the API's connections share.
struct Api {
    host: Host,
    front: TlsFront,
    clients: Arc<Clients>,
    budget: Arc<Budget>,
}

/// A connection just accepted.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    draining: watch::Receiver<bool>,
}

/// A listener: who comes in, and how long they may take to leave.
struct Listening {
    listener: &'static str,
    entrance: Entrance,
    drain_timeout: Duration,
}

/// Accepts and serves, one task per connection, until `stop` is ready; then drains.
async fn accept_until<F>(
    listener: TcpListener,
    mut door: Listening,
    stop: impl Future<Output = ()>,
    serve: impl Fn(Accepted) -> F,
) -> Stopped
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    let (drain, draining) = watch::channel(false);
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(ended) = connections.join_next() => note_panic(ended),
            (stream, peer) = accept(&listener, door.listener) => {
                let entered = door.entrance.enter().await;
                if !matches!(entered, Some((_, false))) {
                    count_refused(door.listener, "entrance_full");
                }
                let Some((place, _)) = entered else { continue };
                let draining = draining.clone();
                connections.spawn(serve(Accepted { stream, peer, place, draining }));
            }
        }
    }
    drop(listener);
    drain.send_replace(true);
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            note_panic(ended);
        }
    };
    let _ = tokio::time::timeout(door.drain_timeout, all_ended).await;
    let cut_off = connections.len();
    connections.shutdown().await;
    Stopped { cut_off }
}

/// The next connection. An error here (no file descriptors, a peer gone already) is of the
/// moment; a pause keeps it from spinning.
async fn accept(listener: &TcpListener, name: &'static str) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // An answer is one small write; waiting for more only adds latency.
                if stream.set_nodelay(true).is_ok() {
                    return (stream, peer);
                }
            }
            Err(error) => {
                tracing::warn!(listener = name, %error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        metrics::counter!("countersign_accept_errors_total", "listener" => name).increment(1);
    }
}

fn note_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection ended in a panic");
    }
}

fn count_refused(listener: &'static str, reason: &'static str) {
    metrics::counter!(
        "countersign_connections_refused_total",
        "listener" => listener,
        "reason" => reason
    )
    .increment(1);
}

fn count_timeout(kind: &'static str) {
    metrics::counter!("countersign_timeouts_total", "kind" => kind).increment(1);
}
