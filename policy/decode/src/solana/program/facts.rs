//! Which facts each instruction makes, needs and ends: the one table.
//!
//! A program's line in `mod.rs` names its part, and an instruction that has no line here, or does
//! other than its line says, is refused. So no file of a program can forget what it does to what
//! is known of accounts. `policy/decode/FACTS.md` is this table for people.

use countersign_intent::solana::Address;

use super::super::ids;
use super::super::walk::Callee::{Further, TokenProgram};
use super::super::walk::{Callee, Did, Row};
use super::memo;
use super::pump_fun;

const NOTHING: Did = Did::NOTHING;
const OWN: Did = Did::NEEDS_OWN;
const RECEIVER: Did = Did::NEEDS_RECEIVER;
const CREATED: Did = Did::NEEDS_CREATED;
const CREATES: Did = Did::MAKES_CREATED;
const OPENS: Did = Did::MAKES_OPEN;
const ENDS: Did = Did::ENDS_OPEN;

/// An instruction that is about no token account.
const fn none(name: &'static str) -> Row {
    row(name, NOTHING, NOTHING)
}

/// A trade of tokens of the wallet, on an exchange that calls these programs.
const fn trade(name: &'static str, callees: &'static [Callee]) -> Row {
    Row {
        callees,
        ..row(name, OWN, NOTHING)
    }
}

/// An instruction about no token account of the wallet, which calls these programs.
const fn calls(name: &'static str, callees: &'static [Callee]) -> Row {
    Row {
        callees,
        ..none(name)
    }
}

const fn row(name: &'static str, always: Did, maybe: Did) -> Row {
    Row {
        name,
        always,
        maybe,
        callees: &[],
    }
}

const fn system(slot: usize) -> Callee {
    Callee::Is(slot, ids::SYSTEM)
}

const fn associated(slot: usize) -> Callee {
    Callee::Is(slot, ids::ASSOCIATED_TOKEN)
}

const fn memo(slot: usize) -> Callee {
    Callee::Is(slot, memo::V2)
}

/// Where the metadata of coins is kept.
const METADATA: Address = Address::from_literal("metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s");
/// The fees of pump.fun and `PumpSwap`.
const PUMP_FEES: Address = Address::from_literal("pfeeUxB6jkeY1Hxd7CsFCAjcbHA9rWtchMGdZ6VojVZ");
/// The coins of pump.fun in mayhem mode.
const MAYHEM: Address = Address::from_literal("MAyhSmzXzV1pTf7LsNkrNwkWKTo4ougAJ1PPg47MD4e");

/// Meteora's vaults, which hold what its first dynamic pools trade.
const METEORA_VAULT: Address =
    Address::from_literal("24Uqj9JCLxUeoC3hGfh5W3s9FM9uCHDS2SG3LYwBpyTi");

pub(super) const COMPUTE_BUDGET: &[Row] = &[
    none("RequestHeapFrame"),
    none("SetComputeUnitLimit"),
    none("SetComputeUnitPrice"),
    none("SetLoadedAccountsDataSizeLimit"),
];

/// Refused: Assign, Allocate, AllocateWithSeed, AssignWithSeed, TransferWithSeed,
/// CreateAccountAllowPrefund, AuthorizeNonceAccount, UpgradeNonceAccount.
pub(super) const SYSTEM: &[Row] = &[
    row("CreateAccount", CREATES, NOTHING),
    row("CreateAccountWithSeed", CREATES, NOTHING),
    // Into wrapped SOL, where SyncNative follows.
    row("Transfer", NOTHING, OWN),
    none("AdvanceNonceAccount"),
    none("WithdrawNonceAccount"),
    row("InitializeNonceAccount", CREATED, NOTHING),
];

/// Refused: what hands an account over (SetAuthority, but for a close authority given up), what
/// lets somebody spend from it (Approve, ApproveChecked), multisig accounts, Batch.
pub(super) const TOKEN: &[Row] = &[
    row("InitializeAccount", CREATED.and(OPENS), NOTHING),
    row("InitializeAccount2", CREATED.and(OPENS), NOTHING),
    row("InitializeAccount3", CREATED.and(OPENS), NOTHING),
    none("InitializeImmutableOwner"),
    // Another signer's is about nothing of the wallet.
    row("Transfer", NOTHING, OWN.and(RECEIVER)),
    row("TransferChecked", NOTHING, RECEIVER),
    none("Revoke"),
    none("SetAuthority"),
    none("Burn"),
    none("BurnChecked"),
    row("CloseAccount", ENDS, OWN),
    none("SyncNative"),
    none("WithdrawExcessLamports"),
    none("UnwrapLamports"),
];

