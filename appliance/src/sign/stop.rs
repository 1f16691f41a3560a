//! What stops a request, whatever was decided about it.

use countersign_api::ErrorCode;
use countersign_hsm::Material;
use countersign_intent::{Action, Effect, Timestamp};

use super::stages::{Read, Refusal};
use crate::app::App;
use crate::clock::Suspicion;
use crate::freezes::Subject;
use crate::wallets::Status;

/// What stops a request now, whatever was decided about it: a certificate, a freeze, a pause.
/// Asked when it is judged, and again when what was allowed earlier is to be signed.
pub(super) fn stopped(app: &App, read: &Read, now: Timestamp) -> Option<Refusal> {
    let asked = &read.resolved.asked;
    let wallet = &read.resolved.wallet;
    let refuse = |code, rule, message| {
        Some(Refusal {
            code,
            rule,
            message,
        })
    };
    let frozen = |id| {
        app.freezes.covering(&Subject {
            principal: asked.caller.principal(),
            user: wallet.user,
            wallet: id,
            venue: wallet.venue,
        })
    };
    // Again here: those that waited in line had passed the phase before it was known.
    if let Some(why) = app.anchoring.nothing_signed() {
        return refuse(ErrorCode::NotReady, "anchor", why);
    }
    if let Err(error) = asked.caller.check(now, &app.register) {
        return refuse(ErrorCode::Forbidden, "certificate", error.to_string());
    }
    // A freeze of a wallet holds for the keys it had before, too.
    if let Some(freeze) = frozen(wallet.id).or_else(|| frozen(wallet.counts_as)) {
        return refuse(ErrorCode::Frozen, "freeze", freeze);
    }
    if let Some(closed) = app.venues.closed(wallet.venue) {
        return refuse(ErrorCode::Frozen, "venue", closed);
    }
    if let Some(suspicion) = app.timekeeper.suspect().filter(|_| leaves(read)) {
        return refuse(ErrorCode::PolicyDenied, "clock", clock_suspect(&suspicion));
    }
    let overdue = app.anchoring.overdue(app.clock.monotonic());
    if let Some(overdue) = overdue.filter(|_| leaves(read)) {
        return refuse(ErrorCode::PolicyDenied, "anchor", overdue);
    }
    match wallet.status {
        Status::Active => {}
        Status::Paused => {
            let message = format!(
                "wallet {} is paused; a gateway or an operator resumes it with \
                 `countersign wallets resume`, then ask again under a new key",
                wallet.id
            );
            return refuse(ErrorCode::WalletPaused, "status", message);
        }
        Status::Archived => {
            let message = format!(
                "wallet {} is archived for good; a gateway makes another for the user",
                wallet.id
            );
            return refuse(ErrorCode::WalletPaused, "archived", message);
        }
    }
    if matches!(wallet.key.material, Material::Envelope(_)) && !app.config.custody.envelope {
        let message = format!(
            "the key of wallet {} is in envelope custody, which the operator turned off; it signs again \
             with `custody.envelope = true`, or make a wallet in another custody",
            wallet.id
        );
        return refuse(ErrorCode::WalletPaused, "custody", message);
    }
    None
}

/// Whether a request waits until the clock is trusted again, and until the token remembers its entry:
/// whatever moves money or power out of
/// the wallet, and whatever people released, because their time lock ran by the clock. Trades go
/// on: the limits over them go by a time that no jump moves.
pub(super) fn leaves(read: &Read) -> bool {
    let released = read.resolved.asked.approved.is_some();
    let Ok(understood) = &read.understood else {
        return released;
    };
    let mut heads = understood.intent.effects().iter().map(Effect::head);
    released || heads.any(|one| one.primary && one.action != Action::Trade)
}

fn clock_suspect(suspicion: &Suspicion) -> String {
    format!(
        "{suspicion}; until an operator has confirmed the clock with `countersign clock confirm` \
         only trades that nobody has to approve are signed; then ask again under a new key"
    )
}
