//! Single instructions of random messages.

use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::super::actors::*;
use super::swap::RAYDIUM;
use super::system::{create, create_seeded, pay};
use super::token::{close, initialize, open};
use super::{call, r, s, w, ws};

/// What a trade of a random message spends and receives.
pub(crate) const SPENT: u64 = 100_000_000;
pub(crate) const RECEIVED: u64 = 90_000_000;

/// One instruction of a random message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// The account derived from the wallet, with so many lamports.
    Create(u64),
    Initialize(Pubkey, Pubkey, Pubkey),
    Close(Pubkey, Pubkey),
    Open(Pubkey, Pubkey),
    Pay(Pubkey, u64),
    Sync(Pubkey),
    Swap(Pubkey, Pubkey),
    /// Coins of the wallet.
    Send(Pubkey),
    HandOver(Pubkey),
    Approve(Pubkey),
}

/// The instruction.
pub(crate) fn act(act: &Act) -> Instruction {
    let units = SPENT.to_le_bytes();
    match *act {
        Act::Create(lamports) => create_seeded(lamports, 165, TOKEN),
        Act::Initialize(at, mint, owner) => initialize(at, mint, owner),
        Act::Close(at, to) => close(at, to),
        Act::Open(owner, mint) => open(owner, mint),
        Act::Pay(at, lamports) => pay(at, lamports),
        Act::Sync(at) => call(TOKEN, &[w(at)], &[&[17]]),
        Act::Swap(from, to) => swap(from, to),
        Act::Send(to) => {
            let accounts = [w(ata(victim(), COIN)), r(COIN), w(to), s(victim())];
            call(TOKEN, &accounts, &[&[12], &units, &[6]])
        }
        Act::HandOver(at) => {
            let accounts = [w(at), s(victim())];
            call(TOKEN, &accounts, &[&[6, 2, 1], thief().as_ref()])
        }
        Act::Approve(at) => call(TOKEN, &[w(at), r(thief()), s(victim())], &[&[4], &units]),
    }
}

/// A trade whose mints no slot names.
fn swap(from: Pubkey, to: Pubkey) -> Instruction {
    let mut accounts = vec![r(TOKEN)];
    accounts.extend((1..5).map(|number| w(pool(number))));
    accounts.extend([w(from), w(to), s(victim())]);
    let data: [&[u8]; 3] = [&[0x10], &SPENT.to_le_bytes(), &RECEIVED.to_le_bytes()];
    call(RAYDIUM, &accounts, &data)
}

/// The account that was the wallet's registered one, opened for the thief by himself.
pub(crate) fn opened_by_thief() -> [Instruction; 2] {
    let mut anew = create(registered(), TOKEN_RENT, 165, TOKEN);
    anew.accounts[0] = ws(thief());
    [anew, initialize(registered(), WRAPPED, thief())]
}
