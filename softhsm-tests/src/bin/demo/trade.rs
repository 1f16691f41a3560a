//! Act 2: a real trade is signed and runs as far as its programs are there; transfers run whole.

use anyhow::{Context, Result, ensure};
use countersign_api::{Decision, ErrorCode};
use litesvm::types::FailedTransactionMetadata;
use softhsm_tests::message::{system, token_transfer};
use softhsm_tests::swap::{MAINNET_SIGNATURE, Terms, USDC, WRAPPED_SOL, usdc_for_sol};
use solana_message::VersionedMessage;
use solana_transaction::TransactionError;
use solana_transaction::versioned::VersionedTransaction;
use spl_associated_token_account_interface::address::get_associated_token_address;
use spl_associated_token_account_interface::instruction::create_associated_token_account_idempotent;
use spl_token_interface::instruction::sync_native;

use crate::ask::Signed;
use crate::stage::{Cast, SOL, Stage, sol};

/// One SOL for what 0.0001 SOL cost, ten thousand times.
pub(crate) const TERMS: Terms = Terms {
    receive: SOL,
    quoted: 135_110_000,
    slippage_bps: 50,
};

/// The instructions of the trade, by name; the third is Jupiter's.
const STEPS: [&str; 5] = [
    "Compute Budget: limit",
    "Compute Budget: price",
    "Associated Token Account: open the wrapped-SOL account",
    "Jupiter v6: exact_out_route",
    "SPL Token: close the wrapped-SOL account, which unwraps the SOL",
];
const SWAP: u8 = 3;

pub(crate) const FUNDS: u64 = 10 * SOL;
pub(crate) const FUNDS_USDC: u64 = 1_000_000_000;

pub(crate) async fn act(stage: &mut Stage<'_>, cast: &Cast) -> Result<Signed> {
    stage.screen.title("2  Sign a real DEX trade")?;
    let wallet = cast.account.address;
    stage.chain.pay(&wallet, FUNDS)?;
    stage.chain.issue_usdc(&wallet, FUNDS_USDC)?;
    stage.screen.say(&format!(
        "on a Solana VM the wallet gets {} and 1000 USDC",
        sol(FUNDS)
    ))?;
    stage
        .screen
        .say("the trade is Jupiter v6 as it ran on mainnet (pool, route and accounts),")?;
    stage.screen.detail(MAINNET_SIGNATURE)?;
    stage
        .screen
        .say("with this wallet as the trader and 1 SOL instead of 0.0001")?;
    as_on_mainnet(stage, cast).await?;
    let message = stage.message(&wallet, &usdc_for_sol(&wallet, TERMS)?)?;
    only_decide(stage, cast, &message).await?;
    let signed = stage
        .signed(cast, "the trade, 0.5 % slippage", &message)
        .await?;
    run_trade(stage, &signed.transaction)?;
    send_sol(stage, cast).await?;
    send_tokens(stage, cast).await?;
    Ok(signed)
}

/// The trader on mainnet accepted 20 % slippage.
async fn as_on_mainnet(stage: &mut Stage<'_>, cast: &Cast) -> Result<()> {
    let wallet = cast.account.address;
    let terms = Terms {
        slippage_bps: Terms::MAINNET.slippage_bps,
        ..TERMS
    };
    let message = stage.message(&wallet, &usdc_for_sol(&wallet, terms)?)?;
    let what = "the trade with 20 % slippage, as on mainnet";
    stage
        .refused(cast, what, &message, ErrorCode::PolicyDenied)
        .await?;
    Ok(())
}

async fn only_decide(stage: &mut Stage<'_>, cast: &Cast, message: &VersionedMessage) -> Result<()> {
    stage.screen.sent(
        cast.bot_name,
        "POST /v1/sign/solana?dry_run=true — the trade with 0.5 % slippage",
    )?;
    let decided = cast
        .bot
        .dry_run(&cast.account.id, &message.serialize())
        .await?;
    ensure!(
        decided.decision == Decision::Allow && decided.signature.is_none(),
        "a dry run that does not allow, or signs: {decided:?}"
    );
    stage
        .screen
        .back("it would be signed. This is everything the signature would do:")?;
    for effect in &decided.effects {
        stage.screen.detail(effect)?;
    }
    let trades = decided
        .effects
        .iter()
        .any(|line| line.contains("jupiter-v6"));
    ensure!(trades, "no trade in {:?}", decided.effects);
    Ok(())
}

fn run_trade(stage: &mut Stage<'_>, transaction: &VersionedTransaction) -> Result<()> {
    stage.screen.say("the VM checks signatures:")?;
    let failed = stopped(stage, with_another_signature(transaction)?)?;
    ensure!(
        failed.err == TransactionError::SignatureFailure,
        "a changed signature: {}",
        failed.err
    );
    let said = format!("with one bit of the signature changed: {}", failed.err);
    stage.screen.no(&said)?;
    // Every program has to be there before the first instruction runs.
    let failed = stopped(stage, transaction.clone())?;
    ensure!(
        failed.err == TransactionError::InvalidProgramForExecution,
        "expected the VM to miss Jupiter, got: {}",
        failed.err
    );
    stage.screen.yes("as signed: the signature is good")?;
    let said = format!("the VM has no copy of Jupiter, so it says: {}", failed.err);
    stage.screen.say(&said)?;
    stage
        .screen
        .say("with an empty program at Jupiter's address it runs up to the swap:")?;
    run_to_swap(stage, transaction)
}

