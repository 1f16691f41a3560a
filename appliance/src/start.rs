//! From a configuration to a running appliance, and back to nothing.

mod assemble;
mod front;
mod open;
mod parts;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign_audit::{Actor, Kind as EntryKind};
use countersign_hsm::Device;
use countersign_intent::Timestamp;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use rustls_pki_types::ServerName;
use serde_json::json;
use tokio::net::TcpListener;

use crate::anchor::{self, Found, Run};
use crate::app::App;
use crate::clock::{self, Clock, SystemClock};
use crate::config::Config;
use crate::governance;
use crate::http::api;
use crate::http::error::refuse_identity;
use crate::http::operations::operations;
use crate::http::serve::{Knocker, Limits, OwnKnock, TlsFront, serve_plain, serve_tls};
use crate::identity::{Gate, ServerIdentity, TlsConfig};
use crate::phase::Phase;
use crate::{expiry, health, log_check, meters, reload, retention, sequencer};
pub(crate) use assemble::{Background, Threads, assemble};
pub use open::{
    Opened, await_token, ca_path, ca_signer, lifetimes, load_authority, log_key, open,
    open_database, open_token, open_token_with,
};

/// What stops an appliance from starting: a sentence with what to do, and its causes.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

/// How often the server's certificate is looked at.
const RENEW_EVERY: Duration = Duration::from_secs(60);

/// The clients' certificates are looked at one time in so many.
const CLIENTS_ONE_IN: u32 = 10;

/// A running appliance with the threads and addresses that go with it.
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct Running {
    /// The shared parts.
    pub app: Arc<App>,
    /// Where the API listens.
    pub api: SocketAddr,
    /// Where probes and metrics listen.
    pub operations: SocketAddr,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    log_check: tokio::task::JoinHandle<Option<String>>,
    sequencer: tokio::task::JoinHandle<()>,
    threads: Threads,
}

/// Installs the recorder that every counter reports to.
///
/// # Errors
/// A recorder was installed before.
pub fn install_metrics() -> Result<PrometheusHandle, StartError> {
    let handle = PrometheusBuilder::new().install_recorder()?;
    meters::begin();
    Ok(handle)
}

