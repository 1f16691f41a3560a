//! Issued certificates. Their rows decide who comes in: a certificate without one is not let in,
//! whoever signed it.
//!
//! * [`issue`]: one for somebody else, on an operator's word.
//! * [`renew`]: the caller's next one. Renewed certificates are a chain, each with one successor.
//! * [`revoke`]: one, with everything renewed from it.
//! * [`block`]: a principal, whichever certificate it comes with.

mod block;
mod issue;
mod left;
mod renew;
mod revoke;

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_audit::EntryError;
use countersign_intent::{CertificateId, Principal, Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::approvers::Approvers;
use crate::clock::Clock;
use crate::device::DeskError;
use crate::identity::{
    Authority, AuthorityError, BACKDATE, Caller, IdentityError, Issued, IssuedCertificate,
    Register, Serial, SpiffeId,
};
use crate::journal::Journal;
use crate::policies::Policies;
use crate::records::{Kind, Record, Records, RecordsError, Stored};

pub use block::{
    BlockRecord, Blocked, Waiting, block, blocked, lifted, load as load_blocks, record_waiting,
};
pub use issue::{certified, issue, sign};
pub use renew::renew;
pub use revoke::revoke;

/// A certificate as recorded; the row's identifier is its serial number. Fields that rows of
/// earlier versions lack are optional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateRecord {
    /// SPIFFE id.
    pub spiffe_id: String,
    /// Microseconds since the Unix epoch.
    pub not_before: i64,
    /// Microseconds since the Unix epoch.
    pub not_after: i64,
    /// Who it was issued by: an operator, `init`, or, where it renews another, its own principal.
    pub issued_by: String,
    /// When it was revoked, microseconds since the Unix epoch.
    pub revoked_at: Option<i64>,
    /// When it was issued, microseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<i64>,
    /// Everybody whose word it rests on: who issued it or the first of its chain, who issued that
    /// operator's certificate, and so on. They count as whoever comes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuers: Option<Vec<String>>,
    /// The lifetime that the first of its chain was given, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<u64>,
    /// The certificate whose place it took, `crt_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<String>,
    /// The certificate that took its place, `crt_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed_to: Option<String>,
    /// Until when it is good beside that one, microseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<i64>,
    /// SHA-256 of its DER, hexadecimal: another with its serial number and name is not let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl Record for CertificateRecord {
    const KIND: Kind = Kind::Certificate;
}

/// What issues certificates, and shuts out.
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct CertificateService {
    /// The certificate authority.
    pub authority: Arc<Authority>,
    /// Certificates that were issued, and principals that are blocked.
    pub register: Arc<Register>,
    /// Blocks that could not be recorded yet.
    pub blocks: Waiting,
    /// Rows that grant power.
    pub records: Arc<Records>,
    /// Log entries.
    pub journal: Journal,
    /// The time that counts.
    pub clock: Arc<dyn Clock>,
    /// People who may approve: somebody who can ask them has to be left.
    pub approvers: Arc<Approvers>,
    /// The policy that says how many have to agree.
    pub policies: Arc<Policies>,
    /// How long a renewed certificate lives at most.
    pub longest_renewal: Span,
}

/// Why a certificate was not issued, renewed or revoked, or a principal not blocked.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// No such thing.
    #[error("there is no certificate `{0}`")]
    NotFound(String),
    /// The caller's own certificate is no longer good.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Nobody of that name comes in, so nobody gets a certificate of that name.
    #[error(
        "`{0}` is blocked and gets no certificate; lifting that takes the group `change`: \
         `countersign pki unblock {0}`"
    )]
    Blocked(Principal),
    /// It has a successor that somebody uses, or may have used before the start.
    #[error(
        "`{certificate}` was renewed already, and `{successor}`, which took its place, is in use, or \
         may have been before the appliance started: use that one. If you never got it, and the \
         appliance was started since, ask an operator for a new one; otherwise somebody else has \
         your key: have an operator run `countersign pki revoke --principal {principal}`"
    )]
    Renewed {
        /// The certificate.
        certificate: String,
        /// Its successor.
        successor: String,
        /// Whose they are.
        principal: Principal,
    },
    /// Too many renewals.
    #[error(
        "`{principal}` renewed {made} times within {per}; at most that many are made: use the \
         certificate you got last"
    )]
    TooOften {
        /// Who renews.
        principal: Principal,
        /// How often.
        made: usize,
        /// Within which time.
        per: Span,
        /// When there is room again.
        retry_after: Timestamp,
    },
    /// Nobody would be left to ask.
    #[error(
        "no other operator has a certificate that is let in, so nobody could ask for `{0}` to be \
         let in again. `countersign freeze principal {0}` stops it at once, and people can lift \
         that; shut it out once another operator is certified"
    )]
    LastOperator(Principal),
    /// Nobody would be left to ask for what enough people can agree to.
    #[error(
        "without `{whose}` {why}: it would be for ever. `countersign freeze principal {whose}` \
         stops it at once, and people can lift that; shut it out once another operator is certified, \
         or the group `change` has members enough"
    )]
    NobodyCouldAsk {
        /// Who would be shut out.
        whose: Principal,
        /// What could not be decided.
        why: String,
    },
    /// The signing broke off.
    #[error("the certificate was not made; ask again")]
    BrokeOff,
    /// The authority.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The rows.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The HSM.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// An entry that does not fit into the log.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

