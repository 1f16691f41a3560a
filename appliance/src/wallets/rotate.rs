//! A new key for a wallet. The old one moves to a wallet of its own, which nobody may use before
//! it is granted: a chain address cannot be changed, and funds may remain there.
//!
//! The new key is made first, then both rows and the log entry are written in one commit. *A crash
//! before the commit leaves the wallet as it was, and at most a key on the token that no wallet
//! uses. A crash after it leaves the whole rotation; a retry with the same idempotency key finds
//! it. The old key is never destroyed.*

use countersign_audit::{Actor, Kind as EntryKind};
use countersign_hsm::{KeyId, PublicKey};
use countersign_intent::{Timestamp, WalletId};
use serde_json::json;

use super::create::{can_keep, make_key};
use super::{CreateError, Custody, Rotation, Status, WalletRecord};
use crate::device::DeviceDesk;
use crate::governance::Digest32;
use crate::journal::Journal;
use crate::records::{Draft, Kind, Records, RecordsError, Stored};
use crate::rehearsal;
use crate::venue::{address, key_type};

/// A wallet whose key was replaced.
#[derive(Debug)]
pub struct Rotated {
    /// With its new key.
    pub wallet: Stored<WalletRecord>,
    /// The wallet of its key before.
    pub previous: Stored<WalletRecord>,
}

