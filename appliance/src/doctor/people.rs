//! Whether people can change the appliance, and whether each approver is one.

use countersign_intent::Timestamp;

use crate::approvers::Approvers;
use crate::certificates::CertificateRecord;
use crate::governance::changeable::{CONSEQUENCE, Voter, unchangeable};
use crate::identity::SpiffeId;
use crate::policies::{Policies, PolicyError};
use crate::records::RecordsError;
use crate::start::Opened;

/// Whether anybody can agree to changes.
pub(super) enum Changes {
    /// Who.
    Possible(String),
    /// Why not, and what follows.
    Never(String),
}

/// Who can agree to changes, by the operators whose certificates hold now.
///
/// # Errors
/// Rows that cannot be read; an approver who does not count.
pub(super) async fn changes(opened: &Opened, now: Timestamp) -> Result<Changes, String> {
    let operators = operators(opened, now).await;
    let operators = operators.map_err(|error| error.to_string())?;
    let (approvers, policies) = (Approvers::default(), Policies::default());
    let told = |error: RecordsError| error.to_string();
    approvers.load(&opened.records).await.map_err(told)?;
    let told = |error: PolicyError| error.to_string();
    policies.load(&opened.records).await.map_err(told)?;
    if let Some(double) = approvers.doubles().first() {
        return Err(format!(
            "approver `{}` does not count: {}; remove them, or enrol a key of their own",
            double.approver.record.name, double.why
        ));
    }
    let all = approvers.all();
    let voters: Vec<Voter<'_>> = all
        .iter()
        .map(|one| Voter {
            name: &one.record.name,
            operator: one.record.operator.as_deref(),
        })
        .collect();
    let active = policies.active();
    let set = active.as_ref().map(|policy| &policy.set);
    Ok(match unchangeable(set, &voters, Some(&operators)) {
        Some(why) => Changes::Never(format!("{why}; {CONSEQUENCE}")),
        None => Changes::Possible(format!(
            "{} approvers and {} operators are there to agree to them",
            voters.len(),
            operators.len()
        )),
    })
}

/// Names of the operators with a certificate that holds.
async fn operators(opened: &Opened, now: Timestamp) -> Result<Vec<String>, RecordsError> {
    let mut names = Vec::new();
    for stored in opened.records.all::<CertificateRecord>(None).await? {
        let record = stored.record;
        let holds = record.revoked_at.is_none() && record.not_after > now.micros();
        let Ok(id) = record.spiffe_id.parse::<SpiffeId>() else {
            continue;
        };
        if holds && id.principal.role() == countersign_intent::Role::Operator {
            names.push(id.principal.name().to_owned());
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}
