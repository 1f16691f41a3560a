//! Real listeners on loopback, real TLS clients; time is the test's own.

mod bounds;
mod handshake;
mod knock;
mod requests;
mod room;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Extension;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::ServerName;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::clock::{Clock, ManualClock};
use crate::identity::testing::{Client, TestTime, authority, recorded, start, trust_domain};
use crate::identity::{Authority, Caller, Issued, Register, ServerIdentity};
use countersign_intent::Timestamp;

/// No wait of a test lasts longer, whatever goes wrong.
const LONG: Duration = Duration::from_secs(20);

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, what).await.unwrap()
}

/// A listener with all that belongs to it.
struct Bed {
    address: SocketAddr,
    authority: Arc<Authority>,
    clock: Arc<ManualClock>,
    register: Arc<Register>,
    server: Arc<ServerIdentity>,
    own: OwnKnock,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Stopped>,
    /// A permit for each `/hang` and `/slow` that began.
    started: Arc<Semaphore>,
    metrics: Snapshotter,
    _recording: metrics::LocalRecorderGuard<'static>,
}

fn router(started: Arc<Semaphore>) -> Router {
    let started_too = Arc::clone(&started);
    async fn echo(
        Extension(allowance): Extension<Allowance>,
        headers: HeaderMap,
        body: Body,
    ) -> Result<Bytes, (StatusCode, String)> {
        let within = Duration::from_millis(500);
        let full = |_| (StatusCode::SERVICE_UNAVAILABLE, String::from("full"));
        let mut held = allowance.begin(&headers).map_err(full)?;
        read_body(body, 1000, within, Overrun::Discard, &mut held)
            .await
            .map_err(|error| {
                let status = match error {
                    BodyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
                    BodyError::TooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
                    BodyError::Broken => StatusCode::BAD_REQUEST,
                    BodyError::NoRoom(_) => StatusCode::SERVICE_UNAVAILABLE,
                };
                (status, error.to_string())
            })
    }
    Router::new()
        .route(
            "/who",
            get(async |Extension(caller): Extension<Arc<Caller>>| caller.principal().to_string()),
        )
        .route("/live", get(async || "yes"))
        .route(
            "/hang",
            get(async move || {
                started.add_permits(1);
                std::future::pending::<()>().await;
            }),
        )
        .route(
            "/slow",
            get(async move || {
                started_too.add_permits(1);
                tokio::time::sleep(Duration::from_millis(300)).await;
            }),
        )
        .route("/echo", post(echo))
}

fn refuse(error: &IdentityError) -> Response<Body> {
    let mut response = Response::new(Body::from(error.code()));
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response
}

impl Bed {
    async fn tls(limits: Limits) -> Self {
        Self::new(limits, true).await
    }

    async fn plain(limits: Limits) -> Self {
        Self::new(limits, false).await
    }

    async fn new(limits: Limits, with_tls: bool) -> Self {
        let recorder: &'static DebuggingRecorder = Box::leak(Box::default());
        let recording = metrics::set_default_local_recorder(recorder);
        let clock = ManualClock::at(start());
        let authority = Arc::new(authority());
        let names = vec![ServerName::try_from("localhost").unwrap()];
        let server = ServerIdentity::issue(authority.clone(), names, clock.now()).unwrap();
        let register = Arc::new(Register::new());
        let own = OwnKnock::default();
        let front = TlsFront {
            config: Arc::new(TlsConfig::new(&server, clock.clone()).unwrap()),
            gate: Arc::new(Gate::new(trust_domain(), clock.clone(), register.clone())),
            refuse,
            own: own.clone(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let started = Arc::new(Semaphore::new(0));
        let router = router(started.clone());
        let serving = tokio::spawn(async move {
            let stopped = async { stopped.await.unwrap_or(()) };
            if with_tls {
                serve_tls(listener, router, front, limits, stopped).await
            } else {
                serve_plain(listener, router, limits, stopped).await
            }
        });
        Self {
            address,
            authority,
            clock,
            register,
            server,
            own,
            stop: Some(stop),
            serving,
            started,
            metrics: recorder.snapshotter(),
            _recording: recording,
        }
    }

    fn client(&self, id: &str) -> (Client, Issued) {
        self.client_at(id, self.clock.now())
    }

    fn client_at(&self, id: &str, now: Timestamp) -> (Client, Issued) {
        let (client, issued) = Client::issue(&self.authority, id, now);
        self.register.put(issued.serial, recorded(id, &issued), now);
        (client, issued)
    }

    fn bot(&self) -> Client {
        self.client("bot/bot").0
    }

    fn config(&self, client: Option<&Client>) -> ClientConfig {
        self.config_with(client, rustls::crypto::aws_lc_rs::default_provider())
    }

    fn config_with(&self, client: Option<&Client>, provider: CryptoProvider) -> ClientConfig {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.authority.certificate().clone()).unwrap();
        let time = Arc::new(TestTime(self.clock.clone()));
        let config = ClientConfig::builder_with_details(Arc::new(provider), time)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots);
        match client {
            None => config.with_no_client_auth(),
            Some(client) => config
                .with_client_auth_cert(client.chain.clone(), client.key.clone_key())
                .unwrap(),
        }
    }