/// Why a wallet keeps its key.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// It never signs again.
    #[error("wallet {0} is archived for good; make another wallet")]
    Archived(WalletId),
    /// It holds a replaced key.
    #[error("wallet {0} holds a key that was replaced; rotate {1}, whose key it was")]
    Replaced(WalletId, String),
    /// No key like the one it has can be made any more.
    #[error(
        "a new key would be in the same custody as the old one, `{0}`, and that is not to be had \
         now; turn it on again, or make a wallet for another user"
    )]
    Custody(&'static str),
    /// Making the key, or the rows.
    #[error(transparent)]
    Create(#[from] CreateError),
}

impl From<RecordsError> for RotateError {
    fn from(error: RecordsError) -> Self {
        Self::Create(error.into())
    }
}

/// Replaces the key of a wallet. `asked` tells requests apart: the one that replaced the key last
/// is answered as it was, without another key.
///
/// Nobody else writes rows meanwhile, so that two requests at once do not replace the same key.
///
/// # Errors
/// A wallet that is archived or holds a replaced key, a custody that is turned off, records or HSM
/// that do not answer.
pub async fn rotate(
    records: &Records,
    desk: &DeviceDesk,
    journal: &Journal,
    id: [u8; 16],
    asked: Digest32,
    actor: Actor<'_>,
) -> Result<Rotated, RotateError> {
    let mut turn = records.turn().await;
    let stored = get(records, id).await?;
    if stored.record.rotation.asked == Some(asked) {
        return again(records, stored).await;
    }
    refuse(&stored)?;
    let key = desk.random_id().await.map_err(CreateError::from)?;
    let old = desk.random_id().await.map_err(CreateError::from)?;
    let custody = stored.record.custody.kind();
    let venue = stored.record.venue();
    let venue = venue.ok_or_else(|| RecordsError::Unreadable {
        kind: Kind::Wallet.as_str().to_owned(),
        cause: format!("{} is at no venue of this version", stored.wallet_id()),
    })?;
    let refused = |error| match error {
        CreateError::Custody(custody, _) => RotateError::Custody(custody),
        other => other.into(),
    };
    if rehearsal::is_on() {
        can_keep(desk, custody, key_type(venue))
            .await
            .map_err(refused)?;
        let entry = planned(journal, &stored, actor)?;
        rehearsal::stop(&[entry]).map_err(CreateError::from)?;
    }
    let made = make_key(desk, key, custody, key_type(venue)).await;
    let (custody, public) = made.map_err(refused)?;
    let new = NewKey {
        id: key,
        custody,
        public,
    };
    let resident = new.custody == Custody::Resident;
    let moved = Move {
        asked,
        at: journal.now(),
        old: WalletId::from_bytes(old),
    };
    let address = address(venue, &new.public).map(|address| address.to_string());
    let rotated = moved.split(stored, new, address.unwrap_or_default());
    let written = match drafts(&rotated, journal, actor) {
        Ok((drafts, entry)) => turn.commit(drafts, vec![entry]).await.map(drop),
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        if resident && error.nothing_written() {
            desk.discard(KeyId::from_bytes(key)).await;
        }
        return Err(error.into());
    }
    Ok(rotated)
}

async fn get(records: &Records, id: [u8; 16]) -> Result<Stored<WalletRecord>, RecordsError> {
    let found = records.get::<WalletRecord>(id).await?;
    found.ok_or(RecordsError::Gone(Kind::Wallet.as_str()))
}

async fn again(records: &Records, wallet: Stored<WalletRecord>) -> Result<Rotated, RotateError> {
    let from = wallet.record.rotation.rotated_from.as_deref();
    let from: Option<WalletId> = from.and_then(|text| text.parse().ok());
    let from = from.ok_or(RecordsError::Gone(Kind::Wallet.as_str()))?;
    let previous = get(records, *from.as_bytes()).await?;
    Ok(Rotated { wallet, previous })
}

fn refuse(stored: &Stored<WalletRecord>) -> Result<(), RotateError> {
    if let Some(to) = &stored.record.rotation.rotated_to {
        return Err(RotateError::Replaced(stored.wallet_id(), to.clone()));
    }
    match stored.record.status {
        Status::Active | Status::Paused => Ok(()),
        Status::Archived => Err(RotateError::Archived(stored.wallet_id())),
    }
}

struct NewKey {
    id: [u8; 16],
    custody: Custody,
    public: PublicKey,
}

struct Move {
    asked: Digest32,
    at: Timestamp,
    old: WalletId,
}

impl Move {
    /// The wallet with the new key, and the row for the old one: the same user's, with the same
    /// limits and state, found under its address, and linked both ways.
    fn split(self, wallet: Stored<WalletRecord>, new: NewKey, address: String) -> Rotated {
        let id = wallet.wallet_id();
        let before = &wallet.record;
        let old_key = before.rotation.key_id.clone();
        let previous = WalletRecord {
            name: Some(format!("key of {id} until {}", self.at)),
            created_at: self.at.micros(),
            rotation: Rotation {
                key_id: Some(old_key.unwrap_or_else(|| hex::encode(wallet.id))),
                rotated_at: Some(self.at.micros()),
                rotated_from: before.rotation.rotated_from.clone(),
                rotated_to: Some(id.to_string()),
                asked: None,
            },
            ..before.clone()
        };
        let after = WalletRecord {
            key_type: new.public.key_type().as_str().to_owned(),
            public_key: hex::encode(new.public.bytes()),
            address,
            custody: new.custody,
            imported: false,
            rotation: Rotation {
                key_id: Some(hex::encode(new.id)),
                rotated_at: Some(self.at.micros()),
                rotated_from: Some(self.old.to_string()),
                rotated_to: None,
                asked: Some(self.asked),
            },
            ..before.clone()
        };
        Rotated {
            previous: Stored {
                id: *self.old.as_bytes(),
                seq: 0,
                record: previous,
            },
            wallet: Stored {
                record: after,
                ..wallet
            },
        }
    }
}

/// The log entry of a rotation that made no key yet.
fn planned(
    journal: &Journal,
    stored: &Stored<WalletRecord>,
    actor: Actor<'_>,
) -> Result<Vec<u8>, CreateError> {
    let detail = json!({
        "custody": stored.record.custody.as_str(),
        "previous": { "address": stored.record.address },
    });
    let subject = Some(stored.wallet_id().to_string());
    let entry = journal.entry(EntryKind::WalletRotated, actor, subject, &detail);
    Ok(entry.map_err(RecordsError::from)?)
}

fn drafts(
    rotated: &Rotated,
    journal: &Journal,
    actor: Actor<'_>,
) -> Result<(Vec<Draft>, Vec<u8>), RecordsError> {
    let (wallet, previous) = (&rotated.wallet, &rotated.previous);
    let detail = json!({
        "address": wallet.record.address,
        "custody": wallet.record.custody.as_str(),
        "previous": { "id": previous.wallet_id().to_string(), "address": previous.record.address },
    });
    let subject = Some(wallet.wallet_id().to_string());
    let entry = journal.entry(EntryKind::WalletRotated, actor, subject, &detail)?;
    let drafts = vec![
        Draft::update(wallet)?,
        Draft::new(previous.id, &previous.record)?,
    ];
    Ok((drafts, entry))
}

#[cfg(test)]
mod tests;
