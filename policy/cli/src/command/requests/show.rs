//! `countersign requests show`

use countersign_api::{AskedGroup, BatchResult, GivenRejection, Request};
use countersign_intent::{RequestId, Span};

use crate::answer;
use crate::client::Call;
use crate::failure::Outcome;
use crate::output::Output;
use crate::session::Session;
use crate::table::{fields, table, time, words};

/// Show a request.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `req_…`
    id: RequestId,
    /// Wait up to this long for a pending request to be decided, e.g. `30s`
    #[arg(long, value_name = "TIME")]
    wait: Option<Span>,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let call = call(arguments.id, arguments.wait);
    session.call_and_show(&call, show)
}

/// Asks for one request, for as long as it is pending if a wait is given.
pub(super) fn call(id: RequestId, wait: Option<Span>) -> Call {
    Call::get(format!("/v1/requests/{id}"))
        .query("wait", wait)
        .held(wait)
}

/// Writes a request.
pub(crate) fn show(request: &Request, out: &mut Output) {
    fields(
        out,
        &[
            ("id", Some(request.id.clone())),
            ("kind", Some(request.kind.clone())),
            ("state", Some(request.state.clone())),
            ("asked by", Some(request.principal.clone())),
            ("wallet", request.wallet_id.clone()),
            ("created", Some(request.created_at.clone())),
            ("log entry", Some(request.log_index.to_string())),
            ("signature", request.signature.clone()),
        ],
    );
    people(request, out);
    answered(request, out);
    if let Some(result) = &request.result {
        out.line(format!("result: {result}"));
    }
}

/// What was answered when it was asked for. Of what people are asked that is only that they are, with a
/// whole policy where it is one: the text says it better.
fn answered(request: &Request, out: &mut Output) {
    if !request.asks.is_empty() || request.answer.is_null() {
        return;
    }
    match serde_json::from_value::<BatchResult>(request.answer.clone()) {
        Ok(result) => {
            out.line("answer:");
            answer::show_either(&result, out);
        }
        Err(_) => out.line(format!("answer: {}", request.answer)),
    }
}

/// Writes how far a request got by somebody's word, after it was read.
pub(super) fn said(request: &Request, out: &mut Output) {
    if let Some(rejection) = &request.rejection {
        out.line(rejected(rejection));
    }
    for asked in &request.asks {
        out.line(format!(
            "`{}`: {} of {} approvals of {}",
            asked.group, asked.counted, asked.quorum, request.id
        ));
    }
    out.line(format!("it is `{}`", request.state));
    if waits(request) {
        lacks(request, out);
    }
}

fn waits(request: &Request) -> bool {
    ["pending", "approved"].contains(&request.state.as_str())
}

fn lacks(request: &Request, out: &mut Output) {
    for missing in &request.missing {
        out.sentence("missing: ", 2, missing);
    }
}

/// What people are asked, what they said, and what is missing.
fn people(request: &Request, out: &mut Output) {
    if let Some(text) = &request.text {
        out.line("to approve:");
        text.lines().for_each(|line| out.line(format!("  {line}")));
    }
    request.asks.iter().for_each(|asked| ask(asked, out));
    if !request.approvals.is_empty() {
        let rows: Vec<_> = request
            .approvals
            .iter()
            .map(|given| {
                [
                    given.approver.clone(),
                    given.given_at.clone(),
                    given.posted_by.clone(),
                    if given.counts { "yes" } else { "no" }.to_owned(),
                ]
            })
            .collect();
        table(
            out,
            [
                words("approved by"),
                time("at"),
                words("handed in by"),
                words("counts"),
            ],
            &rows,
        );
    }
    if let Some(rejection) = &request.rejection {
        out.line(rejected(rejection));
    }
    match waits(request) {
        true => lacks(request, out),
        // What became of it is no lack.
        false => request
            .missing
            .iter()
            .for_each(|why| out.sentence("over: ", 2, why)),
    }
}

/// Nobody signs a no: it is the word of the operator, whoever they name.
fn rejected(rejection: &GivenRejection) -> String {
    let why = rejection
        .reason
        .as_ref()
        .map_or_else(String::new, |reason| format!(": {reason}"));
    let (by, at, named) = (&rejection.posted_by, &rejection.at, &rejection.approver);
    let whose = match by.ends_with(named.as_str()) {
        true => String::new(),
        false => format!(" for {named} (unsigned)"),
    };
    format!("rejected by {by}{whose} at {at}{why}")
}

fn ask(asked: &AskedGroup, out: &mut Output) {
    let member = |name: &String| match asked.do_not_count.get(name) {
        Some(why) => format!("{name} (does not count: {why})"),
        None => name.clone(),
    };
    let members: Vec<String> = asked.approvers.iter().map(member).collect();
    let told = format!(
        "`{}` has {} of {} approvals, for `{}`; of {}; opens {}, expires {}",
        asked.group,
        asked.counted,
        asked.quorum,
        asked.rule,
        members.join(", "),
        asked.opens_at,
        asked.expires_at
    );
    out.sentence("", 2, &told);
}