pub(super) const TOKEN_2022: &[Row] = &[
    row("InitializeAccount", CREATED.and(OPENS), NOTHING),
    row("InitializeAccount2", CREATED.and(OPENS), NOTHING),
    row("InitializeAccount3", CREATED.and(OPENS), NOTHING),
    none("InitializeImmutableOwner"),
    row("Transfer", NOTHING, OWN.and(RECEIVER)),
    row("TransferChecked", NOTHING, RECEIVER),
    row("TransferCheckedWithFee", NOTHING, RECEIVER),
    none("Revoke"),
    none("SetAuthority"),
    none("Burn"),
    none("BurnChecked"),
    row("CloseAccount", ENDS, NOTHING),
    none("SyncNative"),
    none("WithdrawExcessLamports"),
    none("UnwrapLamports"),
];

pub(super) const ASSOCIATED_TOKEN: &[Row] = &[
    row("Create", OPENS, NOTHING),
    row("CreateIdempotent", OPENS, NOTHING),
];

pub(super) const STAKE: &[Row] = &[
    row("Initialize", CREATED, NOTHING),
    none("DelegateStake"),
    none("Deactivate"),
    none("Withdraw"),
];

pub(super) const MEMO: &[Row] = &[none("Memo")];

pub(super) const LIFI: &[Row] = &[none("Track")];

pub(super) const LIGHTHOUSE: &[Row] = &[
    none("AssertAccountData"),
    none("AssertAccountDataMulti"),
    none("AssertAccountDelta"),
    none("AssertAccountInfo"),
    none("AssertAccountInfoMulti"),
    none("AssertMintAccount"),
    none("AssertMintAccountMulti"),
    none("AssertTokenAccount"),
    none("AssertTokenAccountMulti"),
    none("AssertStakeAccount"),
    none("AssertStakeAccountMulti"),
];

/// What a plan calls stands among its accounts, which are counted; Jupiter checks the token programs.
pub(super) const JUPITER_V6: &[Row] = &[
    trade("route", &[]),
    trade("exact_out_route", &[]),
    trade("shared_accounts_route", &[]),
    trade("shared_accounts_exact_out_route", &[]),
    trade("route_v2", &[]),
    trade("exact_out_route_v2", &[]),
    trade("shared_accounts_route_v2", &[]),
    trade("shared_accounts_exact_out_route_v2", &[]),
    row("create_token_account", NOTHING, OPENS),
];

/// Placing an order is refused: what is kept of it stands in no message.
pub(super) const JUPITER_LIMIT_V1: &[Row] = &[trade("cancel_order", &[system(4), TokenProgram(5)])];

pub(super) const JUPITER_LIMIT_V2: &[Row] = &[
    trade(
        "initialize_order",
        &[
            TokenProgram(9),
            TokenProgram(10),
            system(11),
            associated(12),
        ],
    ),
    trade("cancel_order", &[TokenProgram(6)]),
];

/// A plan may be told to close the wrapped-SOL account that it was paid from.
pub(super) const JUPITER_DCA: &[Row] = &[
    Row {
        callees: &[system(7), TokenProgram(8), associated(9)],
        ..row("open_dca", OWN, ENDS)
    },
    trade("open_dca_v2", &[system(8), TokenProgram(9), associated(10)]),
    trade("deposit", &[TokenProgram(4)]),
    Row {
        callees: &[system(7), TokenProgram(8), associated(9)],
        ..row("withdraw", NOTHING, OWN)
    },
    Row {
        callees: &[system(8), TokenProgram(9), associated(10)],
        ..row("close_dca", NOTHING, OWN)
    },
];

/// Where a side is SOL, no token account of the wallet carries it.
pub(super) const JUPITERZ: &[Row] = &[Row {
    callees: &[TokenProgram(7), TokenProgram(9), system(10)],
    ..row("fill", NOTHING, OWN)
}];

pub(super) const PHOENIX: &[Row] = &[trade("Swap", &[TokenProgram(8)])];

pub(super) const OPENBOOK_V2: &[Row] =
    &[trade("place_take_order", &[TokenProgram(13), system(14)])];

/// What the first interface of pump.fun calls; its older clients leave the fees out.
const CURVE_BUY: &[Callee] = &[system(7), TokenProgram(8), Further(15, PUMP_FEES)];

const CURVE_BUY_V2: &[Callee] = &[
    TokenProgram(3),
    TokenProgram(4),
    associated(5),
    Callee::Is(23, PUMP_FEES),
    system(24),
];

const CURVE_V3: &[Callee] = &[TokenProgram(3), TokenProgram(4), system(14)];

