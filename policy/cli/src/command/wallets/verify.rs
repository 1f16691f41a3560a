//! `countersign wallets verify`

use countersign_api::WalletCheck;
use countersign_intent::WalletId;

use crate::change::{DryRun, preview};
use crate::client::Call;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::output::Output;
use crate::session::Session;
use crate::table::fields;

/// Arguments of `wallets verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `wal_…`
    id: WalletId,
    #[command(flatten)]
    preview: DryRun,
    #[command(flatten)]
    idempotency: Idempotency,
}

/// Ends as refused where the key is not there.
pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let call = Call::post(format!("/v1/wallets/{}/verify", arguments.id));
    if arguments.preview.dry_run {
        return preview(session, &call);
    }
    let call = call.keyed(arguments.idempotency.key()?);
    let reply = session.call::<WalletCheck>(&call)?;
    session.show(&reply.value, |out| show(&reply.body, out));
    Ok(if reply.body.ok {
        Exit::Done
    } else {
        Exit::Refused
    })
}

fn show(check: &WalletCheck, out: &mut Output) {
    let ok = if check.ok { "yes" } else { "no" };
    fields(
        out,
        &[
            ("wallet", Some(check.wallet_id.clone())),
            ("address", Some(check.address.clone())),
            ("key is there", Some(ok.to_owned())),
            ("why", check.reason.clone()),
            ("checked", Some(check.checked_at.clone())),
            ("log entry", Some(check.log_index.to_string())),
        ],
    );
}
