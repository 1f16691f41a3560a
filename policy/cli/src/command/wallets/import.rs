//! `countersign wallets import` and `import-key`

use std::path::PathBuf;

use countersign_api::{ImportKey, ImportWallet, Wallet};

use super::seal::{Purpose, address, seal};
use crate::change::{Sending, preview};
use crate::client::Call;
use crate::failure::Outcome;
use crate::session::Session;
use crate::table::fields;
use crate::{input, keypair};

/// The longest sealed key that the appliance takes.
const MAX_SEALED: u64 = 4096;

/// Arguments of `wallets import`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("material").required(true).args(["keypair", "sealed"])))]
pub(crate) struct Arguments {
    /// The key: a Solana JSON keypair, or 64 bytes in base58; `-` for standard input. It is sealed
    /// here and never sent as it is
    #[arg(long, value_name = "FILE")]
    keypair: Option<PathBuf>,
    /// The key as `wallets seal` sealed it for the same user, venue and environment
    #[arg(long, value_name = "FILE")]
    sealed: Option<PathBuf>,
    #[command(flatten)]
    purpose: Purpose,
    /// A name for people
    #[arg(long)]
    name: Option<String>,
    /// Where the key is to live: `resident` or `envelope`
    #[arg(long)]
    custody: Option<String>,
    /// The user's own limits: a JSON array, as `wallets show --json` prints it
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,
    #[command(flatten)]
    sending: Sending,
}

pub(super) fn run(arguments: Arguments, session: &mut Session) -> Outcome {
    let limits = arguments
        .limits
        .as_deref()
        .map(super::read_limits)
        .transpose()?;
    let (sealed, expected) = match (&arguments.sealed, &arguments.keypair) {
        (Some(path), _) => (input::read_text(path, MAX_SEALED)?.trim().to_owned(), None),
        (None, path) => {
            let pair = keypair::read(path.as_deref().unwrap_or_else(|| "-".as_ref()))?;
            let key = session.call::<ImportKey>(&Call::get("/v1/wallets/import-key"))?;
            let sealed = seal(&key.body, &pair, &arguments.purpose)?;
            (sealed, Some(address(&pair)))
        }
    };
    let body = ImportWallet {
        user_id: arguments.purpose.user.to_string(),
        venue: arguments.purpose.venue,
        environment: Some(arguments.purpose.environment),
        name: arguments.name,
        custody: arguments.custody,
        limits: limits.unwrap_or_default(),
        sealed,
    };
    let call = Call::post("/v1/wallets/import").json(&body)?;
    if arguments.sending.dry_run() {
        return preview(session, &call);
    }
    let reply = session.call::<Wallet>(&arguments.sending.keyed(call)?)?;
    let wallet = &reply.body;
    session.show(&reply.value, |out| super::show(wallet, out));
    if expected.is_some_and(|expected| expected != wallet.address) {
        return Err(crate::failure::Failure::usage(format!(
            "the appliance answered with wallet {}, whose address {} is not that of the key; do not \
             use it, and find out what answered",
            wallet.id, wallet.address
        )));
    }
    session.out.note(
        "whoever had this key may still have it, and may have signed with it before: delete the old \
         copies, and move the funds to a wallet that was made here where that matters",
    );
    Ok(reply.exit())
}

pub(super) fn key(session: &mut Session) -> Outcome {
    session.call_and_show(
        &Call::get("/v1/wallets/import-key"),
        |key: &ImportKey, out| {
            fields(
                out,
                &[
                    ("kid", Some(key.kid.clone())),
                    ("type", Some(format!("{}, {}", key.kty, key.alg))),
                    ("n", Some(key.n.clone())),
                    ("e", Some(key.e.clone())),
                ],
            );
        },
    )
}
