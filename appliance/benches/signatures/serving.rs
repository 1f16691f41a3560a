//! The appliances under load: the real binary on SoftHSM2, and this program on the simulator.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use countersign_appliance::app::App;
use countersign_appliance::certificates;
use countersign_appliance::config::Config;
use countersign_appliance::http::error::refuse_identity;
use countersign_appliance::http::serve::{Limits, OwnKnock, Stopped, TlsFront, serve_tls};
use countersign_appliance::identity::{Caller, Gate, ServerIdentity, TlsConfig};
use countersign_appliance::init::{self, Init};
use countersign_appliance::records::Draft;
use countersign_appliance::sign::{Asked, walk_batch};
use countersign_appliance::start::{Running, install_metrics, runtime};
use countersign_appliance::venue::{Body, solana};
use countersign_hsm::Device;
use countersign_hsm::simulator::Simulator;
use countersign_intent::{Principal, Role, Span};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use crate::{composite, load};

const POLICY: &str = "deploy/dev/bench-policy.toml";

/// A child that is stopped by pid when this is dropped, and its directory.
struct Kept {
    child: Child,
    directory: tempfile::TempDir,
}

impl Kept {
    fn wait_for(&mut self, file: &str) -> Result<()> {
        for _ in 0..1200 {
            if self.directory.path().join("state").join(file).exists() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("ended early: {status}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("`{file}` did not come within a minute")
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _gone = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let _reaped = self.child.wait();
    }
}

/// The real binary on SoftHSM2, as `make dev` starts it.
pub(crate) struct SoftHsm {
    kept: Kept,
}

impl SoftHsm {
    pub(crate) fn start() -> Result<Self> {
        Self::with(&[])
    }

    pub(crate) fn with(settings: &[(&str, &str)]) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let child = Command::new("deploy/dev/dev.sh")
            .env("STATE_DIR", directory.path().join("state"))
            .env("POLICY", POLICY)
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .spawn()?;
        let mut kept = Kept { child, directory };
        kept.wait_for("ready")?;
        Ok(Self { kept })
    }

    pub(crate) fn directory(&self) -> PathBuf {
        self.kept.directory.path().join("state")
    }

    pub(crate) fn pid(&self) -> u32 {
        let text = std::fs::read_to_string(self.directory().join("countersignd.pid"));
        text.ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or_default()
    }
}

/// This program serving an appliance on the simulator.
pub(crate) struct Simulated {
    kept: Kept,
}

impl Simulated {
    pub(crate) fn start() -> Result<Self> {
        Self::with(|_| Ok(()))
    }

    /// With the composite floor beside it, on a token of its own.
    pub(crate) fn with_composite(module_of: &SoftHsm) -> Result<Self> {
        let state = module_of.directory();
        Self::with(move |command| {
            let directory = command.get_args().last().map(PathBuf::from);
            let directory = directory.unwrap_or_default();
            composite::make_token(&directory)?;
            command
                .env("SOFTHSM2_CONF", directory.join("softhsm2.conf"))
                .env(composite::MODULE_OF, state);
            Ok(())
        })
    }

    fn with(prepare: impl FnOnce(&mut Command) -> Result<()>) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("serve-simulated")
            .arg(directory.path().join("state"));
        prepare(&mut command)?;
        let child = command.spawn()?;
        let mut kept = Kept { child, directory };
        kept.wait_for("ready")?;
        Ok(Self { kept })
    }

    pub(crate) fn directory(&self) -> &Path {
        // The child made it below the directory that is removed at the end.
        self.state()
    }

    fn state(&self) -> &Path {
        Box::leak(self.kept.directory.path().join("state").into_boxed_path())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.kept.child.id()
    }
}

/// The child's side: an appliance on the simulator, and a no-op route on the same stack.
pub(crate) fn serve(directory: &Path) -> Result<()> {
    runtime()?.block_on(serve_until_stopped(directory))
}

async fn serve_until_stopped(directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory)?;
    let config = config(directory)?;
    let device: Arc<dyn Device> = Arc::new(Simulator::default());
    let first = Init {
        unchangeable: true,
        operators: vec!["a".to_owned()],
        approvers: Vec::new(),
        operator_out: directory.to_owned(),
        policy: Some(PathBuf::from(POLICY)),
    };
    let same = Arc::clone(&device);
    init::run_on(&config, &first, move || Ok(same))
        .await
        .map_err(sentence)?;
    let metrics = install_metrics().map_err(sentence)?;
    let running = Running::start_with(config, device, metrics)
        .await
        .map_err(sentence)?;
    let app = Arc::clone(&running.app);
    let bot = issue(&app, directory, Role::Bot, "bot").await?;
    issue(&app, directory, Role::Gateway, "gateway").await?;
    let cold = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin\n";
    std::fs::write(directory.join("cold-address"), cold)?;
    let floor = match std::env::var_os(composite::MODULE_OF) {
        Some(state) => composite::router(directory, Path::new(&state)).await?,
        None => Router::new(),
    };
    let (port, noop) = serve_noop(Arc::clone(&app), bot, floor).await?;
    std::fs::write(
        directory.join("noop-url"),
        format!("https://127.0.0.1:{port}\n"),
    )?;
    std::fs::write(directory.join("ready"), "")?;
    let mut stop = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    stop.recv().await;
    // The appliance ends when nobody holds it any more.
    noop.abort();
    let _aborted = noop.await;
    drop(app);
    running.stop().await.map_err(sentence)
}

