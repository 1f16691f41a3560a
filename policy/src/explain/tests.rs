use super::*;
use crate::case;

fn explained(text: &str) -> Explanation {
    let case = case::parse(text, &["jupiter-v6", "orca-whirlpool"]).unwrap();
    let sample = include_str!("../../cases/desk-a.policy.toml");
    let set = crate::parse(case.policy().unwrap_or(sample)).unwrap();
    case.with_facts(&set, |intent, facts| explain(&set, intent, facts))
        .unwrap()
}

fn said(explanation: &Explanation, effect: usize) -> Vec<String> {
    let rules = explanation.effects[effect].rules.iter();
    rules
        .map(|rule| format!("{} {}", rule.rule, rule.says))
        .collect()
}

#[test]
fn every_rule_is_told_for_every_effect() {
    let told = explained(include_str!("../../cases/withdrawal-split-asks.toml"));
    assert!(matches!(told.decision, Decision::NeedApproval(_)));
    for effect in 0..2 {
        assert_eq!(
            said(&told, effect),
            [
                "dex-trades does not apply: it is about other actions",
                "small-withdrawals-to-cold does not apply: 1.2 SOL is over max_amount 1",
                "withdrawals-to-cold needs approval, but does not permit: 0.6 SOL is not over \
                 over_amount 1",
            ]
        );
    }
}

#[test]
fn denials_are_told() {
    let told = explained(include_str!("../../cases/deny-wins.toml"));
    assert_eq!(said(&told, 0), ["trades permits", "freeze-partner denies"]);
    let other = explained(include_str!("../../cases/deny-other-bot.toml"));
    assert_eq!(
        said(&other, 0),
        [
            "trades permits",
            "freeze-partner does not apply: it is about other bots"
        ]
    );
}

#[test]
fn limits_are_told_with_their_numbers() {
    let told = explained(include_str!("../../cases/withdrawal-over-limit.toml"));
    let limits: Vec<_> = told
        .limits
        .iter()
        .map(|one| (&*one.limit, &*one.numbers, one.fits))
        .collect();
    assert_eq!(
        limits,
        [(
            "sol-out-per-wallet",
            "limit 50 SOL per 24h, used 49.2, asked 1",
            false
        )]
    );
    let unknown = explained(include_str!("../../cases/usd-price-missing.toml"));
    assert!(!unknown.limits[0].fits);
    assert_eq!(unknown.limits[0].scope, None);
}
