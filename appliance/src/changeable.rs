//! Whether people can change this appliance: where nobody can ever agree to anything, no policy is
//! loosened, nobody is enrolled, and a freeze is for ever.

use countersign_intent::{Principal, Role, Timestamp};
use countersign_policy::PolicySet;

use crate::approvers::Approver;
use crate::identity::{Register, Way};

/// The group that agrees to changes.
pub const GROUP: &str = "change";

/// Somebody enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voter {
    /// The name that groups list.
    pub name: String,
    /// The operator who is the same person.
    pub operator: Option<String>,
}

impl Voter {
    fn of(approver: &Approver) -> Self {
        Self {
            name: approver.record.name.clone(),
            operator: approver.record.operator.clone(),
        }
    }

    fn is(&self, somebody: &Principal) -> bool {
        let operator = somebody.role() == Role::Operator;
        self.name == somebody.name()
            || (operator && self.operator.as_deref() == Some(somebody.name()))
    }
}

/// An operator who can come in and ask, with one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// Who.
    pub operator: Principal,
    /// On whose word the certificate rests: they do not count either.
    pub issuers: Vec<Principal>,
}

/// Who can ask for changes, and who can agree to them.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// Those who are enrolled and count.
    pub voters: Vec<Voter>,
    /// Those who can ask.
    pub askers: Vec<Asker>,
}

impl People {
    /// Those of these rows.
    #[must_use]
    pub fn of(approvers: &[Approver], register: &Register, now: Timestamp) -> Self {
        let ways = register.ways_in(now);
        Self {
            voters: approvers.iter().map(Voter::of).collect(),
            askers: ways.iter().filter_map(asker).collect(),
        }
    }

    /// Those of them who are somebody else than this approver.
    #[must_use]
    pub fn without(mut self, approver: &str) -> Self {
        self.voters.retain(|one| one.name != approver);
        self
    }

    /// Those and one more, in the place of whoever had the name.
    #[must_use]
    pub fn with(self, voter: Voter) -> Self {
        let mut people = self.without(&voter.name);
        people.voters.push(voter);
        people
    }

