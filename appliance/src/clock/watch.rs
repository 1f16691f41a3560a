//! An eye on the clock, and an operator's word that ends a suspicion.

use std::sync::Arc;
use std::time::Duration;

use countersign_audit::{Actor, Kind as EntryKind};
use countersign_intent::{Span, Timestamp};
use countersign_store::Store;
use serde_json::json;

use super::{ClockRecord, Confirmed, Reading, Seen, Suspicion, Timekeeper};
use crate::journal::Journal;
use crate::phase::{CurrentPhase, Phase};
use crate::records::{Draft, Records, RecordsError, Stored};

/// There is one row.
const ROW: [u8; 16] = *b"countersignclock";

/// How often the clocks are held against each other when nobody asks for the time.
const EVERY: Duration = Duration::from_secs(1);

/// How soon a stop is noticed.
const STEP: Duration = Duration::from_millis(50);

/// What keeps an eye on the clock, and writes down what it sees.
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct ClockWatch {
    /// The time that counts, and whether the machine's clock is trusted.
    pub timekeeper: Arc<Timekeeper>,
    /// Rows that grant power.
    pub records: Arc<Records>,
    /// Log entries.
    pub journal: Journal,
    /// When to end.
    pub phase: Arc<CurrentPhase>,
}

/// Lets time go on from what was recorded before this start.
///
/// # Errors
/// A row that this appliance did not write; a store that does not answer.
pub async fn load(
    keeper: &Timekeeper,
    db: &dyn Store,
    records: &Records,
    max_stop: Span,
) -> Result<(), RecordsError> {
    let decided = Timestamp::from_micros(db.progress().await?.latest_micros);
    let signed = db.checkpoints(None, 1).await?;
    let latest = signed.first().map_or(decided, |head| head.at.max(decided));
    let stored = records.get::<ClockRecord>(ROW).await?;
    let record = stored.as_ref().map(|stored| &stored.record);
    keeper.resume(latest, record, max_stop);
    Ok(())
}

/// Keeps the wall clock beside the machine's own count, once for every start of the machine: from then
/// on small steps add up over restarts of the appliance, too. Not of a clock that is suspect.
pub async fn remember(clock: &ClockWatch) {
    if let Err(error) = remembered(clock).await {
        tracing::error!(%error, "a clock that is set while this is stopped may go unnoticed");
    }
}

async fn remembered(clock: &ClockWatch) -> Result<(), RecordsError> {
    let mut turn = clock.records.turn().await;
    let mut stored = stored(clock).await?;
    let seen = clock.timekeeper.seen();
    if clock.timekeeper.read().suspect.is_some() || same_boot(&stored.record.seen, &seen) {
        return Ok(());
    }
    stored.record.seen = seen;
    turn.commit(vec![draft(&stored)?], Vec::new()).await?;
    Ok(())
}

fn same_boot(before: &Option<Seen>, now: &Option<Seen>) -> bool {
    let boot = |seen: &Option<Seen>| seen.as_ref().map(|seen| seen.boot.clone());
    boot(before) == boot(now)
}

/// Looks at the clocks until the appliance halts.
pub async fn watch(clock: Arc<ClockWatch>) {
    let mut waited = EVERY;
    while clock.phase.get() != Phase::Halted {
        if waited >= EVERY {
            waited = Duration::ZERO;
            note(&clock).await;
        }
        tokio::time::sleep(STEP).await;
        waited += STEP;
    }
}

/// Looks at the clocks, and records a suspicion that is not recorded yet. It holds either way.
pub async fn note(clock: &ClockWatch) {
    let reading = clock.timekeeper.read();
    let suspect = if reading.suspect.is_some() { 1.0 } else { 0.0 };
    metrics::gauge!("countersign_clock_suspect").set(suspect);
    if clock.timekeeper.unrecorded().is_none() {
        return;
    }
    if let Err(error) = record(clock).await {
        tracing::error!(%error, "the clock is suspect; that is not recorded yet and tried again");
    }
}

async fn record(clock: &ClockWatch) -> Result<(), RecordsError> {
    let mut turn = clock.records.turn().await;
    let Some(suspicion) = clock.timekeeper.unrecorded() else {
        return Ok(());
    };
    tracing::error!(%suspicion, "the clock is suspect: `countersign clock confirm`");
    let mut stored = stored(clock).await?;
    stored.record.suspect = Some(suspicion);
    let entry = entry(clock, Actor::System, &suspicion, None)?;
    turn.commit(vec![draft(&stored)?], vec![entry]).await?;
    clock.timekeeper.recorded(&suspicion);
    Ok(())
}

/// Takes an operator's word that the wall clock is right, and answers both clocks as they are
/// from then on. Changes nothing where the clock is not suspect.
///
/// # Errors
/// As [`load`], or a log that cannot be written; the suspicion stays.
pub async fn confirm(
    clock: &ClockWatch,
    actor: Actor<'_>,
    by: &str,
) -> Result<Reading, RecordsError> {
    let mut turn = clock.records.turn().await;
    let reading = clock.timekeeper.read();
    let Some(suspicion) = reading.suspect else {
        return Ok(reading);
    };
    let mut stored = stored(clock).await?;
    stored.record = ClockRecord {
        suspect: None,
        confirmed: Some(Confirmed {
            by: by.to_owned(),
            time: reading.time.micros(),
            clock: reading.clock.micros(),
        }),
        seen: clock.timekeeper.seen(),
    };
    let mut entries = Vec::new();
    if clock.timekeeper.unrecorded().is_some() {
        entries.push(entry(clock, Actor::System, &suspicion, None)?);
    }
    entries.push(entry(clock, actor, &suspicion, Some(&reading))?);
    turn.commit(vec![draft(&stored)?], entries).await?;
    clock.timekeeper.trust(&reading);
    Ok(clock.timekeeper.read())
}

async fn stored(clock: &ClockWatch) -> Result<Stored<ClockRecord>, RecordsError> {
    let stored = clock.records.get::<ClockRecord>(ROW).await?;
    Ok(stored.unwrap_or_else(|| Stored {
        id: ROW,
        seq: 0,
        record: ClockRecord::default(),
    }))
}

fn draft(stored: &Stored<ClockRecord>) -> Result<Draft, RecordsError> {
    if stored.seq == 0 {
        Draft::new(stored.id, &stored.record)
    } else {
        Draft::update(stored)
    }
}

/// The log's word: what was noticed, and both clocks as they were confirmed.
fn entry(
    clock: &ClockWatch,
    actor: Actor<'_>,
    suspicion: &Suspicion,
    confirmed: Option<&Reading>,
) -> Result<Vec<u8>, RecordsError> {
    let detail = json!({
        "state": if confirmed.is_some() { "confirmed" } else { "suspect" },
        "direction": suspicion.direction(),
        "by": suspicion.by().to_string(),
        "since": Timestamp::from_micros(suspicion.since).to_string(),
        "clock": confirmed.map_or_else(
            || Timestamp::from_micros(suspicion.clock).to_string(),
            |reading| reading.clock.to_string(),
        ),
        "time": confirmed.map(|reading| reading.time.to_string()),
    });
    Ok(clock
        .journal
        .entry(EntryKind::Clock, actor, None, &detail)?)
}
