//! `countersign status`

use countersign_api::{Check, ClockState, FirstFreeze, FreezeScope, FreezeState, Status};

use crate::client::Call;
use crate::failure::Outcome;
use crate::output::Output;
use crate::session::Session;
use crate::table::{cell, end, fields, table, time, whole, words};

pub(super) fn run(session: &mut Session) -> Outcome {
    session.call_and_show(&Call::get("/v1/status"), show)
}

fn show(status: &Status, out: &mut Output) {
    fields(
        out,
        &[
            ("phase", Some(status.phase.clone())),
            ("version", Some(status.version.clone())),
            ("you", Some(status.you.clone())),
            ("policy", status.policy_hash.clone()),
            ("log", Some(log(status))),
            ("log key", Some(status.log_vkey.clone())),
            ("clock", Some(clock(&status.clock))),
        ],
    );
    for warning in &status.warnings {
        out.line(format!("WARNING: {warning}"));
    }
    out.line("");
    let rows: Vec<_> = status.checks.iter().map(check).collect();
    table(
        out,
        [words("check"), words("state"), words("detail")],
        &rows,
    );
    out.line("");
    if status.freezes.is_empty() {
        out.line("no freezes");
        return;
    }
    let rows: Vec<_> = status.freezes.iter().map(freeze).collect();
    table(
        out,
        [
            whole("frozen"),
            time("since"),
            end("by").spare(),
            words("reason"),
            words("recorded"),
        ],
        &rows,
    );
}

fn log(status: &Status) -> String {
    format!(
        "{} entries, {} of them under a signed checkpoint",
        status.log_size, status.checkpoint_size
    )
}

/// The clock in one line.
pub(super) fn clock(clock: &ClockState) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    if clock.state == "ok" && clock.time == clock.clock {
        return format!("ok, {}", clock.clock);
    }
    if clock.state == "ok" {
        return format!(
            "ok, {}; time stands still at {} until then",
            clock.clock, clock.time
        );
    }
    format!(
        "{} since {}: it went {} by {}; it says {}, and time goes on at {}",
        clock.state.to_uppercase(),
        part(&clock.since),
        part(&clock.direction),
        part(&clock.by),
        clock.clock,
        clock.time
    )
}

fn check(check: &Check) -> [String; 3] {
    let state = if check.ok { "ok" } else { "FAILS" };
    let detail = check.detail.clone().unwrap_or_default();
    [check.name.clone(), state.to_owned(), detail]
}

fn freeze(freeze: &FreezeState) -> [String; 5] {
    let recorded = if freeze.recorded { "yes" } else { "not yet" };
    [
        scope(&freeze.scope),
        freeze.since.clone(),
        freeze.by.clone(),
        why(freeze),
        recorded.to_owned(),
    ]
}

fn why(freeze: &FreezeState) -> String {
    let reason = cell(freeze.reason.as_ref());
    match &freeze.first {
        Some(first) => format!("{reason}; before: {}", self::first(first)),
        None => reason,
    }
}

/// The freeze that another one was put on top of.
pub(super) fn first(first: &FirstFreeze) -> String {
    let reason = first.reason.as_deref().unwrap_or("no reason given");
    format!("since {} by {}: {reason}", first.since, first.by)
}

/// A scope in words.
pub(super) fn scope(scope: &FreezeScope) -> String {
    match scope {
        FreezeScope::Everything => "everything".to_owned(),
        FreezeScope::Venue(venue) => format!("venue {venue}"),
        FreezeScope::User(user) => format!("user {user}"),
        FreezeScope::Wallet(wallet) => format!("wallet {wallet}"),
        FreezeScope::Bot(bot) => format!("bot {bot}"),
        FreezeScope::Principal(principal) => format!("principal {principal}"),
    }
}
