//! The load: keep-alive connections that each ask, wait and ask again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use countersign_appliance::clock::{Clock, SystemClock};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::cpu;

/// Makes the body of request number `n`.
pub(crate) type MakeBody = Arc<dyn Fn(u64) -> String + Send + Sync>;

/// What is asked, of whom.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: String,
    pub(crate) path: &'static str,
    pub(crate) tls: Arc<rustls::ClientConfig>,
    pub(crate) body: MakeBody,
}

/// What a load measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) cpu_micros: f64,
    pub(crate) p50_millis: f64,
    pub(crate) p99_millis: f64,
}

/// Runs a load of `connections` for `seconds`, after a warm-up, and measures the CPU of `pid`.
pub(crate) async fn run(
    target: &Target,
    pid: u32,
    connections: usize,
    seconds: u64,
) -> Result<Measured> {
    let clock = Arc::new(SystemClock::new());
    let warm = Duration::from_secs(2);
    let begin = clock.monotonic() + warm;
    let end = begin + Duration::from_secs(seconds);
    let mut tasks = Vec::new();
    for number in 0..connections {
        let (target, clock) = (target.clone(), Arc::clone(&clock));
        tasks.push(tokio::spawn(async move {
            ask_until(&target, &clock, number as u64, begin, end).await
        }));
    }
    tokio::time::sleep(warm).await;
    let before = cpu::micros(pid)?;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let spent = cpu::micros(pid)? - before;
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    ensure!(!latencies.is_empty(), "nothing was answered");
    latencies.sort_unstable();
    let at = |share: f64| -> f64 {
        let index = (latencies.len() as f64 * share) as usize;
        latencies
            .get(index.min(latencies.len() - 1))
            .map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    };
    Ok(Measured {
        per_second: latencies.len() as f64 / seconds as f64,
        cpu_micros: spent / latencies.len() as f64,
        p50_millis: at(0.5),
        p99_millis: at(0.99),
    })
}

async fn ask_until(
    target: &Target,
    clock: &SystemClock,
    connection: u64,
    begin: Duration,
    end: Duration,
) -> Result<Vec<Duration>> {
    let mut sender = connect(target).await?;
    let mut latencies = Vec::new();
    for round in 0.. {
        let started = clock.monotonic();
        if started >= end {
            break;
        }
        ask(&mut sender, target, connection * 1_000_000_000 + round).await?;
        let finished = clock.monotonic();
        if started >= begin && finished <= end {
            latencies.push(finished - started);
        }
    }
    Ok(latencies)
}

/// Asks once; anything but 200 is an error with the answer in it.
pub(crate) async fn ask(
    sender: &mut SendRequest<Full<Bytes>>,
    target: &Target,
    number: u64,
) -> Result<()> {
    send(sender, target, (target.body)(number), &unique())
        .await
        .map(drop)
}

/// Posts a body once and answers with the answer's.
pub(crate) async fn post(
    sender: &mut SendRequest<Full<Bytes>>,
    target: &Target,
    body: String,
) -> Result<Bytes> {
    send(sender, target, body, "bench").await
}

async fn send(
    sender: &mut SendRequest<Full<Bytes>>,
    target: &Target,
    body: String,
    key: &str,
) -> Result<Bytes> {
    let request = Request::post(target.path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Full::new(Bytes::from(body)))?;
    sender.ready().await?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    ensure!(
        status == 200,
        "{status}: {}",
        String::from_utf8_lossy(&body)
    );
    Ok(body)
}

/// A key that no earlier run of this program used. Keys grow with time, as UUIDv7 and ULID do.
pub(crate) fn unique() -> String {
    static RUN: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let run = RUN.get_or_init(|| getrandom::u64().unwrap_or(std::process::id().into()));
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    format!("{run:016x}-{number:016x}")
}

/// Opens a connection.
pub(crate) async fn connect(target: &Target) -> Result<SendRequest<Full<Bytes>>> {
    let tcp = TcpStream::connect(&target.address)
        .await
        .with_context(|| format!("connecting to {}", target.address))?;
    tcp.set_nodelay(true)?;
    let name = ServerName::try_from("localhost")?;
    let tls = TlsConnector::from(Arc::clone(&target.tls));
    let stream = tls.connect(name, tcp).await?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        let _closed = connection.await;
    });
    Ok(sender)
}
