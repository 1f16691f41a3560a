//! HTTP on one connection: identity on every request, bounds on everything.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response, Version};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tower::Service as _;

use super::activity::{Activity, InFlight, Metered, TrackedBody};
use super::budget::{Allowance, Budget};
use super::clients::Leave;
use super::watchdog::Watchdog;
use super::{Limits, Refuse, TlsFront, count_timeout};
use crate::identity::{Caller, Gate, IdentityError};

/// Hyper's smallest buffer; the headers of a request must fit in it.
const SMALLEST_BUFFER: usize = 8192;

/// Bytes a peer may send ahead on one HTTP/2 stream, and on one connection: nothing counts them
/// before they are read.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// Streams a peer may open and reset before it is told to go away (rapid reset,
/// CVE-2023-44487), and faulty streams we reset ourselves.
const PENDING_RESETS: usize = 20;
const OWN_RESETS: usize = 64;

/// A listener's router and its configured protocols.
pub(super) struct Host {
    pub(super) listener: &'static str,
    pub(super) limits: Limits,
    router: Router,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Host {
    pub(super) fn new(listener: &'static str, router: Router, limits: Limits) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            // The watchdog does this without a timer per request.
            .header_read_timeout(None)
            .max_headers(limits.max_headers)
            .max_header_size(limits.max_header_bytes)
            .max_buf_size(limits.max_header_bytes.max(SMALLEST_BUFFER));
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.max_streams)
            .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX))
            .max_pending_accept_reset_streams(PENDING_RESETS)
            .max_local_error_reset_streams(OWN_RESETS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        Self {
            listener,
            limits,
            router,
            http1,
            http2,
        }
    }

    /// Serves HTTP/1.1 until the connection ends, is given up, or is drained.
    pub(super) async fn serve_http1(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        door: Option<Door>,
        ending: Ending,
    ) {
        let activity = Arc::clone(&ending.activity);
        let watchdog = self.watchdog(&activity, door.as_ref());
        let stream = TokioIo::new(Metered::new(stream, Arc::clone(&activity)));
        let service = service(self.router.clone(), door, activity);
        let connection = self.http1.serve_connection(stream, service);
        self.drive(connection, watchdog, ending).await;
    }

    /// The same for HTTP/2.
    pub(super) async fn serve_http2(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        door: Option<Door>,
        ending: Ending,
    ) {
        let activity = Arc::clone(&ending.activity);
        let watchdog = self
            .watchdog(&activity, door.as_ref())
            .without_header_timeout();
        let stream = TokioIo::new(Metered::new(stream, Arc::clone(&activity)));
        let service = service(self.router.clone(), door, activity);
        let connection = self.http2.serve_connection(stream, service);
        self.drive(connection, watchdog, ending).await;
    }

    /// Refused peers have only as long as a header takes.
    fn watchdog(&self, activity: &Arc<Activity>, door: Option<&Door>) -> Watchdog {
        let mut limits = self.limits;
        if door.is_some_and(|door| door.caller.is_err()) {
            limits.idle_timeout = limits.idle_timeout.min(limits.header_timeout);
        }
        Watchdog::new(Arc::clone(activity), &limits)
    }

    /// Runs the connection in this one task, beside its watchdog, the order to drain, and the wish
    /// of somebody else for its place. A connection that overran a bound is asked to close, and
    /// dropped one tick later; one whose place is needed as soon as nothing is in flight.
    async fn drive<C>(&self, connection: C, mut watchdog: Watchdog, ending: Ending)
    where
        C: GracefulConnection<Error = hyper::Error>,
    {
        let Ending {
            activity,
            mut draining,
            leave,
        } = ending;
        let mut leave = pin!(needed(leave));
        let mut told_to_leave = false;
        let tick = watchdog.tick();
        let mut connection = pin!(connection);
        let mut next_look = pin!(tokio::time::sleep(tick));
        let mut told_to_drain = false;
        let mut expired = false;
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => return self.note(ended),
                _ = draining.wait_for(|drain| *drain), if !told_to_drain => {
                    told_to_drain = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = leave.as_mut(), if !told_to_leave => {
                    told_to_leave = true;
                    connection.as_mut().graceful_shutdown();
                    next_look.set(tokio::time::sleep(GONE.min(tick)));
                }
                () = next_look.as_mut() => {
                    if expired || (told_to_leave && activity.is_idle()) {
                        return;
                    }
                    if let Some(expiry) = watchdog.look() {
                        expired = true;
                        count_timeout(expiry.label());
                        connection.as_mut().graceful_shutdown();
                    }
                    next_look.set(tokio::time::sleep(tick));
                }
            }
        }
    }

    fn note(&self, ended: Result<(), hyper::Error>) {
        let Err(error) = ended else { return };
        let reason = if error.is_parse_too_large() {
            "header_too_large"
        } else if error.is_parse() {
            "malformed"
        } else if error.is_incomplete_message() || error.is_canceled() {
            "gone"
        } else {
            "io"
        };
        tracing::debug!(listener = self.listener, %error, "a connection ended early");
        metrics::counter!(
            "countersign_connection_errors_total",
            "listener" => self.listener,
            "reason" => reason
        )
        .increment(1);
    }
}

