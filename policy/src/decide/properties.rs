//! What must hold for all policies, intents and usage.

use countersign_intent::Intent;
use countersign_intent::solana::{Detail as Effect, Draft};
use proptest::prelude::*;

use crate::decision::Decision;
use crate::random::{
    approve_rule, deny_rule, effect, fee, has_primary, intent, is_awaited, judged, limit, parts,
    pay, policy, rule_text, strictness, tier,
};
use crate::set::PolicySet;
use crate::term::sample::WALLET;

fn adding_never_loosens(
    set: &PolicySet,
    intent: &Intent,
    added: Effect,
    place: usize,
    used: u8,
) -> Result<(), TestCaseError> {
    let before = judged(set, intent, used);
    let mut more = Draft::of(intent).unwrap();
    more.effects.insert(place.min(more.effects.len()), added);
    let after = judged(set, &more.into(), used);
    prop_assert!(
        strictness(&after) >= strictness(&before),
        "{before:?}\n{after:?}"
    );
    if let (Decision::NeedApproval(before), Decision::NeedApproval(after)) = (before, after) {
        for requirement in &before.requirements {
            prop_assert!(
                after.requirements.contains(requirement),
                "{requirement:?} vanished"
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..Default::default() })]

    #[test]
    fn inv05_adding_an_effect_never_loosens(
        parts in parts(),
        intent in intent(),
        added in effect(),
        place in 0..6_usize,
        used in 0..3_u8,
    ) {
        let Some(set) = policy(&parts) else { return Ok(()) };
        prop_assume!(has_primary(&intent) && !is_awaited(&intent, &added));
        adding_never_loosens(&set, &intent, added, place, used)?;
    }

    /// The same where amounts, lines and fees are dense enough to meet each other.
    #[test]
    fn inv05_splitting_an_amount_never_loosens(
        parts in prop::collection::vec(tier(), 1..5),
        amounts in prop::collection::vec(0..30_u64, 1..4),
        added in prop_oneof![3 => (0..30_u64).prop_map(pay), 1 => fee()],
        place in 0..4_usize,
    ) {
        let Some(set) = policy(&parts) else { return Ok(()) };
        let intent = Draft::new(WALLET, amounts.into_iter().map(pay).collect()).into();
        adding_never_loosens(&set, &intent, added, place, 0)?;
    }

    #[test]
    fn inv05_adding_a_denial_or_a_limit_never_loosens(
        parts in parts(),
        intent in intent(),
        added in prop_oneof![deny_rule(), limit()],
        used in 0..3_u8,
    ) {
        let more = [parts.as_slice(), &[added]].concat();
        let (Some(before), Some(after)) = (policy(&parts), policy(&more)) else { return Ok(()) };
        let (before, after) = (judged(&before, &intent, used), judged(&after, &intent, used));
        prop_assert!(strictness(&after) >= strictness(&before), "{before:?}\n{after:?}");
    }

    #[test]
    fn inv05_adding_an_approval_never_permits(
        parts in parts(),
        intent in intent(),
        added in approve_rule(),
        used in 0..3_u8,
    ) {
        let more = [parts.as_slice(), &[added]].concat();
        let (Some(before), Some(after)) = (policy(&parts), policy(&more)) else { return Ok(()) };
        let (before, after) = (judged(&before, &intent, used), judged(&after, &intent, used));
        match (&before, &after) {
            (Decision::Allow(_), _) => {}
            (Decision::Deny(denial), Decision::NeedApproval(_)) => {
                // It may permit, under approval, what nothing permitted; a denial stands.
                let unpermitted = denial.reasons.iter().all(|reason| {
                    reason.message.starts_with("no rule permits")
                        || reason.rule.as_ref().is_some_and(|rule| {
                            let name = format!("[[rules]]\nname = \"{rule}\"");
                            parts.iter().any(|part| part.starts_with(&name) && !part.contains("\"deny\""))
                        })
                });
                prop_assert!(unpermitted, "{denial:?}");
            }
            _ => prop_assert!(strictness(&after) >= strictness(&before), "{before:?}\n{after:?}"),
        }
    }

    #[test]
    fn the_order_of_rules_and_limits_means_nothing(
        (parts, shuffled) in parts().prop_flat_map(|parts| {
            (Just(parts.clone()), Just(parts).prop_shuffle())
        }),
        intent in intent(),
        used in 0..3_u8,
    ) {
        let (Some(one), Some(two)) = (policy(&parts), policy(&shuffled)) else { return Ok(()) };
        match (judged(&one, &intent, used), judged(&two, &intent, used)) {
            (Decision::Allow(_), Decision::Allow(_)) => {}
            (Decision::Deny(a), Decision::Deny(b)) => {
                let sorted = |denial: crate::Denial| {
                    let mut all: Vec<String> = denial.reasons.iter().map(ToString::to_string).collect();
                    all.sort();
                    all
                };
                prop_assert_eq!(sorted(a), sorted(b));
            }
            (Decision::NeedApproval(mut a), Decision::NeedApproval(mut b)) => {
                a.requirements.sort();
                b.requirements.sort();
                prop_assert_eq!(a.requirements, b.requirements);
            }
            (a, b) => prop_assert!(false, "{a:?}\n{b:?}"),
        }
    }
}

/// The properties above would also hold of a policy that always denies.
#[test]
fn random_requests_meet_every_outcome() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut met = [0_u32; 3];
    for _ in 0..2_000 {
        let parts = parts().new_tree(&mut runner).unwrap().current();
        let intent = intent().new_tree(&mut runner).unwrap().current();
        if let Some(set) = policy(&parts)
            && has_primary(&intent)
        {
            met[usize::from(strictness(&judged(&set, &intent, 0)))] += 1;
        }
    }
    assert!(
        met.iter().all(|count| *count >= 50),
        "allow, ask, deny: {met:?}"
    );
}

/// Every pair of tiers of a small universe, every request of up to two payments, every payment
/// added to it.
#[test]
fn inv05_splitting_never_loosens_in_a_small_universe() {
    let mut tiers = Vec::new();
    for over in ["", ", over_amount = \"1\"", ", over_amount = \"2\""] {
        for most in ["", ", max_amount = \"1\"", ", max_amount = \"2\""] {
            for then in ["\"allow\"", "{ approve = { group = \"ops\", quorum = 1 } }"] {
                tiers.push((format!("action = \"withdrawal\"{over}{most}"), then));
            }
        }
    }
    let payments = [8, 12].map(pay);
    let request = |effects: Vec<Effect>| Intent::from(Draft::new(WALLET, effects));
    let mut requests: Vec<Vec<Effect>> = payments.iter().map(|one| vec![one.clone()]).collect();
    for one in &payments {
        requests.extend(payments.iter().map(|two| vec![one.clone(), two.clone()]));
    }
    for (place, (when, then)) in tiers.iter().enumerate() {
        for (other_when, other_then) in &tiers[place..] {
            let parts = [
                rule_text("one", when, then),
                rule_text("two", other_when, other_then),
            ];
            let set = policy(&parts).unwrap();
            for effects in &requests {
                let intent = request(effects.clone());
                for added in &payments {
                    let judged = adding_never_loosens(&set, &intent, added.clone(), 0, 0);
                    assert!(judged.is_ok(), "{}: {judged:?}", set.text());
                }
            }
        }
    }
}
