//! System program.

use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::super::actors::*;
use super::{Named, call, legacy, r, s, w, ws};

pub(super) fn transactions() -> Vec<Named> {
    let mut all = transfers();
    all.extend(accounts());
    all.extend(nonces());
    all
}

pub(super) fn pay(to: Pubkey, lamports: u64) -> Instruction {
    let data: [&[u8]; 2] = [&[2, 0, 0, 0], &lamports.to_le_bytes()];
    call(SYSTEM, &[ws(victim()), w(to)], &data)
}

pub(super) fn create(new: Pubkey, lamports: u64, space: u64, owner: Pubkey) -> Instruction {
    let data: [&[u8]; 4] = [
        &[0; 4],
        &lamports.to_le_bytes(),
        &space.to_le_bytes(),
        owner.as_ref(),
    ];
    call(SYSTEM, &[ws(victim()), ws(new)], &data)
}

/// The account that the wallet derives with its seed.
pub(super) fn create_seeded(lamports: u64, space: u64, owner: Pubkey) -> Instruction {
    let (base, seed) = (victim(), seed(SEED));
    let data: [&[u8]; 6] = [
        &[3, 0, 0, 0],
        base.as_ref(),
        &seed,
        &lamports.to_le_bytes(),
        &space.to_le_bytes(),
        owner.as_ref(),
    ];
    let accounts = [ws(victim()), w(seeded_for(owner)), s(victim())];
    call(SYSTEM, &accounts, &data)
}

fn seed(text: &str) -> Vec<u8> {
    let length = u64::try_from(text.len()).unwrap();
    [&length.to_le_bytes()[..], text.as_bytes()].concat()
}

fn transfers() -> Vec<Named> {
    let with_seed: [&[u8]; 4] = [
        &[11, 0, 0, 0],
        &SOL.to_le_bytes(),
        &seed(SEED),
        SYSTEM.as_ref(),
    ];
    let jito = Pubkey::from_str_const("96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5");
    let mut reversed = pay(thief(), SOL);
    reversed.accounts = vec![ws(second()), w(thief())];
    let mut listed = pay(COLD, SOL);
    listed.accounts.push(r(victim()));
    vec![
        legacy("01-transfer", &[pay(thief(), 10 * SOL)]),
        legacy(
            "02-transfer-with-seed",
            &[call(
                SYSTEM,
                &[w(seeded_for(SYSTEM)), s(victim()), w(thief())],
                &with_seed,
            )],
        ),
        legacy("23-tip", &[pay(jito, 5 * SOL)]),
        legacy("35-second-wallet", &[pay(COLD, SOL), reversed]),
        legacy("36-wallet-as-reference", &[listed]),
        legacy("42-same-intent-twice", &[pay(COLD, 30 * SOL)]),
        legacy("43-one-of-many", &[pay(COLD, SOL)]),
    ]
}

fn accounts() -> Vec<Named> {
    let owner = THIEFS_PROGRAM;
    let one = |data: &[&[u8]]| call(SYSTEM, &[ws(victim())], data);
    let assign = one(&[&[1, 0, 0, 0], owner.as_ref()]);
    let assign_with_seed = call(
        SYSTEM,
        &[w(seeded_for(owner)), s(victim())],
        &[
            &[10, 0, 0, 0],
            victim().as_ref(),
            &seed(SEED),
            owner.as_ref(),
        ],
    );
    let zero = 0_u64.to_le_bytes();
    let prefunded = one(&[&[13, 0, 0, 0], &zero, &zero, owner.as_ref()]);
    let allocate = one(&[&[8, 0, 0, 0], &80_u64.to_le_bytes()]);
    let new = Pubkey::create_with_seed(&victim(), "new", &owner).unwrap();
    let create_with_seed = call(
        SYSTEM,
        &[ws(victim()), w(new), s(victim())],
        &[
            &[3, 0, 0, 0],
            victim().as_ref(),
            &seed("new"),
            &(5 * SOL).to_le_bytes(),
            &zero,
            owner.as_ref(),
        ],
    );
    vec![
        legacy("03-assign", &[assign]),
        legacy("04-create-account-allow-prefund", &[prefunded]),
        legacy("05-allocate", &[allocate]),
        legacy(
            "06-create-for-foreign-program",
            &[create(fresh(), 5 * SOL, 0, owner)],
        ),
        legacy(
            "06-create-with-seed-for-foreign-program",
            &[create_with_seed],
        ),
        legacy(
            "06-create-uninitialised-token-account",
            &[create(fresh(), 5 * SOL, 165, TOKEN)],
        ),
        legacy("03-assign-with-seed", &[assign_with_seed]),
    ]
}

pub(super) fn advance() -> Instruction {
    let accounts = [w(NONCE), r(BLOCKHASHES), s(victim())];
    call(SYSTEM, &accounts, &[&[4, 0, 0, 0]])
}

fn nonces() -> Vec<Named> {
    let initialize = call(
        SYSTEM,
        &[w(fresh()), r(BLOCKHASHES), r(RENT)],
        &[&[6, 0, 0, 0], thief().as_ref()],
    );
    let authorize = call(
        SYSTEM,
        &[w(NONCE), s(victim())],
        &[&[7, 0, 0, 0], thief().as_ref()],
    );
    let withdraw = call(
        SYSTEM,
        &[w(NONCE), w(thief()), r(BLOCKHASHES), r(RENT), s(victim())],
        &[&[5, 0, 0, 0], &SOL.to_le_bytes()],
    );
    vec![
        legacy(
            "07-initialize-nonce-for-thief",
            &[create(fresh(), 5 * SOL, 80, SYSTEM), initialize],
        ),
        legacy("07-authorize-nonce", &[authorize]),
        legacy("07-withdraw-nonce", &[withdraw]),
        legacy("08-durable-nonce", &[advance(), pay(COLD, SOL)]),
        legacy(
            "08-registered-nonce-without-rule",
            &[advance(), pay(COLD, SOL)],
        ),
    ]
}
