//! `countersign decode`

mod cosignatures;
mod value;
mod words;

use countersign_decode::DecodeError;
use countersign_decode::solana::{Context, RegisteredNonce};
use countersign_intent::Address;

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
    /// Nonce account of the wallet, read as if it were registered. May be repeated
    #[arg(long = "nonce", value_name = "ADDRESS")]
    nonces: Vec<Address>,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let wire = arguments.source.read()?;
    let wallet = match arguments.wallet {
        Some(wallet) => wallet,
        None => wire.fee_payer().map_err(|error| refused(&error))?,
    };
    let nonces: Vec<RegisteredNonce> = arguments
        .nonces
        .iter()
        .map(|account| RegisteredNonce {
            account: *account,
            authority: wallet,
        })
        .collect();
    let context = Context {
        mints: &arguments.mints,
        owners: &arguments.owners,
        nonces: &nonces,
        ..Context::new(wallet)
    };
    let decoded = wire.decode(&context).map_err(|error| refused(&error))?;
    cosignatures::check(&decoded)?;
    session.show(&value::of(&decoded), |out| {
        out.text(&words::told(&decoded.intent).join("\n"));
    });
    Ok(Exit::Done)
}

/// What the appliance would not sign.
pub(super) fn refused(error: &DecodeError) -> Failure {
    let mut lines = words::told_why(error).into_iter();
    let mut failure = Failure::refused(lines.next().unwrap_or_default());
    failure.lines.extend(lines);
    failure.body = Some(value::of_refusal(error));
    failure
}

#[cfg(test)]
mod tests;
