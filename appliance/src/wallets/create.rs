//! A new wallet: its key is made inside the token first, then its row is recorded.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_audit::{Actor, Kind as EntryKind};
use countersign_hsm::{KeyId, KeyType, PublicKey};
use countersign_intent::{Address, WalletId};
use serde_json::json;

use super::{Custody, LimitRecord, Rotation, Status, WalletRecord};
use crate::config::CustodyKind;
use crate::device::{DeskError, DeviceDesk};
use crate::journal::Journal;
use crate::records::{Draft, Kind, Records, RecordsError, Stored};
use crate::rehearsal;

/// How labels of wallets' keys on the token begin.
pub(super) const LABEL: &str = "countersign-wallet-";

/// What is asked for.
#[derive(Debug, Clone)]
pub struct NewWallet {
    /// The user, `usr_…`.
    pub user: String,
    /// Name of the user's gateway.
    pub gateway: String,
    /// Slug of the venue.
    pub venue: String,
    /// `mainnet` or `testnet`.
    pub environment: String,
    /// A name for people.
    pub name: Option<String>,
    /// Where the key is to live.
    pub custody: CustodyKind,
    /// The user's own limits.
    pub limits: Vec<LimitRecord>,
}

/// Why there is no wallet.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The token cannot keep this key that way.
    #[error("custody `{0}` is not to be had: {1}")]
    Custody(&'static str, &'static str),
    /// The rows.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The HSM.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

