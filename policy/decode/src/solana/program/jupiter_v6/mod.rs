//! Jupiter v6, the swap aggregator: every `route` variant of its published interface.
//!
//! The first layouts put their amounts after a plan of variable length, and the program ignores
//! what follows them, so the plan is read step by step. The second layouts put the amounts first.

mod numbers;
mod plan;
mod reach;
mod token_account;

use countersign_intent::solana::Address;

use crate::{DecodeError, DecodeErrorKind};

use super::super::anchor::{self, Refused};
use super::super::ata::TokenProgram;
use super::super::call::Call;
use super::super::swap::{MintFrom, Side, Terms, check_two_accounts};
use super::super::walk::Walk;

pub(in super::super) use token_account::openings;

use numbers::{bounds, terms};

pub(super) const ID: Address = Address::from_literal("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4");
const EVENT_AUTHORITY: Address =
    Address::from_literal("D8cy77BBepLMngZx6ZukaTff5hCt1HrWyKk3Hnd9oitf");
pub(super) const SLUG: &str = "jupiter-v6";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Arguments {
    /// `[id,] plan, amount, quoted, slippage u16, fee u8`
    PlanFirst,
    /// `[id,] amount, quoted, slippage u16, fee u16, positive slippage u16, plan`
    AmountsFirst,
}

/// Where the accounts of one kind of route stand.
#[derive(Clone, Copy)]
struct Slots {
    wallet: usize,
    source: usize,
    destination: usize,
    source_mint: MintFrom,
    destination_mint: usize,
    token_programs: &'static [usize],
    /// Takes the proceeds instead of the destination, unless it is left out.
    redirect: Option<usize>,
    fee: Option<usize>,
    /// The event authority; Jupiter's own id follows, then the accounts of the plan.
    event_authority: usize,
}

struct Route {
    name: &'static str,
    discriminator: u64,
    arguments: Arguments,
    exact_out: bool,
    /// Jupiter's own token accounts carry the trade; the wallet signs for one transfer only.
    shared: bool,
    slots: Slots,
}

const ROUTE: Slots = Slots {
    wallet: 1,
    source: 2,
    destination: 3,
    source_mint: MintFrom::Nowhere,
    destination_mint: 5,
    token_programs: &[0],
    redirect: Some(4),
    fee: Some(6),
    event_authority: 7,
};
const EXACT_OUT: Slots = Slots {
    source_mint: MintFrom::Slot(5),
    destination_mint: 6,
    fee: Some(7),
    event_authority: 9,
    ..ROUTE
};
const SHARED: Slots = Slots {
    wallet: 2,
    source: 3,
    destination: 6,
    source_mint: MintFrom::Slot(7),
    destination_mint: 8,
    token_programs: &[0],
    redirect: None,
    fee: Some(9),
    event_authority: 11,
};
const ROUTE_V2: Slots = Slots {
    wallet: 0,
    source: 1,
    destination: 2,
    source_mint: MintFrom::Slot(3),
    destination_mint: 4,
    token_programs: &[5, 6],
    redirect: Some(7),
    fee: None,
    event_authority: 8,
};
const SHARED_V2: Slots = Slots {
    wallet: 1,
    source: 2,
    destination: 5,
    source_mint: MintFrom::Slot(6),
    destination_mint: 7,
    token_programs: &[8, 9],
    redirect: None,
    fee: None,
    event_authority: 10,
};

const fn route(
    name: &'static str,
    discriminator: u64,
    arguments: Arguments,
    exact_out: bool,
    shared: bool,
    slots: Slots,
) -> Route {
    Route {
        name,
        discriminator,
        arguments,
        exact_out,
        shared,
        slots,
    }
}

const ROUTES: [Route; 8] = {
    use Arguments::{AmountsFirst, PlanFirst};
    [
        route(
            "route",
            0xe517_cb97_7ae3_ad2a,
            PlanFirst,
            false,
            false,
            ROUTE,
        ),
        route(
            "exact_out_route",
            0xd033_ef97_7b2b_ed5c,
            PlanFirst,
            true,
            false,
            EXACT_OUT,
        ),
        route(
            "shared_accounts_route",
            0xc120_9b33_41d6_9c81,
            PlanFirst,
            false,
            true,
            SHARED,
        ),
        route(
            "shared_accounts_exact_out_route",
            0xb0d1_69a8_9a7d_453e,
            PlanFirst,
            true,
            true,
            SHARED,
        ),
        route(
            "route_v2",
            0xbb64_facc_31c4_af14,
            AmountsFirst,
            false,
            false,
            ROUTE_V2,
        ),
        route(
            "exact_out_route_v2",
            0x9d8a_b852_15f4_f324,
            AmountsFirst,
            true,
            false,
            ROUTE_V2,
        ),
        route(
            "shared_accounts_route_v2",
            0xd198_5393_7cfe_d8e9,
            AmountsFirst,
            false,
            true,
            SHARED_V2,
        ),
        route(
            "shared_accounts_exact_out_route_v2",
            0x3560_e5ca_d8bb_fa18,
            AmountsFirst,
            true,
            true,
            SHARED_V2,
        ),
    ]
};

