//! `countersign wallets rotate`

use countersign_api::RotatedWallet;
use countersign_intent::WalletId;

use crate::change::{DryRun, preview};
use crate::client::Call;
use crate::confirm::Confirm;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::session::Session;

/// Arguments of `wallets rotate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `wal_…`
    id: WalletId,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    preview: DryRun,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let call = Call::post(format!("/v1/wallets/{}/rotate", arguments.id));
    if arguments.preview.dry_run {
        return preview(session, &call);
    }
    let (wallet, name) = super::named(arguments.id, session)?;
    let what = format!(
        "{} gets a new address; what lies at {} stays there until it is moved",
        wallet.id, wallet.address
    );
    arguments.confirm.ask(&what, &name)?;
    let call = call.keyed(arguments.idempotency.key()?);
    session.call_and_show(&call, |rotated: &RotatedWallet, out| {
        super::show(&rotated.wallet, out);
        let (id, address) = (&rotated.previous.id, &rotated.previous.address);
        out.line(format!(
            "the key of {address} is now that of {id}; grant it to a bot to move what is left there"
        ));
    })
}
