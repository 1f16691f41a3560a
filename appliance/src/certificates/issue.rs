use std::sync::Arc;

use countersign_audit::Kind as EntryKind;
use countersign_intent::{Principal, Span};
use serde_json::json;

use super::{CertificateError, CertificateRecord, CertificateService, named, put};
use crate::identity::{Caller, Issued, Serial, SpiffeId};
use crate::records::{Draft, RecordsError, Stored};
use crate::rehearsal;

/// Has the authority sign a certificate. It is let in once it is recorded, and not before.
///
/// # Errors
/// A request or lifetime that is refused; an HSM that does not answer.
pub async fn sign(
    service: &CertificateService,
    csr: String,
    principal: &Principal,
    lifetime: Option<Span>,
) -> Result<Issued, CertificateError> {
    let (authority, now) = (Arc::clone(&service.authority), service.clock.now());
    let subject = principal.clone();
    let signing = move || authority.issue_client(&csr, &subject, lifetime, now);
    let issued = tokio::task::spawn_blocking(signing)
        .await
        .map_err(|_| CertificateError::BrokeOff)??;
    Ok(issued)
}

/// The record of a certificate on the word of `issuers`, the first of them named as who issued it.
#[must_use]
pub fn certified(
    service: &CertificateService,
    issued: &Issued,
    principal: &Principal,
    issuers: Vec<Principal>,
) -> Stored<CertificateRecord> {
    let id = SpiffeId {
        trust_domain: service.authority.trust_domain().clone(),
        principal: principal.clone(),
    };
    let by = issuers.first().map(ToString::to_string).unwrap_or_default();
    Stored {
        id: *issued.serial.as_bytes(),
        seq: 0,
        record: CertificateRecord::first(&id, issued, (by, issuers), service.clock.now()),
    }
}

/// Issues a certificate on the word of whoever asks, who counts as the one who comes with it.
///
/// # Errors
/// A refused request, a blocked principal, a caller who was revoked meanwhile; rows or an HSM that
/// do not answer.
pub async fn issue(
    service: &CertificateService,
    by: &Caller,
    csr: String,
    principal: &Principal,
    lifetime: Option<Span>,
) -> Result<(Stored<CertificateRecord>, Issued), CertificateError> {
    if rehearsal::is_on() {
        service.authority.check_request(&csr, lifetime)?;
        if service.register.is_blocked(principal) {
            return Err(CertificateError::Blocked(principal.clone()));
        }
        return Err(rehearsed(service, by, principal, lifetime)?);
    }
    let issued = sign(service, csr, principal, lifetime).await?;
    let stored = certified(service, &issued, principal, issuers(service, by));
    let mut turn = service.records.turn().await;
    // A thief's last request must not be outrun by the revocation that it raced.
    by.check(service.clock.now(), &service.register)?;
    if service.register.is_blocked(principal) {
        return Err(CertificateError::Blocked(principal.clone()));
    }
    let subject = Some(named(Serial::from_bytes(stored.id)));
    let kind = EntryKind::CertificateIssued;
    let entry = service
        .journal
        .entry(kind, by.actor(), subject, &stored.record)?;
    let draft = Draft::new(stored.id, &stored.record)?;
    turn.commit(vec![draft], vec![entry]).await?;
    put(service, &stored)?;
    Ok((stored, issued))
}

/// Ends a dry run before anything is signed.
pub(super) fn rehearsed(
    service: &CertificateService,
    by: &Caller,
    principal: &Principal,
    lifetime: Option<Span>,
) -> Result<CertificateError, CertificateError> {
    let lifetime = lifetime.map(|span| span.to_string());
    let detail = json!({ "issued_to": principal.to_string(), "lifetime": lifetime });
    let kind = EntryKind::CertificateIssued;
    let entry = service.journal.entry(kind, by.actor(), None, &detail)?;
    rehearsal::stop(&[entry])?;
    Ok(RecordsError::Rehearsed.into())
}

/// Everybody whose word a certificate rests on that this caller issues.
pub(crate) fn issuers(service: &CertificateService, by: &Caller) -> Vec<Principal> {
    let mut issuers = vec![by.principal().clone()];
    let own = service.register.get(&by.serial());
    for issuer in own.into_iter().flat_map(|own| own.issuers) {
        if !issuers.contains(&issuer) {
            issuers.push(issuer);
        }
    }
    issuers
}

impl From<CertificateError> for RecordsError {
    fn from(error: CertificateError) -> Self {
        match error {
            CertificateError::Records(error) => error,
            CertificateError::Desk(error) => Self::Desk(error),
            CertificateError::Entry(error) => Self::Entry(error),
            other => super::unreadable(other),
        }
    }
}
