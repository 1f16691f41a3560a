//! What the exchanges of a plain route can reach.
//!
//! A plain route passes the wallet's signature on to every exchange of its plan, with accounts
//! that the plan picks from those after the named ones. Whether they are the trade's own is
//! checked by a program whose source is not published, so everything there that is the wallet's,
//! or may be, is counted: a plan made by a thief could spend from it.

use crate::DecodeError;

use super::super::super::account::Account;
use super::super::super::call::Call;
use super::super::super::ids;
use super::super::super::walk::{Opened, Walk, own_candidates};
use super::{EVENT_AUTHORITY, Slots};

/// Accounts of the wallet, or that may be, within reach of the plan beyond what the trade states:
/// token accounts besides its two, its source if a later step could be told to spend from it
/// again, the wallet itself if a step could send SOL, and its stake if a step could move that.
pub(super) fn exposed(
    walk: &mut Walk<'_>,
    call: &Call<'_>,
    slots: &Slots,
    (sides, steps): ([Opened; 2], u32),
) -> Result<u16, DecodeError> {
    let accounts = sides.map(|side| side.index);
    let mut seen = [0_u64; 4];
    let (mut hidden, mut named) = (0, Vec::new());
    let (mut wallet_signs, mut wallet_pays) = (false, false);
    let (mut sends_sol, mut unstakes) = (false, false);
    for slot in slots.event_authority + 2..call.slot_count() {
        let account = call.account(slot)?;
        wallet_signs |= call.is_wallets(&account);
        wallet_pays |= call.is_wallets(&account) && account.writable;
        sends_sol |= account.key.is_none_or(|key| key == ids::SYSTEM);
        unstakes |= account.key.is_none_or(|key| key == ids::STAKE);
        let own = call.is_wallets(&account) || accounts.contains(&account.index);
        if own || !account.writable || !first_time(&mut seen, &account) {
            continue;
        }
        match account.key {
            None => hidden += 1,
            Some(_) => named.push(account),
        }
    }
    // Both sides may be other accounts than the wallet's main ones of these mints.
    let wallet = walk.wallet();
    let of_sides = sides
        .iter()
        .flat_map(|side| own_candidates(wallet, side.mint));
    let unnamed = walk
        .unnamed(wallet)
        .filter(|one| one.mint != EVENT_AUTHORITY);
    let known = walk.own_among(call, &named, of_sides.chain(unnamed))?;
    let further = [
        steps > 1,
        wallet_pays && sends_sol,
        // Nothing tells which of the accounts are stake accounts, nor whose.
        wallet_signs && unstakes,
    ];
    let further = further.into_iter().map(usize::from).sum::<usize>();
    let total = hidden + known + further;
    Ok(u16::try_from(total).unwrap_or(u16::MAX))
}

fn first_time(seen: &mut [u64; 4], account: &Account) -> bool {
    let bit = 1 << (account.index % 64);
    seen.get_mut(usize::from(account.index / 64))
        .is_some_and(|word| {
            let first = *word & bit == 0;
            *word |= bit;
            first
        })
}
