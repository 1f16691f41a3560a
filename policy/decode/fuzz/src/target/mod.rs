//! What is fuzzed: one file per target, one line here.

mod evm;
mod message;
mod program;
mod transaction;

/// A name, the program whose instructions it reads, and what to do with any bytes.
type Target = (&'static str, Option<&'static str>, fn(&[u8]));

pub const TARGETS: &[Target] = &[
    ("message", None, message::run),
    ("transaction", None, transaction::run),
    ("evm_raw", None, evm::raw::run),
    ("evm_transaction", None, evm::transaction::run),
    ("evm_typed_data", None, evm::typed_data::run),
    (
        "associated_token",
        Some(program::associated_token::ID),
        program::associated_token::run,
    ),
    (
        "compute_budget",
        Some(program::compute_budget::ID),
        program::compute_budget::run,
    ),
    (
        "jupiter_dca",
        Some(program::jupiter_dca::ID),
        program::jupiter_dca::run,
    ),
    (
        "jupiter_limit_v1",
        Some(program::jupiter_limit_v1::ID),
        program::jupiter_limit_v1::run,
    ),
    (
        "jupiter_limit_v2",
        Some(program::jupiter_limit_v2::ID),
        program::jupiter_limit_v2::run,
    ),
    (
        "jupiter_v6",
        Some(program::jupiter_v6::ID),
        program::jupiter_v6::run,
    ),
    (
        "jupiterz",
        Some(program::jupiterz::ID),
        program::jupiterz::run,
    ),
    ("lifi", Some(program::lifi::ID), program::lifi::run),
    (
        "lighthouse",
        Some(program::lighthouse::ID),
        program::lighthouse::run,
    ),
    (
        "lookup_table",
        Some(program::lookup_table::ID),
        program::lookup_table::run,
    ),
    ("memo", Some(program::memo::ID), program::memo::run),
    (
        "meteora_damm_v1",
        Some(program::meteora_damm_v1::ID),
        program::meteora_damm_v1::run,
    ),
    (
        "meteora_damm_v2",
        Some(program::meteora_damm_v2::ID),
        program::meteora_damm_v2::run,
    ),
    (
        "meteora_dbc",
        Some(program::meteora_dbc::ID),
        program::meteora_dbc::run,
    ),
    (
        "meteora_dlmm",
        Some(program::meteora_dlmm::ID),
        program::meteora_dlmm::run,
    ),
    (
        "openbook_v2",
        Some(program::openbook_v2::ID),
        program::openbook_v2::run,
    ),
    (
        "orca_whirlpool",
        Some(program::orca_whirlpool::ID),
        program::orca_whirlpool::run,
    ),
    ("phoenix", Some(program::phoenix::ID), program::phoenix::run),
    (
        "pump_fun",
        Some(program::pump_fun::ID),
        program::pump_fun::run,
    ),
    (
        "pumpswap",
        Some(program::pumpswap::ID),
        program::pumpswap::run,
    ),
    (
        "raydium_amm_v4",
        Some(program::raydium_amm_v4::ID),
        program::raydium_amm_v4::run,
    ),
    (
        "raydium_clmm",
        Some(program::raydium_clmm::ID),
        program::raydium_clmm::run,
    ),
    (
        "raydium_cpmm",
        Some(program::raydium_cpmm::ID),
        program::raydium_cpmm::run,
    ),
    (
        "raydium_launchlab",
        Some(program::raydium_launchlab::ID),
        program::raydium_launchlab::run,
    ),
    (
        "raydium_stable",
        Some(program::raydium_stable::ID),
        program::raydium_stable::run,
    ),
    ("stake", Some(program::stake::ID), program::stake::run),
    ("system", Some(program::system::ID), program::system::run),
    ("token", Some(program::token::ID), program::token::run),
    (
        "token_2022",
        Some(program::token_2022::ID),
        program::token_2022::run,
    ),
];
