//! `make bench`: what a signature costs, as ratios against floors measured in the same run.
//!
//! Floors: raw `C_Sign` through the PKCS#11 binding, a no-op JSON request over the appliance's own
//! TLS and HTTP stack, one Ed25519 verification. CPU is user plus system time of the process that
//! does the work, from `/proc`; the load generator runs in this process and is not counted.

mod cpu;
mod floor;
mod history;
mod load;
mod provision;
mod report;
mod serving;
mod wallets;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use report::Report;
use serving::Simulated;
use tokio::runtime::Runtime;

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
        [mode, directory, seconds] if mode == "raw-sign" => seconds
            .parse()
            .map_err(Into::into)
            .and_then(|seconds| floor::raw_sign_here(PathBuf::from(directory).as_path(), seconds)),
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
const PARTS: [&str; 4] = ["softhsm", "simulated", "history", "wallets"];

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
    let seconds = seconds();
    let with = |part| parts.contains(&part);
    if with("softhsm") || with("simulated") || with("history") {
        let simulated = serving::Simulated::start().context("starting the simulated appliance")?;
        if with("softhsm") {
            against_floors(&runtime, &simulated, &mut report, seconds)?;
        }
        if with("simulated") {
            whole_path(&runtime, &simulated, &mut report, seconds)?;
        }
        if with("history") {
            history::measure(&runtime, &simulated, &mut report, seconds)?;
        }
    }
    if with("wallets") {
        wallets::measure(&runtime, &mut report, seconds)?;
    }
    report.finish()
}

/// The appliance on SoftHSM2 against raw `C_Sign`, a no-op request and a verification.
fn against_floors(
    runtime: &Runtime,
    simulated: &Simulated,
    report: &mut Report,
    seconds: u64,
) -> Result<()> {
    let verify = floor::verification();
    report.line("one Ed25519 verification", format!("{verify:.1} us CPU"));
    let noop = runtime.block_on(async {
        let noop = provision::noop_target(simulated.directory()).await?;
        load::run(&noop, simulated.pid(), CONNECTIONS, seconds).await
    })?;
    report.load("no-op mTLS JSON request, same stack", &noop);
    let soft = serving::SoftHsm::start().context("starting the appliance on SoftHSM2")?;
    let raw = floor::raw_sign(&soft.directory(), seconds).context("measuring raw C_Sign")?;
    report.line(
        "raw C_Sign, same token, same threads",
        format!("{:.0}/s, {:.1} us CPU", raw.per_second, raw.cpu_micros),
    );
    let signing = runtime.block_on(async {
        let target = provision::sign_target(&soft.directory(), 0).await?;
        load::run(&target, soft.pid(), CONNECTIONS, seconds).await
    })?;
    report.load("the appliance on SoftHSM2, 32 connections", &signing);
    report.target(
        "throughput over raw C_Sign",
        signing.per_second / raw.per_second,
        |ratio| ratio >= 0.6,
        "at least 0.6",
    );
    report.target(
        "CPU per signature over the sum of the floors",
        signing.cpu_micros / (raw.cpu_micros + noop.cpu_micros + verify),
        |ratio| ratio <= 1.5,
        "at most 1.5, aim 1.25",
    );
    Ok(())
}

/// The path without an HSM's own cost.
fn whole_path(
    runtime: &Runtime,
    simulated: &Simulated,
    report: &mut Report,
    seconds: u64,
) -> Result<()> {
    let quick = runtime.block_on(async {
        let target = provision::sign_target(simulated.directory(), 0).await?;
        load::run(&target, simulated.pid(), CONNECTIONS, seconds).await
    })?;
    report.load("the appliance on a simulated signer", &quick);
    report.target(
        "CPU of the whole path on the simulated signer, us",
        quick.cpu_micros,
        |micros| micros <= 110.0,
        "at most 110",
    );
    Ok(())
}

/// Seconds of each load; `BENCH_SECONDS` sets it.
fn seconds() -> u64 {
    std::env::var("BENCH_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(8)
}
