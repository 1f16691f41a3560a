use super::*;
use crate::parse;
use countersign_intent::{Address, Amount, Lifetime, Role, UserId, Venue, WalletId};

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
    Intent {
        venue: Venue::Solana,
        wallet: Address::new([3; 32]),
        effects,
        lifetime: Lifetime::Blockhash([0; 32]),
        cosigners: Vec::new(),
        asserted: Vec::new(),
    }
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
    assert!(text.starts_with("Withdraw 1.5 BONK\nto "), "{text}");
    assert!(text.contains(&format!("\nmint {mint}\n")), "{text}");
    let account = Address::new([8; 32]);
    assert!(text.contains(&format!("\naccount {account}\n")), "{text}");
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
fn a_change_shows_its_summary_and_binds_the_rest_by_its_digest() {
    let (set, asker) = (parse(POLICY).unwrap(), asker());
    let summary: Vec<String> = (0..100)
        .map(|n| format!("rule `r{n}` may permit what no rule permitted \u{2014} really"))
        .collect();
    let frame = frame(&set, &asker);
    let text = of_change(&summary, &[1; 32], &frame).unwrap();
    assert!(text.starts_with("rule `r0` may permit what no rule permitted ? really\n"));
    assert!(text.contains(" more, see the request\n"), "{text}");
    assert_ne!(text, of_change(&summary, &[2; 32], &frame).unwrap());
    assert_eq!(of_change(&[], &[1; 32], &frame), Err(TextError::Empty));
}

#[test]
fn an_enrolment_says_that_it_approves_nothing() {
    let text = of_enrolment("desk.example", "alice", "eip191", "0xabc").unwrap();
    assert!(text.contains("This approves nothing."), "{text}");
    assert!(of_enrolment("desk.example", "al\tice", "eip191", "0xabc").is_err());
}
