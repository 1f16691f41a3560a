//! The load: keep-alive connections that each ask, wait and ask again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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

use crate::{CONNECTIONS, cpu};

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

/// Number of the next connection: no two loads ask for the same.
static FIRST: AtomicU64 = AtomicU64::new(0);

/// Open connections to a process. Loads that are compared take turns of a second each: the
/// machine is seldom equally fast for longer.
pub(crate) struct Load {
    target: Target,
    pid: u32,
    lanes: Vec<Lane>,
}

/// One connection, and the number of its next request.
struct Lane {
    sender: SendRequest<Full<Bytes>>,
    next: u64,
}

impl Load {
    /// Opens [`CONNECTIONS`], and warms up for a second.
    pub(crate) async fn open(target: Target, pid: u32) -> Result<Self> {
        Self::over(CONNECTIONS, target, pid).await
    }

    /// Opens so many connections, and warms up for a second.
    pub(crate) async fn over(connections: usize, target: Target, pid: u32) -> Result<Self> {
        let first = FIRST.fetch_add(connections as u64, Ordering::Relaxed);
        let mut lanes = Vec::new();
        for number in first..first + connections as u64 {
            let sender = connect(&target).await?;
            let next = number * 1_000_000_000;
            lanes.push(Lane { sender, next });
        }
        let mut load = Self { target, pid, lanes };
        load.turn().await?;
        Ok(load)
    }

    /// Asks over every connection for a second.
    pub(crate) async fn turn(&mut self) -> Result<Measured> {
        let clock = Arc::new(SystemClock::new());
        let before = cpu::micros(self.pid)?;
        let begin = clock.monotonic();
        let end = begin + Duration::from_secs(1);
        let mut tasks = Vec::new();
        for lane in std::mem::take(&mut self.lanes) {
            let (target, clock) = (self.target.clone(), Arc::clone(&clock));
            tasks.push(tokio::spawn(ask_until(target, clock, lane, end)));
        }
        let mut latencies = Vec::new();
        for task in tasks {
            let (lane, asked) = task.await??;
            self.lanes.push(lane);
            latencies.extend(asked);
        }
        let took = (clock.monotonic() - begin).as_secs_f64();
        let spent = cpu::micros(self.pid)? - before;
        ensure!(!latencies.is_empty(), "nothing was answered");
        latencies.sort_unstable();
        let count = latencies.len() as f64;
        let at = |share: f64| -> f64 {
            let latency = latencies.get((count * share) as usize).or(latencies.last());
            latency.map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
        };
        Ok(Measured {
            per_second: count / took,
            cpu_micros: spent / count,
            p50_millis: at(0.5),
            p99_millis: at(0.99),
        })
    }
}

async fn ask_until(
    target: Target,
    clock: Arc<SystemClock>,
    mut lane: Lane,
    end: Duration,
) -> Result<(Lane, Vec<Duration>)> {
    let mut latencies = Vec::new();
    loop {
        let started = clock.monotonic();
        if started >= end {
            return Ok((lane, latencies));
        }
        ask(&mut lane.sender, &target, lane.next).await?;
        lane.next += 1;
        latencies.push(clock.monotonic() - started);
    }
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