impl Running {
    /// Starts an appliance that was initialised before, on its token.
    ///
    /// # Errors
    /// Anything that is not as it was left; an address that is taken.
    pub async fn start_with(
        config: Config,
        device: Arc<dyn Device>,
        metrics: PrometheusHandle,
    ) -> Result<Self, StartError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let db = open_database(&config, &*device).await?;
        let opened = open(&config, device, db, &clock).await?;
        let (app, threads, background) = assemble(config, opened, metrics).await?;
        let found = anchor::check(&*app.db, &app.ledger, &app.desk).await?;
        let run = Run::begin()?;
        app.anchoring.begin(run, found);
        log_check::at_start(&background.log_check).await?;
        let detail = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "token": app.device.capabilities().serial,
            "custody": app.config.custody.default.as_str(),
            "envelope": app.config.custody.envelope,
            "import": app.config.custody.import,
            "anchor": found.as_str(),
            "run": run.to_string(),
        });
        let entry = app
            .journal
            .entry(EntryKind::Start, Actor::System, None, &detail)?;
        app.ledger.append(entry).await?;
        clock::note(&app.clock_watch).await;
        clock::remember(&app.clock_watch).await;
        if found == Found::Missing {
            governance::restored::end_asks(&app.governance).await?;
        }
        if let Some(checkpoint) = sequencer::sign_head(&app.sequencer).await? {
            sequencer::claim(&app.sequencer, &checkpoint).await?;
        }
        health::check(&background.health_checks).await;
        let sequencer = tokio::spawn(sequencer::run(Arc::clone(&app.sequencer)));
        Self::listen(app, threads, background, sequencer).await
    }

    async fn listen(
        app: Arc<App>,
        threads: Threads,
        background: Background,
        sequencer: tokio::task::JoinHandle<()>,
    ) -> Result<Self, StartError> {
        let names = server_names(&app.config)?;
        let (authority, now) = (Arc::clone(&app.authority), certified_from(&app));
        let issue = move || ServerIdentity::issue(authority, names, now);
        let identity = tokio::task::spawn_blocking(issue).await??;
        let front = TlsFront {
            config: Arc::new(TlsConfig::new(&identity, Arc::clone(&app.clock))?),
            gate: Arc::new(Gate::new(
                app.authority.trust_domain().clone(),
                Arc::clone(&app.clock),
                Arc::clone(&app.register),
            )),
            refuse: refuse_identity,
            own: OwnKnock::default(),
        };
        let limits = Limits {
            max_connections: app.config.listen.max_connections,
            // One bot cannot take the places of all the others.
            max_connections_per_client: (app.config.listen.max_connections / 4).max(1),
            ..Limits::default().with_room_for(app.config.listen.max_body)
        };
        let api_listener = bind(app.config.listen.api, "listen.api").await?;
        let probe_listener = bind(app.config.listen.operations, "listen.operations").await?;
        let (api_at, probes_at) = (api_listener.local_addr()?, probe_listener.local_addr()?);
        expiry::note_own(&app.authority, &identity);
        expiry::note_clients(&app.records, app.clock.now()).await;
        app.health
            .knock_at(knocker(&app, &identity, api_at, &front)?);
        let api_stop = halted(Arc::clone(&app));
        let probe_stop = halted(Arc::clone(&app));
        let (api_router, probe_router) = (api(Arc::clone(&app)), operations(Arc::clone(&app)));
        let tasks = vec![
            tokio::spawn(async move {
                let stopped = serve_tls(api_listener, api_router, front, limits, api_stop).await;
                tracing::info!(cut_off = stopped.cut_off, "the API has stopped");
            }),
            tokio::spawn(async move {
                serve_plain(
                    probe_listener,
                    probe_router,
                    Limits::for_probes(),
                    probe_stop,
                )
                .await;
            }),
            tokio::spawn(health::watch(background.health_checks)),
            tokio::spawn(governance::apply::watch(Arc::clone(&app.governance))),
            tokio::spawn(retention::watch(background.retention)),
            tokio::spawn(reload::watch(background.reload)),
            tokio::spawn(clock::watch(Arc::clone(&app.clock_watch))),
            tokio::spawn(renew(Arc::clone(&app), identity)),
        ];
        let log_check = tokio::spawn(log_check::watch(background.log_check));
        let running = Self {
            app,
            api: api_at,
            operations: probes_at,
            tasks,
            log_check,
            sequencer,
            threads,
        };
        running.announce()?;
        Ok(running)
    }

    /// Writes the addresses where scripts find them.
    fn announce(&self) -> Result<(), StartError> {
        let directory = &self.app.config.state_dir;
        let host = self.app.config.listen.server_names.first();
        let host = host.map_or_else(|| self.api.ip().to_string(), Clone::clone);
        let url = format!("https://{host}:{}\n", self.api.port());
        write(&directory.join("url"), &url)?;
        write(
            &directory.join("operations-url"),
            &format!("http://{}\n", self.operations),
        )?;
        tracing::info!(api = %self.api, operations = %self.operations, "listening");
        Ok(())
    }

    /// Waits until something is found that the appliance must not go on with, and says what.
    pub async fn broken(&mut self) -> String {
        let log_check = async {
            match (&mut self.log_check).await {
                Ok(Some(why)) => why,
                // It ends by itself only once the appliance stops.
                Ok(None) | Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            why = log_check => why,
            why = self.app.anchoring.ended() => why,
        }
    }

    /// Finishes what was recorded, signs the last head of the log, and ends.
    ///
    /// # Errors
    /// A last commit that failed.
    pub async fn stop(self) -> Result<(), StartError> {
        self.app.phase.set(Phase::Halted);
        for task in self.tasks {
            task.await?;
        }
        let detail = match self.app.anchoring.lost() {
            Some(why) => json!({ "why": why }),
            None => json!({}),
        };
        let entry = self
            .app
            .journal
            .entry(EntryKind::Stop, Actor::System, None, &detail)?;
        self.app.ledger.append(entry).await?;
        self.sequencer.await?;
        sequencer::sign_head(&self.app.sequencer).await?;
        self.app.ledger.shutdown().await?;
        self.app.db.close().await?;
        let lost = self.app.anchoring.lost();
        drop(self.app);
        let threads = self.threads;
        tokio::task::spawn_blocking(|| threads.join()).await?;
        lost.map_or(Ok(()), |why| Err(why.into()))
    }
}

