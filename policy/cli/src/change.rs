//! Changes that other people have to agree to.

use countersign_api::{Decision, PendingChange, Rehearsed};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::Call;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::idempotency::Idempotency;
use crate::output::Output;
use crate::session::Session;
use crate::table::fields;

/// The flag of commands that change something and have nothing else to show beforehand.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct DryRun {
    /// Only have the appliance say what would happen
    #[arg(long)]
    pub dry_run: bool,
}

/// The flags of every command that changes something.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Sending {
    #[command(flatten)]
    preview: DryRun,
    #[command(flatten)]
    idempotency: Idempotency,
}

impl Sending {
    /// Whether to show only what would be sent.
    pub(crate) const fn dry_run(&self) -> bool {
        self.preview.dry_run
    }

    /// The call under its key.
    ///
    /// # Errors
    /// As [`Idempotency::key`].
    pub(crate) fn keyed(&self, call: Call) -> Result<Call, Failure> {
        Ok(call.keyed(self.idempotency.key()?))
    }

    /// Sends it and shows the answer, or what the appliance would do.
    ///
    /// # Errors
    /// As [`Session::call`].
    pub(crate) fn send<T: DeserializeOwned>(
        &self,
        session: &mut Session,
        call: Call,
        people: impl FnOnce(&T, &mut Output),
    ) -> Outcome {
        if self.dry_run() {
            return preview(session, &call);
        }
        session.call_and_show(&self.keyed(call)?, people)
    }

    /// The same for a change that other people may have to agree to; `done` tells what one that
    /// took effect at once brought about.
    ///
    /// # Errors
    /// As [`Session::call`].
    pub(crate) fn ask<T: DeserializeOwned>(
        &self,
        session: &mut Session,
        call: Call,
        done: impl FnOnce(&T, &mut Output),
    ) -> Outcome {
        if self.dry_run() {
            return preview(session, &call);
        }
        ask_and_show(session, &self.keyed(call)?, done)
    }
}

/// Has the appliance say what it would do, with the checks and errors of the call itself. Nothing
/// is changed.
///
/// # Errors
/// As [`Session::call`].
pub(crate) fn preview(session: &mut Session, call: &Call) -> Outcome {
    let call = call.clone().query("dry_run", Some(true));
    // The call as it would be sent has a key.
    let call = match call.idempotency_key {
        Some(_) => call,
        None => call.keyed(Idempotency::default().key()?),
    };
    let reply = session.call::<Rehearsed>(&call)?;
    session.show(&reply.value, |out| would(&reply.body, out));
    Ok(match reply.body.decision {
        Decision::Allow => Exit::Done,
        Decision::ApprovalRequired => Exit::NeedsApproval,
        Decision::Deny => Exit::Refused,
    })
}

fn would(rehearsed: &Rehearsed, out: &mut Output) {
    if let Some(asked) = &rehearsed.change {
        out.line("people would be asked:");
        for (label, key) in [
            ("change", "kind"),
            ("group", "group"),
            ("quorum", "quorum"),
            ("opens", "opens_at"),
            ("expires", "expires_at"),
        ] {
            if let Some(value) = asked.get(key) {
                let plain = value.as_str().map(str::to_owned);
                out.line(format!(
                    "  {label}: {}",
                    plain.unwrap_or_else(|| value.to_string())
                ));
            }
        }
        let why = asked.get("why").and_then(Value::as_array);
        for line in why.into_iter().flatten().filter_map(Value::as_str) {
            out.line(format!("  - {line}"));
        }
        found(asked, out);
    } else if rehearsed.entries.is_empty() {
        out.line("nothing would change");
    }
    for entry in &rehearsed.entries {
        let subject = entry.subject.as_deref().unwrap_or_default();
        let (kind, detail) = (&entry.kind, &entry.detail);
        out.line(format!("would be done: {kind} {subject} {detail}"));
    }
    out.line("dry run: nothing was changed");
}

/// What is likely to be a mistake in what people would be asked.
fn found(asked: &Value, out: &mut Output) {
    let findings = asked.get("findings").and_then(Value::as_array);
    for finding in findings.into_iter().flatten() {
        let part = |key: &str| finding.get(key).and_then(Value::as_str).unwrap_or_default();
        let (severity, subject) = (part("severity"), part("subject"));
        out.line(format!("  {severity}: {subject}: {}", part("message")));
    }
}

/// Asks for a change, and shows what it waits for, or what it brought about at once.
///
/// # Errors
/// As [`Session::call`].
pub(crate) fn ask(session: &mut Session, call: &Call) -> Outcome {
    ask_and_show(session, call, |_: &Value, out| out.line("done"))
}

/// The same, where `done` tells what a change that took effect at once brought about.
///
/// # Errors
/// As [`Session::call`].
fn ask_and_show<T: DeserializeOwned>(
    session: &mut Session,
    call: &Call,
    done: impl FnOnce(&T, &mut Output),
) -> Outcome {
    let reply = session.call::<Value>(call)?;
    let pending = serde_json::from_value::<PendingChange>(reply.body.clone());
    let told = serde_json::from_value::<T>(reply.body.clone());
    session.show(&reply.value, |out| match (&pending, &told) {
        (Ok(pending), _) => show(pending, out),
        (Err(_), Ok(told)) => done(told, out),
        (Err(_), Err(_)) => out.line("done"),
    });
    if let (Ok(pending), Exit::NeedsApproval) = (&pending, reply.exit()) {
        session.out.note(format!(
            "it takes effect once the group agreed and its time lock is over: `countersign \
             requests approve {}`",
            pending.request_id
        ));
    }
    Ok(reply.exit())
}

/// Writes what a change waits for.
pub(crate) fn show(pending: &PendingChange, out: &mut Output) {
    fields(
        out,
        &[
            ("request", Some(pending.request_id.clone())),
            ("change", Some(pending.kind.clone())),
            (
                "needs",
                Some(format!("{} of `{}`", pending.quorum, pending.group)),
            ),
            ("opens", Some(pending.opens_at.clone())),
            ("expires", Some(pending.expires_at.clone())),
            ("log entry", Some(pending.log_index.to_string())),
        ],
    );
    for why in &pending.why {
        out.line(format!("- {why}"));
    }
}
