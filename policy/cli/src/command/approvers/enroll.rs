//! `countersign approvers enroll`

use countersign_api::{EnrolApprover, EnrolmentText};
use countersign_policy::approval::text::of_enrolment;

use crate::change;
use crate::client::Call;
use crate::consent;
use crate::device::{Key, KeyArguments};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::idempotency::Idempotency;
use crate::output::Output;
use crate::session::Session;
use crate::table::fields;

/// Enrol a key.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    keys: KeyArguments,
    #[command(flatten)]
    enrolment: Enrolment,
}

/// Whose key it is.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Enrolment {
    /// The name that groups of the policy list
    #[arg(long)]
    name: String,
    /// Name of the operator who is the same person: what this operator asks for, the approver
    /// cannot approve
    #[arg(long)]
    operator: Option<String>,
    /// How the key signs: `solana-offchain-v0`, which every Ledger shows; `solana-offchain-v1` for a
    /// Ledger with Solana app 1.14 or later, and for a Trezor; `eip191`. What the device usually
    /// does unless told
    #[arg(long)]
    scheme: Option<String>,
    /// Without an appliance: make the proof for the one of this trust domain and print it
    #[arg(long, value_name = "TRUST_DOMAIN")]
    offline: Option<String>,
    /// Have everything signed, and send nothing: print what would be sent
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    enrol(&arguments.keys, &arguments.enrolment, session)
}

/// Shows the key, has the enrolment text signed by it, and asks for the change.
pub(crate) fn enrol(keys: &KeyArguments, enrolment: &Enrolment, session: &mut Session) -> Outcome {
    let mut key = keys.key()?;
    if let Some(scheme) = &enrolment.scheme {
        key.use_scheme(scheme)?;
    }
    let text = text(&key, enrolment, session)?;
    session
        .out
        .note(format!("the key is {} ({})", key.public_key, key.place));
    session
        .out
        .note("compare it with the screen and approve it there, then the text:");
    text.lines()
        .for_each(|line| session.out.note(format!("  {line}")));
    key.confirm()?;
    let message = consent::build(&key, &text)?;
    let body = EnrolApprover {
        name: enrolment.name.clone(),
        scheme: key.scheme.to_owned(),
        public_key: key.public_key.clone(),
        proof: key.sign(&message, &text)?,
        operator: enrolment.operator.clone(),
    };
    if enrolment.dry_run || enrolment.offline.is_some() {
        session.show(&body, |out| show(&body, out));
        return Ok(Exit::Done);
    }
    let call = Call::post("/v1/approvers").json(&body)?;
    change::ask(session, &call.keyed(enrolment.idempotency.key()?))
}

/// The text to sign: of this program's own making, and the same as the appliance's where there
/// is one.
fn text(key: &Key, enrolment: &Enrolment, session: &mut Session) -> Result<String, Failure> {
    let made = |domain: &str| {
        of_enrolment(domain, &enrolment.name, key.scheme, &key.public_key)
            .map_err(|error| Failure::usage(error.to_string()))
    };
    if let Some(domain) = &enrolment.offline {
        return made(domain);
    }
    let call = Call::get("/v1/approvers/enrolment-text")
        .query("name", Some(&enrolment.name))
        .query("scheme", Some(key.scheme))
        .query("public_key", Some(&key.public_key));
    let came = session.call::<EnrolmentText>(&call)?.body;
    consent::message(key, &came.text, &came.message)?;
    let domain = consent::trust_domain(&came.text).unwrap_or_default();
    if made(domain)? == came.text {
        return Ok(came.text);
    }
    Err(Failure::refused(
        "the appliance asks for a signature over another text than that of an enrolment; nothing \
         was signed",
    ))
}

fn show(body: &EnrolApprover, out: &mut Output) {
    fields(
        out,
        &[
            ("name", Some(body.name.clone())),
            ("scheme", Some(body.scheme.clone())),
            ("public key", Some(body.public_key.clone())),
            ("proof", Some(body.proof.clone())),
            ("operator", body.operator.clone()),
        ],
    );
}
