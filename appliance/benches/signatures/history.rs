//! The millionth request against the thousandth.

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::load::{self, Load};
use crate::provision::{self, Wallet};
use crate::report::{Report, Seen, say};
use crate::serving::Simulated;

/// Requests that are made in between; `BENCH_HISTORY` sets it.
fn wanted() -> u64 {
    std::env::var("BENCH_HISTORY")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000)
}

const AFTER_OVER_BEFORE: &str = "CPU after a long history over CPU without";

/// Measures the CPU of a request with and without a long history.
pub(crate) async fn measure(report: &mut Report, turns: u64) -> Result<()> {
    let history = wanted();
    let (young, old) = (Simulated::start()?, Simulated::start()?);
    let wallet = provision::wallet(old.directory(), 1).await?;
    say(&format!("making {history} requests of history"));
    fill(&old, &wallet, history).await?;
    let target = provision::target_of(old.directory(), vec![wallet])?;
    let mut after = Load::open(target, old.pid()).await?;
    let target = provision::sign_target(young.directory(), 1).await?;
    let mut before = Load::open(target, young.pid()).await?;
    let mut seen = Seen::default();
    for _ in 0..turns {
        let (before, after) = (before.turn().await?, after.turn().await?);
        seen.load("simulated signer, young database", &before);
        seen.load(&format!("the same after {history} requests"), &after);
        seen.add(AFTER_OVER_BEFORE, after.cpu_micros / before.cpu_micros);
    }
    seen.print(report);
    let met = |ratio| ratio <= 1.1;
    let ratio = seen.median(AFTER_OVER_BEFORE);
    report.target(AFTER_OVER_BEFORE, ratio, met, "at most 1.1");
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
            let mut sender = load::connect(&target).await?;
            let calls = count / PER_CALL / SIDE_BY_SIDE;
            for call in 0..calls {
                let first = (1 << 60) | (lane << 40) | (call * PER_CALL);
                let bodies: Vec<String> = (first..first + PER_CALL)
                    .map(|number| provision::memo(&wallet.address, number))
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
