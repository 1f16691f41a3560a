use countersign_intent::Asset;

use super::*;

const DAILY: WrittenLimit<'static> = WrittenLimit {
    name: "daily",
    action: "withdrawal",
    asset: Some("SOL"),
    window: "24h",
    max_amount: Some("5"),
    max_usd: None,
    max_count: None,
};

fn refused(written: WrittenLimit<'_>) -> (&'static str, String) {
    let error = written.read().unwrap_err();
    (error.field, error.message)
}

#[test]
fn a_limit_is_read_in_the_words_of_a_policy() {
    let limit = DAILY.read().unwrap();
    assert_eq!(limit.name(), "wallet:daily");
    assert_eq!(
        limit.cap(),
        Cap::Amount {
            asset: Asset::SOL,
            max: Amount::from_base(5_000_000_000),
            decimals: 9
        }
    );
    let count = WrittenLimit {
        action: "any",
        asset: None,
        max_amount: None,
        max_count: Some(3),
        ..DAILY
    };
    assert_eq!(count.read().unwrap().cap(), Cap::Count(3));
}

#[test]
fn the_field_that_is_wrong_is_named() {
    let with = |change: fn(&mut WrittenLimit<'static>)| {
        let mut written = DAILY;
        change(&mut written);
        refused(written).0
    };
    assert_eq!(with(|limit| limit.name = "a:b"), "name");
    assert_eq!(with(|limit| limit.action = "theft"), "action");
    assert_eq!(with(|limit| limit.asset = None), "asset");
    assert_eq!(with(|limit| limit.asset = Some("GOLD")), "asset");
    assert_eq!(with(|limit| limit.window = "0s"), "window");
    assert_eq!(with(|limit| limit.max_amount = Some("-1")), "max_amount");
    assert_eq!(with(|limit| limit.max_amount = None), "max_amount");
    assert_eq!(with(|limit| limit.max_count = Some(1)), "max_amount");
}

#[test]
fn only_what_is_certainly_tighter_tightens() {
    let read = |written: WrittenLimit<'_>| vec![written.read().unwrap()];
    let old = read(DAILY);
    let changed = |change: fn(&mut WrittenLimit<'static>)| {
        let mut written = DAILY;
        change(&mut written);
        tightens(&old, &read(written))
    };
    assert_eq!(changed(|_| {}), Ok(()));
    assert_eq!(changed(|limit| limit.max_amount = Some("4.9")), Ok(()));
    assert_eq!(changed(|limit| limit.action = "any"), Ok(()));
    let more = changed(|limit| limit.max_amount = Some("5.1")).unwrap_err();
    assert_eq!(
        more,
        "limit wallet:daily of 5 SOL per 24h would become limit wallet:daily of 5.1 SOL per 24h"
    );
    assert!(changed(|limit| limit.window = "48h").is_err());
    assert!(changed(|limit| limit.asset = Some("USDC")).is_err());
    assert!(changed(|limit| limit.name = "other").is_err());
    assert!(changed(|limit| limit.action = "trade").is_err());
    assert!(tightens(&old, &[]).is_err());
    assert_eq!(tightens(&[], &old), Ok(()));
}
