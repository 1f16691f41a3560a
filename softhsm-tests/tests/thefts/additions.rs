//! Whatever is added to a message that is refused, it stays refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_policy::{Decision, PolicySet, decide};
use softhsm_tests::message::{self, Version};
use solana_instruction::{AccountMeta, Instruction};
use solana_message::VersionedMessage;
use solana_pubkey::Pubkey;

use super::actors::*;
use super::build;
use super::case_file::{File, decode, files, policy};
use super::execution;

/// What a bot could put beside anything: payments, upkeep, a trade, a memo, an assertion.
fn additions() -> Vec<Instruction> {
    let mut all = build::harmless();
    let accounts = [
        ata(victim(), WRAPPED),
        ata(victim(), USDC),
        ata(victim(), COIN),
        ata(thief(), COIN),
        ata(thief(), WRAPPED),
        registered(),
        fresh(),
        seeded_for(TOKEN),
    ];
    for account in accounts {
        all.extend(build::upkeep_of(account));
    }
    all
}

/// The instructions of a message without lookup tables.
fn instructions(message: &VersionedMessage) -> Option<Vec<Instruction>> {
    if message
        .address_table_lookups()
        .is_some_and(|tables| !tables.is_empty())
    {
        return None;
    }
    let keys = message.static_account_keys();
    let meta = |index: &u8| {
        let at = usize::from(*index);
        AccountMeta {
            pubkey: keys[at],
            is_signer: message.is_signer(at),
            is_writable: writable(message, at),
        }
    };
    let read = message.instructions().iter().map(|one| Instruction {
        program_id: keys[usize::from(one.program_id_index)],
        accounts: one.accounts.iter().map(meta).collect(),
        data: one.data.clone(),
    });
    Some(read.collect())
}

/// As the header says it; what the network demotes besides does not matter here.
fn writable(message: &VersionedMessage, at: usize) -> bool {
    let header = message.header();
    let signers = usize::from(header.num_required_signatures);
    let keys = message.static_account_keys().len();
    if at < signers {
        at < signers - usize::from(header.num_readonly_signed_accounts)
    } else {
        at < keys - usize::from(header.num_readonly_unsigned_accounts)
    }
}

fn allowed(file: &File, set: &PolicySet, steps: &[Instruction], payer: &Pubkey) -> bool {
    let compiled = message::compile(Version::Legacy, payer, steps, message::BLOCKHASH).unwrap();
    let slots = usize::from(compiled.header().num_required_signatures);
    let bytes = message::transaction(
        Version::Legacy,
        &vec![[0; 64]; slots],
        &compiled.serialize(),
    );
    let mut given = file.case.transaction().unwrap().clone();
    given.base64 = STANDARD.encode(bytes.unwrap());
    let case = file.case.clone().decoded(decode(&given, set));
    let decision = case.with_facts(set, |intent, facts| decide(set, intent, facts));
    matches!(decision, Ok(Decision::Allow(_)))
}

#[test]
fn no_addition_lets_a_refused_message_through() {
    let set = policy();
    let additions = additions();
    let mut tried = 0;
    for file in files().iter().filter(|file| file.theft.is_some()) {
        let Ok(message) = execution::message(file) else {
            continue;
        };
        let Some(steps) = instructions(&message) else {
            continue;
        };
        let payer = message.static_account_keys()[0];
        // What is signed over and over is refused only then, and what leaves nothing to add.
        if steps.len() > 12 || allowed(file, &set, &steps, &payer) {
            continue;
        }
        for addition in &additions {
            for at in 0..=steps.len() {
                let mut more = steps.clone();
                more.insert(at, addition.clone());
                assert!(
                    !allowed(file, &set, &more, &payer),
                    "{} with {addition:?} at {at}",
                    file.name
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 3_000, "{tried}");
}
