//! Whether people can change this appliance, now and after a change.

use countersign_policy::PolicySet;

use super::Governance;
use super::change::What;
use crate::changeable::{CONSEQUENCE, People, Voter, tied_to_nobody, unchangeable};

fn now(governance: &Governance) -> People {
    let approvers = governance.approvers.all();
    People::of(&approvers, &governance.register, governance.clock.now())
}

/// Why nobody can ever agree to a change under this policy and the people of now.
#[must_use]
pub fn of_now(governance: &Governance, set: Option<&PolicySet>) -> Option<String> {
    unchangeable(set, &now(governance))
}

/// Why people could never agree to a change again after this one, where they can now.
#[must_use]
pub fn after(governance: &Governance, what: &What, active: &PolicySet) -> Option<String> {
    let people = now(governance);
    if unchangeable(Some(active), &people).is_some() {
        return None;
    }
    let why = match what {
        What::Policy { text, .. } => {
            let new = countersign_policy::parse(text).ok()?;
            unchangeable(Some(&new), &people)
        }
        What::ApproverRemove { name, .. } => unchangeable(Some(active), &people.without(name)),
        What::ApproverAdd { to, .. } => unchangeable(
            Some(active),
            &people.with(Voter {
                name: to.name.clone(),
                operator: to.operator.clone(),
            }),
        ),
        What::Unfreeze { .. }
        | What::Unblock { .. }
        | What::Certificate { .. }
        | What::RegistrationAdd { .. }
        | What::WalletLimits { .. }
        | What::Venue { .. }
        | What::SecondFactor { .. } => None,
    };
    why.map(|why| format!("after this {why}; {CONSEQUENCE}"))
}

/// Warnings about who can ask for changes and agree to them.
#[must_use]
pub fn warnings(governance: &Governance) -> Vec<String> {
    let active = governance.policies.active();
    let people = now(governance);
    let why = unchangeable(active.as_ref().map(|policy| &policy.set), &people);
    let never = why.map(|why| format!("{why}; {CONSEQUENCE}"));
    let doubles = governance.approvers.doubles().into_iter().map(|double| {
        format!(
            "approver `{}` does not count: {}",
            double.approver.record.name, double.why
        )
    });
    let all = never.into_iter().chain(doubles);
    all.chain(tied_to_nobody(&people)).collect()
}
