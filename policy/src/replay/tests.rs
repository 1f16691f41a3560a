use std::collections::BTreeMap;

use countersign_intent::solana::{Detail as Effect, Draft};
use countersign_intent::{Action, Address, Amount, Asset, Intent, Role, UserId, WalletId, solana};
use proptest::prelude::*;

use super::*;
use crate::diff::{Change, compare};
use crate::random::{self, approve_rule, deny_rule, intent, limit, parts, rule_text, strictness};
use crate::term::sample::{NOW, WALLET};

const FRIEND: Address = Address::new([2; 32]);
const HOUR: i64 = 3_600_000_000;

fn bot() -> Principal {
    Principal::new(Role::Bot, "momentum").unwrap()
}

fn wallet() -> WalletFacts<'static> {
    WalletFacts {
        id: WalletId::from_bytes([1; 16]),
        user: UserId::from_bytes([2; 16]),
        tier: None,
        limits: &[],
    }
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(NOW.micros() + micros)
}

fn id(number: usize) -> RequestId {
    RequestId::from_bytes([u8::try_from(number).unwrap(); 16])
}

fn sol(amount: u64) -> Amount {
    Amount::from_base(u128::from(amount) * 1_000_000_000)
}

fn pay(amount: u64) -> Intent {
    let payment = Effect::Transfer {
        asset: solana::Asset::Sol,
        amount: sol(amount),
        to: FRIEND,
        token_account: None,
    };
    Draft::new(WALLET, vec![payment]).into()
}

fn recorded<'a>(number: usize, when: i64, intent: &'a Intent, who: &'a Principal) -> Recorded<'a> {
    Recorded {
        id: id(number),
        at: at(when),
        principal: who,
        wallet: wallet(),
        intent: Ok(intent),
        halted: false,
        unsigned: false,
        consent: None,
        prices: &[],
    }
}

/// The policy with these rules and limits.
fn set(parts: &[String]) -> PolicySet {
    random::policy(parts).unwrap()
}

fn out_rule(extra: &str, then: &str) -> String {
    let when = format!("action = \"withdrawal\", {extra}");
    rule_text("out", &when, then)
}

fn hourly(max: u64) -> String {
    format!(
        "[[limits]]\nname = \"hourly\"\nwhen = {{ action = \"withdrawal\", asset = \"SOL\" }}\n\
         per = \"wallet\"\nwindow = \"1h\"\nmax_amount = \"{max}\"\n"
    )
}

const TREASURY: &str = "{ approve = { group = \"treasury\", quorum = 2 } }";

fn most(replay: &Replay<'_>) -> Option<Amount> {
    let flow = replay.outflow().flow(Action::Withdrawal, Asset::SOL)?;
    Some(flow.most_in_a_day())
}

#[test]
fn what_is_allowed_is_counted_and_what_is_denied_is_not() {
    let (set, bot) = (set(&[out_rule("", "\"allow\""), hourly(5)]), bot());
    let mut replay = Replay::new(&set, at(0));
    let mut words = Vec::new();
    for (number, (when, amount)) in [(0, 3), (1, 3), (2, 2), (3 * HOUR, 5)].iter().enumerate() {
        let intent = pay(*amount);
        let said = replay.judge(&recorded(number, *when, &intent, &bot), false);
        words.push(said.as_str());
        if number == 1 {
            assert!(said.why()[0].contains("used 3, asked 3"), "{said:?}");
        }
    }
    assert_eq!(words, ["allow", "deny", "allow", "allow"]);
    assert_eq!(most(&replay), Some(sol(10)));
    let flow = replay.outflow().flow(Action::Withdrawal, Asset::SOL);
    assert_eq!(flow.unwrap().most_at(), Some(at(3 * HOUR)));
}

#[test]
fn what_was_certainly_not_signed_uses_up_nothing() {
    let (set, bot) = (set(&[out_rule("", "\"allow\""), hourly(5)]), bot());
    let mut replay = Replay::new(&set, at(0));
    let intent = pay(5);
    let unsigned = Recorded {
        unsigned: true,
        ..recorded(0, 0, &intent, &bot)
    };
    assert_eq!(replay.judge(&unsigned, false).as_str(), "allow");
    assert_eq!(most(&replay), None);
    let second = recorded(1, 1, &intent, &bot);
    assert_eq!(replay.judge(&second, false).as_str(), "allow");
    assert_eq!(most(&replay), Some(sol(5)));
}