fn write(path: &Path, text: &str) -> Result<(), StartError> {
    std::fs::write(path, text)
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()).into())
}

/// What readiness looks at the API with.
fn knocker(
    app: &App,
    identity: &ServerIdentity,
    at: SocketAddr,
    front: &TlsFront,
) -> Result<Knocker, StartError> {
    let (tls, name) = identity.visitor(Arc::clone(&app.clock))?;
    let name = name.unwrap_or_else(|| ServerName::IpAddress(at.ip().into()));
    Ok(Knocker::new(at, name, tls, front.own.clone()))
}

async fn bind(address: SocketAddr, key: &str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| format!("`{key}`: cannot listen on {address}: {error}").into())
}

async fn halted(app: Arc<App>) {
    while app.phase.get() != Phase::Halted {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// When the server's certificate begins. Clients hold it against clocks of their own, and while
/// ours is suspect either of our two times may be theirs: beginning at the earlier one it is
/// good for both, unless they are further apart than half its life.
fn certified_from(app: &App) -> Timestamp {
    let reading = app.timekeeper.read();
    let earlier = reading.time.min(reading.clock);
    let later = reading.time.max(reading.clock);
    let half = app.config.certificates.server.micros() / 2;
    if later.since(earlier).micros() <= half {
        earlier
    } else {
        later
    }
}

async fn renew(app: Arc<App>, identity: Arc<ServerIdentity>) {
    let mut waited = Duration::ZERO;
    let mut looks = 0_u32;
    let step = Duration::from_millis(500);
    while app.phase.get() != Phase::Halted {
        tokio::time::sleep(step).await;
        waited += step;
        if waited < RENEW_EVERY {
            continue;
        }
        waited = Duration::ZERO;
        looks = looks.wrapping_add(1);
        expiry::note_own(&app.authority, &identity);
        if looks.is_multiple_of(CLIENTS_ONE_IN) {
            expiry::note_clients(&app.records, app.clock.now()).await;
        }
        let (identity, now) = (Arc::clone(&identity), certified_from(&app));
        match tokio::task::spawn_blocking(move || identity.renew_if_due(now)).await {
            Ok(Ok(true)) => tracing::info!("the server's certificate was renewed"),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => tracing::error!(%error, "the server's certificate was not renewed"),
            Err(error) => tracing::error!(%error, "the renewal of the certificate broke off"),
        }
    }
}

/// The runtime of the appliance. It gets the cores that signing leaves: with more threads than
/// cores, requests lose more time between threads than they gain.
///
/// # Errors
/// No threads or no timer to be had.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.saturating_sub(default_workers()).max(1))
        .enable_all()
        .thread_name("countersignd")
        .build()
}

/// Threads that sign unless the configuration says how many: one for every two cores, at least
/// one. TLS, policy and the log need the others, and a token made of software gets no faster
/// when more threads than cores wait for it.
#[must_use]
pub fn default_workers() -> usize {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    (cores / 2).max(1)
}

fn workers(config: &Config) -> usize {
    config.hsm.workers.unwrap_or_else(default_workers)
}

fn server_names(config: &Config) -> Result<Vec<ServerName<'static>>, StartError> {
    let names = config.listen.server_names.iter();
    let names = names.map(|name| ServerName::try_from(name.clone()));
    let names = names.collect::<Result<_, _>>();
    Ok(names.map_err(|error| format!("`listen.server_names`: {error}"))?)
}