fn with_another_signature(transaction: &VersionedTransaction) -> Result<VersionedTransaction> {
    let mut changed = transaction.clone();
    let signature = changed.signatures.first_mut().context("no signature")?;
    let mut bytes: [u8; 64] = (*signature).into();
    bytes[0] ^= 1;
    *signature = bytes.into();
    Ok(changed)
}

fn run_to_swap(stage: &mut Stage<'_>, transaction: &VersionedTransaction) -> Result<()> {
    let payer = *transaction
        .message
        .static_account_keys()
        .first()
        .context("no payer")?;
    stage.chain.promise_jupiter()?;
    let before = stage.chain.lamports(&payer);
    let failed = stopped(stage, transaction.clone())?;
    let TransactionError::InstructionError(at, error) = &failed.err else {
        anyhow::bail!(
            "expected the VM to stop at an instruction, got: {}",
            failed.err
        );
    };
    ensure!(*at == SWAP, "stopped at instruction {at}: {error}");
    for step in STEPS.iter().take(usize::from(SWAP)) {
        stage.screen.yes(step)?;
    }
    let swap = STEPS.get(usize::from(SWAP)).copied().unwrap_or_default();
    stage.screen.no(&format!("{swap}: {error}"))?;
    let paid = before - stage.chain.lamports(&payer);
    ensure!(paid == failed.meta.fee && paid > 0, "a fee of {paid}");
    let unchanged = stage.chain.tokens(&payer, &USDC)?;
    let unchanged = unchanged.is_some_and(|account| account.amount == FUNDS_USDC);
    ensure!(unchanged, "USDC moved though the trade failed");
    stage.screen.say(&format!(
        "a failed trade costs its fee, {}, and undoes the rest: the 1000 USDC are still there",
        sol(paid)
    ))?;
    Ok(())
}

fn stopped(
    stage: &mut Stage<'_>,
    transaction: VersionedTransaction,
) -> Result<Box<FailedTransactionMetadata>> {
    match stage.chain.run(transaction) {
        Err(failed) => Ok(failed),
        Ok(ran) => anyhow::bail!("expected the VM to refuse, but it ran: {:?}", ran.logs),
    }
}

async fn send_sol(stage: &mut Stage<'_>, cast: &Cast) -> Result<()> {
    stage
        .screen
        .say("transfers run whole; the policy allows up to 1 SOL at a time to the cold address:")?;
    let (wallet, cold) = (cast.account.address, stage.cold);
    let message = stage.message(&wallet, &[system::transfer(&wallet, &cold, SOL)])?;
    let signed = stage
        .signed(cast, "1 SOL to the cold address", &message)
        .await?;
    let before = [&wallet, &cold].map(|who| stage.chain.lamports(who));
    let ran = stage.chain.must_run(signed.transaction)?;
    let after = [&wallet, &cold].map(|who| stage.chain.lamports(who));
    let [spent, came] = [before[0] - after[0], after[1] - before[1]];
    ensure!(
        came == SOL && spent == SOL + ran.fee,
        "spent {spent}, arrived {came}"
    );
    stage.screen.yes(&format!(
        "ran on the VM. wallet: {} → {}; cold address: {} → {}",
        sol(before[0]),
        sol(after[0]),
        sol(before[1]),
        sol(after[1])
    ))?;
    Ok(())
}

/// Wrapped SOL is SOL to the policy.
async fn send_tokens(stage: &mut Stage<'_>, cast: &Cast) -> Result<()> {
    let (wallet, cold) = (cast.account.address, stage.cold);
    let (token, own) = (
        spl_token_interface::ID,
        get_associated_token_address(&wallet, &WRAPPED_SOL),
    );
    let half = SOL / 2;
    let mut instructions = vec![
        create_associated_token_account_idempotent(&wallet, &wallet, &WRAPPED_SOL, &token),
        system::transfer(&wallet, &own, half),
        sync_native(&token, &own)?,
    ];
    instructions.extend(token_transfer(&wallet, &cold, &WRAPPED_SOL, half, 9)?);
    let message = stage.message(&wallet, &instructions)?;
    let what = "wrap 0.5 SOL, send it as an SPL token to the cold address";
    let signed = stage.signed(cast, what, &message).await?;
    let before = stage.chain.tokens(&cold, &WRAPPED_SOL)?;
    ensure!(before.is_none(), "the cold address has wrapped SOL already");
    stage.chain.must_run(signed.transaction)?;
    let after = stage.chain.tokens(&cold, &WRAPPED_SOL)?;
    let amount = after.context("no token account was opened")?.amount;
    ensure!(amount == half, "{amount} arrived");
    stage.screen.yes(&format!(
        "ran on the VM with the real System, Token and Associated Token programs. cold address: \
         no wrapped SOL → {}",
        sol(amount)
    ))?;
    Ok(())
}
