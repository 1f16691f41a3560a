//! Whether people can change this appliance: where nobody can ever agree to anything, no policy is
//! loosened, nobody is enrolled, and a freeze is for ever.

use countersign_intent::Role;
use countersign_policy::PolicySet;

use super::change::GROUP;
use crate::app::App;

/// Somebody enrolled.
#[derive(Debug, Clone, Copy)]
pub struct Voter<'a> {
    /// The name that groups list.
    pub name: &'a str,
    /// The operator who is the same person.
    pub operator: Option<&'a str>,
}

impl Voter<'_> {
    fn is(&self, operator: &str) -> bool {
        self.name == operator || self.operator == Some(operator)
    }
}

/// Why nobody could ever agree to a change; `None` where people can. Whoever asks does not count, so
/// `operators` are those who can ask; without them somebody who is no approver is taken to.
#[must_use]
pub fn unchangeable(
    set: Option<&PolicySet>,
    voters: &[Voter<'_>],
    operators: Option<&[String]>,
) -> Option<String> {
    if voters.is_empty() {
        return Some("no approver is enrolled".to_owned());
    }
    let Some(set) = set else {
        // The first policy takes one operator's word, and is looked at then.
        return None;
    };
    let (group, quorum) = match set.group(GROUP).map(|group| (group, group.quorum())) {
        Some((group, Some(quorum))) => (group, usize::from(quorum)),
        _ => return Some(format!("the policy has no group `{GROUP}` with a quorum")),
    };
    let members: Vec<&Voter<'_>> = voters
        .iter()
        .filter(|one| group.approvers().iter().any(|name| **name == *one.name))
        .collect();
    if members.len() < quorum {
        let names: Vec<&str> = members.iter().map(|one| one.name).collect();
        return Some(format!(
            "group `{GROUP}` needs {quorum} to agree, and enrolled of its members are: {}",
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            }
        ));
    }
    let others = |operator: &String| members.iter().filter(|one| !one.is(operator)).count();
    let most = operators.and_then(|all| all.iter().map(others).max());
    most.filter(|most| *most < quorum).map(|most| {
        format!(
            "group `{GROUP}` needs {quorum} to agree, and whichever operator asks, only {most} of its \
             members are somebody else"
        )
    })
}

/// What follows from it.
pub const CONSEQUENCE: &str = "nobody can ever loosen the policy, enrol an approver, certify an \
                               operator or lift a freeze: a freeze is for ever";

/// Why nobody can ever agree to a change under the policy and the approvers of now, or under others.
#[must_use]
pub fn of_now(app: &App, set: Option<&PolicySet>, without: Option<&str>) -> Option<String> {
    let all = app.approvers.all();
    let voters: Vec<Voter<'_>> = all
        .iter()
        .filter(|one| without.is_none_or(|id| one.id.to_string() != id))
        .map(|one| Voter {
            name: &one.record.name,
            operator: one.record.operator.as_deref(),
        })
        .collect();
    unchangeable(set, &voters, Some(&operators(app)))
}

/// Names of the operators who can come in and ask.
fn operators(app: &App) -> Vec<String> {
    let all = app.register.can_come_in(app.clock.now());
    let operators = all.iter().filter(|one| one.role() == Role::Operator);
    operators.map(|one| one.name().to_owned()).collect()
}

/// Warnings about who can agree to changes.
#[must_use]
pub fn warnings(app: &App) -> Vec<String> {
    let active = app.policies.active();
    let why = of_now(app, active.as_ref().map(|policy| &policy.set), None);
    let never = why.map(|why| format!("{why}; {CONSEQUENCE}"));
    let doubles = app.approvers.doubles().into_iter().map(|double| {
        format!(
            "approver `{}` does not count: {}",
            double.approver.record.name, double.why
        )
    });
    never.into_iter().chain(doubles).collect()
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

    fn voters<'a>(names: &[(&'a str, Option<&'a str>)]) -> Vec<Voter<'a>> {
        let voter = |(name, operator): &(&'a str, Option<&'a str>)| Voter {
            name,
            operator: *operator,
        };
        names.iter().map(voter).collect()
    }

    #[test]
    fn people_are_needed_who_are_enrolled_and_somebody_else() {
        let set = policy(TWO_OF_THREE);
        let one = ["alice".to_owned()];
        let both = ["alice".to_owned(), "o".to_owned()];
        let never =
            |set: &PolicySet, who: &[(&str, Option<&str>)], operators: Option<&[String]>| {
                unchangeable(Some(set), &voters(who), operators)
            };
        for (who, operators, changeable) in [
            (&[][..], None, false),
            (&[("alice", None)], None, false),
            (&[("alice", None), ("dave", None)], None, false),
            (&[("alice", None), ("bob", None)], None, true),
            (&[("alice", None), ("bob", None)], Some(&one[..]), false),
            (&[("alice", None), ("bob", None)], Some(&both[..]), true),
            (
                &[("carol", Some("alice")), ("bob", None)],
                Some(&one[..]),
                false,
            ),
            (
                &[("carol", None), ("bob", None), ("alice", None)],
                Some(&one[..]),
                true,
            ),
        ] {
            let why = never(&set, who, operators);
            assert_eq!(why.is_none(), changeable, "{who:?}: {why:?}");
        }
        let everybody = [("alice", None), ("bob", None), ("carol", None)];
        let why = never(&policy(""), &everybody, None).unwrap();
        assert!(why.contains("no group `change`"), "{why}");
        let no_quorum = "[groups.change]\napprovers = [\"alice\"]\n";
        assert!(never(&policy(no_quorum), &everybody, None).is_some());
        assert!(unchangeable(None, &voters(&everybody), None).is_none());
    }
}
