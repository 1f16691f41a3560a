use countersign_audit::Kind as EntryKind;
use countersign_intent::CertificateId;

use super::left::{self, Shut};
use super::{CertificateError, CertificateRecord, CertificateService, named};
use crate::identity::{Caller, Serial};
use crate::records::{Draft, Stored};
use crate::rehearsal;

/// Revokes a certificate with everything renewed from it, and answers it with what whoever does so has
/// to be told. Refused from the next request on, recorded or not.
///
/// # Errors
/// No such certificate; nobody would be left who can ask for what enough people can agree to; rows or
/// an HSM that do not answer.
pub async fn revoke(
    service: &CertificateService,
    by: &Caller,
    id: CertificateId,
) -> Result<(Stored<CertificateRecord>, Option<String>), CertificateError> {
    let first = Serial::from_bytes(*id.as_bytes());
    let warning = put_in_force(service, first)?;
    if rehearsal::is_on() {
        return rehearsed(service, by, id)
            .await
            .map(|stored| (stored, warning));
    }
    let mut turn = service.records.turn().await;
    // Again: a renewal that had the turn before this one has put its certificate in since.
    let chain = service.register.revoke(first);
    let now = service.clock.now();
    let (mut drafts, mut entries, mut answer) = (Vec::new(), Vec::new(), None);
    for serial in chain {
        let found = service.records.get::<CertificateRecord>(*serial.as_bytes());
        let Some(mut stored) = found.await? else {
            continue;
        };
        if stored.record.revoked_at.is_none() {
            stored.record.revoked_at = Some(now.micros());
            drafts.push(Draft::update(&stored)?);
            let kind = EntryKind::CertificateRevoked;
            let subject = Some(named(serial));
            let entry = service
                .journal
                .entry(kind, by.actor(), subject, &stored.record);
            entries.push(entry?);
        }
        answer.get_or_insert(stored);
    }
    let answer = answer.ok_or_else(|| CertificateError::NotFound(id.to_string()))?;
    if !drafts.is_empty() {
        turn.commit(drafts, entries).await?;
    }
    Ok((answer, warning))
}

/// Only looked at in a dry run.
fn put_in_force(
    service: &CertificateService,
    first: Serial,
) -> Result<Option<String>, CertificateError> {
    let _one_at_a_time = service.blocks.lock();
    let warning = left::after(service, &Shut::Chain(&service.register.chain(first)))?;
    if !rehearsal::is_on() {
        service.register.revoke(first);
    }
    Ok(warning)
}

/// Ends a dry run before anything is refused.
async fn rehearsed(
    service: &CertificateService,
    by: &Caller,
    id: CertificateId,
) -> Result<Stored<CertificateRecord>, CertificateError> {
    let found = service
        .records
        .get::<CertificateRecord>(*id.as_bytes())
        .await?;
    let stored = found.ok_or_else(|| CertificateError::NotFound(id.to_string()))?;
    if stored.record.revoked_at.is_none() {
        let (kind, subject) = (EntryKind::CertificateRevoked, Some(id.to_string()));
        let entry = service
            .journal
            .entry(kind, by.actor(), subject, &stored.record)?;
        rehearsal::stop(&[entry])?;
    }
    Ok(stored)
}
