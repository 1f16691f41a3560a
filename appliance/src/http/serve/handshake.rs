//! From an accepted socket to a TLS connection with a known peer.

use std::io;
use std::sync::Arc;

use rustls::CertificateError;
use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::connection::{Door, Ending, OpenConnection};
use super::{Accepted, Api, count_refused, count_timeout};
use crate::identity::{Caller, IdentityError};

/// Serves one connection from handshake to end.
pub(super) async fn serve(api: Arc<Api>, accepted: Accepted) {
    let Accepted {
        stream,
        peer,
        mut place,
        draining,
    } = accepted;
    let shaken = tokio::select! {
        biased;
        shaken = shake_hands(&api, stream) => shaken,
        () = place.needed() => Err("displaced"),
    };
    let tls = match shaken {
        Ok(tls) => tls,
        // Ourselves, looking whether somebody answers.
        Err(_) if api.front.own.is(peer) => return,
        Err(reason) => {
            metrics::counter!("countersign_handshake_failures_total", "reason" => reason)
                .increment(1);
            return;
        }
    };
    let session = tls.get_ref().1;
    let http2 = session.alpn_protocol() == Some(b"h2");
    let caller = api.front.gate.admit(session.peer_certificates());
    let Ok(client) = &caller else {
        // A refused peer is told why at its first request, and stays among the strangers.
        let activity = Arc::default();
        let ending = Ending {
            activity,
            draining,
            leave: None,
        };
        let served = serve_http(&api, tls, http2, caller, ending);
        tokio::select! {
            () = served => {}
            () = place.needed() => {}
        }
        return;
    };
    let activity = Arc::default();
    let (_of_client, leave) = match api.clients.enter(client.principal(), &activity) {
        Ok((place, leave, displaced)) => {
            if displaced {
                count_refused(api.host.listener, "displaced");
            }
            (place, leave)
        }
        Err(full) => return count_refused(api.host.listener, full.label()),
    };
    drop(place);
    let ending = Ending {
        activity,
        draining,
        leave: Some(leave),
    };
    serve_http(&api, tls, http2, caller, ending).await;
}

async fn serve_http(
    api: &Api,
    tls: TlsStream<TcpStream>,
    http2: bool,
    caller: Result<Arc<Caller>, IdentityError>,
    ending: Ending,
) {
    let _open = OpenConnection::new(api.host.listener);
    let door = Some(Door::new(&api.front, &api.budget, caller));
    if http2 {
        api.host.serve_http2(tls, door, ending).await;
    } else {
        api.host.serve_http1(tls, door, ending).await;
    }
}

async fn shake_hands(api: &Api, stream: TcpStream) -> Result<TlsStream<TcpStream>, &'static str> {
    let handshake = async {
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let config = api.front.config.for_client(&hello.client_hello());
        hello.into_stream(config).await
    };
    match tokio::time::timeout(api.host.limits.handshake_timeout, handshake).await {
        Ok(done) => done.map_err(|error| reason(&error)),
        Err(_) => {
            count_timeout("handshake");
            Err("timeout")
        }
    }
}

/// One of a closed set of words: labels must not grow with what peers send.
fn reason(error: &io::Error) -> &'static str {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        None => "io",
        Some(rustls::Error::NoCertificatesPresented) => "no_certificate",
        Some(rustls::Error::InvalidCertificate(error)) => certificate_reason(error),
        Some(rustls::Error::PeerIncompatible(_)) => "incompatible",
        Some(rustls::Error::AlertReceived(_)) => "refused_by_peer",
        Some(_) => "protocol",
    }
}

const fn certificate_reason(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "certificate_expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "certificate_not_yet_valid"
        }
        CertificateError::UnknownIssuer => "unknown_issuer",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "wrong_purpose"
        }
        _ => "bad_certificate",
    }
}
