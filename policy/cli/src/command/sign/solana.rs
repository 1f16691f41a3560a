//! `countersign sign solana`

use countersign_api::{SignSolana, SignedAnswer};
use countersign_intent::{Address, RequestId, WalletId};

use crate::answer;
use crate::client::Call;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::message::Source;
use crate::session::Session;

/// A Solana message or transaction.
#[derive(Debug, clap::Args)]
pub(crate) struct Solana {
    #[command(flatten)]
    source: Source,
    /// `wal_…`
    #[arg(long, value_name = "WALLET_ID")]
    wallet: WalletId,
    /// Only the decision and its reasons: nothing is reserved or signed (operators can do only
    /// this)
    #[arg(long)]
    dry_run: bool,
    /// Mint of a token account that the message uses without naming it. May be repeated
    #[arg(long = "mint", value_name = "ADDRESS")]
    mints: Vec<Address>,
    /// `req_…` of an approved request with the same intent
    #[arg(long, value_name = "REQUEST_ID")]
    approved_request: Option<RequestId>,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(arguments: &Solana, session: &mut Session) -> Outcome {
    let (message, transaction) = arguments.source.read()?.fields();
    let body = SignSolana {
        wallet_id: arguments.wallet.to_string(),
        message,
        transaction,
        mints: arguments.mints.iter().map(Address::to_string).collect(),
        approved_request_id: arguments.approved_request.map(|id| id.to_string()),
    };
    let call = Call::post("/v1/sign/solana")
        .query("dry_run", arguments.dry_run.then_some(true))
        .json(&body)?
        .keyed(arguments.idempotency.key()?);
    let reply = session.call::<SignedAnswer>(&call)?;
    session.show(&reply.value, |out| answer::show(&reply.body, out));
    Ok(answer::exit(reply.body.decision))
}
