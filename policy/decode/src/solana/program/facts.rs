//! Which facts each instruction makes, needs and ends: the one table.
//!
//! A program's line in `mod.rs` names its part, and an instruction that has no line here, or does
//! other than its line says, is refused. So no file of a program can forget what it does to what
//! is known of accounts. `policy/decode/FACTS.md` is this table for people.

use countersign_intent::solana::Address;

use super::super::ids;
use super::super::walk::Callee::TokenProgram;
use super::super::walk::{Callee, Did, Row};
use super::memo;

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

pub(super) const JUPITER_LIMIT_V1: &[Row] = &[
    trade("initialize_order", &[system(9), TokenProgram(10)]),
    trade("cancel_order", &[]),
];

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
    trade("cancel_order", &[]),
];

/// A plan may be told to close the wrapped-SOL account that it was paid from.
pub(super) const JUPITER_DCA: &[Row] = &[
    row("open_dca", OWN, ENDS),
    trade("open_dca_v2", &[system(8), TokenProgram(9), associated(10)]),
    trade("deposit", &[]),
    row("withdraw", NOTHING, OWN),
    row("close_dca", NOTHING, OWN),
];

/// Where a side is SOL, no token account of the wallet carries it.
pub(super) const JUPITERZ: &[Row] = &[Row {
    callees: &[TokenProgram(7), TokenProgram(9), system(10)],
    ..row("fill", NOTHING, OWN)
}];

pub(super) const PHOENIX: &[Row] = &[trade("Swap", &[TokenProgram(8)])];

pub(super) const OPENBOOK_V2: &[Row] =
    &[trade("place_take_order", &[TokenProgram(13), system(14)])];

pub(super) const PUMP_FUN: &[Row] = &[
    trade("buy", &[system(7), TokenProgram(8)]),
    trade("buy_exact_sol_in", &[system(7), TokenProgram(8)]),
    trade("sell", &[system(7), TokenProgram(9)]),
    trade(
        "buy_v2",
        &[TokenProgram(3), TokenProgram(4), associated(5), system(24)],
    ),
    trade(
        "buy_exact_quote_in_v2",
        &[TokenProgram(3), TokenProgram(4), associated(5), system(24)],
    ),
    trade(
        "sell_v2",
        &[TokenProgram(3), TokenProgram(4), associated(5)],
    ),
    trade("buy_v3", &[TokenProgram(3), TokenProgram(4), system(14)]),
    trade(
        "buy_exact_quote_in_v3",
        &[TokenProgram(3), TokenProgram(4), system(14)],
    ),
    trade("sell_v3", &[TokenProgram(3), TokenProgram(4), system(14)]),
    none("create"),
    none("create_v2"),
    none("extend_account"),
    none("init_user_volume_accumulator"),
    none("claim_cashback"),
    none("close_user_volume_accumulator"),
];

pub(super) const PUMPSWAP: &[Row] = &[
    trade(
        "buy",
        &[
            TokenProgram(11),
            TokenProgram(12),
            system(13),
            associated(14),
        ],
    ),
    trade(
        "buy_exact_quote_in",
        &[
            TokenProgram(11),
            TokenProgram(12),
            system(13),
            associated(14),
        ],
    ),
    trade(
        "sell",
        &[
            TokenProgram(11),
            TokenProgram(12),
            system(13),
            associated(14),
        ],
    ),
    trade("buy_v2", &[TokenProgram(9), TokenProgram(10)]),
    trade(
        "buy_exact_quote_in_v2",
        &[TokenProgram(9), TokenProgram(10)],
    ),
    trade("sell_v2", &[TokenProgram(9), TokenProgram(10)]),
    trade("multi_hop_swap", &[]),
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