impl CertificateRecord {
    /// A certificate that renews no other.
    #[must_use]
    pub fn first(
        id: &SpiffeId,
        issued: &Issued,
        (issued_by, issuers): (String, Vec<Principal>),
        at: Timestamp,
    ) -> Self {
        let issuers = issuers.iter().map(ToString::to_string).collect();
        Self {
            spiffe_id: id.to_string(),
            not_before: issued.not_before.micros(),
            not_after: issued.not_after.micros(),
            issued_by,
            revoked_at: None,
            issued_at: Some(at.micros()),
            issuers: Some(issuers),
            lifetime: Some(issued.not_after.since(at).micros()),
            renews: None,
            renewed_to: None,
            ends_at: None,
            sha256: Some(hex::encode(issued.sha256())),
        }
    }

    /// The lifetime that the first of its chain was given.
    #[must_use]
    pub fn first_lifetime(&self) -> Span {
        let valid =
            Timestamp::from_micros(self.not_after).since(Timestamp::from_micros(self.not_before));
        let given = valid.micros().saturating_sub(BACKDATE.micros());
        Span::from_micros(self.lifetime.unwrap_or(given))
    }

    /// When it was issued; never later than it was.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        Timestamp::from_micros(self.issued_at.unwrap_or(self.not_before))
    }

    /// Whether it is good at `now`, its principal aside.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        let last = self
            .ends_at
            .map_or(self.not_after, |at| at.min(self.not_after));
        self.revoked_at.is_none() && now.micros() <= last
    }

    /// As the register has it.
    fn known(&self) -> Result<IssuedCertificate, RecordsError> {
        let issuers = match &self.issuers {
            Some(issuers) => issuers.as_slice(),
            None => std::slice::from_ref(&self.issued_by),
        };
        Ok(IssuedCertificate {
            principal: principal_of(&self.spiffe_id)?,
            issued_at: self.issued_at(),
            not_after: Timestamp::from_micros(self.not_after),
            sha256: self.sha256.as_deref().map(digest).transpose()?,
            revoked: self.revoked_at.is_some(),
            ends_at: self.ends_at.map(Timestamp::from_micros),
            successor: self.renewed_to.as_deref().map(serial).transpose()?,
            // `init` is nobody.
            issuers: issuers.iter().filter_map(|one| one.parse().ok()).collect(),
        })
    }
}

/// Whose word a caller's certificate rests on, as it is recorded with what they ask for.
#[must_use]
pub fn issuers_of(register: &Register, caller: &Caller) -> Vec<String> {
    let own = register.get(&caller.serial());
    let issuers = own.into_iter().flat_map(|own| own.issuers);
    issuers.map(|issuer| issuer.to_string()).collect()
}

fn unreadable(cause: impl std::fmt::Display) -> RecordsError {
    RecordsError::Unreadable {
        kind: Kind::Certificate.as_str().to_owned(),
        cause: cause.to_string(),
    }
}

fn principal_of(spiffe_id: &str) -> Result<Principal, RecordsError> {
    let id: SpiffeId = spiffe_id.parse().map_err(unreadable)?;
    Ok(id.principal)
}

fn serial(id: &str) -> Result<Serial, RecordsError> {
    let id: CertificateId = id.parse().map_err(unreadable)?;
    Ok(Serial::from_bytes(*id.as_bytes()))
}

fn digest(text: &str) -> Result<[u8; 32], RecordsError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn named(serial: Serial) -> String {
    CertificateId::from_bytes(*serial.as_bytes()).to_string()
}

/// Takes a certificate as it is recorded into the register.
///
/// # Errors
/// A row of another version.
pub fn put(
    service: &CertificateService,
    stored: &Stored<CertificateRecord>,
) -> Result<(), RecordsError> {
    let serial = Serial::from_bytes(stored.id);
    service
        .register
        .put(serial, stored.record.known()?, service.clock.now());
    Ok(())
}

/// Reads every certificate into the register.
///
/// # Errors
/// As [`Records::all`].
pub async fn load(
    records: &Records,
    register: &Register,
    now: Timestamp,
) -> Result<(), RecordsError> {
    let all = records.all::<CertificateRecord>(None).await?;
    let mut issuers: BTreeMap<String, Vec<Principal>> = BTreeMap::new();
    for stored in all {
        let mut known = stored.record.known()?;
        let of = issuers.entry(stored.record.spiffe_id.clone()).or_default();
        // A renewal of an earlier version does not say which certificate it renews: it may have
        // been any of that name.
        if stored.record.issuers.is_none() && known.issuers == [known.principal.clone()] {
            known.issuers.clone_from(of);
        }
        for issuer in &known.issuers {
            if !of.contains(issuer) {
                of.push(issuer.clone());
            }
        }
        if known.not_after >= now {
            register.put(Serial::from_bytes(stored.id), known, now);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
