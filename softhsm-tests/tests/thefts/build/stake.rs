//! Stake and vote accounts.

use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;

use super::super::actors::*;
use super::system::create;
use super::{Named, call, legacy, r, s, w};

const WITHDRAWER: [u8; 4] = [1, 0, 0, 0];

fn stake(accounts: &[AccountMeta], data: &[&[u8]]) -> Instruction {
    call(STAKE, accounts, data)
}

const STAKER: [u8; 4] = [0; 4];

fn authorize(account: Pubkey, role: [u8; 4]) -> Instruction {
    let accounts = [w(account), r(CLOCK), s(victim())];
    stake(&accounts, &[&[1, 0, 0, 0], thief().as_ref(), &role])
}

pub(super) fn transactions() -> Vec<Named> {
    let deactivate = [w(DELEGATED[0]), r(CLOCK), s(victim())];
    let mut hidden = vec![stake(&deactivate, &[&[5, 0, 0, 0]])];
    let pairs = DELEGATED.iter();
    hidden.extend(pairs.flat_map(|one| [authorize(*one, STAKER), authorize(*one, WITHDRAWER)]));
    let with_seed = stake(
        &[w(STAKED), s(victim()), r(CLOCK)],
        &[
            &[8, 0, 0, 0],
            thief().as_ref(),
            &WITHDRAWER,
            &0_u64.to_le_bytes(),
            SYSTEM.as_ref(),
        ],
    );
    let checked = stake(
        &[w(STAKED), r(CLOCK), s(victim()), s(thief())],
        &[&[10, 0, 0, 0], &WITHDRAWER],
    );
    // No end of time and of epochs, and a custodian.
    let lockup = stake(
        &[w(STAKED), s(victim())],
        &[
            &[6, 0, 0, 0],
            &[1],
            &i64::MAX.to_le_bytes(),
            &[1],
            &u64::MAX.to_le_bytes(),
            &[1],
            thief().as_ref(),
        ],
    );
    let history = r(Pubkey::from_str_const(
        "SysvarStakeHistory1111111111111111111111111",
    ));
    let withdraw = stake(
        &[w(STAKED), w(thief()), r(CLOCK), history, s(victim())],
        &[&[4, 0, 0, 0], &SOL.to_le_bytes()],
    );
    let split = stake(
        &[w(STAKED), w(fresh()), s(victim())],
        &[&[3, 0, 0, 0], &SOL.to_le_bytes()],
    );
    let initialize = stake(
        &[w(fresh()), r(RENT)],
        &[&[0; 4], thief().as_ref(), thief().as_ref(), &[0; 48]],
    );
    let mut all = vec![
        legacy("21-stake-authorize", &[authorize(STAKED, WITHDRAWER)]),
        legacy("21-stake-authorize-checked", &[checked]),
        legacy("21-stake-authorize-with-seed", &[with_seed]),
        legacy("21-stake-eight-hidden-authorizes", &hidden),
        legacy(
            "21-stake-initialize-for-thief",
            &[create(fresh(), 5 * SOL, 200, STAKE), initialize],
        ),
        legacy("21-stake-set-lockup", &[lockup]),
        legacy("21-stake-split", &[split]),
        legacy("21-stake-withdraw", &[withdraw]),
    ];
    all.extend(votes());
    all
}

fn votes() -> Vec<Named> {
    let withdraw = call(
        VOTE,
        &[w(VOTING), w(thief()), s(victim())],
        &[&[3, 0, 0, 0], &SOL.to_le_bytes()],
    );
    let authorize = call(
        VOTE,
        &[w(VOTING), r(CLOCK), s(victim())],
        &[&[1, 0, 0, 0], thief().as_ref(), &WITHDRAWER],
    );
    vec![
        legacy("22-vote-authorize", &[authorize]),
        legacy("22-vote-withdraw", &[withdraw]),
    ]
}
