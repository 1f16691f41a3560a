//! The main job: a real Jupiter v6 trade, re-keyed to a wallet of the bench.

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_intent::Address;
use serde_json::Value;
use sha2::{Digest, Sha256};

const RECORDED: &str = include_str!("../../../policy/decode/vectors/mainnet.jsonl");

/// `exact_out_route` of USDC for SOL without lookup tables: compute budget twice, opening of the
/// wrapped-SOL account, the route, closing of the account.
const SIGNATURE: &str =
    "5yBGmFNYx8kLnVtbZx8wqegmwbUkE8YruYBAci6Atv7kjohDt99EdLJRsA3atZfdtaK72duZeyZ9VCPJzrvPRMAr";

const USDC: &str = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
const WRAPPED_SOL: &str = "So11111111111111111111111111111111111111112";
const TOKEN: &str = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
const ASSOCIATED_TOKEN: &str = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL";

/// One signature, counted by one byte, stands before the recorded message.
const BEFORE_MESSAGE: usize = 65;

/// Version, header of three, count of keys: then the payer.
const BEFORE_PAYER: usize = 5;

/// A message of one wallet, but for the blockhash.
#[derive(Debug, Clone)]
pub(crate) struct Trade {
    message: Vec<u8>,
    blockhash: usize,
}

impl Trade {
    /// The recorded trade with the wallet in the trader's place.
    pub(crate) fn of(wallet: &Address) -> Result<Self> {
        let mut message = recorded()?;
        let payer = key_at(&message, BEFORE_PAYER)?;
        for mint in [USDC, WRAPPED_SOL] {
            let theirs = associated(&payer, mint)?;
            replace(&mut message, &theirs, &associated(wallet, mint)?);
        }
        replace(&mut message, &payer, wallet);
        let keys = message.get(BEFORE_PAYER - 1).copied().map(usize::from);
        let blockhash = BEFORE_PAYER + 32 * keys.context("a short message")?;
        ensure!(message.len() > blockhash + 32, "a short message");
        Ok(Self { message, blockhash })
    }

    /// The trade over another blockhash.
    pub(crate) fn numbered(&self, number: u64) -> Vec<u8> {
        let mut message = self.message.clone();
        let hash = message.iter_mut().skip(self.blockhash);
        hash.zip(number.to_le_bytes())
            .for_each(|(to, from)| *to = from);
        message
    }
}

fn recorded() -> Result<Vec<u8>> {
    for line in RECORDED.lines() {
        let vector: Value = serde_json::from_str(line)?;
        if vector.get("signature").and_then(Value::as_str) == Some(SIGNATURE) {
            let data = vector.get("data").and_then(Value::as_str);
            let bytes = BASE64_STANDARD.decode(data.context("no data")?)?;
            return Ok(bytes.get(BEFORE_MESSAGE..).context("no message")?.to_vec());
        }
    }
    anyhow::bail!("the recorded trade `{SIGNATURE}` is not there")
}

fn key_at(message: &[u8], at: usize) -> Result<Address> {
    let key = message.get(at..at + 32).context("a short message")?;
    Ok(Address::new(key.try_into()?))
}

fn replace(message: &mut [u8], from: &Address, to: &Address) {
    for at in 0..message.len().saturating_sub(31) {
        if let Some(place) = message.get_mut(at..at + 32)
            && place == from.as_bytes()
        {
            place.copy_from_slice(to.as_bytes());
        }
    }
}

/// The associated token account: `find_program_address` over owner, program and mint.
fn associated(owner: &Address, mint: &str) -> Result<Address> {
    let (token, mint): (Address, Address) = (TOKEN.parse()?, mint.parse()?);
    let program: Address = ASSOCIATED_TOKEN.parse()?;
    for bump in (0..=u8::MAX).rev() {
        let mut hash = Sha256::new();
        for seed in [owner, &token, &mint] {
            hash.update(seed.as_bytes());
        }
        hash.update([bump]);
        hash.update(program.as_bytes());
        hash.update(b"ProgramDerivedAddress");
        let found: [u8; 32] = hash.finalize().into();
        if ed25519_dalek::VerifyingKey::from_bytes(&found).is_err() {
            return Ok(Address::new(found));
        }
    }
    anyhow::bail!("no address off the curve")
}
