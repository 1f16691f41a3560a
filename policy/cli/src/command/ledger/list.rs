//! `countersign ledger list`

use countersign_hardware_wallet::{
    Address, App, Error as LedgerError, Solana, open, running, usb_devices,
};
use serde_json::json;

use crate::device::{Ledgers, failure, lease};
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::session::Session;
use crate::table::{table, whole, words};

/// What one device says of itself.
struct Seen {
    device: String,
    model: String,
    app: Option<String>,
    state: String,
    /// Whether nobody answers there.
    gone: bool,
}

pub(super) fn run(ledgers: &Ledgers, session: &mut Session) -> Outcome {
    let addresses = ledgers.addresses()?;
    let usb = usb_devices().map_err(failure)?;
    let seen: Vec<Seen> = addresses
        .iter()
        .map(|address| {
            let at = usb
                .iter()
                .find(|one| *address == Address::Usb(Some(one.path.clone())));
            look(address, at.map_or("unknown", |one| one.model))
        })
        .collect();
    let value: Vec<_> = seen
        .iter()
        .map(|one| {
            json!({ "device": one.device, "model": one.model, "app": one.app, "state": one.state })
        })
        .collect();
    session.show(&value, |out| {
        let rows: Vec<_> = seen
            .iter()
            .map(|one| {
                [
                    one.device.clone(),
                    one.model.clone(),
                    one.app.clone().unwrap_or_else(|| "-".to_owned()),
                    one.state.clone(),
                ]
            })
            .collect();
        table(
            out,
            [
                whole("device"),
                words("model"),
                words("app"),
                words("state"),
            ],
            &rows,
        );
    });
    let gone = seen.iter().filter(|one| one.gone);
    let gone: Vec<&str> = gone.map(|one| one.device.as_str()).collect();
    if gone.is_empty() {
        return Ok(Exit::Done);
    }
    let gone = gone.join(", ");
    session.out.note(format!("no Ledger answers at {gone}"));
    Ok(Exit::Unreachable)
}

fn look(address: &Address, model: &str) -> Seen {
    let mut app = None;
    // Whoever reads on it must not be disturbed: a command now would leave them without an answer.
    let (state, gone) = match lease::take(address) {
        lease::Device::Busy => (
            "in use by another `countersign`, and not asked anything".to_owned(),
            false,
        ),
        lease::Device::Free(_held) => match state(address, &mut app) {
            Ok(state) => (state, false),
            Err(error) => (error.to_string(), is_gone(&error)),
        },
    };
    Seen {
        device: address.to_string(),
        model: model.to_owned(),
        app,
        state,
        gone,
    }
}

/// Whether nothing answered, as opposed to a device that is not ready.
const fn is_gone(error: &LedgerError) -> bool {
    matches!(
        error,
        LedgerError::NoDevice
            | LedgerError::CannotOpen { .. }
            | LedgerError::Lost(_)
            | LedgerError::TimedOut(_)
            | LedgerError::Malformed { .. }
    )
}

/// Whether the device can be used as it is; `app` is told as soon as it is known.
fn state(address: &Address, app: &mut Option<String>) -> Result<String, LedgerError> {
    let mut transport = open(address)?;
    let open = running(&mut *transport)?;
    *app = Some(format!("{} {}", open.name, open.version));
    if open.name == App::Ethereum.name() {
        return Ok("ready".to_owned());
    }
    let solana = Solana::open(transport)?;
    Ok(if solana.blind_signing() {
        "ready, but blind signing is on: turn it off in the app's settings".to_owned()
    } else {
        "ready".to_owned()
    })
}
