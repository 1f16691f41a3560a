use countersign_audit::Kind as EntryKind;
use countersign_intent::{Span, Timestamp};

use super::{
    CertificateError, CertificateRecord, CertificateService,
    issue::{rehearsed, sign},
    named, put, serial,
};
use crate::identity::{Caller, Issued, MOST_RENEWALS, RENEWALS_PER, Serial};
use crate::records::{Draft, Stored};
use crate::rehearsal;

/// How long a certificate is good beside its successor, so that a client can switch: this, or a
/// quarter of its lifetime.
const OVERLAP: Span = Span::from_secs(3_600);

/// Renews the caller's own certificate. The next one lives at most as long as the first of the chain
/// was given, and takes the place of this one: there is one successor, unless nobody can have come
/// with it yet, as where its answer was lost. That one is revoked then.
///
/// # Errors
/// A refused request, too many of them, a successor that is in use; a caller who was revoked
/// meanwhile; rows or an HSM that do not answer.
pub async fn renew(
    service: &CertificateService,
    caller: &Caller,
    csr: String,
) -> Result<(Stored<CertificateRecord>, Issued), CertificateError> {
    let own = read(service, caller.serial()).await?;
    unused_successor(service, caller, &own.record)?;
    let lifetime = own.record.first_lifetime();
    let lifetime = lifetime.min(service.longest_renewal);
    if rehearsal::is_on() {
        service.authority.check_request(&csr, Some(lifetime))?;
        return Err(rehearsed(
            service,
            caller,
            caller.principal(),
            Some(lifetime),
        )?);
    }
    count(service, caller)?;
    let issued = sign(service, csr, caller.principal(), Some(lifetime)).await?;
    // From here on nobody else writes: a revocation either sees the successor or is seen here.
    let mut turn = service.records.turn().await;
    caller.check(service.clock.now(), &service.register)?;
    let mut own = read(service, caller.serial()).await?;
    let replaced = match unused_successor(service, caller, &own.record)? {
        Some(serial) => Some(read(service, serial).await?),
        None => None,
    };
    let now = service.clock.now();
    let stored = successor(&own, caller, &issued, now);
    own.record.renewed_to = Some(named(issued.serial));
    own.record.ends_at.get_or_insert(ends_at(&own.record, now));
    let mut drafts = vec![Draft::new(stored.id, &stored.record)?, Draft::update(&own)?];
    if let Some(mut replaced) = replaced.filter(|one| one.record.revoked_at.is_none()) {
        service.register.revoke(Serial::from_bytes(replaced.id));
        replaced.record.revoked_at = Some(now.micros());
        drafts.push(Draft::update(&replaced)?);
    }
    let subject = Some(named(issued.serial));
    let kind = EntryKind::CertificateIssued;
    let entry = service
        .journal
        .entry(kind, caller.actor(), subject, &stored.record)?;
    turn.commit(drafts, vec![entry]).await?;
    put(service, &stored)?;
    put(service, &own)?;
    Ok((stored, issued))
}

async fn read(
    service: &CertificateService,
    serial: Serial,
) -> Result<Stored<CertificateRecord>, CertificateError> {
    let found = service.records.get::<CertificateRecord>(*serial.as_bytes());
    let found = found.await?;
    found.ok_or_else(|| CertificateError::NotFound(named(serial)))
}

fn successor(
    own: &Stored<CertificateRecord>,
    caller: &Caller,
    issued: &Issued,
    now: Timestamp,
) -> Stored<CertificateRecord> {
    let issuers = match &own.record.issuers {
        Some(issuers) => issuers.clone(),
        None => vec![own.record.issued_by.clone()],
    };
    Stored {
        id: *issued.serial.as_bytes(),
        seq: 0,
        record: CertificateRecord {
            spiffe_id: own.record.spiffe_id.clone(),
            not_before: issued.not_before.micros(),
            not_after: issued.not_after.micros(),
            issued_by: caller.principal().to_string(),
            revoked_at: None,
            issued_at: Some(now.micros()),
            issuers: Some(issuers),
            lifetime: Some(own.record.first_lifetime().micros()),
            renews: Some(named(caller.serial())),
            renewed_to: None,
            ends_at: None,
            sha256: Some(hex::encode(issued.sha256())),
        },
    }
}

fn ends_at(record: &CertificateRecord, now: Timestamp) -> i64 {
    let quarter = Span::from_micros(record.first_lifetime().micros() / 4);
    now.saturating_add(OVERLAP.min(quarter)).micros()
}

/// The successor that nobody can have come with yet, if there is one.
fn unused_successor(
    service: &CertificateService,
    caller: &Caller,
    own: &CertificateRecord,
) -> Result<Option<Serial>, CertificateError> {
    let Some(successor) = own.renewed_to.as_deref() else {
        return Ok(None);
    };
    let next = serial(successor)?;
    let renewed_on = service
        .register
        .get(&next)
        .is_some_and(|next| next.successor.is_some());
    if renewed_on || service.register.may_be_used(&next) {
        return Err(CertificateError::Renewed {
            certificate: caller.certificate().to_owned(),
            successor: successor.to_owned(),
            principal: caller.principal().clone(),
        });
    }
    Ok(Some(next))
}

fn count(service: &CertificateService, caller: &Caller) -> Result<(), CertificateError> {
    let principal = caller.principal();
    let counted = service
        .register
        .count_renewal(principal, service.clock.monotonic());
    counted.map_err(|wait| {
        metrics::counter!("countersign_renewals_refused_total").increment(1);
        let micros =
            |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        CertificateError::TooOften {
            principal: principal.clone(),
            made: MOST_RENEWALS,
            per: Span::from_micros(micros(RENEWALS_PER)),
            retry_after: service
                .clock
                .now()
                .saturating_add(Span::from_micros(micros(wait))),
        }
    })
}