    async fn connect(
        &self,
        config: impl Into<Arc<ClientConfig>>,
    ) -> io::Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        soon(TlsConnector::from(config.into()).connect(name, tcp)).await
    }

    async fn http1(&self, client: &Client) -> Http {
        Http::one(self.connect(self.config(Some(client))).await.unwrap()).await
    }

    async fn http2(&self, client: &Client) -> Http {
        let mut config = self.config(Some(client));
        config.alpn_protocols = vec![b"h2".to_vec()];
        Http::two(self.connect(config).await.unwrap()).await
    }

    async fn stop(&mut self) -> Stopped {
        self.order_stop();
        soon(&mut self.serving).await.unwrap()
    }

    async fn until_started(&self, requests: u32) {
        soon(self.started.acquire_many(requests))
            .await
            .unwrap()
            .forget();
    }

    fn order_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// What was counted since the last call, as `name{label,label}`.
    fn counted(&self) -> HashMap<String, u64> {
        let mut counted = HashMap::new();
        for (key, _, _, value) in self.metrics.snapshot().into_vec() {
            let labels: Vec<_> = key.key().labels().map(|label| label.value()).collect();
            let name = format!("{}{{{}}}", key.key().name(), labels.join(","));
            if let DebugValue::Counter(count) = value
                && count > 0
            {
                counted.insert(name, count);
            }
        }
        counted
    }

    /// How far the gauge of open connections moved since the last snapshot of any kind.
    fn gauge_moved(&self) -> f64 {
        let shown = self.metrics.snapshot().into_vec().into_iter();
        let gauges = shown.filter_map(|(key, _, _, value)| match value {
            DebugValue::Gauge(open) if key.key().name() == "countersign_connections" => Some(*open),
            _ => None,
        });
        gauges.sum()
    }

    /// Waits until something is counted.
    async fn next_counted(&self) -> HashMap<String, u64> {
        soon(async {
            loop {
                let counted = self.counted();
                if !counted.is_empty() {
                    return counted;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
    }
}

fn once(name: &str) -> HashMap<String, u64> {
    HashMap::from([(name.to_owned(), 1)])
}

/// An HTTP connection that is kept.
enum Http {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Http {
    async fn one<S>(stream: S) -> Self
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self::One(sender)
    }

    async fn two<S>(stream: S) -> Self
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        Self::Two(sender)
    }

    async fn send(
        &mut self,
        request: axum::http::Request<Full<Bytes>>,
    ) -> hyper::Result<(StatusCode, String)> {
        let answer: Response<Incoming> = match self {
            Self::One(sender) => {
                soon(sender.ready()).await?;
                soon(sender.send_request(request)).await?
            }
            Self::Two(sender) => {
                soon(sender.ready()).await?;
                soon(sender.send_request(request)).await?
            }
        };
        let status = answer.status();
        let body = soon(answer.into_body().collect()).await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    async fn get(&mut self, path: &str) -> hyper::Result<(StatusCode, String)> {
        let request = axum::http::Request::get(format!("https://localhost{path}"));
        self.send(request.body(Full::default()).unwrap()).await
    }

    async fn who(&mut self) -> String {
        let (status, body) = self.get("/who").await.unwrap();
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }
}

fn refused(code: &str) -> (StatusCode, String) {
    (StatusCode::UNAUTHORIZED, code.to_owned())
}
