use std::collections::BTreeSet;

use super::*;
use crate::solana::random::{detail, pair};
use crate::solana::{Address, AssertedFact, Assertion, Asset, Detail, Draft, Nonce};
use crate::{Amount, Lifetime, Resource, Timestamp};
use proptest::prelude::*;

const WALLET: Address = Address::new([1; 32]);

fn transfer(amount: u128) -> Draft {
    let transfer = Detail::Transfer {
        asset: Asset::Sol,
        amount: Amount::from_base(amount),
        to: Address::new([2; 32]),
        token_account: None,
    };
    Draft::new(WALLET, vec![transfer])
}

fn digest(draft: Draft) -> [u8; 32] {
    intent_digest(&draft.into())
}

fn distinct(drafts: Vec<Draft>) {
    let count = drafts.len();
    let digests: BTreeSet<[u8; 32]> = drafts.into_iter().map(digest).collect();
    assert_eq!(digests.len(), count);
}

#[test]
fn what_comes_anew_with_every_message_is_the_same_intent() {
    let lives = |lifetime| Draft {
        lifetime,
        ..transfer(5)
    };
    let hash = |hash| lives(Lifetime::Blockhash([hash; 32]));
    assert_eq!(digest(hash(1)), digest(hash(2)));
    let nonce = |account, authority, value| {
        lives(Lifetime::HeldUntil(Resource::Solana(Nonce {
            account: Address::new([account; 32]),
            authority: Address::new([authority; 32]),
            value: [value; 32],
        })))
    };
    assert_eq!(digest(nonce(1, 1, 1)), digest(nonce(1, 1, 2)));
    let until = |micros| lives(Lifetime::ExpiresAt(Timestamp::from_micros(micros)));
    distinct(vec![
        hash(1),
        nonce(1, 1, 1),
        nonce(2, 1, 1),
        nonce(1, 2, 1),
        until(1),
        until(2),
    ]);
}

#[test]
fn an_effect_is_not_hidden_by_its_neighbours() {
    let memo = || Detail::Memo {
        text: String::new(),
    };
    let with = |effects: Vec<Detail>| Draft {
        effects,
        ..transfer(5)
    };
    let alone = || transfer(5).effects.remove(0);
    distinct(vec![
        with(vec![]),
        with(vec![alone()]),
        with(vec![alone(), memo()]),
        with(vec![memo(), alone()]),
    ]);
}

#[test]
fn who_signs_and_what_is_asserted_belong_to_the_intent() {
    let with = |facts: &[AssertedFact]| Draft {
        asserted: facts
            .iter()
            .map(|fact| Assertion {
                account: WALLET,
                fact: *fact,
            })
            .collect(),
        ..transfer(5)
    };
    let floor = |units| AssertedFact::LamportsAtLeast(Amount::from_base(units));
    distinct(vec![
        with(&[]),
        with(&[AssertedFact::OwnedBySystem]),
        with(&[AssertedFact::NoData]),
        with(&[floor(0)]),
        with(&[floor(1)]),
        with(&[AssertedFact::OwnedBySystem, AssertedFact::NoData]),
        Draft {
            cosigners: vec![WALLET],
            ..transfer(5)
        },
        Draft {
            wallet: Address::new([9; 32]),
            ..transfer(5)
        },
    ]);
}

fn bytes(details: &[Detail]) -> Vec<u8> {
    canonical_bytes(&Draft::new(WALLET, details.to_vec()).into())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn two_details_share_their_bytes_only_if_they_are_one((one, other) in pair()) {
        prop_assert_eq!(bytes(std::slice::from_ref(&one)) == bytes(std::slice::from_ref(&other)), one == other);
    }

    #[test]
    fn two_lists_share_their_bytes_only_if_they_are_one(
        one in prop::collection::vec(detail(), 0..3),
        other in prop::collection::vec(detail(), 0..3),
    ) {
        prop_assert_eq!(bytes(&one) == bytes(&other), one == other);
    }

    #[test]
    fn two_details_of_another_venue_share_their_bytes_only_if_they_are_one(
        one in crate::evm::random::detail(),
        other in crate::evm::random::detail(),
    ) {
        let bytes = |detail: &crate::evm::Detail| {
            canonical_bytes(&crate::Intent::from(crate::evm::Draft {
                wallet: crate::evm::Address::ZERO,
                effects: vec![detail.clone()],
                lifetime: Lifetime::ExpiresAt(Timestamp::from_micros(0)),
            }))
        };
        prop_assert_eq!(bytes(&one) == bytes(&other), one == other);
    }
}

/// Which nonce it is comes anew with every transaction; whose and where does not.
#[test]
fn an_account_nonce_is_fresh_and_its_chain_is_not() {
    let bytes = |chain, nonce| {
        let address = crate::evm::Address::ZERO;
        canonical_bytes(&crate::Intent::from(crate::evm::Draft {
            wallet: address,
            effects: Vec::new(),
            lifetime: Lifetime::HeldUntil(Resource::Evm(crate::evm::AccountNonce {
                chain,
                address,
                nonce,
            })),
        }))
    };
    assert_eq!(bytes(1, 1), bytes(1, 2));
    assert_ne!(bytes(1, 1), bytes(2, 1));
}
