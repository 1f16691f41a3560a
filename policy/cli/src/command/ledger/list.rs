//! `countersign ledger list`

use countersign_hsm::ledger::{self, Address, App, Solana, running, usb_devices};
use serde_json::json;

use crate::device::{Ledgers, failure};
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
    Ok(Exit::Done)
}

fn look(address: &Address, model: &str) -> Seen {
    let mut app = None;
    let state = state(address, &mut app).unwrap_or_else(|error| error.to_string());
    Seen {
        device: address.to_string(),
        model: model.to_owned(),
        app,
        state,
    }
}

/// Whether the device can be used as it is; `app` is told as soon as it is known.
fn state(address: &Address, app: &mut Option<String>) -> Result<String, ledger::Error> {
    let mut transport = ledger::open(address)?;
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
