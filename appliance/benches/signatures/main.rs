//! `make bench`: what a signature costs, as ratios against floors measured in the same run.
//!
//! Floors: raw `C_Sign` through the PKCS#11 binding, a no-op JSON request over the appliance's own
//! TLS and HTTP stack, one Ed25519 verification. CPU is user plus system time of the process that
//! does the work, from `/proc`; the load generator runs in this process and is not counted.
//!
//! What is held against the targets of the path itself is a memo, the least there is to sign. What leaves a wallet waits for
//! the token's memory of the log by design, so its cost is shown by itself, as is that of trades, the main job.

mod composite;
mod cpu;
mod floor;
mod history;
mod load;
mod provision;
mod report;
mod serving;
mod trade;
mod trading;
mod wallets;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use load::Load;
use mimalloc::MiMalloc;
use report::{Report, Seen};
use serving::{Simulated, SoftHsm};

/// As in `countersignd`.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Connections of the load, as in the targets.
const CONNECTIONS: usize = 32;

fn main() -> ExitCode {
    // `cargo bench` adds this flag for its own harness.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let outcome = match arguments.as_slice() {
        [mode, directory] if mode == "serve-simulated" => {
            serving::serve(PathBuf::from(directory).as_path())
        }
        [mode, directory, count] if mode == "seed-wallets" => count
            .parse()
            .map_err(Into::into)
            .and_then(|count| wallets::seed(PathBuf::from(directory).as_path(), count)),
        [mode, directory] if mode == "raw-sign" => {
            floor::raw_sign_here(PathBuf::from(directory).as_path())
        }
        [] => bench(&PARTS),
        chosen => chosen
            .iter()
            .map(|name| PARTS.into_iter().find(|part| *part == name.as_str()))
            .collect::<Option<Vec<_>>>()
            .with_context(|| format!("usage: signatures [{}]...", PARTS.join("|")))
            .and_then(|parts| bench(&parts)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say(&format!("bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The parts of the bench; `make bench` runs them all.
const PARTS: [&str; 5] = ["trades", "softhsm", "simulated", "history", "wallets"];

fn bench(parts: &[&str]) -> Result<()> {
    // The HTTP client that provisions wallets asks for a process-wide provider.
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    anyhow::ensure!(
        provider.install_default().is_ok(),
        "a TLS provider was installed before"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut report = Report::default();
    let turns = turns();
    runtime.block_on(async {
        for part in parts {
            match *part {
                "trades" => trading::measure(&mut report, turns).await?,
                "softhsm" => against_floors(&mut report, turns).await?,
                "simulated" => whole_path(&mut report, turns).await?,
                "history" => history::measure(&mut report, turns).await?,
                _ => wallets::measure(&mut report, turns).await?,
            }
        }
        report.finish()
    })
}

/// The appliance on SoftHSM2 against raw `C_Sign`, a no-op request and a verification.
async fn against_floors(report: &mut Report, turns: u64) -> Result<()> {
    let simulated = Simulated::start().context("starting the simulated appliance")?;
    let soft = SoftHsm::start().context("starting the appliance on SoftHSM2")?;
    let mut noop = provision::noop_load(&simulated).await?;
    let target = provision::sign_target(&soft.directory(), 0).await?;
    let mut sign = Load::open(target, soft.pid()).await?;
    let leaving = provision::withdrawal_target(&soft.directory(), 1).await?;
    let mut withdraw = Load::open(leaving, soft.pid()).await?;
    let mut seen = Seen::default();
    for _ in 0..turns {
        let raw = floor::raw_sign(&soft.directory()).context("measuring raw C_Sign")?;
        let verify = floor::verification();
        let (noop, signed) = (noop.turn().await?, sign.turn().await?);
        let floors = raw.cpu_micros + noop.cpu_micros + verify;
        seen.add("one Ed25519 verification, us CPU", verify);
        seen.add("no-op mTLS JSON request, us CPU", noop.cpu_micros);
        seen.add("raw C_Sign, us CPU", raw.cpu_micros);
        seen.add("raw C_Sign, per second", raw.per_second);
        seen.load("the appliance on SoftHSM2", &signed);
        seen.load("a withdrawal, c=32", &withdraw.turn().await?);
        seen.add(THROUGHPUT, signed.per_second / raw.per_second);
        seen.add(OVER_FLOORS, signed.cpu_micros / floors);
    }
    seen.print(report);
    let at_least = |ratio| ratio >= 0.6;
    report.target(
        THROUGHPUT,
        seen.median(THROUGHPUT),
        at_least,
        "at least 0.6",
    );
    let at_most = |ratio| ratio <= 1.5;
    let wanted = "at most 1.5, aim 1.25";
    report.target(OVER_FLOORS, seen.median(OVER_FLOORS), at_most, wanted);
    Ok(())
}

const THROUGHPUT: &str = "throughput over raw C_Sign, same threads";
const OVER_FLOORS: &str = "CPU per signature over the sum of the floors";
const WHOLE_PATH: &str = "CPU of the whole path with a 10 us signer, us";

/// The path without an HSM's own cost. The simulator signs in software, which takes longer than
/// the 10 us that the target grants a signer; what is over is taken off. Our own share is what is
/// left without the floors; signatures that are verified together make it smaller.
async fn whole_path(report: &mut Report, turns: u64) -> Result<()> {
    let simulated = Simulated::start().context("starting the simulated appliance")?;
    let mut noop = provision::noop_load(&simulated).await?;
    let target = provision::sign_target(simulated.directory(), 0).await?;
    let mut sign = Load::open(target, simulated.pid()).await?;
    let mut seen = Seen::default();
    for _ in 0..turns {
        let (verify, signer) = (floor::verification(), floor::simulated_signature()?);
        let (noop, signed) = (noop.turn().await?, sign.turn().await?);
        seen.add("one Ed25519 verification, us CPU", verify);
        seen.add("no-op mTLS JSON request, us CPU", noop.cpu_micros);
        seen.add("one simulated signature, us CPU", signer);
        seen.load("the appliance on the simulated signer", &signed);
        seen.add(
            "our own share, us CPU",
            signed.cpu_micros - signer - verify - noop.cpu_micros,
        );
        seen.add(WHOLE_PATH, signed.cpu_micros - (signer - 10.0).max(0.0));
    }
    seen.print(report);
    let met = |micros| micros <= 110.0;
    report.target(WHOLE_PATH, seen.median(WHOLE_PATH), met, "at most 110");
    Ok(())
}

/// Turns of a second that each load gets; `BENCH_SECONDS` sets it.
fn turns() -> u64 {
    std::env::var("BENCH_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(8)
}