/// Finds the user's wallet at this venue, or makes one.
///
/// A crash between the key and the row leaves a key on the token that no wallet uses; so does a
/// commit of which nobody knows whether it was done. `countersignd doctor` counts them
/// ([`strays`](super::strays)).
///
/// # Errors
/// A custody that the token does not offer; records or HSM that do not answer.
pub async fn ensure(
    records: &Records,
    desk: &DeviceDesk,
    journal: &Journal,
    new: NewWallet,
    actor: Actor<'_>,
) -> Result<Stored<WalletRecord>, CreateError> {
    let lookup = new.lookup();
    if let Some(found) = records.find(&lookup).await? {
        return Ok(found);
    }
    let id = desk.random_id().await?;
    if rehearsal::is_on() {
        can_keep(desk, new.custody).await?;
        rehearsal::stop(&[planned(journal, id, &new, actor)?])?;
    }
    let (custody, public) = make_key(desk, id, new.custody).await?;
    let record = new.into_record(
        Key {
            custody,
            public,
            imported: false,
        },
        journal.now().micros(),
    );
    let recorded = record_wallet(records, journal, id, &record, actor).await;
    // Where the row may be there after all, its key has to be.
    let unused = recorded.as_ref().is_err_and(RecordsError::nothing_written);
    if unused && record.custody == Custody::Resident {
        desk.discard(KeyId::from_bytes(id)).await;
    }
    match recorded {
        // `Taken`: somebody else made the same wallet a moment ago.
        Ok(()) | Err(RecordsError::Taken(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let found = records.find(&lookup).await?;
    found.ok_or_else(|| RecordsError::Gone(Kind::Wallet.as_str()).into())
}

async fn record_wallet(
    records: &Records,
    journal: &Journal,
    id: [u8; 16],
    record: &WalletRecord,
    actor: Actor<'_>,
) -> Result<(), RecordsError> {
    let entry = created(journal, id, record, actor)?;
    let draft = Draft::new(id, record)?;
    records.commit(vec![draft], vec![entry]).await.map(drop)
}

/// The log entry of a wallet that has no key yet.
pub(super) fn planned(
    journal: &Journal,
    id: [u8; 16],
    new: &NewWallet,
    actor: Actor<'_>,
) -> Result<Vec<u8>, RecordsError> {
    let detail = json!({
        "user": new.user,
        "venue": new.venue,
        "environment": new.environment,
        "custody": new.custody.as_str(),
        "limits": new.limits,
    });
    let subject = WalletId::from_bytes(id).to_string();
    Ok(journal.entry(EntryKind::WalletCreated, actor, Some(subject), &detail)?)
}

/// The log entry of a new wallet.
pub(super) fn created(
    journal: &Journal,
    id: [u8; 16],
    record: &WalletRecord,
    actor: Actor<'_>,
) -> Result<Vec<u8>, RecordsError> {
    let detail = json!({
        "user": record.user,
        "venue": record.venue,
        "environment": record.environment,
        "address": record.address,
        "custody": record.custody.as_str(),
        "imported": record.imported,
        "limits": record.limits,
    });
    let subject = WalletId::from_bytes(id).to_string();
    Ok(journal.entry(EntryKind::WalletCreated, actor, Some(subject), &detail)?)
}

const NO_WRAP: DeskError = DeskError::Lacking(
    "this token cannot wrap Ed25519 keys; use `resident`, or `envelope` if the operator turned it on",
);

const NO_ENVELOPE: DeskError = DeskError::Lacking("envelope custody is turned off; use `resident`");

/// Whether the token can make a key in this custody.
pub(super) async fn can_keep(desk: &DeviceDesk, custody: CustodyKind) -> Result<(), CreateError> {
    let able = desk.run(move |desk| match custody {
        CustodyKind::Wrapped if desk.wrap.is_none() => Err(NO_WRAP),
        CustodyKind::Envelope if desk.envelope.is_none() => Err(NO_ENVELOPE),
        CustodyKind::Resident | CustodyKind::Wrapped | CustodyKind::Envelope => Ok(()),
    });
    able.await.map_err(|error| lacking(custody, error))
}

fn lacking(custody: CustodyKind, error: DeskError) -> CreateError {
    match error {
        DeskError::Lacking(why) => CreateError::Custody(custody.as_str(), why),
        other => other.into(),
    }
}

pub(super) async fn make_key(
    desk: &DeviceDesk,
    id: [u8; 16],
    custody: CustodyKind,
) -> Result<(Custody, PublicKey), CreateError> {
    let key = KeyId::from_bytes(id);
    let made = desk.run(move |desk| match custody {
        CustodyKind::Resident => {
            let label = format!("{LABEL}{key}");
            let public = desk.admin.generate(&key, &label, KeyType::Ed25519)?;
            Ok((Custody::Resident, public))
        }
        CustodyKind::Wrapped => {
            let wrap = desk.wrap.as_mut().ok_or(NO_WRAP)?;
            let stored = wrap.generate_wrapped(KeyType::Ed25519)?;
            let blob = BASE64_STANDARD.encode(&stored.blob);
            Ok((Custody::Wrapped(blob), stored.public))
        }
        CustodyKind::Envelope => {
            let envelope = desk.envelope.as_mut().ok_or(NO_ENVELOPE)?;
            let stored = envelope.generate(&key, KeyType::Ed25519)?;
            let blob = BASE64_STANDARD.encode(&stored.blob);
            Ok((Custody::Envelope(blob), stored.public))
        }
    });
    made.await.map_err(|error| lacking(custody, error))
}

/// The address of a key: base58 of its 32 bytes. A key of another length was refused when it was
/// made.
pub(crate) fn address(public: &PublicKey) -> String {
    let address = public.bytes().try_into().map(Address::new);
    address
        .map(|address| address.to_string())
        .unwrap_or_default()
}

/// A wallet's key, and where it is.
pub(super) struct Key {
    pub(super) custody: Custody,
    pub(super) public: PublicKey,
    pub(super) imported: bool,
}

impl NewWallet {
    pub(super) fn lookup(&self) -> String {
        format!("{}/{}/{}", self.user, self.venue, self.environment)
    }

    pub(super) fn into_record(self, key: Key, now: i64) -> WalletRecord {
        WalletRecord {
            user: self.user,
            gateway: self.gateway,
            venue: self.venue,
            environment: self.environment,
            name: self.name,
            address: address(&key.public),
            custody: key.custody,
            imported: key.imported,
            status: Status::Active,
            limits: self.limits,
            managed: Vec::new(),
            created_at: now,
            rotation: Rotation::default(),
        }
    }
}

impl Stored<WalletRecord> {
    /// Typed identifier.
    #[must_use]
    pub const fn wallet_id(&self) -> WalletId {
        WalletId::from_bytes(self.id)
    }
}
