//! The headline: a real trade under a count limit, an amount limit and a price bound, against the
//! sum of the floors and against a composite floor that does the same work without a policy.

use anyhow::{Context, Result};

use crate::load::{Load, Measured};
use crate::report::{Report, Seen};
use crate::serving::{Simulated, SoftHsm};
use crate::{CONNECTIONS, floor, provision};

const OVER_FLOORS: &str = "a trade: CPU over the sum of the floors, c=32";
const CPU_MANY: &str = "a trade: CPU over the composite floor, c=32";
const THROUGHPUT_MANY: &str = "a trade: throughput over the composite floor, c=32";
const P50_MANY: &str = "a trade: p50 over the composite floor, c=32";
const CPU_ONE: &str = "a trade: CPU over the composite floor, c=1";
const P50_ONE: &str = "a trade: p50 over the composite floor, c=1";

/// A no-op, the composite floor and the appliance, strictly in turns.
pub(crate) async fn measure(report: &mut Report, turns: u64) -> Result<()> {
    let soft = SoftHsm::start().context("starting the appliance on SoftHSM2")?;
    let floors = Simulated::with_composite(&soft).context("starting the composite floor")?;
    let trades = provision::trade_target(&soft.directory()).await?;
    let same = provision::composite_target(floors.directory())?;
    let mut noop = provision::noop_load(&floors).await?;
    let mut composite = Load::open(same.clone(), floors.pid()).await?;
    let mut many = Load::open(trades.clone(), soft.pid()).await?;
    let mut composite_one = Load::over(1, same, floors.pid()).await?;
    let mut one = Load::over(1, trades, soft.pid()).await?;
    let mut seen = Seen::default();
    for _ in 0..turns {
        let raw = floor::raw_sign(&soft.directory()).context("measuring raw C_Sign")?;
        let noop = noop.turn().await?;
        let sum = raw.cpu_micros + noop.cpu_micros + floor::verification();
        let (below, above) = (composite.turn().await?, many.turn().await?);
        seen.add(OVER_FLOORS, above.cpu_micros / sum);
        seen.add(THROUGHPUT_MANY, above.per_second / below.per_second);
        ratios(&mut seen, CPU_MANY, P50_MANY, &above, &below);
        seen.load(&format!("composite floor, c={CONNECTIONS}"), &below);
        seen.load(&format!("a trade, c={CONNECTIONS}"), &above);
        let (below, above) = (composite_one.turn().await?, one.turn().await?);
        ratios(&mut seen, CPU_ONE, P50_ONE, &above, &below);
        seen.load("composite floor, c=1", &below);
        seen.load("a trade, c=1", &above);
    }
    seen.print(report);
    report.target(
        CPU_MANY,
        seen.median(CPU_MANY),
        |x| x <= 1.15,
        "at most 1.15",
    );
    report.target(
        THROUGHPUT_MANY,
        seen.median(THROUGHPUT_MANY),
        |x| x >= 0.85,
        "at least 0.85",
    );
    report.target(P50_MANY, seen.median(P50_MANY), |x| x <= 1.2, "at most 1.2");
    report.target(P50_ONE, seen.median(P50_ONE), |x| x <= 1.25, "at most 1.25");
    Ok(())
}

fn ratios(seen: &mut Seen, cpu: &str, p50: &str, above: &Measured, below: &Measured) {
    seen.add(cpu, above.cpu_micros / below.cpu_micros);
    seen.add(p50, above.p50_millis / below.p50_millis);
}
