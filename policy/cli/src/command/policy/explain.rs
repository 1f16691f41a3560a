//! `countersign policy explain`

mod recorded;
mod render;
mod told;

use std::path::{Path, PathBuf};

use countersign_api::{ErrorCode, Request};
use countersign_decode::solana::{Context, Decoded};
use countersign_intent::{Address, RequestId};
use countersign_policy::{Decision, LookupTables, PolicySet, explain};

use self::render::{show, value};
use super::{facts, file};
use crate::client::Call;
use crate::command::{decode, requests};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::message::{self, Wire};
use crate::session::Session;

/// What sign requests are called in a list of requests.
const SIGN: &str = "sign";

/// Say why a request was decided as it was, or how a message would be
///
/// Of a recorded request it tells the version of the policy that decided, what each of its rules said
/// of each effect, and every limit with what was used up at that time; and if another policy decides
/// by now, what that one would say now. For that the appliance has to have kept the message
/// (`store.keep_messages`).
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
        (Some(id), ..) => of_request(*id, session),
        _ => Err(Failure::usage(
            "expected a request id, or `--message`, `--wallet`, `--facts` and `--policy`",
        )),
    }
}

fn of_request(id: RequestId, session: &mut Session) -> Outcome {
    let reply = session.call::<Request>(&Call::get(format!("/v1/requests/{id}")))?;
    let request = &reply.body;
    if request.kind != SIGN {
        session.out.note(format!(
            "rules and limits are about sign requests, and this is a `{}`; `requests show` tells who \
             has to agree to it",
            request.kind
        ));
        session.show(&reply.value, |out| requests::show::show(request, out));
        return Ok(Exit::Done);
    }
    let told = match recorded::tell(request, id, session) {
        Ok(told) => told,
        Err(failure) if failure.is(ErrorCode::Forbidden) => {
            session
                .out
                .note("only operators and auditors are told of rules and limits");
            session.show(&reply.value, |out| requests::show::show(request, out));
            return Ok(Exit::Done);
        }
        Err(failure) => return Err(failure),
    };
    let value = told::value(&reply.value, request, &told);
    session.show(&value, |out| told::show(request, &told, out));
    Ok(Exit::Done)
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
    let explained = given.apply(&policy, &decoded.intent, |facts| {
        explain(&policy, &decoded.intent, facts)
    })?;
    if policy.lookup_tables() == LookupTables::Attested {
        session.out.note(
            "lookup tables count as the appliance has them attested; offline none is known, so what \
             only a table names is read as if the policy said `strict`",
        );
    }
    session.show(&value(&explained), |out| show(&explained, out));
    Ok(match explained.decision {
        Decision::Allow(_) => Exit::Done,
        Decision::Deny(_) => Exit::Refused,
        Decision::NeedApproval(_) => Exit::NeedsApproval,
    })
}

fn read(message: &Path, wallet: Address, policy: &PolicySet) -> Result<Decoded, Failure> {
    let wire = message::Source::new(message.to_owned()).read()?;
    understood(&wire, wallet, policy)
}

/// Decodes with what the policy itself tells: its assets' mints, and its destinations as owners
/// of receiving accounts.
///
/// # Errors
/// What the appliance would not sign.
pub(crate) fn understood(
    wire: &Wire,
    wallet: Address,
    policy: &PolicySet,
) -> Result<Decoded, Failure> {
    let owners: Vec<Address> = policy
        .destinations()
        .iter()
        .flat_map(|destination| destination.solana().iter().copied())
        .collect();
    let mints: Vec<Address> = policy
        .assets()
        .iter()
        .filter_map(|one| one.asset().mint())
        .collect();
    let context = Context {
        owners: &owners,
        mints: &mints,
        ..Context::new(wallet)
    };
    wire.decode(&context)
        .map_err(|error| decode::refused(&error))
}
