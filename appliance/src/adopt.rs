//! `countersignd adopt`: a resident key on the token that no wallet uses becomes a wallet's again, after
//! a database was lost that knew it. What lies at its address can be moved then.

use std::sync::Arc;

use countersign_audit::{Actor, Kind as EntryKind};
use countersign_hsm::{Device, KeyId, KeyRef, Material, PublicKey, holds};
use countersign_intent::{UserId, Venue, WalletId};
use serde::Serialize;
use serde_json::json;

use crate::anchor::{self, Found};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::journal::Journal;
use crate::records::{Draft, Record, Stored};
use crate::start::{self, Opened, StartError};
use crate::users::UserRecord;
use crate::venue::address;
use crate::wallets::{Custody, Rotation, Status, WalletRecord, strays};

/// What is to be adopted, and for whom.
#[derive(Debug, Clone)]
pub struct Adopt {
    /// Identifier of the key on the token: 32 hexadecimal digits, as `doctor` names it.
    pub key: String,
    /// Its user, `usr_…`.
    pub user: String,
    /// Slug of the venue.
    pub venue: String,
    /// `mainnet` or `testnet`.
    pub environment: String,
    /// A name for people.
    pub name: Option<String>,
}

/// The wallet that was made.
#[derive(Debug, Serialize)]
pub struct Adopted {
    /// `wal_…`
    pub wallet_id: String,
    /// Its address, base58.
    pub address: String,
    /// The wallet whose limits it counts under: the one that its user has at this place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts_as: Option<String>,
}

/// Records the wallet, paused and granted to nobody. The appliance must not run: the database is
/// opened for writing.
///
/// # Errors
/// A key that is not there, or is a wallet's; an unknown user; a running appliance; anything that does
/// not answer.
pub async fn run(config: &Config, adopt: &Adopt) -> Result<Adopted, StartError> {
    run_on(config, start::open_token(config)?, adopt).await
}

/// The same on a device that is open already.
///
/// # Errors
/// As [`run`].
pub async fn run_on(
    config: &Config,
    device: Arc<dyn Device>,
    adopt: &Adopt,
) -> Result<Adopted, StartError> {
    let db = start::open_database(config, &*device).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let opened = start::open(config, device, db, &clock).await?;
    let found = anchor::check(&*opened.db, &opened.ledger, &opened.desk).await?;
    let done = record(&opened, &Journal::new(clock), found, adopt).await;
    opened.ledger.shutdown().await?;
    opened.db.close().await?;
    done
}

async fn record(
    opened: &Opened,
    journal: &Journal,
    found: Found,
    adopt: &Adopt,
) -> Result<Adopted, StartError> {
    let key = stray(opened, &adopt.key).await?;
    let public = proved(opened, key).await?;
    let user = owner(opened, &adopt.user).await?;
    let address = Venue::by_slug(&adopt.venue).and_then(|venue| address(venue, &public));
    let address = address.ok_or_else(|| {
        format!(
            "a key of type {} signs nothing at `{}`; name the venue that it was made for",
            public.key_type(),
            adopt.venue
        )
    })?;
    let mut record = WalletRecord {
        user: adopt.user.clone(),
        gateway: user.record.gateway,
        venue: adopt.venue.clone(),
        environment: adopt.environment.clone(),
        name: adopt.name.clone(),
        key_type: public.key_type().as_str().to_owned(),
        public_key: hex::encode(public.bytes()),
        address: address.to_string(),
        custody: Custody::Resident,
        imported: false,
        status: Status::Paused,
        limits: Vec::new(),
        managed: Vec::new(),
        created_at: journal.now().micros(),
        rotation: Rotation::default(),
    };
    let there = opened
        .records
        .find::<WalletRecord>(&record.lookup().unwrap_or_default())
        .await?;
    let counts_as = there.map(|there| there.wallet_id().to_string());
    record.rotation.rotated_to.clone_from(&counts_as);
    let mut id = *key.as_bytes();
    if opened.records.get::<WalletRecord>(id).await?.is_some() {
        record.rotation.key_id = Some(key.to_string());
        id = opened.desk.random_id().await?;
    }
    let wallet_id = WalletId::from_bytes(id).to_string();
    let detail = json!({
        "adopted": true,
        "key": key.to_string(),
        "user": record.user,
        "venue": record.venue,
        "environment": record.environment,
        "address": record.address,
        "custody": record.custody.as_str(),
        "anchor": found.as_str(),
    });
    let subject = Some(wallet_id.clone());
    let entry = journal.entry(EntryKind::WalletCreated, Actor::System, subject, &detail)?;
    let draft = Draft::new(id, &record)?;
    opened.records.commit(vec![draft], vec![entry]).await?;
    anchor::renew_offline(&opened.desk, &opened.ledger, found).await?;
    Ok(Adopted {
        wallet_id,
        address: record.address,
        counts_as,
    })
}

/// The key, if it is on the token and no wallet's.
async fn stray(opened: &Opened, text: &str) -> Result<KeyId, StartError> {
    let mut bytes = [0; 16];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| {
        format!("expected the 32 hexadecimal digits that `countersignd doctor` names, got `{text}`")
    })?;
    let key = KeyId::from_bytes(bytes);
    let found = strays(&opened.records, &opened.desk).await?;
    if found.unused.contains(&key) {
        return Ok(key);
    }
    let named: Vec<String> = found.unused.iter().map(ToString::to_string).collect();
    let there = match named.as_slice() {
        [] => "every wallet key on it is a wallet's".to_owned(),
        some => format!("those that no wallet uses are {}", some.join(", ")),
    };
    Err(format!("the token has no key `{text}` without a wallet: {there}").into())
}

/// The public half of a key that the token proves to hold.
async fn proved(opened: &Opened, id: KeyId) -> Result<PublicKey, StartError> {
    let found = opened
        .desk
        .run(move |desk| {
            let public = desk.backend.public_key(&id)?;
            let key = KeyRef {
                id,
                public: public.clone(),
                material: Material::Resident,
            };
            let proved = holds(desk.backend.as_mut(), &key)?;
            Ok(proved.then_some(public))
        })
        .await?;
    found.ok_or_else(|| {
        format!("the halves of key `{id}` on the token do not belong together; it is not adopted")
            .into()
    })
}

async fn owner(opened: &Opened, user: &str) -> Result<Stored<UserRecord>, StartError> {
    let id: UserId = user.parse()?;
    let stored = opened.records.get::<UserRecord>(*id.as_bytes()).await?;
    stored.ok_or_else(|| {
        format!(
            "there is no user `{user}`: start the appliance, have the gateway create the user, stop it, \
             and adopt the key for that one"
        )
        .into()
    })
}
