//! The millionth request against the thousandth.

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::provision::{self, Wallet};
use crate::report::{Report, say};
use crate::serving::Simulated;
use crate::{CONNECTIONS, load};

/// Requests that are made in between; `BENCH_HISTORY` sets it.
fn wanted() -> u64 {
    std::env::var("BENCH_HISTORY")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000)
}

/// Measures the CPU of a request before and after a long history.
pub(crate) fn measure(
    runtime: &Runtime,
    simulated: &Simulated,
    report: &mut Report,
    seconds: u64,
) -> Result<()> {
    let history = wanted();
    let (before, after) = runtime.block_on(async {
        let state = simulated.directory();
        let wallet = provision::wallet(state, 1).await?;
        let target = provision::target_of(state, vec![wallet.clone()])?;
        let before = load::run(&target, simulated.pid(), CONNECTIONS, seconds).await?;
        say(&format!("making {history} requests of history"));
        fill(simulated, &wallet, history).await?;
        let target = provision::target_of(state, vec![wallet])?;
        let after = load::run(&target, simulated.pid(), CONNECTIONS, seconds).await?;
        anyhow::Ok((before, after))
    })?;
    report.load("simulated signer, young database", &before);
    report.load(&format!("the same after {history} requests"), &after);
    report.target(
        "CPU after that history over CPU before",
        after.cpu_micros / before.cpu_micros,
        |ratio| ratio <= 1.1,
        "at most 1.1",
    );
    Ok(())
}

/// Requests of one fill call, as many as a batch may have; the fills run side by side so that they share commits.
const PER_CALL: u64 = 64;
const SIDE_BY_SIDE: u64 = 8;

async fn fill(simulated: &Simulated, wallet: &Wallet, count: u64) -> Result<()> {
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..SIDE_BY_SIDE {
        let state = simulated.directory().to_owned();
        let wallet = wallet.clone();
        tasks.spawn(async move {
            let mut target = provision::noop_target(&state).await?;
            target.path = "/fill";
            let cold = std::fs::read_to_string(state.join("cold-address"))?;
            let cold = cold.trim().parse()?;
            let mut sender = load::connect(&target).await?;
            let calls = count / PER_CALL / SIDE_BY_SIDE;
            for call in 0..calls {
                let first = (1 << 60) | (lane << 40) | (call * PER_CALL);
                let bodies: Vec<String> = (first..first + PER_CALL)
                    .map(|number| provision::transfer(&wallet.address, &cold, number))
                    .map(|message| BASE64_STANDARD.encode(message))
                    .collect();
                let body = json!({ "wallet": wallet.id, "bodies": bodies });
                let answer = load::post(&mut sender, &target, body.to_string()).await?;
                let answer: Value = serde_json::from_slice(&answer)?;
                let done = answer.get("done").and_then(Value::as_u64);
                let done = done.context("no `done`")?;
                ensure!(done == PER_CALL, "only {done} of {PER_CALL} were done");
            }
            anyhow::Ok(())
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(())
}
