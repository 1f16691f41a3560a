//! Accounts that block-inclusion services take tips on.

use countersign_intent::solana::Address;

use super::context::Context;

/// Jito's tip accounts: PDAs of `T1pyyaTNZsKv2WcRAB8oVnk93mLJw2XzjtVYqCsaHqt` with the seeds
/// `TIP_ACCOUNT_0` to `TIP_ACCOUNT_7`.
pub const JITO_TIP_ACCOUNTS: [Address; 8] = [
    Address::from_literal("96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5"),
    Address::from_literal("HFqU5x63VTqvQss8hp11i4wVV8bD44PvwucfZ2bU7gRe"),
    Address::from_literal("Cw8CFyM9FkoMi7K7Crf6HNQqf4uEMzpKw6QNghXLvLkY"),
    Address::from_literal("ADaUMid9yfUytqMBgopwjb2DTLSokTSzL1zt6iGPaS49"),
    Address::from_literal("DfXygSm4jCyNCybVYYK6DwvWqjKee8pbDmJGcLWNDXjh"),
    Address::from_literal("ADuUkR4vqLUMWXxW9gh6D6L8pMSawimctcNZ5pGwDcEt"),
    Address::from_literal("DttWaMuVvTiduZRnguLF7jNxTgiMBZ1hyAumKUiL2KRL"),
    Address::from_literal("3AVi9Tg9Uo68tJfuvoKvqKNWKkC5wPdSSdeBnizKZ6jT"),
];

/// Whether a transfer to this account is a tip.
pub(super) fn is_tip_account(account: &Address, context: &Context<'_>) -> bool {
    JITO_TIP_ACCOUNTS.contains(account) || context.tip_accounts.contains(account)
}
