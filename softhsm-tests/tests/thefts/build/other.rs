//! Loaders, lookup tables, assertions, memos, precompiles, multisigs, programs nobody knows.

use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::super::actors::*;
use super::system::pay;
use super::token::open;
use super::{Named, call, legacy, r, s, w, ws};

const LIGHTHOUSE: Pubkey = Pubkey::from_str_const("L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95");
const SQUADS: Pubkey = Pubkey::from_str_const("SQDS4ep65T869zMMBKyuUq6aD6EgTu8psMjkvj52pCf");
const ED25519: Pubkey = Pubkey::from_str_const("Ed25519SigVerify111111111111111111111111111");

pub(super) fn transactions() -> Vec<Named> {
    let mut all = loaders();
    all.extend(tables());
    all.extend(fees());
    all.extend(strangers());
    all
}

fn loaders() -> Vec<Named> {
    let hand_over = call(
        LOADER,
        &[w(BUFFER), s(victim()), r(thief())],
        &[&[4, 0, 0, 0]],
    );
    let close = call(
        LOADER,
        &[w(BUFFER), w(thief()), s(victim())],
        &[&[5, 0, 0, 0]],
    );
    let upgrade = [
        w(pool(1)),
        w(pool(2)),
        w(BUFFER),
        w(thief()),
        r(RENT),
        r(CLOCK),
        s(victim()),
    ];
    vec![
        legacy("22-loader-set-authority", &[hand_over]),
        legacy("22-loader-close", &[close]),
        legacy(
            "22-loader-upgrade",
            &[call(LOADER, &upgrade, &[&[3, 0, 0, 0]])],
        ),
    ]
}

fn tables() -> Vec<Named> {
    let slot = 1_999_u64.to_le_bytes();
    let (table, bump) = Pubkey::find_program_address(&[thief().as_ref(), &slot], &TABLES);
    let create = call(
        TABLES,
        &[w(table), r(thief()), ws(victim()), r(SYSTEM)],
        &[&[0; 4], &slot, &[bump]],
    );
    let extend = call(
        TABLES,
        &[w(THIEFS_TABLE), s(thief()), ws(victim()), r(SYSTEM)],
        &[&[2, 0, 0, 0], &1_u64.to_le_bytes(), thief().as_ref()],
    );
    let close = call(
        TABLES,
        &[w(OLD_TABLE), s(victim()), w(thief())],
        &[&[4, 0, 0, 0]],
    );
    vec![
        legacy("20-lookup-table-create", &[create]),
        legacy("20-lookup-table-extend", &[extend]),
        legacy("20-lookup-table-close", &[close]),
    ]
}

fn fees() -> Vec<Named> {
    let budget = |data: &[&[u8]]| call(BUDGET, &[], data);
    // 1.4 million units at 35,714 lamports each: 50 SOL.
    let price = 35_714_285_714_u64.to_le_bytes();
    vec![legacy(
        "23-priority-fee",
        &[
            budget(&[&[2], &1_400_000_u32.to_le_bytes()]),
            budget(&[&[3], &price]),
            pay(COLD, 1),
        ],
    )]
}

/// What the thief's program does here: the Associated Token Account program under another
/// address opens an account of its own for the thief, at the wallet's expense.
fn wrapper(further: &[Pubkey]) -> Instruction {
    let seeds = [thief().to_bytes(), TOKEN.to_bytes(), COIN.to_bytes()];
    let seeds: Vec<&[u8]> = seeds.iter().map(<[u8; 32]>::as_slice).collect();
    let (account, _) = Pubkey::find_program_address(&seeds, &THIEFS_PROGRAM);
    let mut instruction = open(thief(), COIN);
    instruction.program_id = THIEFS_PROGRAM;
    instruction.accounts[1] = w(account);
    instruction
        .accounts
        .extend(further.iter().map(|key| r(*key)));
    instruction
}

fn strangers() -> Vec<Named> {
    let jupiter = Pubkey::from_str_const("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4");
    let memory = [r(LIGHTHOUSE), r(SYSTEM), ws(victim()), w(pool(1))];
    let approve = call(
        SQUADS,
        &[r(pool(1)), ws(victim()), w(pool(2))],
        &[&[0x90, 0x25, 0xa4, 0x88, 0xbc, 0xd8, 0x2a, 0xf8, 0]],
    );
    let execute = call(
        SQUADS,
        &[r(pool(1)), w(pool(2)), r(pool(3)), s(victim())],
        &[&[0xc2, 0x08, 0xa1, 0x57, 0x99, 0xa4, 0x19, 0xab]],
    );
    // No signature to check: the offsets would point into another instruction.
    let precompile = call(ED25519, &[], &[&[1, 0], &[0; 14]]);
    vec![
        legacy(
            "20-lighthouse-memory",
            &[call(LIGHTHOUSE, &memory, &[&[0, 0, 255, 0, 0]])],
        ),
        legacy("32-unknown-program", &[wrapper(&[])]),
        legacy("33-exchange-as-account", &[wrapper(&[jupiter])]),
        legacy("38-multisig-approve", &[approve]),
        legacy("38-multisig-execute", &[execute]),
        legacy("39-precompile", &[precompile, wrapper(&[])]),
    ]
}
