//! Act 6: an auditor takes the log away and verifies it without the appliance.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use countersign_api::{AuditEntry, AuditPage, Checkpoint};
use countersign_audit::export::{checkpoint_line, end_line, entry_line, header_line};
use countersign_audit::verify::{Fault, Options, Report, VerifyError, verify};
use countersign_audit::{LogKey, leaf_hash};
use softhsm_tests::Client;

use crate::ask::Signed;
use crate::stage::Stage;

const PAGE: u64 = 500;
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) async fn act(stage: &mut Stage<'_>, trade: &Signed) -> Result<()> {
    stage.screen.title("6  Verify the log")?;
    let pinned = pinned(stage)?;
    stage
        .screen
        .say("the auditor was given the log's public key when the appliance was set up:")?;
    stage.screen.detail(&pinned.vkey())?;
    let auditor = stage.client("auditor")?;
    stage
        .screen
        .sent("auditor", "GET /v1/audit/checkpoint, /v1/audit/entries")?;
    let (entries, export, report) = settled(&auditor, &pinned).await?;
    show(stage, &report, export.len())?;
    let entry = of_trade(&entries, trade)?;
    stage.screen.yes(&format!(
        "entry {} is the trade of act 2, {}",
        entry.index, trade.answer.request_id
    ))?;
    forge(stage, &pinned, export, entry.index)
}

/// The log, once what became of the last signatures is in it: that is recorded just after they are
/// answered.
async fn settled(auditor: &Client, pinned: &LogKey) -> Result<(Vec<AuditEntry>, Vec<u8>, Report)> {
    let mut tries = 0;
    loop {
        let checkpoint: Checkpoint = auditor.get("/v1/audit/checkpoint").await?.ok()?;
        let entries = entries(auditor, checkpoint.size).await?;
        let export = export(pinned, &checkpoint, &entries)?;
        let report = verify(&export[..], pinned, &[], Options::default())?;
        tries += 1;
        if report.open_total == 0 || tries == TRIES {
            return Ok((entries, export, report));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn pinned(stage: &Stage<'_>) -> Result<LogKey> {
    let told = stage.read("init.txt")?;
    let line = told.lines().find_map(|line| line.strip_prefix("log key"));
    let vkey = line.context("`countersignd init` named no log key")?;
    Ok(LogKey::parse(vkey.trim())?)
}

async fn entries(auditor: &Client, size: u64) -> Result<Vec<AuditEntry>> {
    let mut entries: Vec<AuditEntry> = Vec::new();
    let mut start = 0;
    while start < size {
        let limit = PAGE.min(size - start);
        let path = format!("/v1/audit/entries?start={start}&limit={limit}");
        let page: AuditPage = auditor.get(&path).await?.ok()?;
        ensure!(!page.items.is_empty(), "entry {start} of {size} is missing");
        entries.extend(page.items);
        start = u64::try_from(entries.len())?;
    }
    Ok(entries)
}

fn export(pinned: &LogKey, checkpoint: &Checkpoint, entries: &[AuditEntry]) -> Result<Vec<u8>> {
    let mut export = header_line(pinned)?;
    for entry in entries {
        let bytes = entry.entry.as_bytes();
        export.extend(entry_line(entry.index, leaf_hash(bytes), bytes)?);
    }
    export.extend(checkpoint_line(&checkpoint.note)?);
    export.extend(end_line(checkpoint.size)?);
    Ok(export)
}

fn show(stage: &mut Stage<'_>, report: &Report, bytes: usize) -> Result<()> {
    ensure!(
        report.signed == report.entries && report.unsigned_tail == 0,
        "{report}"
    );
    ensure!(
        report.open_total == 0 && report.concerns_total == 0,
        "{report}"
    );
    stage.screen.yes(&format!(
        "{} entries ({bytes} bytes), all under one signature of the HSM's log key:",
        report.entries
    ))?;
    for (kind, count) in &report.kinds {
        stage.screen.detail(&format!("{count:>4} {kind}"))?;
    }
    stage
        .screen
        .yes("every reservation has its outcome; nothing contradicts anything")?;
    Ok(())
}

fn of_trade<'e>(entries: &'e [AuditEntry], trade: &Signed) -> Result<&'e AuditEntry> {
    let index = trade.answer.log_index;
    let entry = entries.iter().find(|entry| entry.index == index);
    let entry = entry.context("the trade is not in the log")?;
    ensure!(
        entry.entry.contains(&trade.answer.request_id),
        "entry {index} is of another request: {}",
        entry.entry
    );
    Ok(entry)
}

/// Where `text` starts, at or after `from`.
fn find(export: &[u8], from: usize, text: &str) -> Result<usize> {
    let rest = export.get(from..).unwrap_or_default();
    let found = rest
        .windows(text.len())
        .position(|window| window == text.as_bytes());
    let found = found.with_context(|| format!("`{text}` is not in the export"))?;
    Ok(from + found)
}

/// The amount of the trade is changed by one digit.
fn forge(stage: &mut Stage<'_>, pinned: &LogKey, mut export: Vec<u8>, index: u64) -> Result<()> {
    let line = find(&export, 0, &format!("{{\"index\":{index},"))?;
    let amount = find(&export, line, "135.78555 USDC")?;
    *export.get_mut(amount).context("no digit")? ^= 1;
    stage.screen.say(&format!(
        "somebody changes one byte of entry {index} in the export: 135.78555 → 035.78555 USDC"
    ))?;
    match verify(&export[..], pinned, &[], Options::default()) {
        Err(VerifyError::Found(finding))
            if finding.fault == Fault::Altered && finding.index == Some(index) =>
        {
            stage.screen.no(&finding.to_string())?;
            Ok(stage.screen.yes("found")?)
        }
        Err(other) => anyhow::bail!("expected an altered entry, got: {other}"),
        Ok(_) => anyhow::bail!("a forged log was accepted"),
    }
}
