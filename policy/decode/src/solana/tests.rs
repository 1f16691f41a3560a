mod bench;
mod coverage;
mod facts_table;
mod hostile_trades;
mod layouts;
mod lifetimes;
mod mainnet;
mod mistakes;
mod mutation;
mod second_reading;
mod to_decode;

use base64::Engine as _;
use countersign_intent::solana::{
    Address, Asset, Detail as Effect, Nonce, WRAPPED_SOL_MINT, details,
};
use countersign_intent::{Amount, Lifetime, Resource};
use proptest::prelude::*;

use super::draft::{
    MINT, STRANGER, WALLET, ata, compile, compile_v1, effects, effects_in, effects_of, open, pay,
    pays, pool, reads, refusal, refusal_in, signs, step, sync, writes,
};
use super::{
    AttestedTable, Context, RegisteredNonce, decode_message, decode_transaction, envelope, ids,
};
use crate::{DecodeErrorKind, explain};

fn units(count: u128) -> Amount {
    Amount::from_base(count)
}

/// Every real transaction on record.
const REAL: &str = concat!(
    include_str!("../../vectors/mainnet.jsonl"),
    include_str!("../../vectors/mainnet-trades.jsonl")
);

fn records(text: &str) -> Vec<(String, Vec<u8>)> {
    text.lines()
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(record["data"].as_str().unwrap())
                .unwrap();
            (record["kind"].as_str().unwrap().to_owned(), bytes)
        })
        .collect()
}

#[test]
fn the_bytes_to_sign_are_the_bytes_that_came() {
    let message = compile(WALLET, &[pay(STRANGER, 5)]);
    let decoded = decode_message(&message, &Context::new(WALLET)).unwrap();
    assert_eq!(decoded.input.as_bytes(), message);
    assert_eq!(decoded.input.signer_index(), 0);
    assert_eq!(*decoded.intent.lifetime(), Lifetime::Blockhash([7; 32]));
    assert_eq!(decoded.intent.effects().len(), 2);
    assert_eq!(
        effects_of(&decoded)[1],
        Effect::Fee {
            signatures: units(5_000),
            priority: Amount::ZERO
        }
    );
}

#[test]
fn other_signatures_of_a_transaction_are_kept() {
    let steps = [
        pay(STRANGER, 5),
        step(
            super::ids::SYSTEM,
            vec![pays(WALLET), writes(pool(1))],
            pay(STRANGER, 5).data,
        ),
    ];
    let message = compile(STRANGER, &steps);
    let mut transaction = vec![2];
    transaction.extend_from_slice(&[9; 64]);
    transaction.extend_from_slice(&[0; 64]);
    transaction.extend_from_slice(&message);
    let decoded = decode_transaction(&transaction, &Context::new(WALLET)).unwrap();
    assert_eq!(decoded.input.as_bytes(), message);
    assert_eq!(decoded.input.signer_index(), 1);
    assert_eq!(decoded.intent.cosigners(), [STRANGER.into()]);
    let fees = details(&decoded.intent).filter(|effect| matches!(effect, Effect::Fee { .. }));
    assert_eq!(fees.count(), 0, "somebody else pays the fee");
    let signed = decoded.transaction.with_signature([4; 64]);
    transaction[65..129].copy_from_slice(&[4; 64]);
    assert_eq!(signed, transaction);
}

#[test]
fn a_wallet_that_does_not_sign_is_refused() {
    let message = compile(STRANGER, &[]);
    let error = decode_message(&message, &Context::new(WALLET)).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::NotASigner);
}

#[test]
fn an_unknown_program_is_refused_with_or_without_the_wallet() {
    for accounts in [vec![], vec![signs(WALLET)]] {
        let steps = [pay(STRANGER, 1), step(pool(9), accounts, vec![1])];
        assert_eq!(refusal(&steps), DecodeErrorKind::UnknownProgram);
    }
}

