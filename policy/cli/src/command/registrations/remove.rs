//! `countersign registrations remove`

use countersign_api::Method;
use countersign_intent::RegistrationId;
use serde_json::{Value, json};

use crate::change::{self, DryRun};
use crate::client::Call;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::session::Session;

/// Take something off the register.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `rgn_…`
    id: RegistrationId,
    #[command(flatten)]
    preview: DryRun,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let id = arguments.id;
    let call = Call::new(Method::Delete, format!("/v1/registrations/{id}"));
    if arguments.preview.dry_run {
        return change::preview(session, &call);
    }
    let reply = session.call::<Value>(&call.keyed(arguments.idempotency.key()?))?;
    let value = match &reply.value {
        Value::Null => json!({ "id": id.to_string(), "removed": true }),
        said => said.clone(),
    };
    session.show(&value, |out| out.line(format!("removed {id}")));
    Ok(reply.exit())
}