fn sentence(error: Box<dyn std::error::Error + Send + Sync>) -> anyhow::Error {
    anyhow::anyhow!("{error}")
}

fn config(directory: &Path) -> Result<Config> {
    let text = format!(
        "trust_domain = 'bench.countersign.local'\nstate_dir = '{}'\n\
         [listen]\napi = '127.0.0.1:0'\noperations = '127.0.0.1:0'\n\
         server_names = ['127.0.0.1', 'localhost']\n\
         [hsm]\nkind = 'pkcs11'\nmodule = '/none'\ntoken = 'simulated'\n",
        directory.display()
    );
    let path = directory.join("countersignd.toml");
    std::fs::write(&path, text)?;
    Ok(Config::read(&path)?)
}

async fn issue(app: &Arc<App>, directory: &Path, role: Role, name: &str) -> Result<Arc<Caller>> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let csr = CertificateParams::default()
        .serialize_request(&key)?
        .pem()?;
    let principal = Principal::new(role, name)?;
    let day = Some(Span::from_secs(86_400));
    let issued = certificates::sign(&app.certificates, csr, &principal, day).await?;
    let stored = certificates::certified(&app.certificates, &issued, &principal, Vec::new());
    let draft = Draft::new(stored.id, &stored.record)?;
    app.records.commit(vec![draft], Vec::new()).await?;
    certificates::put(&app.certificates, &stored)?;
    std::fs::write(directory.join(format!("{name}.pem")), &issued.pem)?;
    std::fs::write(directory.join(format!("{name}.key")), key.serialize_pem())?;
    let domain = app.authority.trust_domain();
    Ok(Arc::new(Caller::from_certificate(
        &issued.certificate,
        domain,
    )?))
}

async fn serve_noop(
    app: Arc<App>,
    bot: Arc<Caller>,
    floor: Router,
) -> Result<(u16, JoinHandle<Stopped>)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let names = vec!["localhost".try_into()?, "127.0.0.1".try_into()?];
    let (authority, now) = (Arc::clone(&app.authority), app.clock.now());
    let identity =
        tokio::task::spawn_blocking(move || ServerIdentity::issue(authority, names, now)).await??;
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
    let router = Router::new()
        .route("/noop", post(noop))
        .route("/fill", post(fill))
        .with_state((app, bot))
        .merge(floor);
    let served = tokio::spawn(serve_tls(
        listener,
        router,
        front,
        Limits::default(),
        std::future::pending(),
    ));
    Ok((port, served))
}

/// Reads JSON and answers JSON of the size of a signature's answer.
async fn noop(Json(body): Json<Value>) -> Json<Value> {
    let echoed = body.get("wallet_id").cloned().unwrap_or_default();
    Json(json!({ "wallet_id": echoed, "padding": "x".repeat(500) }))
}

#[derive(Deserialize)]
struct Fill {
    wallet: String,
    bodies: Vec<String>,
}

/// Walks requests without the network, to make history faster than a load can.
async fn fill(
    State((app, bot)): State<(Arc<App>, Arc<Caller>)>,
    Json(fill): Json<Fill>,
) -> Json<Value> {
    use base64::Engine;
    let wallet = fill.wallet.parse();
    let asked = |message: &String| {
        let bytes = base64::prelude::BASE64_STANDARD.decode(message).ok()?;
        let fingerprint: [u8; 32] = Sha256::digest(&bytes).into();
        Some(Asked {
            caller: Arc::clone(&bot),
            key: load::unique(),
            wallet: *wallet.as_ref().ok()?,
            body: Body::Solana(solana::Body {
                form: solana::Form::Message,
                bytes,
                mints: Vec::new(),
            }),
            approved: None,
            dry_run: false,
            fingerprint,
        })
    };
    let all: Vec<Asked> = fill.bodies.iter().filter_map(asked).collect();
    let answers = walk_batch(&app, all).await;
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    Json(json!({ "done": done }))
}
