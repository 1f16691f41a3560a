//! `countersign decode`

use countersign_decode::solana::{Context, Decoded};
use countersign_decode::{DecodeError, explain, explain_effect};
use countersign_intent::{Address, Lifetime, intent_digest};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::message::Source;
use crate::session::Session;

/// Say what a Solana message or transaction does, offline, as the appliance would read it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Address of the wallet whose signature is asked for; whoever pays the fee unless told
    #[arg(long, value_name = "ADDRESS")]
    wallet: Option<Address>,
    /// Mint of a token account that the message uses without naming it. May be repeated
    #[arg(long = "mint", value_name = "ADDRESS")]
    mints: Vec<Address>,
    /// Owner of token accounts that may receive, e.g. an allow-listed address. May be repeated
    #[arg(long = "owner", value_name = "ADDRESS")]
    owners: Vec<Address>,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let wire = arguments.source.read()?;
    let wallet = match arguments.wallet {
        Some(wallet) => wallet,
        None => wire.fee_payer().map_err(|error| refused(&error))?,
    };
    let context = Context {
        mints: &arguments.mints,
        owners: &arguments.owners,
        ..Context::new(wallet)
    };
    let decoded = wire.decode(&context).map_err(|error| refused(&error))?;
    session.show(&value(&decoded), |out| {
        out.text(&explain(&decoded.intent).join("\n"));
    });
    Ok(Exit::Done)
}

/// What the appliance would not sign.
pub(super) fn refused(error: &DecodeError) -> Failure {
    let kind = error.kind().as_str();
    let mut failure = Failure::refused(format!("not understood, so never signed (`{kind}`)"))
        .and(format!("  {error}"));
    failure.body = Some(json!({
        "understood": false,
        "kind": kind,
        "message": error.to_string(),
    }));
    failure
}

fn value(decoded: &Decoded) -> Value {
    let intent = &decoded.intent;
    let effects: Vec<Value> = intent
        .effects
        .iter()
        .map(|effect| {
            json!({
                "action": effect.action(&intent.wallet).as_str(),
                "text": explain_effect(effect, &intent.wallet),
            })
        })
        .collect();
    let cosigners: Vec<String> = intent.cosigners.iter().map(Address::to_string).collect();
    json!({
        "understood": true,
        "venue": intent.venue.as_str(),
        "wallet": intent.wallet.to_string(),
        "effects": effects,
        "cosigners": cosigners,
        "durable": matches!(intent.lifetime, Lifetime::DurableNonce { .. }),
        "intent_digest": hex::encode(intent_digest(intent)),
    })
}
