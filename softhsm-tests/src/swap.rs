//! A real Jupiter v6 trade, re-keyed to a wallet of ours.
//!
//! Instructions, route plan, pool and its accounts are those of a mainnet transaction; the trader,
//! its two token accounts, the amounts and the slippage are ours.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use solana_instruction::{AccountMeta, Instruction};
use solana_message::VersionedMessage;
use solana_pubkey::Pubkey;
use solana_transaction::versioned::VersionedTransaction;
use spl_associated_token_account_interface::address::get_associated_token_address;

const RECORDED: &str = include_str!("../../policy/decode/vectors/mainnet.jsonl");

/// Signature of the transaction on mainnet: `exact_out_route` of USDC for SOL, without lookup
/// tables, the SOL unwrapped at its end.
pub const MAINNET_SIGNATURE: &str =
    "5yBGmFNYx8kLnVtbZx8wqegmwbUkE8YruYBAci6Atv7kjohDt99EdLJRsA3atZfdtaK72duZeyZ9VCPJzrvPRMAr";

/// Jupiter v6.
pub const JUPITER: Pubkey = Pubkey::from_str_const("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4");

/// Mint of USDC.
pub const USDC: Pubkey = Pubkey::from_str_const("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v");

/// Mint of wrapped SOL.
pub const WRAPPED_SOL: Pubkey =
    Pubkey::from_str_const("So11111111111111111111111111111111111111112");

/// Bytes of `exact_out_route`'s data: discriminator 8, plan of one step 8, amount out 8, quoted
/// amount in 8, slippage 2, platform fee 1.
const DATA_LENGTH: usize = 35;
const AMOUNTS: usize = 16;

/// Accounts that the network takes as read-only whatever a message asks: what is asked counts here.
const NONE_RESERVED: Option<&BTreeSet<Pubkey>> = None;

/// The numbers of the trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Lamports that must arrive.
    pub receive: u64,
    /// Millionths of a USDC quoted for them.
    pub quoted: u64,
    /// How much more may be spent, in basis points of the quote.
    pub slippage_bps: u16,
}

impl Terms {
    /// As on mainnet.
    pub const MAINNET: Self = Self {
        receive: 100_000,
        quoted: 13_511,
        slippage_bps: 2_000,
    };
}

#[derive(Deserialize)]
struct Vector {
    signature: Option<String>,
    data: String,
}

/// The trade as instructions of `trader`: compute budget (two), opening of the wrapped-SOL
/// account, `exact_out_route`, closing of the account.
///
/// # Errors
/// A recorded transaction that is not there or not of this shape.
pub fn usdc_for_sol(trader: &Pubkey, terms: Terms) -> Result<Vec<Instruction>> {
    let message = recorded()?;
    let theirs = message.static_account_keys().first().context("no payer")?;
    let rekey = |key: &Pubkey| {
        let token = |mint| get_associated_token_address(theirs, mint) == *key;
        match key {
            key if key == theirs => *trader,
            _ if token(&USDC) => get_associated_token_address(trader, &USDC),
            _ if token(&WRAPPED_SOL) => get_associated_token_address(trader, &WRAPPED_SOL),
            other => *other,
        }
    };
    let mut instructions = instructions(&message, rekey)?;
    let route = instructions
        .iter_mut()
        .find(|instruction| instruction.program_id == JUPITER)
        .context("no instruction of Jupiter")?;
    set_terms(&mut route.data, terms)?;
    Ok(instructions)
}

fn recorded() -> Result<VersionedMessage> {
    for line in RECORDED.lines() {
        let vector: Vector = serde_json::from_str(line)?;
        if vector.signature.as_deref() == Some(MAINNET_SIGNATURE) {
            let bytes = BASE64_STANDARD.decode(vector.data)?;
            let transaction: VersionedTransaction = wincode::deserialize_exact(&bytes)?;
            return Ok(transaction.message);
        }
    }
    anyhow::bail!("the recorded transaction `{MAINNET_SIGNATURE}` is not there")
}

