//! `countersignd add-keys`: keys that the configuration asks for and the token lacks, once envelope
//! custody or importing is turned on after the first start.

use std::sync::Arc;

use countersign_audit::{Actor, Kind as EntryKind};
use countersign_hsm::{Device, KeyRole, ceremony};
use serde::Serialize;
use serde_json::json;

use crate::anchor;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::journal::Journal;
use crate::start::{self, StartError};

/// What was made.
#[derive(Debug, Serialize)]
pub struct Added {
    /// Model and serial number of the token.
    pub token: String,
    /// Labels of the keys made on it; none where nothing was missing.
    pub keys: Vec<&'static str>,
}

/// Makes the missing keys and says so in the log. The appliance must not run: the database is opened
/// for writing.
///
/// A failure between the keys and the log entry leaves the keys, which every start's entry tells of.
///
/// # Errors
/// A token that lacks a key it cannot have been without, a running appliance, anything that does not
/// answer.
pub async fn run(config: &Config) -> Result<Added, StartError> {
    run_on(config, start::open_token(config)?).await
}

/// The same on a device that is open already.
///
/// # Errors
/// As [`run`].
pub async fn run_on(config: &Config, device: Arc<dyn Device>) -> Result<Added, StartError> {
    let db = start::open_database(config, &*device).await?;
    ceremony::load(&*device, &KeyRole::REQUIRED)?;
    let missing = ceremony::missing(&*device, &config.custody.roles())?;
    let able = device.capabilities();
    let added = Added {
        token: format!("{} {}", able.model, able.serial),
        keys: missing.iter().map(|role| role.label()).collect(),
    };
    if !missing.is_empty() {
        ceremony::create(&*device, &missing)?;
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let opened = start::open(config, device, db, &clock).await?;
    if !missing.is_empty() {
        let found = anchor::check(&*opened.db, &opened.ledger, &opened.desk).await?;
        let detail = json!({ "added": added.keys, "anchor": found.as_str() });
        let entry = Journal::new(clock).entry(EntryKind::Init, Actor::System, None, &detail)?;
        opened.ledger.append(entry).await?;
        anchor::renew_offline(&opened.desk, &opened.ledger, found).await?;
    }
    opened.ledger.shutdown().await?;
    opened.db.close().await?;
    Ok(added)
}
