//! Act 5: a bot that may withdraw a little at a time cannot withdraw a lot.

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{BatchItem, BatchResult, ErrorCode, SignBatch, SignBatchAnswer};
use softhsm_tests::message::system;
use solana_instruction::Instruction;
use solana_message::VersionedMessage;
use solana_pubkey::Pubkey;

use crate::ask::{new_key, transaction};
use crate::enrol;
use crate::stage::{Account, Cast, SOL, Stage, sol};

const MEMO: Pubkey = Pubkey::from_str_const("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");

/// One more than the sample policy's limit of 50 SOL in 24 hours allows.
const WITHDRAWALS: usize = 51;
const FUNDS: u64 = 60 * SOL;

pub(crate) async fn act(stage: &mut Stage<'_>, cast: &Cast) -> Result<()> {
    stage.screen.title("5  Stop at the limit")?;
    stage
        .screen
        .say("1 SOL to the cold address is allowed; 50 SOL in 24 hours is the wallet's limit")?;
    let account = enrol::wallet(stage, &cast.gateway, "user-2").await?;
    stage.chain.pay(&account.address, FUNDS)?;
    let messages = messages(stage, &account.address)?;
    stage.screen.sent(
        cast.bot_name,
        &format!("POST /v1/sign/solana/batch — {WITHDRAWALS} withdrawals of 1 SOL, in one request"),
    )?;
    let reply = cast
        .bot
        .post("/v1/sign/solana/batch", &batch(&account, &messages)?)
        .await?;
    let answers: SignBatchAnswer = reply.ok()?;
    let refused = run_signed(stage, &account, &messages, answers.results)?;
    let [BatchResult::Problem(problem)] = &refused[..] else {
        anyhow::bail!("expected one refusal, got {}", refused.len());
    };
    stage.show_refusal(problem, ErrorCode::LimitExceeded)?;
    ensure!(problem.retry_after.is_some(), "no time to retry after");
    stage
        .screen
        .yes("a thief with this bot's certificate gets no further, and only to the cold address")?;
    Ok(())
}

/// The memo makes each a message of its own.
fn messages(stage: &Stage<'_>, wallet: &Pubkey) -> Result<Vec<VersionedMessage>> {
    let cold = stage.cold;
    (1..=WITHDRAWALS)
        .map(|number| {
            let memo = Instruction {
                program_id: MEMO,
                accounts: Vec::new(),
                data: format!("withdrawal {number}").into_bytes(),
            };
            stage.message(wallet, &[memo, system::transfer(wallet, &cold, SOL)])
        })
        .collect()
}

fn batch(account: &Account, messages: &[VersionedMessage]) -> Result<SignBatch> {
    let items = messages.iter().map(|message| {
        Ok(BatchItem {
            wallet_id: account.id.clone(),
            message: Some(BASE64_STANDARD.encode(message.serialize())),
            transaction: None,
            mints: Vec::new(),
            approved_request_id: None,
            idempotency_key: new_key()?,
        })
    });
    Ok(SignBatch {
        items: items.collect::<Result<_>>()?,
    })
}

/// Runs what was signed; gives back the rest.
fn run_signed(
    stage: &mut Stage<'_>,
    account: &Account,
    messages: &[VersionedMessage],
    results: Vec<BatchResult>,
) -> Result<Vec<BatchResult>> {
    ensure!(results.len() == messages.len(), "{} answers", results.len());
    let (wallet, cold) = (account.address, stage.cold);
    let before = stage.chain.lamports(&cold);
    let mut rest = Vec::new();
    let mut signed = 0;
    for (message, result) in messages.iter().zip(results) {
        match result {
            BatchResult::Answer(answer) => {
                stage.chain.must_run(transaction(&answer, message)?)?;
                signed += 1;
            }
            refused @ BatchResult::Problem(_) => rest.push(refused),
        }
    }
    let arrived = stage
        .chain
        .lamports(&cold)
        .checked_sub(before)
        .context("the cold address lost money")?;
    ensure!(
        arrived == 50 * SOL,
        "expected 50 SOL at the cold address, {} arrived; is this appliance a new one?",
        sol(arrived)
    );
    stage
        .screen
        .back(&format!("{signed} signed, {} refused", rest.len()))?;
    stage.screen.yes(&format!(
        "all {signed} ran on the VM. wallet: {} → {}; cold address: {} more",
        sol(FUNDS),
        sol(stage.chain.lamports(&wallet)),
        sol(arrived)
    ))?;
    Ok(rest)
}
