//! Who can agree to what, and when.

use countersign_intent::{Principal, Role, Span, solana};

use super::{hold, wallet};
use crate::approval::{Approval, Approvals};
use crate::decide;
use crate::decision::Decision;
use crate::diff::CHANGE;
use crate::facts::Facts;
use crate::set::{Group, PolicySet};
use crate::term::sample::{FRIEND, NOW, intent, pay};

/// Every list of people of a small town.
fn crowds() -> Vec<Vec<&'static str>> {
    let all = ["alice", "bob", "carol"];
    (0_u8..8)
        .map(|bits| {
            let chosen = all
                .iter()
                .enumerate()
                .filter(|(at, _)| bits & (1 << at) != 0);
            chosen.map(|(_, name)| *name).collect()
        })
        .collect()
}

/// Whether these people, after this long, can have the policy loosened.
fn can_loosen(set: &PolicySet, people: &[&str], waited: Span) -> bool {
    let Some(group) = set.group(CHANGE) else {
        return false;
    };
    let Some(quorum) = group.quorum() else {
        return false;
    };
    let members = people
        .iter()
        .filter(|name| group.approvers().iter().any(|one| **one == ***name));
    members.count() >= usize::from(quorum) && waited >= group.delay().unwrap_or(Span::ZERO)
}

#[test]
fn nobody_comes_to_loosen_by_a_tightening() {
    let mut sets = vec![crate::parse("schema = 1\nname = \"a\"\n").unwrap()];
    for people in [
        "\"alice\"",
        "\"alice\", \"bob\"",
        "\"bob\", \"carol\"",
        "\"alice\", \"bob\", \"carol\"",
    ] {
        for quorum in ["", "quorum = 1\n", "quorum = 2\n"] {
            for delay in ["", "delay = \"0s\"\n", "delay = \"1h\"\n"] {
                let text = format!(
                    "schema = 1\nname = \"a\"\n[groups.change]\napprovers = [{people}]\n{quorum}{delay}"
                );
                sets.extend(crate::parse(&text));
            }
        }
    }
    assert!(sets.len() > 30, "{}", sets.len());
    let worlds: Vec<_> = crowds()
        .into_iter()
        .flat_map(|people| {
            [Span::ZERO, Span::from_secs(3_600)].map(|waited| (people.clone(), waited))
        })
        .collect();
    let outcomes: Vec<Vec<bool>> = sets
        .iter()
        .map(|set| {
            let can = worlds
                .iter()
                .map(|(people, waited)| can_loosen(set, people, *waited));
            can.collect()
        })
        .collect();
    hold(&sets, &outcomes, 100);
}

/// What people can release, and when: members, quorum, time lock, expiry, co-signing.
fn released(set: &PolicySet, people: &[&str], waited: Span, cosigned: bool) -> bool {
    let intent = intent(vec![pay(solana::Asset::Sol, 8, FRIEND)]);
    let principal = Principal::new(Role::Bot, "momentum").unwrap();
    let now = NOW.saturating_add(waited);
    let approval = |name: &&str, group: &Group| Approval {
        approver: (*name).into(),
        given_at: NOW,
        intent_digest: countersign_intent::intent_digest(&intent),
        policy_hash: set.hash(),
        roster_hash: *group.roster_hash(),
        cosigned,
    };
    let given: Vec<Approval> = set
        .groups()
        .iter()
        .flat_map(|group| people.iter().map(move |name| (name, group)))
        .map(|(name, group)| approval(name, group))
        .collect();
    let facts = Facts {
        now,
        principal: &principal,
        wallet: wallet(),
        usage: &Vec::new(),
        prices: &[],
        added_destinations: &[],
        approvals: Some(Approvals {
            asked_at: NOW,
            asker: &principal,
            consumed: false,
            given: &given,
        }),
    };
    matches!(decide(set, &intent, &facts), Decision::Allow(_))
}

#[test]
fn people_release_nothing_more_after_a_tightening() {
    let mut sets = Vec::new();
    for people in [
        "\"alice\"",
        "\"alice\", \"bob\"",
        "\"bob\", \"carol\"",
        "\"alice\", \"bob\", \"carol\"",
    ] {
        for quorum in [1, 2] {
            for more in [
                "",
                ", time_lock = \"1h\"",
                ", expires = \"2h\"",
                ", expires = \"30m\"",
                ", ledger_cosign = true",
            ] {
                let text = format!(
                    "schema = 1\nname = \"a\"\n[groups.treasury]\napprovers = [{people}]\n[[rules]]\n\
                     name = \"out\"\nwhen = {{ action = \"withdrawal\" }}\nthen = {{ approve = {{ \
                     group = \"treasury\", quorum = {quorum}{more} }} }}\n"
                );
                sets.extend(crate::parse(&text));
            }
        }
    }
    let waits = [0, 10, 50, 70, 200].map(|minutes| Span::from_secs(minutes * 60));
    let worlds: Vec<_> = crowds()
        .into_iter()
        .flat_map(|people| waits.map(|waited| (people.clone(), waited)))
        .flat_map(|(people, waited)| [false, true].map(|signed| (people.clone(), waited, signed)))
        .collect();
    let outcomes: Vec<Vec<bool>> = sets
        .iter()
        .map(|set| {
            worlds
                .iter()
                .map(|(people, waited, signed)| released(set, people, *waited, *signed))
                .collect()
        })
        .collect();
    hold(&sets, &outcomes, 100);
}