const LEDGER: &str = "spends a balance difference that no number in the message bounds; use a route \
                      with an amount";
const ADMINISTERS: &str = "moves what Jupiter's own accounts hold; a trade does not need it";

/// Instructions that are known in order to be refused by name.
const REFUSED: [Refused; 8] = [
    (0x9656_4774_a75d_0e68, "route_with_token_ledger", LEDGER),
    (
        0xe679_8f50_779f_6aaa,
        "shared_accounts_route_with_token_ledger",
        LEDGER,
    ),
    (0xe455_b970_4e4f_4d02, "set_token_ledger", LEDGER),
    (0xe8f2_c5fd_f08f_8134, "create_token_ledger", LEDGER),
    (
        0xcb81_6785_c57d_6b56,
        "close_wsol_token_account",
        ADMINISTERS,
    ),
    (0x3ec6_d6c1_d59f_6cd2, "claim", ADMINISTERS),
    (0x74ce_1bbf_a613_0049, "claim_token", ADMINISTERS),
    (0x1a4a_ec97_6840_b7f9, "close_token", ADMINISTERS),
];

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let discriminator = anchor::discriminator(call);
    if discriminator == Some(token_account::CREATE) {
        return token_account::create(walk, call);
    }
    let known = ROUTES
        .iter()
        .find(|route| Some(route.discriminator) == discriminator);
    let route = known.ok_or_else(|| anchor::refuse(call, &REFUSED))?;
    call.named(route.name);
    let numbers = call.args(anchor::DISCRIMINATOR, |args| route.read(args))?;
    check_accounts(walk, call, route)?;
    let slots = &route.slots;
    check_two_accounts(call, slots.source, slots.destination)?;
    let destination_mint = MintFrom::Slot(slots.destination_mint);
    let source = walk.own_token_account(call, slots.source, slots.source_mint)?;
    let destination = walk.own_token_account(call, slots.destination, destination_mint)?;
    // Routes of shared accounts may pay out into the destination at once, and a redirect repeats it.
    for slot in 0..slots.event_authority {
        if call.account(slot)?.index == destination.index {
            walk.facts.expect_own(slot);
        }
    }
    let exposed_accounts = if route.shared {
        0
    } else {
        reach::exposed(walk, call, slots, ([source, destination], numbers.steps))?
    };
    let terms = Terms {
        exposed_accounts,
        plan_from: Some(slots.event_authority + 2),
        ..terms(call, route, &numbers)?
    };
    walk.trade(
        call,
        SLUG,
        (
            Side::Token(slots.source, slots.source_mint),
            Side::Token(slots.destination, destination_mint),
        ),
        bounds(route, &numbers),
        terms,
    )
}

fn check_accounts(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    route: &Route,
) -> Result<(), DecodeError> {
    let slots = &route.slots;
    call.expect_slots(slots.event_authority + 2..=255)?;
    call.wallet(slots.wallet, "the trader")?;
    call.fixed(slots.event_authority, &EVENT_AUTHORITY)?;
    call.fixed(slots.event_authority + 1, &ID)?;
    for slot in slots.token_programs {
        if let Some(key) = call.account(*slot)?.key
            && TokenProgram::by_id(&key).is_none()
        {
            return Err(call.refuse(
                DecodeErrorKind::WrongAccounts,
                format!("expected a token program in slot {slot}, got `{key}`"),
            ));
        }
    }
    if !route.shared {
        // The exchanges of the plan take the trader's signature through Jupiter.
        call.expect_wallet_from(slots.event_authority + 2);
    }
    match slots.redirect {
        None => Ok(()),
        Some(redirect) => check_redirect(walk, call, route, redirect),
    }
}

fn check_redirect(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    route: &Route,
    redirect: usize,
) -> Result<(), DecodeError> {
    let slots = &route.slots;
    let Some(account) = call.optional(redirect)? else {
        return Ok(());
    };
    if account.index == call.account(slots.destination)?.index {
        return Ok(());
    }
    // Only the second layouts pay SOL out to a system account.
    if route.arguments == Arguments::AmountsFirst && call.is_wallet(redirect)? {
        return Ok(());
    }
    let mint = MintFrom::Slot(slots.destination_mint);
    let own = walk.own_token_account(call, redirect, mint);
    own.map(|_| ()).map_err(|_| {
        let key = account
            .key
            .map_or_else(|| "an unknown account".to_owned(), |key| format!("`{key}`"));
        call.refuse(
            DecodeErrorKind::ForeignDestination,
            format!(
                "slot {redirect} sends the proceeds to {key}, which is not provably the \
                 wallet's; leave it out"
            ),
        )
    })
}

#[cfg(test)]
mod tests;