/// How soon an idle connection is gone once its place is needed.
const GONE: Duration = Duration::from_millis(100);

/// What a connection goes by, and what ends it from outside.
pub(super) struct Ending {
    /// What happens on it.
    pub(super) activity: Arc<Activity>,
    /// The listener stops.
    pub(super) draining: watch::Receiver<bool>,
    /// Somebody else needs the place; never, without one.
    pub(super) leave: Option<Leave>,
}

async fn needed(leave: Option<Leave>) {
    if let Some(leave) = leave
        && leave.await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// What stands between a TLS connection's requests and the router.
pub(super) struct Door {
    gate: Arc<Gate>,
    refuse: Refuse,
    budget: Arc<Budget>,
    caller: Result<Arc<Caller>, IdentityError>,
}

impl Door {
    pub(super) fn new(
        front: &TlsFront,
        budget: &Arc<Budget>,
        caller: Result<Arc<Caller>, IdentityError>,
    ) -> Self {
        Self {
            gate: Arc::clone(&front.gate),
            refuse: front.refuse,
            budget: Arc::clone(budget),
            caller,
        }
    }

    /// Puts the caller, and their allowance, into the request; or gives the answer in the router's place.
    fn refuse(&self, request: &mut Request<Incoming>) -> Option<Response<Body>> {
        let good = self
            .caller
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|caller| self.gate.check(caller).map(|()| Arc::clone(caller)));
        match good {
            Ok(caller) => {
                let allowance = Allowance::new(&self.budget, &caller);
                request.extensions_mut().insert(allowance);
                request.extensions_mut().insert(caller);
                None
            }
            Err(error) => Some(self.refusal(&error, request.version())),
        }
    }

    fn refusal(&self, error: &IdentityError, version: Version) -> Response<Body> {
        metrics::counter!("countersign_identity_refusals_total", "code" => error.code())
            .increment(1);
        let mut response = (self.refuse)(error);
        // Another request on this connection would fare no better. HTTP/2 has no such header.
        if version < Version::HTTP_2 {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// The router behind the door, keeping count of what is in flight.
fn service(
    router: Router,
    door: Option<Door>,
    activity: Arc<Activity>,
) -> impl Service<
    Request<Incoming>,
    Response = Response<TrackedBody>,
    Error = Infallible,
    Future: Send + 'static,
> {
    service_fn(move |mut request| {
        let in_flight = InFlight::start(&activity);
        let refusal = door.as_ref().and_then(|door| door.refuse(&mut request));
        let routed = match refusal {
            Some(refusal) => Err(refusal),
            None => Ok(router.clone().call(request)),
        };
        async move {
            let response = match routed {
                Ok(answer) => answer.await?,
                Err(refusal) => refusal,
            };
            Ok(response.map(|body| TrackedBody::new(body, in_flight)))
        }
    })
}

/// Shows as an open connection while it lives.
pub(super) struct OpenConnection(&'static str);

impl OpenConnection {
    pub(super) fn new(listener: &'static str) -> Self {
        metrics::gauge!("countersign_connections", "listener" => listener).increment(1);
        Self(listener)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        metrics::gauge!("countersign_connections", "listener" => self.0).decrement(1);
    }
}
