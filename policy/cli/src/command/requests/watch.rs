//! `countersign requests watch`

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use countersign_api::{Page, Request};
use countersign_intent::{RequestId, Span};

use super::show;
use crate::client::Call;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::session::Session;

/// How often the list is asked for.
const PAUSE: Duration = Duration::from_secs(2);

/// How long one request is waited for in one call.
const HOLD: Span = Span::from_secs(30);

/// Watch requests.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `req_…`: wait until this one is decided; all that are pending unless told
    id: Option<RequestId>,
    /// Stop after about this long
    #[arg(long = "for", value_name = "TIME", default_value = "24h")]
    long: Span,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    match arguments.id {
        Some(id) => one(id, arguments.long, session),
        None => pending(arguments.long, session),
    }
}

/// Waits for one request; what it waits for is told whenever that changes.
fn one(id: RequestId, long: Span, session: &mut Session) -> Outcome {
    let rounds = rounds(long, Duration::from_micros(HOLD.micros()));
    let mut told = Vec::new();
    for round in 1..=rounds {
        let hold = Some(HOLD.min(long));
        let reply = session.call::<Request>(&show::call(id, hold))?;
        if reply.body.state != "pending" || round == rounds {
            let exit = ended(&reply.body.state);
            session.show(&reply.value, |out| show::show(&reply.body, out));
            return Ok(exit);
        }
        if reply.body.missing != told {
            told.clone_from(&reply.body.missing);
            for missing in &told {
                session.out.note(format!("missing: {missing}"));
            }
        }
    }
    Err(Failure::usage("expected `--for` of at least a second"))
}

/// 4 while people are waited for, 1 where it came to nothing, 0 where it may go on.
fn ended(state: &str) -> Exit {
    match state {
        "pending" => Exit::NeedsApproval,
        "denied" | "rejected" | "expired" => Exit::Refused,
        _ => Exit::Done,
    }
}

/// Tells of each request that starts or ends to wait.
fn pending(long: Span, session: &mut Session) -> Outcome {
    let mut known: BTreeMap<String, Request> = BTreeMap::new();
    for round in 0..rounds(long, PAUSE) {
        if round > 0 {
            thread::sleep(PAUSE);
        }
        let call = Call::get("/v1/requests")
            .query("status", Some("pending"))
            .query("limit", Some(500));
        let page = session.call::<Page<Request>>(&call)?.body;
        let now: BTreeMap<String, Request> = page
            .items
            .into_iter()
            .map(|request| (request.id.clone(), request))
            .collect();
        for (id, request) in &now {
            if !known.contains_key(id) {
                tell("waits", request, session);
            }
        }
        for (id, request) in &known {
            if !now.contains_key(id) {
                tell("waits no more", request, session);
            }
        }
        known = now;
        session.out.flush();
        if !session.out.is_open() {
            break;
        }
    }
    Ok(Exit::Done)
}

fn tell(event: &str, request: &Request, session: &mut Session) {
    if session.out.is_json() {
        let value = serde_json::json!({ "event": event, "request": request });
        session.out.value_line(&value);
        return;
    }
    let wallet = request.wallet_id.as_deref().unwrap_or("-");
    session.out.line(format!(
        "{} {event}: {} by {}, wallet {wallet}, since {}",
        request.id, request.kind, request.principal, request.created_at
    ));
}

fn rounds(long: Span, each: Duration) -> u64 {
    let each = u64::try_from(each.as_micros()).unwrap_or(u64::MAX);
    long.micros().div_ceil(each.max(1)).max(1)
}
