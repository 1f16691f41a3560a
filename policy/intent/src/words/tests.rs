use std::collections::BTreeSet;

use super::*;
use crate::solana::random::{detail, pair};
use crate::solana::{Address, Asset, Detail, Draft, Nonce, Quote};
use crate::{Lifetime, Resource};
use proptest::prelude::*;

const WALLET: Address = Address::new([1; 32]);
const OTHER: Address = Address::new([2; 32]);

fn words(detail: &Detail) -> Words {
    let intent = Intent::from(Draft::new(WALLET, vec![detail.clone()]));
    Words::of_effect(&intent.effects()[0], WALLET.into(), &WellKnown)
}

/// What a reader is given, as it is.
#[derive(Default)]
struct Given {
    kind: &'static str,
    fields: Vec<(&'static str, Option<&'static str>, Option<String>)>,
}

impl Fields for Given {
    fn kind(&mut self, kind: &'static str) {
        self.kind = kind;
    }

    fn field(&mut self, field: Field<'_>) {
        let said = field.phrase.template(&field.value);
        let said = said.map(|template| {
            template.replacen(
                "{}",
                &told(&field.value, Some(WALLET.into()), &WellKnown),
                1,
            )
        });
        self.fields.push((field.name, field.phrase.unsaid(), said));
    }
}

fn given(part: &dyn Declared) -> Given {
    let mut given = Given::default();
    part.fields(&mut given);
    given
}

/// The same but for what is not said.
fn without_unsaid(detail: &Detail) -> Detail {
    match detail.clone() {
        Detail::Swap(mut swap) => {
            swap.quote = swap.quote.map(|quote| Quote {
                amount: Amount::ZERO,
                ..quote
            });
            Detail::Swap(swap)
        }
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..Default::default() })]

    /// A field that is not said has a reason, and this is the whole list of them.
    #[test]
    fn every_field_is_said_or_has_a_reason_not_to_be(detail in detail()) {
        let lines: Vec<String> = words(&detail).lines().collect();
        let given = given(&detail);
        for (name, unsaid, said) in &given.fields {
            if unsaid.is_some() {
                prop_assert_eq!((given.kind, *name), ("swap", "quoted_base_units"));
            }
            if let Some(said) = said {
                prop_assert!(lines.contains(said), "{}: {:?}", name, lines);
            }
        }
    }

    /// Whatever two details differ in, they differ in words.
    #[test]
    fn another_field_is_another_text((one, other) in pair()) {
        let (one, other) = (without_unsaid(&one), without_unsaid(&other));
        let lines = |detail| words(detail).lines().collect::<Vec<_>>();
        prop_assert_eq!(lines(&one) == lines(&other), one == other, "{:?}", lines(&one));
    }

    #[test]
    fn words_are_printable_and_lists_keep_each_name_once(detail in detail()) {
        let sentence = words(&detail).sentence();
        prop_assert!(sentence.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{}", sentence);
        let given = given(&detail);
        let mut names = BTreeSet::from(["action", "kind", "receivers", "text"]);
        for (name, ..) in given.fields {
            prop_assert!(names.insert(name), "{} twice in {}", name, given.kind);
        }
    }

    /// Whoever receives stands in the words, also where no field of the detail names them.
    #[test]
    fn whoever_receives_is_said(details in prop::collection::vec(detail(), 1..4)) {
        let intent = Intent::from(Draft::new(WALLET, details));
        for effect in intent.effects() {
            let sentence = Words::of_effect(effect, WALLET.into(), &WellKnown).sentence();
            for receiver in effect.head().counterparty.iter() {
                let name = told(&Value::Account(receiver), Some(WALLET.into()), &WellKnown);
                prop_assert!(sentence.contains(&name), "{}: {}", receiver, sentence);
            }
        }
    }
}

#[test]
fn sentences_read_as_they_were_reviewed() {
    let account = Address::new([3; 32]);
    let draft = Draft {
        lifetime: Lifetime::HeldUntil(Resource::Solana(Nonce {
            account,
            authority: WALLET,
            value: [0; 32],
        })),
        cosigners: vec![OTHER],
        ..Draft::new(
            WALLET,
            vec![
                Detail::OpenAccount {
                    account,
                    owner: OTHER,
                    asset: Asset::Sol,
                },
                Detail::RentDeposit {
                    account,
                    amount: Amount::from_base(2_039_280),
                },
                Detail::Transfer {
                    asset: Asset::Token(OTHER),
                    amount: Amount::from_base(5),
                    to: WALLET,
                    token_account: None,
                },
                Detail::AuthorityChange {
                    account,
                    kind: crate::solana::AuthorityKind::Mint(4),
                    new_authority: None,
                },
            ],
        )
    };
    let intent = Intent::from(draft);
    let effects = intent.effects().iter();
    let mut sentences: Vec<String> = effects
        .map(|effect| Words::of_effect(effect, WALLET.into(), &WellKnown).sentence())
        .collect();
    let around = Words::around(&intent, &WellKnown);
    sentences.extend(around.iter().map(Words::sentence));
    assert_eq!(
        sentences,
        [
            format!("open account {account} owned by {OTHER} for SOL"),
            format!("rent up to 0.00203928 SOL for {account}, received by {OTHER}"),
            format!("withdraw 5 base units of {OTHER} to the wallet itself"),
            format!("give the mint authority number 4 of {account} to nobody, for ever"),
            format!(
                "does not expire until nonce {account} advances, by authority the wallet itself"
            ),
            format!("also signs {OTHER}"),
        ]
    );
}
