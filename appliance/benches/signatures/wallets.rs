//! A hundred thousand wallets in envelope custody: what a hot one costs, a cold one, and a start.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_appliance::clock::{Clock, SystemClock};
use countersign_appliance::config::Config;
use countersign_appliance::grants::GrantRecord;
use countersign_appliance::records::Draft;
use countersign_appliance::start;
use countersign_appliance::wallets::{Custody, Rotation, Status, WalletRecord};
use countersign_hsm::{KeyId, KeyType};
use countersign_intent::{Address, UserId, WalletId};

use crate::load::Load;
use crate::provision::{self, Wallet};
use crate::report::{Report, Seen, say};
use crate::serving::SoftHsm;

/// Wallets in the database; `BENCH_WALLETS` sets it.
fn wanted() -> usize {
    std::env::var("BENCH_WALLETS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000)
}

const PER_COMMIT: usize = 2_000;

/// Wallets that the bot may use: more than the cache of unlocked keys holds.
const GRANTED: usize = 12_000;

const HOT_OVER_ALONE: &str = "CPU of a hot wallet among many over one alone";

pub(crate) async fn measure(report: &mut Report, turns: u64) -> Result<()> {
    let settings = [("ENVELOPE", "true"), ("CUSTODY", "envelope")];
    let (few, many) = (SoftHsm::with(&settings)?, SoftHsm::with(&settings)?);
    let state = many.directory();
    stop(many.pid())?;
    let count = wanted();
    say(&format!("making {count} wallets"));
    seed_in_child(&state, count)?;
    let clock = SystemClock::new();
    let began = clock.monotonic();
    let mut daemon = Daemon::start(&state)?;
    daemon.wait_ready(&state)?;
    let took = (clock.monotonic() - began).as_secs_f64();
    let name = format!("cold start with {count} wallets, s");
    report.target(&name, took, |seconds| seconds < 2.0, "under 2");
    let wallets = read_wallets(&state)?;
    let one: Vec<Wallet> = wallets.first().cloned().into_iter().collect();
    let target = provision::sign_target(&few.directory(), 0).await?;
    let mut alone = Load::open(target, few.pid()).await?;
    let mut hot = Load::open(provision::target_of(&state, one)?, daemon.0.id()).await?;
    let mut seen = Seen::default();
    for _ in 0..turns {
        let (alone, hot) = (alone.turn().await?, hot.turn().await?);
        seen.load("envelope custody, one wallet", &alone);
        seen.load(&format!("a hot wallet among {count}"), &hot);
        seen.add(HOT_OVER_ALONE, hot.cpu_micros / alone.cpu_micros);
    }
    let mut cold = Load::open(provision::target_of(&state, wallets)?, daemon.0.id()).await?;
    for _ in 0..turns {
        let (hot, cold) = (hot.turn().await?, cold.turn().await?);
        seen.load("cold wallets, one after the other", &cold);
        let more = cold.cpu_micros - hot.cpu_micros;
        seen.add("a cold wallet costs more by, us CPU", more);
    }
    seen.print(report);
    let met = |ratio| ratio <= 1.1;
    let ratio = seen.median(HOT_OVER_ALONE);
    report.target(HOT_OVER_ALONE, ratio, met, "at most 1.1");
    Ok(())
}

struct Daemon(Child);

impl Daemon {
    fn start(state: &Path) -> Result<Self> {
        std::fs::remove_file(state.join("operations-url"))?;
        let programs = std::env::var("BIN").or_else(|_| {
            std::env::var("CARGO_TARGET_DIR").map(|target| format!("{target}/release"))
        });
        let programs = programs.unwrap_or_else(|_| "target/release".to_owned());
        let child = Command::new(Path::new(&programs).join("countersignd"))
            .arg("--config")
            .arg(state.join("countersignd.toml"))
            .env("SOFTHSM2_CONF", state.join("softhsm2.conf"))
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }

    fn wait_ready(&mut self, state: &Path) -> Result<()> {
        for _ in 0..6_000 {
            if let Ok(url) = std::fs::read_to_string(state.join("operations-url"))
                && ready(url.trim())
            {
                return Ok(());
            }
            if let Some(status) = self.0.try_wait()? {
                bail!("countersignd ended: {status}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("countersignd was not ready within half a minute")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _stopped = stop(self.0.id());
        let _reaped = self.0.wait();
    }
}

fn ready(url: &str) -> bool {
    use std::io::{Read, Write};
    let Some(address) = url.strip_prefix("http://") else {
        return false;
    };
    let Ok(mut stream) = std::net::TcpStream::connect(address) else {
        return false;
    };
    let _sent = stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    let _read = stream.read_to_string(&mut answer);
    answer.starts_with("HTTP/1.1 200")
}

fn stop(pid: u32) -> Result<()> {
    let status = Command::new("kill").arg(pid.to_string()).status()?;
    ensure!(status.success(), "no process {pid}");
    for _ in 0..600 {
        match std::fs::read_to_string(format!("/proc/{pid}/status")) {
            Ok(text) if !text.contains("Z (zombie)") => {}
            _ => return Ok(()),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("process {pid} did not stop")
}

/// In a child, because SoftHSM2 reads its configuration from the environment.
fn seed_in_child(state: &Path, count: usize) -> Result<()> {
    let status = Command::new(std::env::current_exe()?)
        .arg("seed-wallets")
        .arg(state)
        .arg(count.to_string())
        .env("SOFTHSM2_CONF", state.join("softhsm2.conf"))
        .status()?;
    ensure!(status.success(), "seeding failed: {status}");
    Ok(())
}

/// The child's side.
pub(crate) fn seed(state: &Path, count: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let config = Config::read(&state.join("countersignd.toml"))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let device = start::open_token(&config).map_err(sentence)?;
        let db = config.database().open().await?;
        let opened = start::open(&config, device, db, &clock)
            .await
            .map_err(sentence)?;
        let mut granted = Vec::new();
        for first in (0..count).step_by(PER_COMMIT) {
            let drafts = drafts(
                &opened,
                first..(first + PER_COMMIT).min(count),
                &mut granted,
            )
            .await?;
            opened.records.commit(drafts, Vec::new()).await?;
        }
        opened.ledger.shutdown().await?;
        opened.db.close().await?;
        std::fs::write(state.join("wallets"), granted.join("\n"))?;
        Ok(())
    })
}

fn sentence(error: Box<dyn std::error::Error + Send + Sync>) -> anyhow::Error {
    anyhow::anyhow!("{error}")
}

async fn drafts(
    opened: &start::Opened,
    range: std::ops::Range<usize>,
    granted: &mut Vec<String>,
) -> Result<Vec<Draft>> {
    let mut drafts = Vec::new();
    for number in range {
        let mut id = [0_u8; 16];
        getrandom::fill(&mut id)?;
        let stored = opened
            .desk
            .run(move |desk| {
                let envelope = desk.envelope.as_mut().ok_or(
                    countersign_appliance::device::DeskError::Lacking("envelope is off"),
                )?;
                Ok(envelope.generate(&KeyId::from_bytes(id), KeyType::Ed25519)?)
            })
            .await?;
        let address = Address::new(stored.public.bytes().try_into()?);
        let record = WalletRecord {
            user: UserId::from_bytes(id).to_string(),
            gateway: "gateway".to_owned(),
            venue: "solana".to_owned(),
            environment: "mainnet".to_owned(),
            name: None,
            key_type: KeyType::Ed25519.as_str().to_owned(),
            public_key: hex::encode(stored.public.bytes()),
            address: address.to_string(),
            custody: Custody::Envelope(BASE64_STANDARD.encode(&stored.blob)),
            imported: false,
            status: Status::Active,
            limits: Vec::new(),
            managed: Vec::new(),
            created_at: 0,
            rotation: Rotation::default(),
        };
        drafts.push(Draft::new(id, &record)?);
        if number < GRANTED {
            let wallet = WalletId::from_bytes(id).to_string();
            let grant = GrantRecord {
                bot: "bot".to_owned(),
                wallet: wallet.clone(),
                actions: None,
                created_at: 0,
                revoked_at: None,
            };
            let mut grant_id = id;
            grant_id.reverse();
            drafts.push(Draft::new(grant_id, &grant)?);
            granted.push(format!("{wallet} {address}"));
        }
    }
    Ok(drafts)
}

fn read_wallets(state: &Path) -> Result<Vec<Wallet>> {
    std::fs::read_to_string(state.join("wallets"))?
        .lines()
        .map(|line| {
            let (id, address) = line.split_once(' ').context("no address")?;
            Ok(Wallet {
                id: id.to_owned(),
                address: address.parse()?,
            })
        })
        .collect()
}
