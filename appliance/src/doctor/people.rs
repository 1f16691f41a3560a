//! Whether people can change the appliance, and whether each approver is one.

use countersign_intent::Timestamp;

use crate::approvers::Approvers;
use crate::certificates;
use crate::changeable::{CONSEQUENCE, People, tied_to_nobody, unchangeable};
use crate::identity::Register;
use crate::policies::{Policies, PolicyError};
use crate::records::RecordsError;
use crate::start::Opened;

/// Whether anybody can agree to changes.
pub(super) enum Changes {
    /// Who.
    Possible(String),
    /// Why not, and what follows.
    Never(String),
    /// What is wrong beside it.
    Odd(String),
}

/// Who can agree to changes, by the operators who are let in now: those who are blocked cannot ask.
///
/// # Errors
/// Rows that cannot be read; an approver who does not count.
pub(super) async fn changes(opened: &Opened, now: Timestamp) -> Result<Changes, String> {
    let (approvers, policies) = (Approvers::default(), Policies::default());
    let told = |error: RecordsError| error.to_string();
    approvers.load(&opened.records).await.map_err(told)?;
    let register = Register::new();
    let loaded = certificates::load(&opened.records, &register, now).await;
    loaded.map_err(told)?;
    let blocks = certificates::load_blocks(&opened.records, &register).await;
    blocks.map_err(told)?;
    let told = |error: PolicyError| error.to_string();
    policies.load(&opened.records).await.map_err(told)?;
    if let Some(double) = approvers.doubles().first() {
        return Err(format!(
            "approver `{}` does not count: {}; remove them, or enrol a key of their own",
            double.approver.record.name, double.why
        ));
    }
    let people = People::of(&approvers.all(), &register, now);
    if let Some(nobody) = tied_to_nobody(&people).first() {
        return Ok(Changes::Odd(nobody.clone()));
    }
    let active = policies.active();
    let set = active.as_ref().map(|policy| &policy.set);
    Ok(match unchangeable(set, &people) {
        Some(why) => Changes::Never(format!("{why}; {CONSEQUENCE}")),
        None => Changes::Possible(format!(
            "{} approvers and {} operators are there to agree to them",
            people.voters.len(),
            people.operators().len()
        )),
    })
}
