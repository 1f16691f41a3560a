//! `countersign ledger show`

use serde_json::json;

use crate::device::{Key, Ledgers};
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::session::Session;
use crate::table::fields;

/// Show the key at a path.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    ledgers: Ledgers,
    /// Only ask for the key: nobody compares it with the screen
    #[arg(long)]
    unconfirmed: bool,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let address = arguments.ledgers.one()?;
    let mut key = Key::on(&address, arguments.ledgers.path.as_ref())?;
    if !arguments.unconfirmed {
        session.out.note(format!(
            "compare {} with the screen of the Ledger, and approve it there",
            key.public_key
        ));
        key.confirm()?;
    }
    let app = key.app();
    let version = app.map(|(app, version, _)| format!("{} {version}", app.name()));
    let blind = app.is_some_and(|(_, _, blind)| blind);
    let path = key.path().map(ToString::to_string);
    let value = json!({
        "device": key.place,
        "app": version,
        "path": path,
        "scheme": key.scheme,
        "public_key": key.public_key,
        "confirmed": !arguments.unconfirmed,
        "blind_signing": blind,
    });
    session.show(&value, |out| {
        let confirmed = if arguments.unconfirmed {
            "no"
        } else {
            "on the screen"
        };
        fields(
            out,
            &[
                ("device", Some(key.place.clone())),
                ("app", version.clone()),
                ("path", path.clone()),
                ("scheme", Some(key.scheme.to_owned())),
                ("public key", Some(key.public_key.clone())),
                ("confirmed", Some(confirmed.to_owned())),
            ],
        );
    });
    if blind {
        session.out.note(
            "blind signing is on in the app: turn it off, what cannot be read should not be signed",
        );
    }
    Ok(Exit::Done)
}
