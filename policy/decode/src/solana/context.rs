//! What a decoder may know besides the bytes.

use countersign_intent::solana::Address;

use super::ata::{Memo, NoMemo};

/// Facts the caller brings. Hints (`mints`, `owners`) are self-proving: a wrong one proves
/// nothing, a missing one can only lead to a refusal. Everything else is the operator's word.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The wallet whose signature is asked for.
    pub wallet: Address,
    /// Mints whose associated token accounts may turn up without their mint being named.
    pub mints: &'a [Address],
    /// Owners whose associated token accounts may receive transfers, e.g. an allow-list.
    pub owners: &'a [Address],
    /// Token accounts of the wallet that are not its associated ones.
    pub accounts: &'a [RegisteredAccount],
    /// Token accounts of the wallet that are not registered any more: nothing lands there, and
    /// what could be spent from them counts all the same.
    pub former_accounts: &'a [Address],
    /// Nonce accounts that may make a signature durable.
    pub nonces: &'a [RegisteredNonce],
    /// Lookup tables whose contents somebody other than the asking bot attests.
    pub tables: &'a (dyn Tables + Sync),
    /// Tip accounts besides Jito's eight.
    pub tip_accounts: &'a [Address],
    /// Order-book markets, whose lot sizes no message shows.
    pub markets: &'a [Market],
    /// What the network charges.
    pub costs: Costs,
    /// Keeps derived addresses from one message to the next.
    pub memo: &'a (dyn Memo + Sync),
}

const NO_TABLES: [AttestedTable<'static>; 0] = [];

impl Context<'_> {
    /// A context in which only the wallet is known.
    #[must_use]
    pub const fn new(wallet: Address) -> Self {
        Self {
            wallet,
            mints: &[],
            owners: &[],
            accounts: &[],
            former_accounts: &[],
            nonces: &[],
            tables: &NO_TABLES,
            tip_accounts: &[],
            markets: &[],
            costs: Costs::MAINNET,
            memo: &NoMemo,
        }
    }
}

/// A token account the operator vouches for as the wallet's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisteredAccount {
    /// The token account.
    pub account: Address,
    /// Its mint.
    pub mint: Address,
}

/// A nonce account the appliance keeps the books for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisteredNonce {
    /// The nonce account.
    pub account: Address,
    /// Its authority; only the wallet itself is accepted.
    pub authority: Address,
}

/// The contents of an address lookup table as far as they were observed in finalised state.
/// Tables are append-only, so what was seen stays true; what lies beyond was not seen.
#[derive(Debug, Clone, Copy)]
pub struct AttestedTable<'a> {
    /// The table.
    pub address: Address,
    /// Its entries in order; the length is the observed length.
    pub entries: &'a [Address],
}

/// Where the decoder looks up what an address lookup table holds.
pub trait Tables: std::fmt::Debug {
    /// The entries of a table in order, as far as they were observed; `None` if nobody attests
    /// it.
    fn entries(&self, table: &Address) -> Option<&[Address]>;
}

impl<const N: usize> Tables for [AttestedTable<'_>; N] {
    fn entries(&self, table: &Address) -> Option<&[Address]> {
        find(self, table)
    }
}

impl Tables for Vec<AttestedTable<'_>> {
    fn entries(&self, table: &Address) -> Option<&[Address]> {
        find(self, table)
    }
}

fn find<'t>(tables: &'t [AttestedTable<'_>], table: &Address) -> Option<&'t [Address]> {
    let known = tables.iter().find(|known| known.address == *table);
    known.map(|known| known.entries)
}

/// The unchanging numbers of an order-book market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Market {
    /// The market account.
    pub address: Address,
    /// Mint of the base asset.
    pub base_mint: Address,
    /// Mint of the quote asset.
    pub quote_mint: Address,
    /// Base units of the base asset in one base lot.
    pub base_lot: u64,
    /// Base units of the quote asset in one quote lot.
    pub quote_lot: u64,
    /// What a taker pays, in basis points; a number too high is the safe side.
    pub taker_fee_bps: u16,
}

/// What the network charges, in lamports. Values change by feature activation, so they are
/// data: a wrong one mis-states a fee or a rent, it does not let an instruction through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Costs {
    /// Per required signature (`solana-fee`).
    pub signature: u64,
    /// Rent-exempt minimum of a 165-byte token account.
    pub token_account_rent: u64,
    /// The same for a Token-2022 account with every extension a mint can force on it: immutable
    /// owner, transfer fee amount, non-transferable, transfer hook and pausable (195 bytes).
    pub token_2022_account_rent: u64,
    /// Rent of the volume accumulator that pump.fun opens for a new trader.
    pub pump_accumulator_rent: u64,
    /// Rent of the empty account that collects the fees of a pump.fun coin's creator.
    pub pump_vault_rent: u64,
    /// What a pump.fun curve of the first size lacks to the rent of today's (66 bytes more).
    pub pump_curve_top_up: u64,
    /// A whole pump.fun curve (256 bytes, more than any has had).
    pub pump_curve: u64,
    /// What a pump.fun account of the first size (49 bytes) lacks to 256 bytes at most.
    pub pump_extension: u64,
    /// What pump.fun's first way to create a coin costs: rent of mint, curve and the curve's
    /// tokens, rent and fee of its metadata (0.0151156 SOL).
    pub pump_create: u64,
    /// Rent of one byte; an account has 128 besides its own.
    pub rent_per_byte: u64,
    /// Rent of an account that an order waits in (400 bytes).
    pub order_rent: u64,
    /// Compute units a transaction may use at most.
    pub max_compute_units: u32,
    /// Default compute units of an instruction of a built-in program.
    pub builtin_compute_units: u32,
    /// Default compute units of any other instruction.
    pub program_compute_units: u32,
}

impl Costs {
    /// Rent of an account of so many bytes.
    pub(crate) const fn rent(&self, bytes: u64) -> u64 {
        self.rent_per_byte.saturating_mul(bytes.saturating_add(128))
    }

    /// Mainnet, November 2026.
    pub const MAINNET: Self = Self {
        signature: 5_000,
        token_account_rent: 2_039_280,
        token_2022_account_rent: 2_248_080,
        pump_accumulator_rent: 1_844_400,
        pump_vault_rent: 890_880,
        pump_curve_top_up: 459_360,
        pump_curve: 2_672_640,
        pump_extension: 1_440_720,
        pump_create: 21_289_120,
        rent_per_byte: 6_960,
        order_rent: 3_674_880,
        max_compute_units: 1_400_000,
        builtin_compute_units: 3_000,
        program_compute_units: 200_000,
    };
}

impl Default for Costs {
    fn default() -> Self {
        Self::MAINNET
    }
}
