//! `countersign sign evm`

use std::path::PathBuf;

use countersign_api::{SignEvm, SignedAnswer};
use countersign_intent::{RequestId, WalletId};
use serde_json::value::RawValue;

use crate::answer;
use crate::client::Call;
use crate::failure::{Failure, Outcome};
use crate::idempotency::Idempotency;
use crate::input;
use crate::session::Session;

/// Largest input in bytes, as the appliance takes it.
const MAX_INPUT: u64 = 128 * 1024;

/// A transaction of an EVM chain, or typed data.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Evm {
    /// File with the transaction, as a JSON object or as unsigned raw bytes in hexadecimal digits;
    /// `-` for standard input
    file: PathBuf,
    /// The file holds typed data (EIP-712)
    #[arg(long)]
    typed_data: bool,
    /// `wal_…`
    #[arg(long, value_name = "WALLET_ID")]
    wallet: WalletId,
    /// Only the decision and its reasons: nothing is reserved or signed (operators can do only
    /// this)
    #[arg(long)]
    dry_run: bool,
    /// `req_…` of an approved request with the same intent
    #[arg(long, value_name = "REQUEST_ID")]
    approved_request: Option<RequestId>,
    #[command(flatten)]
    idempotency: Idempotency,
}

impl Evm {
    fn read(&self) -> Result<Box<RawValue>, Failure> {
        let text = input::read_text(&self.file, MAX_INPUT)?;
        let text = text.trim();
        let json = match text.starts_with("0x") {
            true => format!("\"{text}\""),
            false => text.to_owned(),
        };
        RawValue::from_string(json).map_err(|error| {
            Failure::usage(format!(
                "expected JSON, or `0x` and hexadecimal digits, in `{}`: {error}",
                self.file.display()
            ))
        })
    }
}

pub(super) fn run(arguments: &Evm, session: &mut Session) -> Outcome {
    let given = arguments.read()?;
    let (transaction, typed_data) = match arguments.typed_data {
        true => (None, Some(given)),
        false => (Some(given), None),
    };
    let body = SignEvm {
        wallet_id: arguments.wallet.to_string(),
        transaction,
        typed_data,
        approved_request_id: arguments.approved_request.map(|id| id.to_string()),
    };
    let call = Call::post("/v1/sign/evm")
        .query("dry_run", arguments.dry_run.then_some(true))
        .json(&body)?
        .keyed(arguments.idempotency.key()?);
    let reply = session.call::<SignedAnswer>(&call)?;
    session.show(&reply.value, |out| answer::show(&reply.body, out));
    Ok(answer::exit(reply.body.decision))
}
