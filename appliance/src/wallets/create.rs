//! A new wallet: its key is made inside the token first, then its row is recorded.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_audit::{Actor, Kind as EntryKind};
use countersign_hsm::{KeyId, KeyType, PublicKey};
use countersign_intent::{UserId, Venue, WalletId};
use serde_json::json;

use super::{Custody, LimitRecord, Rotation, Status, WalletRecord, named};
use crate::config::CustodyKind;
use crate::device::{Desk, DeskError, DeviceDesk};
use crate::journal::Journal;
use crate::records::{Draft, Kind, Records, RecordsError, Stored};
use crate::rehearsal;
use crate::venue::{address, key_type};

/// How labels of wallets' keys on the token begin.
pub(super) const LABEL: &str = "countersign-wallet-";

/// What is asked for.
#[derive(Debug, Clone)]
pub struct NewWallet {
    /// The user, `usr_…`.
    pub user: String,
    /// Name of the user's gateway.
    pub gateway: String,
    /// The venue, whose chain says what kind of key.
    pub venue: Venue,
    /// `mainnet` or `testnet`.
    pub environment: String,
    /// Tells the user's wallets there apart; without one the first is meant.
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

/// Finds the user's wallet of this name at this venue, or makes one; without a name, the first there
/// is.
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
    if let Some(found) = existing(records, &new).await? {
        return Ok(found);
    }
    let lookup = new.lookup();
    let id = desk.random_id().await?;
    if rehearsal::is_on() {
        can_keep(desk, new.custody, key_type(new.venue)).await?;
        rehearsal::stop(&[planned(journal, id, &new, actor)?])?;
    }
    let (custody, public) = make_key(desk, id, new.custody, key_type(new.venue)).await?;
    let key = Key {
        custody,
        public,
        imported: false,
    };
    let record = new.into_record(key, journal.now().micros())?;
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

/// The wallet that is meant, if there is one.
pub(super) async fn existing(
    records: &Records,
    new: &NewWallet,
) -> Result<Option<Stored<WalletRecord>>, RecordsError> {
    let found = records.find(&new.lookup()).await?;
    if found.is_some() || new.name.is_some() {
        return Ok(found);
    }
    let user: Option<UserId> = new.user.parse().ok();
    let user = user.map(|user| *user.as_bytes());
    let place = new.place();
    let all = records.all::<WalletRecord>(user).await?;
    Ok(all
        .into_iter()
        .filter(|one| one.record.rotation.rotated_to.is_none() && one.record.place() == place)
        .min_by_key(|one| (one.record.created_at, one.id)))
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
        "venue": new.venue.as_str(),
        "name": new.name,
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
        "name": record.name,
        "key_type": record.key_type,
        "address": record.address,
        "custody": record.custody.as_str(),
        "imported": record.imported,
        "limits": record.limits,
    });
    let subject = WalletId::from_bytes(id).to_string();
    Ok(journal.entry(EntryKind::WalletCreated, actor, Some(subject), &detail)?)
}

const NO_KEY: DeskError =
    DeskError::Lacking("this token cannot make keys of the kind that the venue takes");

const NO_WRAP: DeskError = DeskError::Lacking(
    "this token cannot wrap keys of the kind that the venue takes; use `resident`, or `envelope` if the \
     operator turned it on",
);

const NO_ENVELOPE: DeskError = DeskError::Lacking("envelope custody is turned off; use `resident`");

const NO_SEAL: DeskError = DeskError::Lacking(
    "this token takes no keys of the kind that the venue takes out of an envelope; use `resident`",
);

/// Whether the token can make a key in this custody.
pub(super) async fn can_keep(
    desk: &DeviceDesk,
    custody: CustodyKind,
    key_type: KeyType,
) -> Result<(), CreateError> {
    let able = desk.run(move |desk| check(desk, custody, key_type));
    able.await.map_err(|error| lacking(custody, error))
}

fn check(desk: &Desk, custody: CustodyKind, key_type: KeyType) -> Result<(), DeskError> {
    let can = &desk.capabilities;
    match custody {
        CustodyKind::Resident if !can.sign.contains(key_type) => Err(NO_KEY),
        CustodyKind::Wrapped if desk.wrap.is_none() || !can.wrap.contains(key_type) => Err(NO_WRAP),
        CustodyKind::Envelope if desk.envelope.is_none() => Err(NO_ENVELOPE),
        CustodyKind::Envelope if !can.envelope.contains(key_type) => Err(NO_SEAL),
        CustodyKind::Resident | CustodyKind::Wrapped | CustodyKind::Envelope => Ok(()),
    }
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
    key_type: KeyType,
) -> Result<(Custody, PublicKey), CreateError> {
    let key = KeyId::from_bytes(id);
    let made = desk.run(move |desk| {
        check(desk, custody, key_type)?;
        match custody {
            CustodyKind::Resident => {
                let label = format!("{LABEL}{key}");
                let public = desk.admin.generate(&key, &label, key_type)?;
                Ok((Custody::Resident, public))
            }
            CustodyKind::Wrapped => {
                let wrap = desk.wrap.as_mut().ok_or(NO_WRAP)?;
                let stored = wrap.generate_wrapped(key_type)?;
                let blob = BASE64_STANDARD.encode(&stored.blob);
                Ok((Custody::Wrapped(blob), stored.public))
            }
            CustodyKind::Envelope => {
                let envelope = desk.envelope.as_mut().ok_or(NO_ENVELOPE)?;
                let stored = envelope.generate(&key, key_type)?;
                let blob = BASE64_STANDARD.encode(&stored.blob);
                Ok((Custody::Envelope(blob), stored.public))
            }
        }
    });
    made.await.map_err(|error| lacking(custody, error))
}

/// A wallet's key, and where it is.
pub(super) struct Key {
    pub(super) custody: Custody,
    pub(super) public: PublicKey,
    pub(super) imported: bool,
}

impl NewWallet {
    fn place(&self) -> String {
        let venue = self.venue.as_str();
        format!("{}/{venue}/{}", self.user, self.environment)
    }

    pub(super) fn lookup(&self) -> String {
        let place = self.place();
        let name = self.name.as_deref();
        name.map_or_else(|| place.clone(), |name| named(&place, name))
    }

    pub(super) fn into_record(self, key: Key, now: i64) -> Result<WalletRecord, CreateError> {
        let address = address(self.venue, &key.public).ok_or(NO_KEY)?;
        Ok(WalletRecord {
            user: self.user,
            gateway: self.gateway,
            venue: self.venue.as_str().to_owned(),
            environment: self.environment,
            name: self.name,
            key_type: key.public.key_type().as_str().to_owned(),
            public_key: hex::encode(key.public.bytes()),
            address: address.to_string(),
            custody: key.custody,
            imported: key.imported,
            status: Status::Active,
            limits: self.limits,
            managed: Vec::new(),
            created_at: now,
            rotation: Rotation::default(),
        })
    }
}

impl Stored<WalletRecord> {
    /// Typed identifier.
    #[must_use]
    pub const fn wallet_id(&self) -> WalletId {
        WalletId::from_bytes(self.id)
    }
}