fn instructions(
    message: &VersionedMessage,
    rekey: impl Fn(&Pubkey) -> Pubkey,
) -> Result<Vec<Instruction>> {
    let keys = message.static_account_keys();
    let key = |index: u8| {
        let key = keys.get(usize::from(index));
        key.map(&rekey)
            .context("an account from a lookup table, which this transaction does not have")
    };
    let account = |index: u8| -> Result<AccountMeta> {
        let place = usize::from(index);
        Ok(AccountMeta {
            pubkey: key(index)?,
            is_signer: message.is_signer(place),
            is_writable: message.is_maybe_writable_with_reserved_addresses(place, NONE_RESERVED),
        })
    };
    let compiled = message.instructions().iter();
    compiled
        .map(|compiled| {
            Ok(Instruction {
                program_id: key(compiled.program_id_index)?,
                accounts: compiled
                    .accounts
                    .iter()
                    .map(|index| account(*index))
                    .collect::<Result<_>>()?,
                data: compiled.data.clone(),
            })
        })
        .collect()
}

fn set_terms(data: &mut [u8], terms: Terms) -> Result<()> {
    ensure!(
        data.len() == DATA_LENGTH,
        "expected {DATA_LENGTH} bytes of arguments, got {}",
        data.len()
    );
    let numbers = terms
        .receive
        .to_le_bytes()
        .into_iter()
        .chain(terms.quoted.to_le_bytes())
        .chain(terms.slippage_bps.to_le_bytes());
    for (place, byte) in data.iter_mut().skip(AMOUNTS).zip(numbers) {
        *place = byte;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use countersign_decode::solana::{Context, decode_message};
    use countersign_decode::{DecodeErrorKind, explain};
    use countersign_intent::Address;
    use solana_message::Message;

    use super::*;

    fn explained(trader: &Pubkey, terms: Terms) -> Vec<String> {
        let instructions = usdc_for_sol(trader, terms).unwrap();
        let message = Message::new(&instructions, Some(trader)).serialize();
        let context = Context::new(Address::new(trader.to_bytes()));
        explain(&decode_message(&message, &context).unwrap().intent)
    }

    #[test]
    fn their_trader_and_terms_give_their_instructions() {
        let message = recorded().unwrap();
        let theirs = message.static_account_keys()[0];
        assert_eq!(
            usdc_for_sol(&theirs, Terms::MAINNET).unwrap(),
            instructions(&message, |key| *key).unwrap()
        );
        let context = Context::new(Address::new(theirs.to_bytes()));
        let original = decode_message(&message.serialize(), &context).unwrap();
        assert_eq!(
            explained(&theirs, Terms::MAINNET),
            explain(&original.intent)
        );
    }

    #[test]
    fn the_trade_becomes_ours() {
        let trader = Pubkey::new_from_array([7; 32]);
        let terms = Terms {
            receive: 1_000_000_000,
            quoted: 135_110_000,
            slippage_bps: 50,
        };
        let lines = explained(&trader, terms);
        assert!(
            lines.contains(
                &"trade at most 135.78555 USDC for at least 1 SOL through jupiter-v6, slippage 50 \
                  bps"
                .to_owned()
            ),
            "{lines:#?}"
        );
        let theirs = recorded().unwrap().static_account_keys()[0];
        let left = usdc_for_sol(&trader, terms).unwrap();
        let mut accounts = left.iter().flat_map(|one| &one.accounts);
        assert!(accounts.all(|account| account.pubkey != theirs));
    }

    #[test]
    fn another_wallet_cannot_have_it_signed() {
        let trader = Pubkey::new_from_array([7; 32]);
        let instructions = usdc_for_sol(&trader, Terms::MAINNET).unwrap();
        let message = Message::new(&instructions, Some(&trader)).serialize();
        let error = decode_message(&message, &Context::new(Address::new([8; 32]))).unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::NotASigner);
    }
}
