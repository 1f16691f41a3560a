use super::*;
use crate::parse;
use countersign_intent::solana::{
    Asset, AuthorityKind, Detail as Effect, Draft, Launch, Nonce, StakeOperation,
};
use countersign_intent::{Address, Amount, Lifetime, Resource, Role, UserId, WalletId};

const POLICY: &str = r#"
schema = 1
name = "desk"

[groups.treasury]
approvers = ["alice", "bob"]

[assets.BONK]
mint = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"
decimals = 5

[[rules]]
name = "out"
when = { action = "withdrawal", destination = "any" }
then = { approve = { group = "treasury", quorum = 2 } }
"#;

fn asker() -> Principal {
    Principal::new(Role::Bot, "momentum-7").unwrap()
}

fn intent(effects: Vec<Effect>) -> Intent {
    Draft::new(Address::new([3; 32]), effects).into()
}

fn transfer(base: u128, to: u8) -> Effect {
    Effect::Transfer {
        asset: Asset::Sol,
        amount: Amount::from_base(base),
        to: Address::new([to; 32]),
        token_account: None,
    }
}

fn fee() -> Effect {
    Effect::Fee {
        signatures: Amount::from_base(5_000),
        priority: Amount::from_base(0),
    }
}

const WALLET: WalletFacts<'_> = WalletFacts {
    id: WalletId::from_bytes([4; 16]),
    user: UserId::from_bytes([5; 16]),
    tier: None,
    limits: &[],
};

fn rendered(effects: Vec<Effect>) -> Result<String, TextError> {
    let (set, asker) = (parse(POLICY).unwrap(), asker());
    of_intent(&intent(effects), WALLET, &frame(&set, &asker))
}

fn frame<'a>(policy: &'a PolicySet, asker: &'a Principal) -> Frame<'a> {
    Frame {
        appliance: "desk.example",
        request: RequestId::from_bytes([6; 16]),
        asker,
        policy_version: 3,
        policy,
        opens_at: None,
        expires_at: Timestamp::parse("2026-11-22T10:00:00Z").unwrap(),
    }
}

#[test]
fn a_withdrawal_reads_as_the_reviewed_text() {
    let text = rendered(vec![fee(), transfer(5_000_000_000, 7)]).unwrap();
    let reviewed = include_str!("../../../vectors/approval/withdrawal.txt");
    assert_eq!(text, reviewed.trim_end_matches('\n'));
}

#[test]
fn a_token_names_its_account_and_its_mint() {
    let mint: Address = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"
        .parse()
        .unwrap();
    let text = rendered(vec![Effect::Transfer {
        asset: Asset::Token(mint),
        amount: Amount::from_base(150_000),
        to: Address::new([7; 32]),
        token_account: Some(Address::new([8; 32])),
    }])
    .unwrap();
    let first = "Withdraw 1.5 BONK (150000 base units)\nto ";
    assert!(text.starts_with(first), "{text}");
    assert!(text.contains(&format!("\nBONK is mint {mint}\n")), "{text}");
    let account = Address::new([8; 32]);
    assert!(text.contains(&format!("\naccount {account}\n")), "{text}");
}

/// Decimals are the policy's word: where they are wrong, the base units tell.
#[test]
fn decimals_that_are_wrong_hide_no_amount() {
    let mint: Address = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"
        .parse()
        .unwrap();
    let wrong = parse(&POLICY.replace("decimals = 5", "decimals = 18")).unwrap();
    let effect = Effect::Transfer {
        asset: Asset::Token(mint),
        amount: Amount::from_base(5_000_000_000_000),
        to: Address::new([7; 32]),
        token_account: None,
    };
    let intent = intent(vec![effect]);
    let words = Words::of_effect(intent.effects().first().unwrap(), intent.wallet(), &wrong);
    let first = words.lines().next().unwrap();
    assert_eq!(first, "Withdraw 0.000005 BONK (5000000000000 base units)");
}

#[test]
fn every_effect_stands_in_it_or_there_is_no_text() {
    let two = rendered(vec![transfer(1, 7), transfer(2, 8)]).unwrap();
    for to in [7, 8] {
        let to = Address::new([to; 32]);
        assert!(two.contains(&format!("to {to}\n")), "{two}");
    }
    let many = (0..40).map(|to| transfer(1, to)).collect();
    assert!(matches!(rendered(many), Err(TextError::TooLong(_))));
}

#[test]
fn inv02_another_amount_destination_or_effect_is_another_text() {
    let base = rendered(vec![transfer(5, 7)]).unwrap();
    let others = [
        vec![transfer(6, 7)],
        vec![transfer(5, 8)],
        vec![transfer(5, 7), fee()],
    ];
    for other in others {
        assert_ne!(rendered(other).unwrap(), base);
    }
}

#[test]
fn a_change_shows_everything_or_there_is_no_text() {
    let (set, asker) = (parse(POLICY).unwrap(), asker());
    let frame = frame(&set, &asker);
    let line = |n: u32| format!("adds to `cold` number {n} \u{2014} really");
    let few: Vec<String> = (0..10).map(line).collect();
    let text = of_change(&few, &[1; 32], &frame).unwrap();
    assert!(
        text.starts_with("adds to `cold` number 0 \\u{2014} really\n"),
        "{text}"
    );
    for n in 0..10 {
        assert!(text.contains(&format!("number {n} ")), "{text}");
    }
    assert_ne!(text, of_change(&few, &[2; 32], &frame).unwrap());
    let many: Vec<String> = (0..100).map(line).collect();
    let refused = of_change(&many, &[1; 32], &frame).unwrap_err();
    assert!(refused.to_string().contains("split it"), "{refused}");
    assert_eq!(of_change(&[], &[1; 32], &frame), Err(TextError::Empty));
}