pub(super) const PUMP_FUN: &[Row] = &[
    trade("buy", CURVE_BUY),
    trade("buy_exact_sol_in", CURVE_BUY),
    trade(
        "sell",
        &[system(7), TokenProgram(9), Further(13, PUMP_FEES)],
    ),
    trade("buy_v2", CURVE_BUY_V2),
    trade("buy_exact_quote_in_v2", CURVE_BUY_V2),
    trade(
        "sell_v2",
        &[
            TokenProgram(3),
            TokenProgram(4),
            associated(5),
            Callee::Is(22, PUMP_FEES),
            system(23),
        ],
    ),
    trade("buy_v3", CURVE_V3),
    trade("buy_exact_quote_in_v3", CURVE_V3),
    trade("sell_v3", CURVE_V3),
    calls(
        "create",
        &[
            Callee::Is(5, METADATA),
            system(8),
            Callee::Is(9, ids::TOKEN),
            associated(10),
        ],
    ),
    calls(
        "create_v2",
        &[
            system(6),
            Callee::Is(7, ids::TOKEN_2022),
            associated(8),
            Callee::Is(9, MAYHEM),
            Callee::FurtherTokenProgram(18),
        ],
    ),
    calls("extend_account", &[system(2)]),
    calls("init_user_volume_accumulator", &[system(3)]),
    calls("claim_cashback", &[system(2)]),
    none("close_user_volume_accumulator"),
];

const POOL_BUY: &[Callee] = &[
    TokenProgram(11),
    TokenProgram(12),
    system(13),
    associated(14),
    Further(22, PUMP_FEES),
];

const POOL_V2: &[Callee] = &[TokenProgram(9), TokenProgram(10), system(11)];

pub(super) const PUMPSWAP: &[Row] = &[
    trade("buy", POOL_BUY),
    trade("buy_exact_quote_in", POOL_BUY),
    trade(
        "sell",
        &[
            TokenProgram(11),
            TokenProgram(12),
            system(13),
            associated(14),
            Further(20, PUMP_FEES),
        ],
    ),
    trade("buy_v2", POOL_V2),
    trade("buy_exact_quote_in_v2", POOL_V2),
    trade("sell_v2", POOL_V2),
    trade(
        "multi_hop_swap",
        &[
            TokenProgram(7),
            TokenProgram(8),
            system(9),
            Callee::Is(12, pump_fun::ID),
        ],
    ),
    calls("extend_account", &[system(2)]),
    calls("init_user_volume_accumulator", &[system(3)]),
];

pub(super) const RAYDIUM_AMM_V4: &[Row] = &[
    trade("swap_base_in", &[TokenProgram(0)]),
    trade("swap_base_out", &[TokenProgram(0)]),
    trade("swap_base_in_v2", &[TokenProgram(0)]),
    trade("swap_base_out_v2", &[TokenProgram(0)]),
];

pub(super) const RAYDIUM_CPMM: &[Row] = &[
    trade("swap_base_input", &[TokenProgram(8), TokenProgram(9)]),
    trade("swap_base_output", &[TokenProgram(8), TokenProgram(9)]),
];

pub(super) const RAYDIUM_CLMM: &[Row] = &[
    trade("swap", &[TokenProgram(8)]),
    trade("swap_v2", &[TokenProgram(8), TokenProgram(9), memo(10)]),
];

pub(super) const RAYDIUM_LAUNCHLAB: &[Row] = &[
    trade("buy_exact_in", &[TokenProgram(11), TokenProgram(12)]),
    trade("buy_exact_out", &[TokenProgram(11), TokenProgram(12)]),
    trade("sell_exact_in", &[TokenProgram(11), TokenProgram(12)]),
    trade("sell_exact_out", &[TokenProgram(11), TokenProgram(12)]),
];

pub(super) const ORCA_WHIRLPOOL: &[Row] = &[
    trade("swap", &[TokenProgram(0)]),
    trade("swap_v2", &[TokenProgram(0), TokenProgram(1), memo(2)]),
    trade("two_hop_swap", &[TokenProgram(0)]),
    trade(
        "two_hop_swap_v2",
        &[TokenProgram(5), TokenProgram(6), TokenProgram(7), memo(23)],
    ),
];

pub(super) const METEORA_DLMM: &[Row] = &[
    trade("swap", &[TokenProgram(11), TokenProgram(12)]),
    trade("swap2", &[TokenProgram(11), TokenProgram(12), memo(13)]),
    trade("swap_exact_out", &[TokenProgram(11), TokenProgram(12)]),
    trade(
        "swap_exact_out2",
        &[TokenProgram(11), TokenProgram(12), memo(13)],
    ),
];

pub(super) const METEORA_DAMM_V2: &[Row] = &[
    trade("swap", &[TokenProgram(9), TokenProgram(10)]),
    trade("swap2", &[TokenProgram(9), TokenProgram(10)]),
];

pub(super) const METEORA_CURVE: &[Row] = &[
    trade("swap", &[TokenProgram(10), TokenProgram(11)]),
    trade("swap2", &[TokenProgram(10), TokenProgram(11)]),
];

pub(super) const METEORA_DAMM_V1: &[Row] = &[trade(
    "swap",
    &[Callee::Is(13, METEORA_VAULT), TokenProgram(14)],
)];

/// Programs of which nothing is signed.
pub(super) const NONE: &[Row] = &[];