#[test]
fn what_no_policy_was_asked_about_stays_as_it_is() {
    let (set, bot) = (set(&[out_rule("", "\"allow\"")]), bot());
    let mut replay = Replay::new(&set, at(0));
    let intent = pay(1);
    let halted = Recorded {
        halted: true,
        ..recorded(0, 0, &intent, &bot)
    };
    assert_eq!(replay.judge(&halted, false), Said::Halted);
    let unread = Recorded {
        intent: Err("unknown program"),
        ..recorded(1, 1, &intent, &bot)
    };
    let said = replay.judge(&unread, false);
    assert_eq!(
        (said.as_str(), said.why()),
        ("deny", vec!["unknown program".to_owned()])
    );
    assert_eq!(most(&replay), None);
}

#[test]
fn what_came_before_the_beginning_fills_the_windows_and_is_not_told() {
    let (set, bot) = (set(&[out_rule("", "\"allow\""), hourly(5)]), bot());
    let mut replay = Replay::new(&set, at(10));
    let intent = pay(4);
    replay.judge(&recorded(0, 0, &intent, &bot), false);
    assert_eq!(most(&replay), Some(Amount::ZERO));
    let said = replay.judge(&recorded(1, 10, &intent, &bot), false);
    assert_eq!(said.as_str(), "deny");
    let small = pay(1);
    replay.judge(&recorded(2, 11, &small, &bot), false);
    // The day that ends within the time looked at began before it.
    assert_eq!(most(&replay), Some(sol(5)));
    let flow = replay.outflow().flow(Action::Withdrawal, Asset::SOL);
    assert_eq!(flow.unwrap().total(), sol(1));
}

fn names(of: &[(&str, i64)]) -> Vec<(Box<str>, Timestamp)> {
    of.iter()
        .map(|(name, when)| ((*name).into(), at(*when)))
        .collect()
}

/// An ask and its release under `set`.
fn asked_and_released(set: &PolicySet, given: &[(&str, i64)]) -> (Said, Said, Option<Amount>) {
    let (bot, intent, given) = (bot(), pay(9), names(given));
    let mut replay = Replay::new(set, at(0));
    let ask = replay.judge(&recorded(0, 0, &intent, &bot), true);
    let release = Recorded {
        consent: Some(Consent {
            request: id(0),
            asked_at: at(0),
            given: &given,
        }),
        ..recorded(1, HOUR, &intent, &bot)
    };
    let release = replay.judge(&release, false);
    (ask, release, most(&replay))
}

#[test]
fn people_who_agreed_are_taken_to_agree_again() {
    let two = [("alice", 1), ("bob", 2)];
    let asking = set(&[out_rule("", TREASURY)]);
    let (ask, release, most) = asked_and_released(&asking, &two);
    assert_eq!(ask.why(), ["asks 2 of `treasury`"]);
    assert_eq!((release.as_str(), most), ("allow", Some(sol(9))));
    // One more is asked, another group is asked: nobody said yes to that.
    for then in [
        "{ approve = { group = \"treasury\", quorum = 3 } }",
        "{ approve = { group = \"ops\", quorum = 1 } }",
        "{ approve = { group = \"treasury\", quorum = 2, time_lock = \"2h\" } }",
        "{ approve = { group = \"treasury\", quorum = 2, expires = \"30m\" } }",
    ] {
        let other = set(&[out_rule("", then)]);
        let (_, release, most) = asked_and_released(&other, &two);
        assert_eq!(
            (release.as_str(), most),
            ("approval_required", None),
            "{then}"
        );
        assert_eq!(release.why().len(), 2, "{release:?}");
    }
    // Fewer are asked: enough said yes. The asker's own yes never counts.
    let one = set(&[out_rule(
        "",
        "{ approve = { group = \"treasury\", quorum = 1 } }",
    )]);
    assert_eq!(asked_and_released(&one, &two).1.as_str(), "allow");
    assert_eq!(
        asked_and_released(&asking, &[("alice", 1)]).1.as_str(),
        "approval_required"
    );
}

#[test]
fn where_nobody_would_have_been_asked_there_is_nothing_to_release() {
    let two = [("alice", 1), ("bob", 2)];
    let allowing = set(&[out_rule("", "\"allow\"")]);
    let (ask, release, most) = asked_and_released(&allowing, &two);
    assert_eq!((ask.as_str(), release.as_str()), ("allow", "not_asked"));
    // Once, not twice.
    assert_eq!(most, Some(sol(9)));
    let denying = set(&[out_rule("", "\"deny\"")]);
    let (ask, release, most) = asked_and_released(&denying, &two);
    assert_eq!(
        (ask.as_str(), release.as_str(), most),
        ("deny", "not_asked", None)
    );
}

