//! Keys on the token and wallets that do not find each other.
//!
//! Only custody `resident` leaves objects on the token. `wrapped` and `envelope` make their keys as
//! session objects, which end with the session, and keep them as blobs in the wallet's row: whatever
//! is interrupted there leaves nothing.

use std::collections::BTreeMap;

use countersign_hsm::KeyId;
use countersign_intent::WalletId;

use super::create::LABEL;
use super::{Custody, WalletRecord};
use crate::device::{DeskError, DeviceDesk};
use crate::records::{Records, RecordsError};

/// What has no counterpart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Strays {
    /// Keys that wallets use.
    pub used: usize,
    /// Keys on the token that no wallet uses: left by a creation or a rotation that was interrupted, or
    /// of wallets that a restored database does not know.
    pub unused: Vec<KeyId>,
    /// Wallets whose key is not on the token.
    pub keyless: Vec<WalletId>,
    /// Wallets in custody `envelope`.
    pub sealed: usize,
}

/// Why they were not looked for.
#[derive(Debug, thiserror::Error)]
pub enum StraysError {
    /// The rows.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The HSM.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

/// Holds the keys on the token against the wallets. Reads every wallet and every object: for people
/// who ask, never on the way of a request. Nothing else may make wallets meanwhile.
///
/// # Errors
/// Records or HSM that do not answer; a row that was tampered with.
pub async fn strays(records: &Records, desk: &DeviceDesk) -> Result<Strays, StraysError> {
    let mut owners = BTreeMap::new();
    let mut sealed = 0;
    for stored in records.all::<WalletRecord>(None).await? {
        match stored.record.custody {
            Custody::Envelope(_) => sealed += 1,
            Custody::Wrapped(_) => {}
            Custody::Resident => {
                if let Some(key) = stored.record.key(stored.id) {
                    owners.insert(key.id, stored.wallet_id());
                }
            }
        }
    }
    let keys = desk.run(|desk| Ok(desk.admin.pairs(LABEL)?)).await?;
    let mut strays = Strays {
        sealed,
        ..Strays::default()
    };
    for key in keys {
        match owners.remove(&key) {
            Some(_) => strays.used += 1,
            None => strays.unused.push(key),
        }
    }
    strays.keyless = owners.into_values().collect();
    Ok(strays)
}
