use super::*;

const SAMPLE: &str = include_str!("../../cases/desk-a.policy.toml");

#[test]
fn the_sample_policy_is_read() {
    let set = parse(SAMPLE).unwrap();
    assert_eq!(set.name(), "desk-a");
    assert_eq!(set.rules().len(), 3);
    assert_eq!(set.limits().len(), 2);
    assert_eq!(set.group("change").unwrap().quorum(), Some(2));
    let tighter = SAMPLE.replace(
        "max_priority_fee = \"0.01 SOL\" }",
        "max_priority_fee = \"0.01 SOL\", max_slippage_bps = 300 }",
    );
    assert_ne!(tighter, SAMPLE);
    let tighter = parse(&tighter).unwrap();
    assert_eq!(tighter.rules()[0].bounds.max_slippage_bps, Some(300));
    assert_ne!(tighter.hash(), set.hash());
}