#[test]
fn a_wallet_in_an_unexpected_slot_is_refused() {
    // The mint slot is the wallet: the token program would get its signature twice.
    let accounts = vec![
        writes(pool(1)),
        reads(WALLET),
        writes(pool(2)),
        signs(WALLET),
    ];
    let data = [&[12][..], &5_u64.to_le_bytes(), &[6]].concat();
    let steps = [step(ids::TOKEN, accounts, data)];
    assert_eq!(refusal(&steps), DecodeErrorKind::MisplacedWallet);
}

#[test]
fn priority_fees_are_the_most_the_budget_allows() {
    let budget = |data: Vec<u8>| step(ids::COMPUTE_BUDGET, vec![], data);
    let price = |price: u64| budget([&[3][..], &price.to_le_bytes()].concat());
    let limit = |units: u32| budget([&[2][..], &units.to_le_bytes()].concat());
    let fee = |steps: &[super::draft::Step]| -> Result<u128, crate::DecodeError> {
        let message = compile(WALLET, steps);
        let decoded = decode_message(&message, &Context::new(WALLET))?;
        match details(&decoded.intent).last() {
            Some(Effect::Fee { priority, .. }) => Ok(priority.base()),
            other => panic!("expected a fee, got {other:?}"),
        }
    };
    assert_eq!(fee(&[price(1_000_000), limit(200_000)]), Ok(200_000));
    assert_eq!(fee(&[price(1), limit(1)]), Ok(1), "rounded up");
    // Two built-in instructions of 3,000 units each, one other of 200,000.
    assert_eq!(
        fee(&[price(1_000_000), pay(STRANGER, 1), open(WALLET, MINT)]),
        Ok(206_000)
    );
    assert_eq!(
        fee(&[price(u64::MAX), limit(u32::MAX)]),
        Ok(25_825_441_703_193_372_261)
    );
    let twice = fee(&[price(1), price(1)]).unwrap_err();
    assert_eq!(twice.kind(), DecodeErrorKind::WrongData);
}

#[test]
fn a_v1_message_states_its_priority_fee_itself() {
    let price = [&[3][..], &u64::MAX.to_le_bytes()].concat();
    let steps = [step(ids::COMPUTE_BUDGET, vec![], price), pay(STRANGER, 5)];
    let message = compile_v1(WALLET, &steps, 77);
    let decoded = decode_message(&message, &Context::new(WALLET)).unwrap();
    assert_eq!(
        effects_of(&decoded)[1],
        Effect::Fee {
            signatures: units(5_000),
            priority: units(77)
        }
    );
    assert_eq!(decoded.input.as_bytes(), message);
    let mut transaction = message.clone();
    transaction.extend_from_slice(&[0; 64]);
    let decoded = decode_transaction(&transaction, &Context::new(WALLET)).unwrap();
    let signed = decoded.transaction.with_signature([4; 64]);
    assert_eq!(signed[..message.len()], message);
    assert_eq!(signed[message.len()..], [4; 64]);
    // A bit of the mask that is not known, half a priority fee, a duplicate key.
    for (at, bits) in [(4, 0b10_0000), (4, 0b01)] {
        let mut changed = message.clone();
        changed[at] ^= bits;
        assert!(decode_message(&changed, &Context::new(WALLET)).is_err());
    }
    let mut twice = message;
    let (first, rest) = twice[42..].split_at_mut(32);
    rest[..32].copy_from_slice(first);
    assert!(decode_message(&twice, &Context::new(WALLET)).is_err());
}

#[test]
fn wrapping_is_told_from_sending() {
    let own = ata(WALLET, WRAPPED_SOL_MINT);
    assert_eq!(
        effects(&[pay(own, 5), sync(own)]).unwrap(),
        [Effect::Wrap {
            account: own,
            amount: units(5)
        }]
    );
    // Without the sync the lamports are only at that address.
    assert!(matches!(
        effects(&[pay(own, 5)]).unwrap()[..],
        [Effect::Transfer { .. }]
    ));
    assert!(matches!(
        effects(&[sync(own), pay(own, 5)]).unwrap()[..],
        [Effect::Transfer { .. }]
    ));
    let foreign = ata(STRANGER, WRAPPED_SOL_MINT);
    let steps = [
        open(STRANGER, WRAPPED_SOL_MINT),
        pay(foreign, 5),
        sync(foreign),
    ];
    assert_eq!(refusal(&steps), DecodeErrorKind::ForeignDestination);
}

