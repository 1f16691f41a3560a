//! An operator's certificate that people agreed to.

use countersign_audit::Kind as EntryKind;
use countersign_intent::{CertificateId, Principal, RequestId, Role, Span};
use serde_json::json;

use super::GovernError;
use super::Governance;
use super::change::ChangeRecord;
use super::effect::{After, Effect};
use crate::certificates::{certified, sign};
use crate::records::Draft;

/// A principal that was blocked meanwhile gets none.
pub(super) async fn effect(
    governance: &Governance,
    id: RequestId,
    record: &ChangeRecord,
    name: &str,
    csr: &str,
    lifetime: Option<u64>,
) -> Result<Effect, GovernError> {
    let unreadable = || GovernError::Unreadable(id.to_string());
    let principal = Principal::new(Role::Operator, name).map_err(|_| unreadable())?;
    if governance.register.is_blocked(&principal) {
        let why = format!("{principal} is blocked");
        return Ok(Effect {
            drafts: Vec::new(),
            kind: EntryKind::CertificateIssued,
            subject: None,
            detail: json!({ "not_issued": name, "why": why, "request": id.to_string() }),
            result: json!({ "issued": false, "why": why }),
            after: After::Nothing,
        });
    }
    let lifetime = lifetime.map(Span::from_micros);
    let issued = sign(
        &governance.certificates,
        csr.to_owned(),
        &principal,
        lifetime,
    )
    .await?;
    let stored = certified(
        &governance.certificates,
        &issued,
        &principal,
        issuers(record),
    );
    let named = CertificateId::from_bytes(stored.id).to_string();
    Ok(Effect {
        drafts: vec![Draft::new(stored.id, &stored.record)?],
        kind: EntryKind::CertificateIssued,
        subject: Some(named.clone()),
        detail: json!({ "issued": stored.record, "request": id.to_string() }),
        result: json!({
            "certificate_id": named,
            "pem": issued.pem,
            "ca_pem": governance.certificates.authority.pem(),
        }),
        after: After::Certified(Box::new(stored)),
    })
}

/// Whoever asked for it made the key, or knows who did.
fn issuers(record: &ChangeRecord) -> Vec<Principal> {
    let asked = std::iter::once(&record.asker).chain(record.issuers.iter().flatten());
    asked.filter_map(|one| one.parse().ok()).collect()
}
