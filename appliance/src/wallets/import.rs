//! A wallet whose key was made outside.
//!
//! The row's identifier comes from the address, so one key is one wallet whoever imports it. *A
//! crash between the key and the row leaves a key on the token that no wallet uses; importing the
//! same key again finds it there.*

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_audit::Actor;
use countersign_hsm::{Consequence, Error, KeyId, KeyType, PublicKey};
use countersign_intent::WalletId;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::create::{Key, LABEL, can_keep, created, existing, planned};
use super::sealed::Keypair;
use super::{CreateError, Custody, NewWallet, WalletRecord};
use crate::config::CustodyKind;
use crate::device::{Desk, DeskError, DeviceDesk};
use crate::journal::Journal;
use crate::records::{Draft, Records, RecordsError, Stored};
use crate::rehearsal;

/// Why a key was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The user has another one.
    #[error(
        "the user has wallet {0} with another key of this name at this venue; give it another `name`, \
         import it for another user, or move its funds to {0}"
    )]
    HasAnother(WalletId),
    /// Somebody has this one.
    #[error("this key is that of another wallet already; a key is imported once")]
    Elsewhere,
    /// Keeping the key, or the rows.
    #[error(transparent)]
    Create(#[from] CreateError),
}

impl From<RecordsError> for ImportError {
    fn from(error: RecordsError) -> Self {
        Self::Create(error.into())
    }
}

/// Keeps the key and records its wallet; the same key for the same user gives the same wallet.
///
/// Nobody else writes rows meanwhile, so that two imports at once do not meet.
///
/// # Errors
/// A user who has another wallet there, a key that is another wallet's, a custody that takes no
/// keys from outside, records or HSM that do not answer.
pub async fn import(
    records: &Records,
    desk: &DeviceDesk,
    journal: &Journal,
    new: NewWallet,
    pair: Keypair,
    actor: Actor<'_>,
) -> Result<Stored<WalletRecord>, ImportError> {
    let mut turn = records.turn().await;
    let address = pair.address().to_string();
    if let Some(found) = existing(records, &new).await? {
        return if found.record.address == address {
            Ok(found)
        } else {
            Err(ImportError::HasAnother(found.wallet_id()))
        };
    }
    let id = identifier(pair.address().as_bytes());
    if records.get::<WalletRecord>(id).await?.is_some() {
        return Err(ImportError::Elsewhere);
    }
    if rehearsal::is_on() {
        if new.custody == CustodyKind::Wrapped {
            return Err(CreateError::Custody(new.custody.as_str(), NOT_WRAPPED).into());
        }
        can_keep(desk, new.custody, KeyType::Ed25519).await?;
        rehearsal::stop(&[planned(journal, id, &new, actor)?])?;
    }
    let key = keep(desk, id, new.custody, pair).await?;
    let resident = key.custody == Custody::Resident;
    let record = new.into_record(key, journal.now().micros())?;
    let drafts = Draft::new(id, &record).and_then(|draft| {
        let entry = created(journal, id, &record, actor)?;
        Ok((draft, entry))
    });
    let written = match drafts {
        Ok((draft, entry)) => turn.commit(vec![draft], vec![entry]).await.map(drop),
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        if resident && error.nothing_written() {
            desk.discard(KeyId::from_bytes(id)).await;
        }
        return Err(error.into());
    }
    let found = records.get(id).await?;
    Ok(found.ok_or(RecordsError::Gone(crate::records::Kind::Wallet.as_str()))?)
}

/// The identifier of an imported key and of its wallet.
fn identifier(address: &[u8; 32]) -> [u8; 16] {
    let mut hasher = Sha256::new_with_prefix(b"countersign/imported-wallet/v1\0");
    hasher.update(address);
    let digest: [u8; 32] = hasher.finalize().into();
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    id
}

const NOT_WRAPPED: &str = "a wrapped key is made in the token; import into `resident`, or into \
     `envelope` where it is turned on";

async fn keep(
    desk: &DeviceDesk,
    id: [u8; 16],
    custody: CustodyKind,
    pair: Keypair,
) -> Result<Key, CreateError> {
    let kept = desk.run(move |desk| keep_now(desk, KeyId::from_bytes(id), custody, pair));
    match kept.await {
        Err(DeskError::Lacking(why)) => Err(CreateError::Custody(custody.as_str(), why)),
        other => Ok(other?),
    }
}

fn keep_now(
    desk: &mut Desk,
    id: KeyId,
    custody: CustodyKind,
    pair: Keypair,
) -> Result<Key, DeskError> {
    let public = PublicKey::new(KeyType::Ed25519, pair.address().as_bytes().to_vec())?;
    let seed = pair.into_seed();
    let custody = match custody {
        CustodyKind::Resident => resident(desk, id, &public, seed)?,
        CustodyKind::Envelope => {
            let envelope = desk.envelope.as_mut().ok_or(DeskError::Lacking(
                "envelope custody is turned off; use `resident`",
            ))?;
            let stored = envelope.seal(&id, KeyType::Ed25519, seed)?;
            Custody::Envelope(BASE64_STANDARD.encode(&stored.blob))
        }
        CustodyKind::Wrapped => {
            return Err(DeskError::Lacking(NOT_WRAPPED));
        }
    };
    Ok(Key {
        custody,
        public,
        imported: true,
    })
}

/// Keeps it on the token, where it may be already: after a crash, or an answer nobody heard.
fn resident(
    desk: &mut Desk,
    id: KeyId,
    public: &PublicKey,
    seed: Zeroizing<[u8; 32]>,
) -> Result<Custody, Error> {
    let label = format!("{LABEL}{id}");
    let kept = desk.admin.import(&id, &label, KeyType::Ed25519, seed);
    match kept {
        Ok(_) => Ok(Custody::Resident),
        Err(error) if error.consequence() == Consequence::Refused => {
            match desk.backend.public_key(&id) {
                Ok(there) if there == *public => Ok(Custody::Resident),
                _ => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
