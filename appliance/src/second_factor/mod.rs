//! A second factor for operators, where it is turned on: a one-time code beside the certificate,
//! for everything that does not only refuse.
//!
//! No secret is stored: each is an HMAC over the operator's name and a generation, under a key
//! that the token's row-MAC key yields at the start. The row of an operator says the generation,
//! whether the secret was shown, and the last step whose code was used.

mod totp;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;
use countersign_audit::{Actor, Kind as EntryKind};
use countersign_intent::{Span, Timestamp};
use countersign_store::ledger::Ledger;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::clock::Timekeeper;
use crate::device::{DeskError, DeviceDesk};
use crate::journal::Journal;
use crate::records::{Draft, Kind, Record, Records, RecordsError};
use totp::Secret;

/// Wrong codes in a row after which an operator is locked out.
const ATTEMPTS: u32 = 5;

/// For how long.
const LOCKED: Span = Span::from_secs(15 * 60);

/// What is known about an operator's second factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorRecord {
    /// Name of the operator.
    pub operator: String,
    /// Which secret; a reset makes another one.
    pub generation: u32,
    /// Whether the secret was shown.
    pub shown: bool,
    /// The last step whose code was used.
    pub last_step: i64,
    /// Until when no code is taken, microseconds since the Unix epoch.
    pub locked_until: i64,
}

impl SecondFactorRecord {
    /// The first secret of an operator.
    #[must_use]
    pub fn first(operator: &str, shown: bool) -> Self {
        Self {
            operator: operator.to_owned(),
            generation: 1,
            shown,
            last_step: 0,
            locked_until: 0,
        }
    }
}

impl Record for SecondFactorRecord {
    const KIND: Kind = Kind::SecondFactor;
}

/// Identifier of an operator's row.
#[must_use]
pub fn row_id(operator: &str) -> [u8; 16] {
    let digest = Sha256::digest(format!("countersign/second-factor/v1\0{operator}"));
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    id
}

/// Why an operator is not let through.
#[derive(Debug, thiserror::Error)]
pub enum SecondFactorError {
    /// No code came.
    #[error(
        "this takes a one-time code in the header `Countersign-Otp`; give it to `countersign` in \
         `COUNTERSIGN_OTP` or with `--otp-file`"
    )]
    Missing,
    /// The operator has no second factor yet.
    #[error(
        "operator `{0}` has no second factor yet; `countersign second-factor enroll` shows its \
         secret once"
    )]
    NotEnrolled(String),
    /// It was shown before.
    #[error(
        "the secret of operator `{0}` was shown already; `countersign second-factor reset {0}` \
         asks people for another one"
    )]
    Shown(String),
    /// A wrong code, or one that was used.
    #[error(
        "this is not the code of now, or it was used already; wait for the next one ({left} \
         attempts left)"
    )]
    Wrong {
        /// Attempts until the operator is locked out.
        left: u32,
    },
    /// Too many wrong codes.
    #[error("too many wrong codes: none is taken until {0}; freezing and rejecting need none")]
    Locked(Timestamp),
    /// The rows.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

/// What codes are checked with, besides their key.
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct Parts {
    /// Whether codes are asked for.
    pub on: bool,
    /// What authenticator applications show them under.
    pub trust_domain: String,
    /// Rows that grant power.
    pub records: Arc<Records>,
    /// The one writer.
    pub ledger: Ledger,
    /// Log entries.
    pub journal: Journal,
    /// The time, and whether the machine's clock is trusted.
    pub timekeeper: Arc<Timekeeper>,
}

/// Makes the secrets of operators.
#[allow(missing_debug_implementations, reason = "a key has nothing to show")]
pub struct Secrets {
    key: hmac::Key,
}

impl Secrets {
    /// Draws their key out of the token.
    ///
    /// # Errors
    /// A token that does not answer.
    pub async fn open(desk: &DeviceDesk) -> Result<Self, DeskError> {
        let key = desk
            .run(|desk| Ok(desk.mac.mac(b"countersign/second-factor-key/v1\0")?))
            .await?;
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
        })
    }

    fn of(&self, record: &SecondFactorRecord) -> Secret {
        let mut bytes = b"countersign/second-factor/v1\0".to_vec();
        bytes.extend_from_slice(&record.generation.to_be_bytes());
        bytes.extend_from_slice(record.operator.as_bytes());
        let tag = hmac::sign(&self.key, &bytes);
        let mut material = [0; 32];
        material
            .iter_mut()
            .zip(tag.as_ref())
            .for_each(|(to, from)| *to = *from);
        Secret::of(&material)
    }

    /// The secret of a record as authenticator applications read it.
    #[must_use]
    pub fn uri(&self, trust_domain: &str, record: &SecondFactorRecord) -> String {
        self.of(record).uri(trust_domain, &record.operator)
    }
}

/// Checks the codes of operators.
#[allow(missing_debug_implementations, reason = "a key has nothing to show")]
pub struct SecondFactors {
    secrets: Secrets,
    parts: Parts,
    wrong: Mutex<BTreeMap<String, u32>>,
}