#[test]
fn a_time_lock_stands_in_the_text() {
    let (set, asker) = (parse(POLICY).unwrap(), asker());
    let opens_at = Timestamp::parse("2026-11-22T09:00:00Z").ok();
    let frame = Frame {
        opens_at,
        ..frame(&set, &asker)
    };
    let text = of_change(&["x".to_owned()], &[1; 32], &frame).unwrap();
    assert!(text.contains("\nnot before 2026-11-22T09:00:00"), "{text}");
}

fn launched(mint: Address, creator: Address) -> Launch {
    Launch {
        program: "pump-fun",
        mint,
        creator: Some(creator),
        quote: Asset::Sol,
        name: "coin\nto nobody".to_owned(),
        symbol: "COIN".to_owned(),
        uri: "ipfs:x".to_owned(),
        cost: Amount::from_base(1_500),
    }
}

/// One of every kind that upkeep and fees have, beside a withdrawal.
fn every_effect() -> Vec<Effect> {
    let (account, amount, asset) = (Address::new([9; 32]), Amount::from_base(1_500), Asset::Sol);
    let friend = Address::new([10; 32]);
    vec![
        transfer(5, 7),
        fee(),
        Effect::Tip { to: friend, amount },
        Effect::RentDeposit { account, amount },
        Effect::Wrap { account, amount },
        Effect::Unwrap {
            account,
            amount: None,
        },
        Effect::Unwrap {
            account,
            amount: Some(amount),
        },
        Effect::Reclaim {
            account,
            amount: None,
        },
        Effect::OpenAccount {
            account,
            owner: friend,
            asset,
        },
        Effect::OpenAccount {
            account,
            owner: Address::new([3; 32]),
            asset,
        },
        Effect::CloseAccount {
            account,
            destination: friend,
        },
        Effect::CloseAccount {
            account,
            destination: Address::new([3; 32]),
        },
        Effect::Delegate {
            account,
            delegate: friend,
            asset: Some(asset),
            amount,
        },
        Effect::Revoke { account },
        Effect::AuthorityChange {
            account,
            kind: AuthorityKind::AccountOwner,
            new_authority: None,
        },
        Effect::Burn {
            asset,
            amount,
            account,
        },
        Effect::Stake {
            account,
            operation: StakeOperation::Delegate {
                vote_account: friend,
            },
        },
        Effect::NonceAdvance {
            account,
            authority: friend,
        },
        Effect::Launch(launched(account, friend)),
        Effect::Memo {
            text: "104: caf\u{e9}\nto nobody".to_owned(),
        },
    ]
}

/// No effect is one word of its class, and each is told by itself.
#[test]
fn every_effect_says_who_and_how_much() {
    let base = rendered(vec![transfer(5, 7)]).unwrap();
    for effect in every_effect().into_iter().skip(1) {
        let text = rendered(vec![transfer(5, 7), effect.clone()]).unwrap();
        let more: Vec<&str> = text
            .lines()
            .filter(|line| !base.lines().any(|old| old == *line))
            .filter(|line| !line.starts_with("digest "))
            .collect();
        let more = more.join("\n");
        for class in ["housekeeping", "authority of", "fee of"] {
            assert!(!more.contains(class), "{effect:?}: {more}");
        }
        for (has, shown) in [
            ([9; 32], "account or position"),
            ([10; 32], "somebody else"),
        ] {
            let address = Address::new(has).to_string();
            let meant = format!("{effect:?}").contains(&address);
            assert!(
                !meant || more.contains(&address),
                "{shown}: {effect:?}: {more}"
            );
        }
        assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')));
    }
}

#[test]
fn a_memo_stands_behind_the_destination_and_cannot_fake_a_line() {
    let memo = |text: &str| Effect::Memo {
        text: text.to_owned(),
    };
    let to = Address::new([7; 32]);
    let text = rendered(vec![memo("x\nto nobody"), fee(), transfer(5, 7)]).unwrap();
    let start = format!("Withdraw 0.000000005 SOL\nto {to}\nmemo \"x\\nto nobody\"\nfrom ");
    assert!(text.starts_with(&start), "{text}");
    let other = rendered(vec![memo("y"), fee(), transfer(5, 7)]).unwrap();
    assert!(other.contains("\nmemo \"y\"\n"), "{other}");
}

#[test]
fn who_else_signs_and_that_it_does_not_expire_stand_in_the_text() {
    let (set, asker) = (parse(POLICY).unwrap(), asker());
    let asked = Draft {
        cosigners: vec![Address::new([11; 32])],
        lifetime: Lifetime::HeldUntil(Resource::Solana(Nonce {
            account: Address::new([12; 32]),
            authority: Address::new([3; 32]),
            value: [0; 32],
        })),
        ..Draft::new(Address::new([3; 32]), vec![transfer(5, 7)])
    };
    let text = of_intent(&asked.into(), WALLET, &frame(&set, &asker)).unwrap();
    for line in [
        format!("also signs {}", Address::new([11; 32])),
        format!(
            "does not expire until nonce {} advances",
            Address::new([12; 32])
        ),
        "by authority the wallet itself".to_owned(),
    ] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
}

#[test]
fn an_enrolment_says_that_it_approves_nothing() {
    let text = of_enrolment("desk.example", "alice", "eip191", "0xabc").unwrap();
    assert!(text.contains("This approves nothing."), "{text}");
    assert!(of_enrolment("desk.example", "al\tice", "eip191", "0xabc").is_err());
}
