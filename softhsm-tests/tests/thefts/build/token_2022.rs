//! Token-2022.

use solana_instruction::{AccountMeta, Instruction};

use super::super::actors::*;
use super::{Named, call, legacy, r, s, w, ws};

const UNITS: [u8; 8] = 500_000_000_u64.to_le_bytes();

fn token(accounts: &[AccountMeta], data: &[&[u8]]) -> Instruction {
    call(TOKEN_2022, accounts, data)
}

pub(super) fn transactions() -> Vec<Named> {
    let own = || w(ata_2022(victim()));
    let transfer = [own(), r(COIN_2022), w(ata_2022(thief())), s(victim())];
    let mut hooked = transfer.to_vec();
    hooked.extend([r(pool(1)), r(THIEFS_PROGRAM)]);
    let fee = 5_000_000_u64.to_le_bytes();
    let on_own = |data: &[&[u8]]| token(&[own(), s(victim())], data);
    let reallocate = [own(), ws(victim()), r(SYSTEM), s(victim())];
    let deposit = [own(), r(COIN_2022), s(victim())];
    let burn = [own(), w(COIN_2022), s(thief()), s(victim())];
    vec![
        legacy(
            "09-token-transfer-with-fee",
            &[token(&transfer, &[&[26, 1], &UNITS, &[6], &fee])],
        ),
        legacy(
            "10-confidential-deposit",
            &[token(&deposit, &[&[27, 5], &UNITS, &[6]])],
        ),
        legacy(
            "10-confidential-transfer",
            &[token(&transfer, &[&[27, 7], &[0; 36], &[0; 3]])],
        ),
        legacy(
            "12-set-owner-token-2022",
            &[on_own(&[&[6, 3, 1], thief().as_ref()])],
        ),
        legacy("16-permissioned-burn", &[token(&burn, &[&[46, 1], &UNITS])]),
        // Room for a memo requirement and a CPI guard on top of what is there, and more rent.
        legacy("20-reallocate", &[token(&reallocate, &[&[29], &[5, 0]])]),
        legacy("41-disable-cpi-guard", &[on_own(&[&[34, 1]])]),
        legacy("41-require-memos", &[on_own(&[&[30, 0]])]),
        legacy(
            "look-alike-transfer-with-hook-accounts",
            &[token(&hooked, &[&[12], &UNITS, &[6]])],
        ),
    ]
}