#[test]
fn a_difference_is_another_decision_not_another_reason() {
    let allow = |rule: &str| Said::Allow {
        rules: vec![rule.to_owned()],
    };
    let deny = |why: &str| Said::Deny {
        reasons: vec![why.to_owned()],
    };
    let ask = |group: &str, quorum, unmet: &str| Said::Ask {
        who: vec![(group.to_owned(), quorum)],
        unmet: vec![unmet.to_owned()],
    };
    assert!(!allow("a").differs(&allow("b")));
    assert!(!deny("a").differs(&deny("b")));
    assert!(!ask("a", 1, "x").differs(&ask("a", 1, "y")));
    assert!(ask("a", 1, "x").differs(&ask("a", 2, "x")));
    assert!(ask("a", 1, "x").differs(&ask("b", 1, "x")));
    for (one, two) in [
        (allow("a"), deny("a")),
        (allow("a"), ask("a", 1, "")),
        (deny("a"), ask("a", 1, "")),
    ] {
        assert!(one.differs(&two) && two.differs(&one));
    }
    for other in [allow("a"), deny("a"), ask("a", 1, ""), Said::Halted] {
        assert!(!Said::Unasked.differs(&other) && !other.differs(&Said::Unasked));
    }
}

/// A stricter policy can let something through that a limit stopped before: what it denies
/// leaves room.
#[test]
fn what_a_stricter_policy_denies_leaves_room_under_a_limit() {
    let old = [
        rule_text("out", "action = \"withdrawal\"", "\"allow\""),
        hourly(5),
    ];
    let mut new = old.to_vec();
    new.push(rule_text(
        "no",
        "action = \"withdrawal\", asset = \"SOL\", over_amount = \"3\"",
        "\"deny\"",
    ));
    let (old, new, bot) = (set(&old), set(&new), bot());
    assert_eq!(compare(&old, &new), Change::Tightening);
    let (mut before, mut after) = (Replay::new(&old, at(0)), Replay::new(&new, at(0)));
    for (number, amount) in [4, 3, 2].into_iter().enumerate() {
        let intent = pay(amount);
        let one = recorded(number, i64::try_from(number).unwrap(), &intent, &bot);
        before.judge(&one, false);
        after.judge(&one, false);
    }
    assert_eq!((most(&before), most(&after)), (Some(sol(4)), Some(sol(5))));
}

/// The most of each sum over any day, looked up naively.
fn naive(events: &[(i64, Intent)], since: i64) -> BTreeMap<(Action, Asset), u128> {
    let mut found = BTreeMap::new();
    let day = i64::try_from(DAY.micros()).unwrap();
    for (end, last) in events {
        let ends = |key: &(Action, Asset)| {
            last.effects().iter().any(|effect| {
                let asset = effect.outflow().map(|(asset, _)| asset);
                asset == Some(key.1) && effect.head().action == key.0
            })
        };
        let mut sums: BTreeMap<(Action, Asset), u128> = BTreeMap::new();
        let within = events
            .iter()
            .filter(|(then, _)| *then > end - day && then <= end);
        for effect in within.flat_map(|(_, intent)| intent.effects()) {
            if let Some((asset, amount)) = effect.outflow() {
                *sums.entry((effect.head().action, asset)).or_default() += amount.base();
            }
        }
        for (key, sum) in sums {
            let ends = ends(&key);
            let most: &mut u128 = found.entry(key).or_default();
            if ends && *end >= since {
                *most = sum.max(*most);
            }
        }
    }
    found
}

fn history() -> impl Strategy<Value = Vec<(i64, Intent)>> {
    let step = (0..30_i64).prop_map(|hours| hours * HOUR / 2);
    prop::collection::vec((step, intent()), 1..12).prop_map(|steps| {
        let mut now = 0;
        let later = |(step, intent)| {
            now += step;
            (now, intent)
        };
        steps.into_iter().map(later).collect()
    })
}

fn walk<'p>(set: &'p PolicySet, history: &[(i64, Intent)]) -> (Vec<Said>, Replay<'p>) {
    let bot = bot();
    let mut replay = Replay::new(set, at(0));
    let said = history.iter().enumerate().map(|(number, (when, intent))| {
        let price = Price {
            asset: Asset::SOL,
            micro_usd: 150_000_000,
            taken_at: at(*when),
        };
        let one = Recorded {
            prices: &[price],
            ..recorded(number, *when, intent, &bot)
        };
        replay.judge(&one, false)
    });
    (said.collect(), replay)
}

