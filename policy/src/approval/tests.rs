use super::*;
use countersign_intent::{Role, Span};

const POLICY: [u8; 32] = [1; 32];
const INTENT: [u8; 32] = [2; 32];

fn roster() -> Vec<Box<str>> {
    ["alice", "bob", "carol"].map(Box::from).to_vec()
}

fn requirement() -> Requirement {
    Requirement {
        group: "treasury".into(),
        quorum: 2,
        time_lock: Span::from_secs(600),
        expires: Span::from_secs(86_400),
        ledger_cosign: false,
        rule: "big".into(),
    }
}

fn seconds(since_ask: i64) -> Timestamp {
    Timestamp::from_micros((1_000 + since_ask) * 1_000_000)
}

fn yes(approver: &str) -> Approval {
    let roster = roster();
    Approval {
        approver: approver.into(),
        given_at: seconds(5),
        intent_digest: INTENT,
        policy_hash: POLICY,
        roster_hash: roster_hash("treasury", roster.iter().map(AsRef::as_ref)),
        cosigned: false,
    }
}

fn met(requirement: &Requirement, given: &[Approval], now: Timestamp) -> Result<(), String> {
    let approvers = roster();
    let binding = Binding {
        roster_hash: roster_hash("treasury", approvers.iter().map(AsRef::as_ref)),
        approvers: &approvers,
        policy_hash: POLICY,
        intent_digest: INTENT,
    };
    let asker = Principal::new(Role::Operator, "carol").unwrap();
    let approvals = Approvals {
        asked_at: seconds(0),
        asker: &asker,
        consumed: false,
        given,
    };
    check(requirement, &binding, &approvals, now)
}

#[test]
fn two_members_meet_a_quorum_of_two() {
    assert_eq!(
        met(&requirement(), &[yes("alice"), yes("bob")], seconds(600)),
        Ok(())
    );
}

#[test]
fn time_lock_and_expiry_are_kept() {
    let given = [yes("alice"), yes("bob")];
    assert!(
        met(&requirement(), &given, seconds(599))
            .unwrap_err()
            .contains("time lock")
    );
    assert_eq!(met(&requirement(), &given, seconds(86_399)), Ok(()));
    assert!(
        met(&requirement(), &given, seconds(86_400))
            .unwrap_err()
            .contains("expired")
    );
}

#[test]
fn what_differs_does_not_count() {
    let spoil: [fn(&mut Approval); 7] = [
        |bad| bad.approver = "mallory".into(),
        |bad| bad.approver = "alice".into(),
        |bad| bad.approver = "carol".into(),
        |bad| bad.intent_digest = [9; 32],
        |bad| bad.policy_hash = [9; 32],
        |bad| bad.roster_hash = [9; 32],
        |bad| bad.given_at = seconds(-1),
    ];
    for spoil in spoil {
        let mut second = yes("bob");
        spoil(&mut second);
        let outcome = met(
            &requirement(),
            &[yes("alice"), second.clone()],
            seconds(700),
        );
        assert!(outcome.is_err(), "{second:?} counted");
    }
    let mut early = yes("bob");
    early.given_at = seconds(701);
    assert!(met(&requirement(), &[yes("alice"), early], seconds(700)).is_err());
}

#[test]
fn a_used_approval_is_used_up() {
    let approvers = roster();
    let given = [yes("alice"), yes("bob")];
    let asker = Principal::new(Role::Bot, "momentum").unwrap();
    let binding = Binding {
        roster_hash: given[0].roster_hash,
        approvers: &approvers,
        policy_hash: POLICY,
        intent_digest: INTENT,
    };
    let mut approvals = Approvals {
        asked_at: seconds(0),
        asker: &asker,
        consumed: true,
        given: &given,
    };
    let now = seconds(700);
    assert!(
        check(&requirement(), &binding, &approvals, now)
            .unwrap_err()
            .contains("used")
    );
    approvals.consumed = false;
    assert_eq!(check(&requirement(), &binding, &approvals, now), Ok(()));
}

#[test]
fn cosigning_needs_one_device() {
    let mut cosign = requirement();
    cosign.ledger_cosign = true;
    let now = seconds(700);
    assert!(
        met(&cosign, &[yes("alice"), yes("bob")], now)
            .unwrap_err()
            .contains("device")
    );
    let mut signed = yes("bob");
    signed.cosigned = true;
    assert_eq!(
        met(&cosign, &[yes("bob"), yes("alice"), signed], now),
        Ok(())
    );
}

#[test]
fn rosters_are_sets_with_a_name() {
    let of = |group, names: &[&'static str]| roster_hash(group, names.iter().copied());
    assert_eq!(of("g", &["a", "b"]), of("g", &["b", "a"]));
    assert_ne!(of("g", &["a", "b"]), of("g", &["ab"]));
    assert_ne!(of("g", &["a"]), of("h", &["a"]));
}