impl SecondFactors {
    /// Checks codes with these.
    #[must_use]
    pub const fn new(secrets: Secrets, parts: Parts) -> Self {
        Self {
            secrets,
            parts,
            wrong: Mutex::new(BTreeMap::new()),
        }
    }

    /// Whether codes are asked for.
    #[must_use]
    pub const fn on(&self) -> bool {
        self.parts.on
    }

    /// Counts a wrong code; answers how many attempts are left.
    fn wrong(&self, operator: &str) -> u32 {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let count = wrong.entry(operator.to_owned()).or_default();
        *count += 1;
        let left = ATTEMPTS.saturating_sub(*count);
        if left == 0 {
            wrong.remove(operator);
        }
        left
    }

    fn right(&self, operator: &str) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.remove(operator);
    }

    /// Lets an operator through who has the code of now. It is used up before anything is done.
    ///
    /// Codes go by the machine's clock, whether or not the appliance trusts it: a code that an
    /// operator's own device made is a second opinion about it.
    ///
    /// # Errors
    /// No code, a wrong or used one, no second factor, too many attempts.
    pub async fn check(
        &self,
        operator: &str,
        actor: Actor<'_>,
        code: Option<&str>,
    ) -> Result<(), SecondFactorError> {
        let code = code.ok_or(SecondFactorError::Missing)?;
        let mut turn = self.parts.records.turn().await;
        let stored = self
            .parts
            .records
            .get::<SecondFactorRecord>(row_id(operator))
            .await?;
        let not_enrolled = || SecondFactorError::NotEnrolled(operator.to_owned());
        let mut stored = stored
            .filter(|one| one.record.shown)
            .ok_or_else(not_enrolled)?;
        let reading = self.parts.timekeeper.read();
        if reading.time.micros() < stored.record.locked_until {
            let until = Timestamp::from_micros(stored.record.locked_until);
            return Err(SecondFactorError::Locked(until));
        }
        let seconds = reading.clock.micros().div_euclid(1_000_000);
        let secret = self.secrets.of(&stored.record);
        if let Some(step) = secret.step_of(code, seconds, stored.record.last_step) {
            stored.record.last_step = step;
            turn.commit(vec![Draft::update(&stored)?], Vec::new())
                .await?;
            self.right(operator);
            return Ok(());
        }
        metrics::counter!("countersign_second_factor_refused_total").increment(1);
        let left = self.wrong(operator);
        if left > 0 {
            let detail = json!({ "state": "refused", "left": left });
            let entry = self.entry(actor, operator, &detail)?;
            self.parts
                .ledger
                .append(entry)
                .await
                .map_err(RecordsError::from)?;
            return Err(SecondFactorError::Wrong { left });
        }
        let until = reading.time.saturating_add(LOCKED);
        stored.record.locked_until = until.micros();
        let detail = json!({ "state": "locked", "until": until.to_string() });
        let entry = self.entry(actor, operator, &detail)?;
        turn.commit(vec![Draft::update(&stored)?], vec![entry])
            .await?;
        Err(SecondFactorError::Locked(until))
    }

    /// Shows an operator their own secret, once for each generation.
    ///
    /// # Errors
    /// It was shown; rows that this appliance did not write.
    pub async fn enrol(
        &self,
        operator: &str,
        actor: Actor<'_>,
    ) -> Result<String, SecondFactorError> {
        let mut turn = self.parts.records.turn().await;
        let id = row_id(operator);
        let (record, draft) = match self.parts.records.get::<SecondFactorRecord>(id).await? {
            Some(stored) if stored.record.shown => {
                return Err(SecondFactorError::Shown(operator.to_owned()));
            }
            Some(mut stored) => {
                stored.record.shown = true;
                let draft = Draft::update(&stored)?;
                (stored.record, draft)
            }
            None => {
                let record = SecondFactorRecord::first(operator, true);
                let draft = Draft::new(id, &record)?;
                (record, draft)
            }
        };
        let detail = json!({ "state": "shown", "generation": record.generation });
        let entry = self.entry(actor, operator, &detail)?;
        turn.commit(vec![draft], vec![entry]).await?;
        Ok(self.secrets.uri(&self.parts.trust_domain, &record))
    }

    /// The row after people agreed to another secret: it is to be shown again.
    ///
    /// # Errors
    /// Rows that this appliance did not write.
    pub async fn reset(&self, operator: &str) -> Result<(u32, Draft), RecordsError> {
        let id = row_id(operator);
        let Some(mut stored) = self.parts.records.get::<SecondFactorRecord>(id).await? else {
            let record = SecondFactorRecord::first(operator, false);
            return Ok((record.generation, Draft::new(id, &record)?));
        };
        let record = &mut stored.record;
        record.generation = record.generation.saturating_add(1);
        (record.shown, record.locked_until) = (false, 0);
        let generation = record.generation;
        Ok((generation, Draft::update(&stored)?))
    }

    fn entry(
        &self,
        actor: Actor<'_>,
        operator: &str,
        detail: &impl Serialize,
    ) -> Result<Vec<u8>, RecordsError> {
        let subject = Some(format!("operator/{operator}"));
        Ok(self
            .parts
            .journal
            .entry(EntryKind::SecondFactor, actor, subject, detail)?)
    }
}
