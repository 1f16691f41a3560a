//! The programs that are understood: one file and one line each.

mod address_lookup_table;
mod associated_token;
mod compute_budget;
mod facts;
mod jupiter_dca;
mod jupiter_limit;
mod jupiter_rfq;
mod jupiter_v6;
mod lifi;
mod lighthouse;
mod memo;
mod meteora_damm;
mod meteora_damm_v1;
mod meteora_dlmm;
mod openbook_v2;
mod orca_whirlpool;
mod phoenix;
mod pump_fun;
mod pumpswap;
mod raydium_amm_v4;
mod raydium_clmm;
mod raydium_cpmm;
mod raydium_launchlab;
mod refused;
mod stake;
mod system;
mod token;
mod token_2022;

pub(super) use jupiter_v6::openings;
pub(super) use token::syncs;

use countersign_intent::solana::Address;

use crate::DecodeError;

use super::call::Call;
use super::ids;
use super::walk::{Row, Walk};

/// The programs that write text into the ledger.
pub(super) const MEMOS: [Address; 2] = [memo::V1, memo::V2];

/// The trading programs, as a swap's `program` names them.
pub const TRADING_PROGRAMS: &[&str] = &[
    jupiter_limit::SLUG_V2,
    jupiter_v6::SLUG,
    jupiter_rfq::SLUG,
    meteora_damm_v1::SLUG,
    meteora_damm::V2_SLUG,
    meteora_damm::CURVE_SLUG,
    meteora_dlmm::SLUG,
    openbook_v2::SLUG,
    orca_whirlpool::SLUG,
    phoenix::SLUG,
    pump_fun::SLUG,
    pumpswap::SLUG,
    raydium_amm_v4::SLUG,
    raydium_clmm::SLUG,
    raydium_cpmm::SLUG,
    raydium_launchlab::SLUG,
    raydium_amm_v4::STABLE_SLUG,
];

/// Reads one instruction of a program, adding what it does to the walk.
type Decode = fn(&mut Walk<'_>, &mut Call<'_>) -> Result<(), DecodeError>;

/// A program and its decoder.
pub(super) struct Family {
    pub(super) id: Address,
    pub(super) name: &'static str,
    pub(super) decode: Decode,
    /// Which facts its instructions make, need and end.
    pub(super) facts: &'static [Row],
    /// Whether the program itself takes no other programs than those in its rows' callees, as the
    /// addresses in its published interface say.
    pub(super) pins_callees: bool,
}

impl Family {
    const fn pinning(self) -> Self {
        Self {
            pins_callees: true,
            ..self
        }
    }
}

const fn family(id: Address, name: &'static str, decode: Decode, facts: &'static [Row]) -> Family {
    Family {
        id,
        name,
        decode,
        facts,
        pins_callees: false,
    }
}

pub(super) const FAMILIES: &[Family] = &[
    family(
        ids::COMPUTE_BUDGET,
        "Compute Budget",
        compute_budget::decode,
        facts::COMPUTE_BUDGET,
    ),
    family(ids::SYSTEM, "System", system::decode, facts::SYSTEM),
    family(ids::TOKEN, "SPL Token", token::decode, facts::TOKEN),
    family(
        ids::TOKEN_2022,
        "Token-2022",
        token_2022::decode,
        facts::TOKEN_2022,
    ),
    family(
        ids::ASSOCIATED_TOKEN,
        "Associated Token Account",
        associated_token::decode,
        facts::ASSOCIATED_TOKEN,
    ),
    family(memo::V1, "Memo", memo::decode, facts::MEMO),
    family(memo::V2, "Memo", memo::decode, facts::MEMO),
    family(memo::V4, "Memo", memo::decode, facts::MEMO),
    family(
        jupiter_v6::ID,
        "Jupiter v6",
        jupiter_v6::decode,
        facts::JUPITER_V6,
    ),
    family(
        jupiter_limit::V2,
        "Jupiter Limit v2",
        jupiter_limit::decode_v2,
        facts::JUPITER_LIMIT_V2,
    ),
    family(
        jupiter_limit::V1,
        "Jupiter Limit v1",
        jupiter_limit::decode_v1,
        facts::JUPITER_LIMIT_V1,
    ),
    family(
        jupiter_dca::ID,
        "Jupiter DCA",
        jupiter_dca::decode,
        facts::JUPITER_DCA,
    ),
    family(
        jupiter_rfq::ID,
        "JupiterZ",
        jupiter_rfq::decode,
        facts::JUPITERZ,
    ),
    family(phoenix::ID, "Phoenix", phoenix::decode, facts::PHOENIX),
    family(
        openbook_v2::ID,
        "OpenBook v2",
        openbook_v2::decode,
        facts::OPENBOOK_V2,
    ),
    // `idl/pump.json` and `idl/pump_amm.json` of pump-fun/pump-public-docs.
    family(pump_fun::ID, "pump.fun", pump_fun::decode, facts::PUMP_FUN).pinning(),
    family(pumpswap::ID, "PumpSwap", pumpswap::decode, facts::PUMPSWAP).pinning(),
    family(
        raydium_amm_v4::ID,
        "Raydium AMM v4",
        raydium_amm_v4::decode,
        facts::RAYDIUM_AMM_V4,
    ),
    family(
        raydium_amm_v4::STABLE,
        "Raydium Stable",
        raydium_amm_v4::decode_stable,
        facts::RAYDIUM_AMM_V4,
    ),
    family(
        raydium_cpmm::ID,
        "Raydium CPMM",
        raydium_cpmm::decode,
        facts::RAYDIUM_CPMM,
    ),
    family(
        raydium_clmm::ID,
        "Raydium CLMM",
        raydium_clmm::decode,
        facts::RAYDIUM_CLMM,
    ),
    family(
        raydium_launchlab::ID,
        "Raydium LaunchLab",
        raydium_launchlab::decode,
        facts::RAYDIUM_LAUNCHLAB,
    )
    // `raydium_launchpad.json` of raydium-io/raydium-idl.
    .pinning(),
    family(
        orca_whirlpool::ID,
        "Orca Whirlpool",
        orca_whirlpool::decode,
        facts::ORCA_WHIRLPOOL,
    ),
    family(
        meteora_dlmm::ID,
        "Meteora DLMM",
        meteora_dlmm::decode,
        facts::METEORA_DLMM,
    ),
    family(
        meteora_damm::V2,
        "Meteora DAMM v2",
        meteora_damm::decode_v2,
        facts::METEORA_DAMM_V2,
    ),
    family(
        meteora_damm::CURVE,
        "Meteora DBC",
        meteora_damm::decode_curve,
        facts::METEORA_CURVE,
    ),
    family(
        meteora_damm_v1::ID,
        "Meteora DAMM v1",
        meteora_damm_v1::decode,
        facts::METEORA_DAMM_V1,
    ),
    family(ids::STAKE, "Stake", stake::decode, facts::STAKE),
    family(lifi::ID, "LI.FI", lifi::decode, facts::LIFI),
    family(
        lighthouse::ID,
        "Lighthouse",
        lighthouse::decode,
        facts::LIGHTHOUSE,
    ),
    family(
        address_lookup_table::ID,
        "Address Lookup Table",
        address_lookup_table::decode,
        facts::NONE,
    ),
];

/// The decoder of a program, also of one that is known in order to be refused by name.
pub(super) fn by_id(id: &Address) -> Option<&'static Family> {
    FAMILIES
        .iter()
        .chain(refused::FAMILIES)
        .chain(refused::FRONT_ENDS)
        .find(|family| family.id == *id)
}
