//! CPU time of a process.

use anyhow::{Context, Result};

/// Clock ticks per second of `/proc`, fixed by the Linux ABI.
const TICKS: f64 = 100.0;

/// User and system time of a process so far, in microseconds.
pub(crate) fn micros(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The command's name stands in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(')').context("no process name")?;
    let ticks = |index: usize| -> Result<f64> {
        let field = fields.split_whitespace().nth(index).context("short stat")?;
        Ok(field.parse()?)
    };
    Ok((ticks(11)? + ticks(12)?) / TICKS * 1e6)
}
