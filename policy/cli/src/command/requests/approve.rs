//! `countersign requests approve`

use countersign_api::{ApprovalText, Approve, Approver, Page, Request};
use countersign_intent::RequestId;

use super::show;
use crate::client::Call;
use crate::consent;
use crate::device::{Key, KeyArguments, pages};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::idempotency::Idempotency;
use crate::session::Session;

/// Most approvers that are looked through for a key.
const MOST: u32 = 500;

/// Approve a request.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `req_…`
    id: RequestId,
    /// Whose key it is; whoever is enrolled with the key unless told
    #[arg(long, value_name = "NAME")]
    approver: Option<String>,
    #[command(flatten)]
    keys: KeyArguments,
    /// Show what would be signed, and stop there
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let enrolled = enrolled(session, arguments.approver.as_deref())?;
    let request = session.call::<Request>(&show::call(arguments.id, None))?;
    let request = request.body;
    waits(&request)?;
    if let [only] = enrolled.as_slice() {
        not_said(&request, only)?;
    }
    let (mut key, approver) = matching(arguments.keys.key()?, &enrolled)?;
    not_said(&request, approver)?;
    let asked = Call::get(format!("/v1/requests/{}/approval-text", arguments.id))
        .query("approver_id", Some(&approver.id));
    let asked = session.call::<ApprovalText>(&asked)?.body;
    let message = checked(arguments.id, &key, &asked)?;
    if arguments.dry_run {
        session.show(&asked, |out| out.text(&asked.text));
        return Ok(Exit::Done);
    }
    session.out.note(format!(
        "as `{}`, with {} ({}):",
        approver.name, key.public_key, key.place
    ));
    to_read(&asked.text, &key, session);
    let body = Approve {
        approver_id: approver.id.clone(),
        scheme: key.scheme.to_owned(),
        signature: key.sign(&message, &asked.text)?,
    };
    let call = Call::post(format!("/v1/requests/{}/approvals", arguments.id)).json(&body)?;
    let call = call.keyed(arguments.idempotency.key()?);
    session.call_and_show::<Request>(&call, |request, out| {
        out.line(format!("{} approved", approver.name));
        show::said(request, out);
    })
}

/// Nobody reads eleven screens of something that is over.
fn waits(request: &Request) -> Result<(), Failure> {
    if ["pending", "approved"].contains(&request.state.as_str()) {
        return Ok(());
    }
    let why = request.missing.join("; ");
    Err(Failure::refused(format!(
        "{} is `{}`, so there is nothing to approve",
        request.id, request.state
    ))
    .and(why))
}

/// Nor of something they agreed to already.
fn not_said(request: &Request, approver: &Approver) -> Result<(), Failure> {
    let mut said = request.approvals.iter();
    if said.any(|one| one.approver_id == approver.id && one.counts) {
        return Err(Failure::refused(format!(
            "`{}` approved {} already, and the approval counts; others have to",
            approver.name, request.id
        )));
    }
    Ok(())
}

/// The text as the device shows it, page by page where that is known.
fn to_read(text: &str, key: &Key, session: &mut Session) {
    if key.path().is_none() {
        for line in text.lines() {
            session.out.note(format!("  {line}"));
        }
        return;
    }
    let pages = pages::nano(text);
    for (at, page) in pages.iter().enumerate() {
        session
            .out
            .note(format!("  -- page {} of {} on a Nano", at + 1, pages.len()));
        for line in page {
            session.out.note(format!("  {line}"));
        }
    }
    session
        .out
        .note("read it on the Ledger: it has to be the same, character for character");
    session.out.note(
        "on a Flex or Stax open `More` first and read to the end; to say no, reject it there, and let \
         no other program use the Ledger until then",
    );
}

/// The approvers of now; only the named one, where one was named.
fn enrolled(session: &mut Session, named: Option<&str>) -> Result<Vec<Approver>, Failure> {
    let call = Call::get("/v1/approvers").query("limit", Some(MOST));
    let mut found = session.call::<Page<Approver>>(&call)?.body.items;
    found.retain(|one| one.removed_at.is_none());
    if let Some(named) = named {
        found.retain(|one| one.name == named || one.id == named);
    }
    if found.is_empty() {
        let who = named.map_or_else(|| "no approver".to_owned(), |name| format!("`{name}`"));
        return Err(Failure::usage(format!(
            "{who} is enrolled: `countersign approvers list` shows who is"
        )));
    }
    Ok(found)
}

/// Who is enrolled with the key.
fn matching(mut key: Key, enrolled: &[Approver]) -> Result<(Key, &Approver), Failure> {
    let owner = enrolled
        .iter()
        .find(|one| key.is(&one.scheme, &one.public_key));
    if let Some(owner) = owner {
        key.use_scheme(&owner.scheme)?;
        return Ok((key, owner));
    }
    let wanted: Vec<String> = enrolled
        .iter()
        .map(|one| format!("`{}` with {} ({})", one.name, one.public_key, one.scheme))
        .collect();
    Err(Failure::usage(format!(
        "nobody is enrolled with {} ({}, {})",
        key.public_key, key.place, key.scheme
    ))
    .and(format!("enrolled: {}", wanted.join(", ")))
    .and("is it another device, another app, or another `--path`?"))
}

/// The bytes to sign, if everything that came belongs together.
fn checked(id: RequestId, key: &Key, asked: &ApprovalText) -> Result<Vec<u8>, Failure> {
    let wrong = |what: &str, expected: &str, got: &str| {
        Failure::refused(format!(
            "expected {what} `{expected}`, the appliance answered `{got}`; nothing was signed"
        ))
    };
    if asked.request_id != id.to_string() {
        return Err(wrong("the request", &id.to_string(), &asked.request_id));
    }
    if asked.scheme != key.scheme {
        return Err(wrong("the scheme", key.scheme, &asked.scheme));
    }
    if !key.is(&asked.scheme, &asked.public_key) {
        return Err(wrong("the key", &key.public_key, &asked.public_key));
    }
    if !asked.text.lines().any(|line| line == asked.request_id) {
        return Err(Failure::refused(format!(
            "the text to approve does not name the request {id}; nothing was signed"
        )));
    }
    consent::message(key, &asked.text, &asked.message)
}