fn severity(said: &Said) -> u8 {
    match said {
        Said::Allow { .. } => 0,
        Said::Ask { .. } => 1,
        Said::Deny { .. } => 2,
        Said::Halted | Said::Unasked => 3,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_same_policy_changes_nothing(parts in parts(), history in history()) {
        let Some(set) = random::policy(&parts) else { return Ok(()) };
        let again = crate::parse(set.text()).unwrap();
        let (one, before) = walk(&set, &history);
        let (two, after) = walk(&again, &history);
        prop_assert!(one.iter().zip(&two).all(|(one, two)| !one.differs(two)));
        prop_assert_eq!(before.outflow(), after.outflow());
    }

    /// Without limits every decision stands alone, and what only tightens never adds outflow.
    #[test]
    fn a_tightening_of_rules_never_adds_outflow(
        old in parts(),
        more in prop::collection::vec(prop_oneof![deny_rule(), approve_rule(), limit()], 0..3),
        history in history(),
    ) {
        let old: Vec<String> = old.into_iter().filter(|part| !part.starts_with("[[limits]]")).collect();
        let new = [old.clone(), more].concat();
        let (Some(old), Some(new)) = (random::policy(&old), random::policy(&new)) else {
            return Ok(());
        };
        prop_assume!(compare(&old, &new) == Change::Tightening);
        let (one, before) = walk(&old, &history);
        let (two, after) = walk(&new, &history);
        for (one, two) in one.iter().zip(&two) {
            prop_assert!(severity(one) <= severity(two), "{one:?}\n{two:?}");
        }
        for (action, asset, flow) in after.outflow().flows() {
            let allowed = before.outflow().flow(action, asset).map(Flow::most_in_a_day);
            prop_assert!(allowed >= Some(flow.most_in_a_day()), "{action:?} {asset:?}");
        }
    }

    #[test]
    fn the_most_of_a_day_is_the_naive_one(history in history(), since in 0..300_i64) {
        let since = since * HOUR;
        let mut outflow = Outflow::new(at(since));
        for (when, intent) in &history {
            outflow.add(at(*when), intent);
        }
        let found: BTreeMap<_, _> = outflow
            .flows()
            .map(|(action, asset, flow)| ((action, asset), flow.most_in_a_day().base()))
            .collect();
        prop_assert_eq!(found, naive(&history, since));
    }

    /// The first request is decided as it would be with nothing used.
    #[test]
    fn the_first_request_is_decided_as_ever(parts in parts(), intent in intent()) {
        let Some(set) = random::policy(&parts) else { return Ok(()) };
        let decision = random::judged(&set, &intent, 0);
        let (said, _) = walk(&set, &[(0, intent)]);
        prop_assert_eq!(severity(&said[0]), strictness(&decision));
    }
}

#[test]
fn what_was_allowed_is_spent_whatever_the_policy_says_of_it() {
    let who = bot();
    let (three, two) = (pay(3), pay(2));
    // Under this policy the first would have been denied; it was signed.
    let set = set(&[out_rule("max_amount = \"1\"", "\"allow\""), hourly(4)]);
    let mut spent = Spent::new(&set);
    spent.count(&recorded(1, 0, &three, &who));
    spent.count(&Recorded {
        unsigned: true,
        ..recorded(2, 1, &three, &who)
    });
    spent.count(&Recorded {
        intent: Err("not understood"),
        ..recorded(3, 2, &three, &who)
    });
    let told = spent.explain(&recorded(4, 3, &two, &who)).unwrap();
    assert!(matches!(told.decision, Decision::Deny(_)));
    assert_eq!(told.limits.len(), 1);
    assert!(!told.limits[0].fits);
    assert_eq!(
        told.limits[0].numbers,
        "limit 4 SOL per 1h, used 3, asked 2"
    );
    // Asking is no spending, and what is old is spent no more.
    let told = spent.explain(&recorded(5, 4, &two, &who)).unwrap();
    assert_eq!(
        told.limits[0].numbers,
        "limit 4 SOL per 1h, used 3, asked 2"
    );
    let told = spent.explain(&recorded(6, 2 * HOUR, &two, &who)).unwrap();
    assert_eq!(
        told.limits[0].numbers,
        "limit 4 SOL per 1h, used 0, asked 2"
    );
    let unread = Recorded {
        intent: Err("not understood"),
        ..recorded(7, 5, &two, &who)
    };
    assert!(spent.explain(&unread).is_none());
}