#[test]
fn opening_an_account_shows_its_owner_and_its_rent() {
    for owner in [WALLET, STRANGER] {
        assert_eq!(
            effects(&[open(owner, MINT)]).unwrap(),
            [
                Effect::OpenAccount {
                    account: ata(owner, MINT),
                    owner,
                    asset: Asset::Token(MINT)
                },
                Effect::RentDeposit {
                    account: ata(owner, MINT),
                    amount: units(2_039_280)
                },
            ]
        );
    }
    let mut wrong = open(WALLET, MINT);
    wrong.accounts[1] = writes(ata(STRANGER, MINT));
    assert_eq!(refusal(&[wrong]), DecodeErrorKind::UnprovenAccount);
}

#[test]
fn tips_go_to_known_accounts_only() {
    let jito: Address = "96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5"
        .parse()
        .unwrap();
    assert!(matches!(
        effects(&[pay(jito, 5)]).unwrap()[..],
        [Effect::Tip { .. }]
    ));
    let extra = [pool(3)];
    let context = Context {
        tip_accounts: &extra,
        ..Context::new(WALLET)
    };
    assert!(matches!(
        effects_in(&[pay(pool(3), 5)], &context).unwrap()[..],
        [Effect::Tip { .. }]
    ));
    assert!(matches!(
        effects(&[pay(pool(3), 5)]).unwrap()[..],
        [Effect::Transfer { .. }]
    ));
}

#[test]
fn a_durable_nonce_needs_a_registered_account_of_the_wallet() {
    let sysvar = ids::RECENT_BLOCKHASHES;
    let advance = step(
        ids::SYSTEM,
        vec![writes(pool(1)), reads(sysvar), signs(WALLET)],
        vec![4, 0, 0, 0],
    );
    let steps = [advance.clone(), pay(STRANGER, 1)];
    assert_eq!(refusal(&steps), DecodeErrorKind::UnregisteredNonce);
    let nonce = |authority| {
        [RegisteredNonce {
            account: pool(1),
            authority,
        }]
    };
    let (own, foreign) = (nonce(WALLET), nonce(STRANGER));
    let with = |nonces| Context {
        nonces,
        ..Context::new(WALLET)
    };
    assert_eq!(
        refusal_in(&steps, &with(&foreign)),
        DecodeErrorKind::UnregisteredNonce
    );
    let decoded = decode_message(&compile(WALLET, &steps), &with(&own)).unwrap();
    assert!(matches!(
        decoded.intent.lifetime(),
        Lifetime::HeldUntil(Resource::Solana(Nonce { value: [7, ..], .. }))
    ));
    assert!(matches!(
        effects_of(&decoded)[0],
        Effect::NonceAdvance { .. }
    ));
    // Bytes after the discriminator do not stop the chain from seeing a nonce.
    let mut longer = advance.clone();
    longer.data.push(0);
    assert_eq!(
        refusal_in(&[longer], &with(&own)),
        DecodeErrorKind::WrongData
    );
    let later = [pay(STRANGER, 1), advance];
    assert_eq!(refusal_in(&later, &with(&own)), DecodeErrorKind::Forbidden);
}

/// A v0 message that pays entry `index` of `table`.
fn pay_table_entry(table: Address, index: u8) -> Vec<u8> {
    let mut message = compile(WALLET, &[pay(STRANGER, 5)]);
    // Keys: wallet, stranger, System. The receiver becomes account 3, the first lookup.
    let length = message.len();
    message[length - 14] = 3;
    message.insert(0, 0x80);
    message.push(1);
    message.extend_from_slice(table.as_bytes());
    message.extend_from_slice(&[1, index, 0]);
    message
}

