//! `countersign policy explain`

use std::path::{Path, PathBuf};

use countersign_decode::explain;
use countersign_decode::solana::{Context, Decoded};
use countersign_intent::{Address, Asset, RequestId, Span};
use countersign_policy::rule::Requirement;
use countersign_policy::{Decision, PolicySet, decide};
use serde_json::{Value, json};

use super::{facts, file};
use crate::client::Call;
use crate::command::{decode, requests};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::message;
use crate::output::Output;
use crate::session::Session;

/// Say why a request was decided as it was, or how a message would be.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `req_…`: what the appliance decided
    #[arg(required_unless_present = "message", conflicts_with_all = ["message", "wallet", "facts", "policy"])]
    request: Option<RequestId>,
    /// Offline: a message or transaction in base64, base58 or raw
    #[arg(
        long,
        value_name = "FILE",
        requires = "wallet",
        requires = "facts",
        requires = "policy"
    )]
    message: Option<PathBuf>,
    /// Offline: address of the wallet that would sign
    #[arg(long, value_name = "ADDRESS", requires = "message")]
    wallet: Option<Address>,
    /// Offline: TOML with `now`, `principal` and, where they matter, `tier`, `used`, `prices`
    #[arg(long, value_name = "FILE", requires = "message")]
    facts: Option<PathBuf>,
    /// Offline: the policy
    #[arg(long, value_name = "FILE", requires = "message")]
    policy: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let Arguments {
        request,
        message,
        wallet,
        facts,
        policy,
    } = arguments;
    match (request, message, wallet, facts, policy) {
        (_, Some(message), Some(wallet), Some(facts), Some(policy)) => {
            offline(message, *wallet, facts, policy, session)
        }
        (Some(id), ..) => {
            let call = Call::get(format!("/v1/requests/{id}"));
            session.call_and_show(&call, requests::show)
        }
        _ => Err(Failure::usage(
            "expected a request id, or `--message`, `--wallet`, `--facts` and `--policy`",
        )),
    }
}

fn offline(
    message: &Path,
    wallet: Address,
    facts: &Path,
    policy: &Path,
    session: &mut Session,
) -> Outcome {
    let policy = file::load(policy)?;
    let given = facts::load(facts)?;
    let decoded = read(message, wallet, &policy)?;
    let decision = given.apply(&policy, &decoded.intent, |facts| {
        decide(&policy, &decoded.intent, facts)
    })?;
    let effects = explain(&decoded.intent);
    session.show(&value(&policy, &decision, &effects), |out| {
        for effect in &effects {
            out.line(format!("- {effect}"));
        }
        show(&policy, &decision, out);
    });
    Ok(match decision {
        Decision::Allow(_) => Exit::Done,
        Decision::Deny(_) => Exit::Refused,
        Decision::NeedApproval(_) => Exit::NeedsApproval,
    })
}

/// Decodes with what the policy itself tells: its assets' mints, and its destinations as owners
/// of receiving accounts.
fn read(message: &Path, wallet: Address, policy: &PolicySet) -> Result<Decoded, Failure> {
    let owners: Vec<Address> = policy
        .destinations()
        .iter()
        .flat_map(|destination| destination.solana().iter().copied())
        .collect();
    let mints: Vec<Address> = policy
        .assets()
        .iter()
        .filter_map(|asset| match asset.asset() {
            Asset::Sol => None,
            Asset::Token(mint) => Some(mint),
        })
        .collect();
    let context = Context {
        owners: &owners,
        mints: &mints,
        ..Context::new(wallet)
    };
    let wire = message::Source::new(message.to_owned()).read()?;
    wire.decode(&context)
        .map_err(|error| decode::refused(&error))
}

fn show(policy: &PolicySet, decision: &Decision, out: &mut Output) {
    match decision {
        Decision::Allow(permit) => {
            let rules: Vec<&str> = permit.rules().collect();
            out.line(format!("allowed by {}", rules.join(", ")));
            for part in permit.reservations() {
                let limit = limit_name(policy, part.key.limit());
                out.line(format!("- counts {} under limit `{limit}`", part.amount));
            }
        }
        Decision::Deny(denial) => {
            out.line(format!("denied (`{}`)", denial.code().as_str()));
            for reason in &denial.reasons {
                out.line(format!("- {reason}"));
            }
            if let Some(at) = denial.retry_after() {
                out.line(format!("can succeed from {at} on"));
            }
        }
        Decision::NeedApproval(ask) => {
            out.line("needs approval");
            for one in &ask.requirements {
                out.line(format!("- {}", requirement(one)));
            }
        }
    }
}

fn requirement(one: &Requirement) -> String {
    let lock = if one.time_lock == Span::ZERO {
        String::new()
    } else {
        format!(", not before {} have passed", one.time_lock)
    };
    let cosign = if one.ledger_cosign {
        ", and a device's signature in the transaction"
    } else {
        ""
    };
    format!(
        "`{}`: {} of group `{}` within {}{lock}{cosign}",
        one.rule, one.quorum, one.group, one.expires
    )
}

fn value(policy: &PolicySet, decision: &Decision, effects: &[String]) -> Value {
    let mut value = match decision {
        Decision::Allow(permit) => json!({
            "decision": "allow",
            "rules": permit.rules().collect::<Vec<_>>(),
            "counts": permit.reservations().iter().map(|part| json!({
                "limit": limit_name(policy, part.key.limit()),
                "amount": part.amount.to_string(),
            })).collect::<Vec<_>>(),
        }),
        Decision::Deny(denial) => json!({
            "decision": "deny",
            "code": denial.code().as_str(),
            "reasons": denial.reasons.iter().map(|reason| json!({
                "code": reason.code.as_str(),
                "rule": reason.rule,
                "effect": reason.effect,
                "message": reason.message,
                "retry_after": reason.retry_after.map(|at| at.to_string()),
            })).collect::<Vec<_>>(),
        }),
        Decision::NeedApproval(ask) => json!({
            "decision": "approval_required",
            "requirements": ask.requirements.iter().map(|one| json!({
                "rule": one.rule,
                "group": one.group,
                "quorum": one.quorum,
                "time_lock": one.time_lock.to_string(),
                "expires": one.expires.to_string(),
                "ledger_cosign": one.ledger_cosign,
            })).collect::<Vec<_>>(),
        }),
    };
    if let Some(object) = value.as_object_mut() {
        object.insert("effects".to_owned(), json!(effects));
    }
    value
}

fn limit_name<'p>(policy: &'p PolicySet, id: &[u8; 16]) -> &'p str {
    let limit = policy.limits().iter().find(|limit| limit.id() == id);
    limit.map_or("a limit of the wallet", |limit| limit.name())
}
