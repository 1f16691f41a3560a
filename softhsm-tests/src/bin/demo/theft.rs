//! Act 3: what a thief who took over the bot's host would try.

use anyhow::{Context, Result, ensure};
use countersign_api::ErrorCode;
use softhsm_tests::message::{set_authority, system};
use softhsm_tests::swap::{JUPITER, USDC, WRAPPED_SOL, usdc_for_sol};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::VersionedMessage;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::TransactionError;
use solana_transaction::versioned::VersionedTransaction;
use spl_associated_token_account_interface::address::get_associated_token_address;

use crate::stage::{Cast, SOL, Stage, sol};
use crate::trade::{FUNDS, FUNDS_USDC, TERMS};

/// Lamports of the fee for one signature.
const FEE: u64 = 5_000;

/// Lamports that the trade itself needs for fees and rent.
const COSTS: u64 = SOL / 200;

pub(crate) async fn act(stage: &mut Stage<'_>, cast: &Cast) -> Result<()> {
    stage.screen.title("3  Refuse a theft")?;
    stage
        .screen
        .say("somebody broke into the bot's host and has its certificate. They try:")?;
    let thief = Keypair::new().pubkey();
    let wallet = cast.account.address;
    let drain = stage.chain.lamports(&wallet) - COSTS;
    let everything = format!("the trade, and all {} to a stranger", sol(drain));
    let hidden = with_transfer(&wallet, &thief, drain)?;
    let attempts = [
        (everything, hidden, ErrorCode::PolicyDenied),
        (
            "the trade, its proceeds into a stranger's token account".to_owned(),
            with_foreign_proceeds(&wallet, &thief)?,
            ErrorCode::Undecodable,
        ),
        (
            "hand the wallet's USDC account over to a stranger".to_owned(),
            vec![set_authority(&wallet, &USDC, &thief)?],
            ErrorCode::PolicyDenied,
        ),
    ];
    for (what, instructions, code) in attempts {
        let message = stage.message(&wallet, &instructions)?;
        let problem = stage.refused(cast, &what, &message, code).await?;
        ensure!(problem.log_index.is_some(), "a refusal outside the log");
        unsigned(stage, message)?;
    }
    stage
        .screen
        .yes("every attempt is in the log; unsigned, the VM takes none (signature failure)")?;
    same_with_a_software_key(stage, &thief)?;
    let left = stage.chain.lamports(&wallet);
    ensure!(left > drain, "the wallet lost money");
    ensure!(stage.chain.lamports(&thief) == 0, "the thief got money");
    stage
        .screen
        .yes(&format!("the wallet in the HSM still has {}", sol(left)))?;
    Ok(())
}

fn with_transfer(wallet: &Pubkey, thief: &Pubkey, lamports: u64) -> Result<Vec<Instruction>> {
    let mut instructions = usdc_for_sol(wallet, TERMS)?;
    instructions.push(system::transfer(wallet, thief, lamports));
    Ok(instructions)
}

fn with_foreign_proceeds(wallet: &Pubkey, thief: &Pubkey) -> Result<Vec<Instruction>> {
    let mut instructions = usdc_for_sol(wallet, TERMS)?;
    let own = get_associated_token_address(wallet, &WRAPPED_SOL);
    let foreign = get_associated_token_address(thief, &WRAPPED_SOL);
    let swap = instructions
        .iter_mut()
        .find(|instruction| instruction.program_id == JUPITER)
        .context("no instruction of Jupiter")?;
    for account in &mut swap.accounts {
        if account.pubkey == own {
            account.pubkey = foreign;
        }
    }
    Ok(instructions)
}

/// Without the signature the chain does not take it.
fn unsigned(stage: &mut Stage<'_>, message: VersionedMessage) -> Result<()> {
    let transaction = VersionedTransaction {
        signatures: vec![[0; 64].into()],
        message,
    };
    match stage.chain.run(transaction) {
        Err(failed) if failed.err == TransactionError::SignatureFailure => Ok(()),
        Err(failed) => anyhow::bail!("expected a signature failure, got: {}", failed.err),
        Ok(_) => anyhow::bail!("an unsigned transaction ran"),
    }
}

/// What happens where the bot holds the key itself.
fn same_with_a_software_key(stage: &mut Stage<'_>, thief: &Pubkey) -> Result<()> {
    stage
        .screen
        .say("is that a real theft? A second wallet, its key in a file on the bot's host:")?;
    let (key, receiver) = (Keypair::new(), Keypair::new().pubkey());
    let owner = key.pubkey();
    stage.chain.pay(&owner, FUNDS)?;
    stage.chain.issue_usdc(&owner, FUNDS_USDC)?;
    stage
        .chain
        .run_as(&key, &[set_authority(&owner, &USDC, thief)?])?;
    let account = stage.chain.tokens(&owner, &USDC)?;
    let new_owner = account.context("no USDC account")?.owner;
    ensure!(new_owner == *thief, "the USDC account was not handed over");
    stage
        .screen
        .no("1000 USDC: the account belongs to the thief")?;
    let all = stage.chain.lamports(&owner) - FEE;
    stage
        .chain
        .run_as(&key, &[system::transfer(&owner, &receiver, all)])?;
    let left = stage.chain.lamports(&owner);
    ensure!(left == 0, "{left} lamports are left");
    ensure!(stage.chain.lamports(&receiver) == all, "nothing arrived");
    stage
        .screen
        .no(&format!("{} → {}", sol(FUNDS), sol(left)))?;
    Ok(())
}