#[test]
fn lookups_count_only_as_far_as_they_are_attested() {
    let entries = [pool(1), pool(2)];
    let tables = [AttestedTable {
        address: pool(7),
        entries: &entries,
    }];
    let attested = Context {
        tables: &tables,
        ..Context::new(WALLET)
    };
    let message = pay_table_entry(pool(7), 1);
    let decoded = decode_message(&message, &attested).unwrap();
    assert!(matches!(effects_of(&decoded)[0], Effect::Transfer { to, .. } if to == pool(2)));
    let strict = decode_message(&message, &Context::new(WALLET)).unwrap_err();
    assert_eq!(strict.kind(), DecodeErrorKind::UnresolvedAccount);
    let beyond = decode_message(&pay_table_entry(pool(7), 2), &attested).unwrap_err();
    assert_eq!(beyond.kind(), DecodeErrorKind::Malformed);
    let own = [WALLET];
    let tables = [AttestedTable {
        address: pool(7),
        entries: &own,
    }];
    let hidden = Context {
        tables: &tables,
        ..Context::new(WALLET)
    };
    let error = decode_message(&pay_table_entry(pool(7), 0), &hidden).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::Malformed);
}

#[test]
fn refusals_name_the_instruction_and_its_program() {
    let approve = step(
        ids::TOKEN,
        vec![writes(pool(1)), reads(STRANGER), signs(WALLET)],
        [&[4][..], &5_u64.to_le_bytes()].concat(),
    );
    let error = effects(&[pay(STRANGER, 1), approve]).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("instruction 1, `Approve` of SPL Token: "),
        "{text}"
    );
}

#[test]
fn ledger_messages_are_explained_or_refused() {
    let mut accepted = Vec::new();
    for (kind, bytes) in records(include_str!("../../vectors/ledger-messages.jsonl")) {
        let wallet = Address::new(bytes[4..36].try_into().unwrap());
        if let Ok(decoded) = decode_message(&bytes, &Context::new(wallet)) {
            assert!(explain(&decoded.intent).iter().all(|line| line.is_ascii()));
            accepted.push(kind);
        }
    }
    assert_eq!(
        accepted,
        [
            "compute_budget_unit_limit_and_price_tx",
            "spl_associated_token_create",
            "spl_associated_token_create_with_transfer",
            "spl_token_burn",
            "spl_token_close_account",
            "spl_token_create_account",
            "spl_token_revoke",
            "spl_token_transfer",
        ]
    );
}

fn real_message() -> impl Strategy<Value = Vec<u8>> {
    let messages: Vec<Vec<u8>> = records(REAL)
        .into_iter()
        .map(|(_, bytes)| super::wire::split_transaction(&bytes).unwrap().0.to_vec())
        .collect();
    proptest::sample::select(messages)
}

proptest! {
    #[test]
    fn nothing_panics(
        bytes in real_message(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        arbitrary in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut bytes = bytes;
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        for bytes in [bytes, arbitrary] {
            let first = bytes.get(4..36).unwrap_or(&[0; 32]);
            let context = Context::new(Address::new(first.try_into().unwrap()));
            let _ = decode_message(&bytes, &context);
            let _ = decode_transaction(&bytes, &context);
        }
    }
}

#[test]
fn a_signature_given_before_finds_its_place_whatever_the_message_means() {
    let unknown = step(pool(9), vec![writes(WALLET)], vec![1]);
    let understood = compile(WALLET, &[pay(STRANGER, 1)]);
    let decoded = decode_message(&understood, &Context::new(WALLET)).unwrap();
    let around = envelope(&understood, false, &WALLET).unwrap();
    assert_eq!(around, decoded.transaction);
    let foreign = compile(WALLET, &[unknown]);
    assert!(decode_message(&foreign, &Context::new(WALLET)).is_err());
    let around = envelope(&foreign, false, &WALLET).unwrap();
    let signed = around.with_signature([7; 64]);
    assert_eq!(
        envelope(&signed, true, &WALLET)
            .unwrap()
            .with_signature([7; 64]),
        signed
    );
    let other = envelope(&foreign, false, &STRANGER).unwrap_err();
    assert_eq!(other.kind(), DecodeErrorKind::NotASigner);
    assert!(envelope(&[], false, &WALLET).is_err());
}
