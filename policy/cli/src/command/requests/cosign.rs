//! `countersign requests cosign`

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_api::{Request, Wallet};
use countersign_decode::explain as explained;
use countersign_decode::solana::Decoded;
use countersign_intent::{Address, RequestId, intent_digest};
use serde_json::json;

use super::blind::Screen;
use super::show;
use crate::client::Call;
use crate::command::policy::active;
use crate::command::policy::explain::understood;
use crate::device::{Key, KeyArguments};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::message::Source;
use crate::session::Session;

/// Sign a withdrawal's transaction: the bot's fresh message comes in, a transaction with your
/// signature goes out, for the bot to send with `approved_request_id`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `req_…`
    id: RequestId,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    keys: KeyArguments,
    /// File for the transaction in base64; standard output unless told
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Sign though the Ledger shows a hash alone, with blind signing on: what the message does stands
    /// then by this computer's word
    #[arg(long)]
    blind: bool,
    /// Check the message against the request, say what it does, and stop there
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let request = session
        .call::<Request>(&show::call(arguments.id, None))?
        .body;
    let decoded = checked(&request, arguments, session)?;
    for line in explained(&decoded.intent) {
        session.out.note(format!("  {line}"));
    }
    if arguments.dry_run {
        let value = json!({ "request_id": request.id, "cosigners": cosigners(&decoded) });
        session.show(&value, |out| {
            out.line("it means what the request asked for")
        });
        return Ok(Exit::Done);
    }
    let (mut key, signer) = signer(arguments.keys.key()?, &decoded)?;
    session
        .out
        .note(format!("with {} ({}):", key.public_key, key.place));
    let screen = Screen::of(decoded.input.as_bytes(), &key)?;
    screen.check(arguments.blind)?;
    session.out.note(screen.compare());
    let signature = key
        .sign_transaction(decoded.input.as_bytes())
        .map_err(|failure| screen.explain(failure))?;
    let transaction = decoded
        .with_cosignature(&signer, signature)
        .map(|bytes| STANDARD.encode(bytes))
        .ok_or_else(|| Failure::usage("the key has no place in this message"))?;
    if let Some(path) = &arguments.out {
        keep(path, &transaction)?;
    }
    let value = json!({
        "request_id": request.id,
        "cosigner": key.public_key,
        "signature": bs58::encode(signature).into_string(),
        "transaction": transaction,
    });
    session.show(&value, |out| match &arguments.out {
        Some(path) => out.line(format!("wrote the transaction to `{}`", path.display())),
        None => out.line(&transaction),
    });
    session.out.note(format!(
        "the bot sends it as `transaction` with `approved_request_id` {}",
        request.id
    ));
    Ok(Exit::Done)
}

/// The message, understood here, if it means what the request asked for and people approve.
fn checked(
    request: &Request,
    arguments: &Arguments,
    session: &mut Session,
) -> Result<Decoded, Failure> {
    let held = ["pending", "approved"].contains(&request.state.as_str());
    let (Some(wallet), Some(text), true) = (&request.wallet_id, &request.text, held) else {
        return Err(Failure::usage(format!(
            "expected a withdrawal that waits for people, {} is `{}` and `{}`",
            request.id, request.kind, request.state
        )));
    };
    let wallet = session
        .call::<Wallet>(&Call::get(format!("/v1/wallets/{wallet}")))?
        .body;
    let address: Address = wallet.address.parse().map_err(|_| {
        Failure::unreachable(format!("`{}` is no address of a wallet", wallet.address))
    })?;
    let policy = active::fetch(session)?;
    let decoded = understood(&arguments.source.read()?, address, &policy)?;
    let digest = format!("digest {}", hex::encode(intent_digest(&decoded.intent)));
    if text.lines().next_back() == Some(&digest) {
        return Ok(decoded);
    }
    Err(
        Failure::refused("the message does something else than the request asked for")
            .and(format!("  this message: {digest}"))
            .and("  ask the bot for a message of the same withdrawal, with a fresh blockhash"),
    )
}

fn cosigners(decoded: &Decoded) -> Vec<String> {
    let cosigners = decoded.intent.cosigners().iter();
    cosigners.map(ToString::to_string).collect()
}

/// The key, if it has to sign the message.
fn signer(key: Key, decoded: &Decoded) -> Result<(Key, Address), Failure> {
    let signers = decoded.intent.cosigners().iter();
    let mut signers = signers.filter_map(|one| one.solana());
    if let Some(signer) = signers.find(|one| one.to_string() == key.public_key) {
        return Ok((key, signer));
    }
    let wanted = cosigners(decoded);
    let signers = if wanted.is_empty() {
        "nobody else has to sign it".to_owned()
    } else {
        format!("it has to be signed by {}", wanted.join(", "))
    };
    Err(Failure::usage(format!(
        "{} ({}) has no place in this message: {signers}",
        key.public_key, key.place
    ))
    .and("the bot has to name the key as a signer when it asks for the withdrawal"))
}

fn keep(path: &Path, transaction: &str) -> Result<(), Failure> {
    let shown = path.display();
    File::create_new(path)
        .and_then(|mut file| writeln!(file, "{transaction}"))
        .map_err(|error| Failure::usage(format!("cannot write `{shown}`: {error}")))
}