    /// Names of the operators who can ask, each once.
    #[must_use]
    pub fn operators(&self) -> Vec<&str> {
        let askers = self.askers.iter();
        let mut names: Vec<&str> = askers.map(|one| one.operator.name()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// An operator's way in.
#[must_use]
pub fn asker(way: &Way) -> Option<Asker> {
    (way.principal.role() == Role::Operator).then(|| Asker {
        operator: way.principal.clone(),
        issuers: way.issuers.clone(),
    })
}

/// Why nobody could ever agree to a change; `None` where people can. Whoever asks does not count, nor
/// does anybody on whose word the asker's certificate rests.
#[must_use]
pub fn unchangeable(set: Option<&PolicySet>, people: &People) -> Option<String> {
    if people.voters.is_empty() {
        return Some("no approver is enrolled".to_owned());
    }
    if people.askers.is_empty() {
        return Some("no operator has a certificate that is let in, so nobody can ask".to_owned());
    }
    let Some(set) = set else {
        // The first policy takes one operator's word, and is looked at then.
        return None;
    };
    let (group, quorum) = match set.group(GROUP).map(|group| (group, group.quorum())) {
        Some((group, Some(quorum))) => (group, usize::from(quorum)),
        _ => return Some(format!("the policy has no group `{GROUP}` with a quorum")),
    };
    let listed = |one: &&Voter| group.approvers().iter().any(|name| **name == *one.name);
    let members: Vec<&Voter> = people.voters.iter().filter(listed).collect();
    if members.len() < quorum {
        let names: Vec<&str> = members.iter().map(|one| one.name.as_str()).collect();
        return Some(format!(
            "group `{GROUP}` needs {quorum} to agree, and enrolled of its members are: {}",
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            }
        ));
    }
    let most = people
        .askers
        .iter()
        .map(|asker| others(&members, asker))
        .max();
    most.filter(|most| *most < quorum).map(|most| {
        format!(
            "group `{GROUP}` needs {quorum} to agree, and whichever operator asks, only {most} of its \
             members are somebody else whose word the operator's certificate does not rest on"
        )
    })
}

/// How many of these count where this one asks.
fn others(members: &[&Voter], asker: &Asker) -> usize {
    let counts = |one: &&&Voter| {
        let mut not = std::iter::once(&asker.operator).chain(&asker.issuers);
        !not.any(|somebody| one.is(somebody))
    };
    members.iter().filter(counts).count()
}

/// Names of the operators who can ask for a change that enough people can agree to, each once.
#[must_use]
pub fn can_ask(set: Option<&PolicySet>, people: &People) -> Vec<String> {
    let mut names: Vec<String> = people
        .askers
        .iter()
        .filter(|asker| {
            let alone = People {
                voters: people.voters.clone(),
                askers: vec![(*asker).clone()],
            };
            unchangeable(set, &alone).is_none()
        })
        .map(|asker| asker.operator.name().to_owned())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What follows from it.
pub const CONSEQUENCE: &str = "nobody can ever loosen the policy, enrol an approver, certify an \
                               operator or lift a freeze: a freeze is for ever";

/// A line for each approver who is said to be an operator whom nothing lets in.
#[must_use]
pub fn tied_to_nobody(people: &People) -> Vec<String> {
    let operators = people.operators();
    let tied = people.voters.iter().filter_map(|voter| {
        let operator = voter.operator.as_deref()?;
        (!operators.contains(&operator)).then(|| {
            format!(
                "approver `{}` is said to be operator `{operator}`, who is blocked or has no \
                 certificate that is let in: if they come in under another name, their word counts \
                 twice; `countersign approvers enroll` says who they are",
                voter.name
            )
        })
    });
    tied.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(change: &str) -> PolicySet {
        let text = format!("schema = 1\nname = \"p\"\n{change}");
        countersign_policy::parse(&text).unwrap()
    }

    const TWO_OF_THREE: &str =
        "[groups.change]\napprovers = [\"alice\", \"bob\", \"carol\"]\nquorum = 2\n";

    fn people(voters: &[(&str, Option<&str>)], askers: &[(&str, &[&str])]) -> People {
        let operator = |name: &&str| Principal::new(Role::Operator, name).unwrap();
        let voter = |(name, operator): &(&str, Option<&str>)| Voter {
            name: (*name).to_owned(),
            operator: operator.map(ToOwned::to_owned),
        };
        let asker = |(name, issuers): &(&str, &[&str])| Asker {
            operator: operator(name),
            issuers: issuers.iter().map(operator).collect(),
        };
        People {
            voters: voters.iter().map(voter).collect(),
            askers: askers.iter().map(asker).collect(),
        }
    }

    #[test]
    fn people_are_needed_who_are_enrolled_and_somebody_else() {
        let set = policy(TWO_OF_THREE);
        let one: &[(&str, &[&str])] = &[("alice", &[])];
        let both: &[(&str, &[&str])] = &[("alice", &[]), ("o", &[])];
        let on_alices_word: &[(&str, &[&str])] = &[("o", &["alice"])];
        let two = &[("alice", None), ("bob", None)][..];
        let three = &[("carol", None), ("bob", None), ("alice", None)][..];
        for (who, operators, changeable) in [
            (&[][..], both, false),
            (&[("alice", None)], both, false),
            (&[("alice", None), ("dave", None)], both, false),
            (two, both, true),
            (two, one, false),
            (two, &[], false),
            (two, on_alices_word, false),
            (&[("carol", Some("alice")), ("bob", None)], one, false),
            (three, one, true),
            (three, on_alices_word, true),
        ] {
            let why = unchangeable(Some(&set), &people(who, operators));
            assert_eq!(why.is_none(), changeable, "{who:?} {operators:?}: {why:?}");
        }
        assert_eq!(can_ask(Some(&set), &people(two, both)), ["o"]);
        let everybody = people(three, both);
        let why = unchangeable(Some(&policy("")), &everybody).unwrap();
        assert!(why.contains("no group `change`"), "{why}");
        let no_quorum = policy("[groups.change]\napprovers = [\"alice\"]\n");
        assert!(unchangeable(Some(&no_quorum), &everybody).is_some());
        assert!(unchangeable(None, &everybody).is_none());
    }
}
