//! `countersign pki collect`

use std::path::PathBuf;

use countersign_api::Request;
use countersign_intent::RequestId;
use serde_json::Value;

use super::key;
use crate::client::Call;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::session::Session;

/// Fetch a certificate that people agreed to.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `req_…`, as `pki issue` told
    id: RequestId,
    /// File for the certificate; standard output unless told
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn why(request: &Request) -> String {
    match (request.kind.as_str(), request.state.as_str()) {
        ("certificate", "pending") => "people have not agreed to it yet".to_owned(),
        ("certificate", "approved") => "people agreed, and its delay is not over yet".to_owned(),
        ("certificate", state) => format!("it is `{state}`"),
        (kind, _) => format!("it asks for something else: `{kind}`"),
    }
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let call = Call::get(format!("/v1/requests/{}", arguments.id));
    let request = session.call::<Request>(&call)?.body;
    let pem = request
        .result
        .as_ref()
        .and_then(|result| result.get("pem"))
        .and_then(Value::as_str);
    let Some(pem) = pem else {
        let mut failure = Failure::refused(format!(
            "{} has no certificate: {}",
            request.id,
            why(&request)
        ));
        failure = request.missing.iter().fold(failure, |failure, missing| {
            failure.and(format!("missing: {missing}"))
        });
        if request.state == "pending" || request.state == "approved" {
            failure.exit = Exit::NeedsApproval;
        }
        return Err(failure);
    };
    if let Some(path) = &arguments.out {
        key::keep(path, pem)?;
    }
    session.show(&request.result, |out| match &arguments.out {
        Some(path) => out.line(format!("wrote the certificate to `{}`", path.display())),
        None => out.text(pem),
    });
    Ok(Exit::Done)
}
