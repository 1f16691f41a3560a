//! What people said, held against what is demanded.

use std::collections::{BTreeMap, BTreeSet};

use countersign_intent::{ApproverId, Timestamp};
use countersign_policy::Requirement;
use countersign_policy::approval::{Approval, Approvals, Binding, check, members_who_count};

use super::ask::{Ask, Standing};
use super::consent::{ConsentRecord, Use};
use crate::approvers::Approver;

/// How far an ask has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// More people have to agree.
    Pending,
    /// Enough people agreed.
    Approved,
    /// Somebody said no.
    Rejected,
    /// It lapsed.
    Expired,
    /// It was used.
    Used,
}

/// The count.
#[derive(Debug, Clone)]
pub struct Tally {
    /// How far it has got.
    pub state: State,
    /// What is missing until it may be used; empty once it may.
    pub missing: Vec<String>,
    /// Group by group.
    pub groups: Vec<GroupTally>,
    /// Identifiers of the approvers whose approval counts in some group.
    pub counting: BTreeSet<String>,
}

/// The count in one group.
#[derive(Debug, Clone)]
pub struct GroupTally {
    /// What is demanded.
    pub requirement: Requirement,
    /// Its members.
    pub approvers: Vec<String>,
    /// Those of them whose approval would not count, and why.
    pub without: BTreeMap<String, String>,
    /// How many approvals count.
    pub counted: usize,
}

/// The approvals as policy takes them: those of approvers who are enrolled with the same key
/// still and neither are the asker nor made their certificate, once for each group they were given in. `cosigned` are those whose
/// own key has signed the transaction that is to be released.
#[must_use]
pub fn values(
    consent: &ConsentRecord,
    approvers: &[Approver],
    ask: &Ask,
    cosigned: &[ApproverId],
) -> Vec<Approval> {
    let mut values = Vec::new();
    for yes in &consent.approvals {
        let mut enrolled = approvers.iter();
        let same = |one: &&Approver| one.id.to_string() == yes.approver && !ask.is_by(one);
        let Some(approver) = enrolled.find(same) else {
            continue;
        };
        values.extend(yes.rosters.values().map(|roster| Approval {
            approver: yes.name.as_str().into(),
            given_at: Timestamp::from_micros(yes.given_at),
            intent_digest: yes.digest.0,
            policy_hash: yes.policy_hash.0,
            roster_hash: roster.0,
            cosigned: cosigned.contains(&approver.id),
        }));
    }
    values
}

/// Counts; `cosigned` as in [`values`].
#[must_use]
pub fn tally(
    ask: &Ask,
    consent: &ConsentRecord,
    approvers: &[Approver],
    cosigned: &[ApproverId],
    now: Timestamp,
) -> Tally {
    let given = values(consent, approvers, ask, cosigned);
    let mut tally = Tally {
        state: State::Pending,
        missing: Vec::new(),
        groups: Vec::new(),
        counting: BTreeSet::new(),
    };
    match &ask.standing {
        Err(why) => tally.missing.push(why.clone()),
        Ok(standing) => {
            let agreed = count(ask, standing, consent, &given, now, &mut tally);
            for group in &mut tally.groups {
                group.without = without(ask, &group.approvers, approvers);
            }
            if agreed {
                tally.state = State::Approved;
            }
        }
    }
    if now >= ask.expires_at {
        tally.state = State::Expired;
        tally.missing = vec![format!("it expired at {}", ask.expires_at)];
    }
    if let Some(no) = &consent.rejection {
        tally.state = State::Rejected;
        tally.missing = vec![format!("`{}` rejected it", no.name)];
    }
    if let Some(used) = &consent.used {
        tally.state = State::Used;
        tally.missing = vec![use_of(used)];
    }
    tally
}

/// What became of it: the request that it released goes by the key.
fn use_of(used: &Use) -> String {
    let at = Timestamp::from_micros(used.at);
    if used.key.is_empty() {
        return format!("it was used already: it took effect at {at}");
    }
    format!(
        "it was used already, by {} at {at}, for the request with the idempotency key `{}`",
        used.by, used.key
    )
}

/// The members who have no say in this, and why.
fn without(ask: &Ask, members: &[String], enrolled: &[Approver]) -> BTreeMap<String, String> {
    let why = |name: &String| match enrolled.iter().find(|one| one.record.name == *name) {
        None => Some("is not enrolled".to_owned()),
        Some(one) if one.is(&ask.asker) => Some("asks for this".to_owned()),
        Some(one) if ask.is_by(one) => Some(format!(
            "the certificate that {} asked with rests on their word",
            ask.asker
        )),
        Some(_) => None,
    };
    let told = members.iter().map(|name| Some((name.clone(), why(name)?)));
    told.flatten().collect()
}

/// Whether every group agreed; time locks aside.
fn count(
    ask: &Ask,
    standing: &Standing,
    consent: &ConsentRecord,
    given: &[Approval],
    now: Timestamp,
    tally: &mut Tally,
) -> bool {
    let mut agreed = true;
    for requirement in &standing.requirements {
        let Some(group) = standing.policy.set.group(&requirement.group) else {
            tally
                .missing
                .push(format!("the group `{}` does not exist", requirement.group));
            agreed = false;
            continue;
        };
        let binding = Binding {
            approvers: group.approvers(),
            roster_hash: *group.roster_hash(),
            policy_hash: standing.policy.set.hash(),
            intent_digest: ask.digest,
        };
        let approvals = Approvals {
            asked_at: ask.asked_at,
            asker: &ask.asker,
            consumed: consent.used.is_some(),
            given,
        };
        let counting = members_who_count(&binding, &approvals, now);
        for approval in &counting {
            let given = consent.approvals.iter();
            let by_name = given.filter(|yes| *yes.name == *approval.approver);
            tally
                .counting
                .extend(by_name.map(|yes| yes.approver.clone()));
        }
        agreed &= counting.len() >= usize::from(requirement.quorum);
        tally
            .missing
            .extend(check(requirement, &binding, &approvals, now).err());
        tally.groups.push(GroupTally {
            requirement: requirement.clone(),
            approvers: group.approvers().iter().map(ToString::to_string).collect(),
            without: BTreeMap::new(),
            counted: counting.len(),
        });
    }
    agreed
}
