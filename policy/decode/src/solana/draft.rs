//! Builds messages for tests.

use countersign_intent::solana::{Address, Detail as Effect, details};
use spl_associated_token_account_interface::address::get_associated_token_address_with_program_id;

use super::Decoded;
use super::context::Context;
use super::ids;
use crate::{DecodeError, DecodeErrorKind};

/// How an instruction uses an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Use {
    key: Address,
    signer: bool,
    writable: bool,
}

impl Use {
    pub(crate) const fn key(&self) -> Address {
        self.key
    }
}

/// A read-only account.
pub(crate) const fn reads(key: Address) -> Use {
    Use {
        key,
        signer: false,
        writable: false,
    }
}

/// A writable account.
pub(crate) const fn writes(key: Address) -> Use {
    Use {
        writable: true,
        ..reads(key)
    }
}

/// A read-only signer.
pub(crate) const fn signs(key: Address) -> Use {
    Use {
        signer: true,
        ..reads(key)
    }
}

/// A writable signer.
pub(crate) const fn pays(key: Address) -> Use {
    Use {
        signer: true,
        ..writes(key)
    }
}

/// An instruction to put into a message.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) program: Address,
    pub(crate) accounts: Vec<Use>,
    pub(crate) data: Vec<u8>,
}

/// The wallet of the tests.
pub(crate) const WALLET: Address = Address::new([0x11; 32]);
/// Somebody else.
pub(crate) const STRANGER: Address = Address::new([0x22; 32]);
/// A token's mint.
pub(crate) const MINT: Address = Address::new([0x33; 32]);

pub(crate) fn ata(owner: Address, mint: Address) -> Address {
    ata_of(owner, mint, ids::TOKEN)
}

pub(crate) fn ata_of(owner: Address, mint: Address, program: Address) -> Address {
    let address = get_associated_token_address_with_program_id(
        &(*owner.as_bytes()).into(),
        &(*mint.as_bytes()).into(),
        &(*program.as_bytes()).into(),
    );
    Address::new(address.to_bytes())
}

/// Some account nothing is known about.
pub(crate) const fn pool(number: u8) -> Address {
    let mut bytes = [0xAA; 32];
    bytes[31] = number;
    Address::new(bytes)
}

pub(crate) fn step(program: Address, accounts: Vec<Use>, data: Vec<u8>) -> Step {
    Step {
        program,
        accounts,
        data,
    }
}

/// Compiles a legacy message paid for by `payer`.
pub(crate) fn compile(payer: Address, steps: &[Step]) -> Vec<u8> {
    body(&order(payer, steps), &[], steps)
}

/// The lookup table of the tests; its entries are those that a message hides in it.
pub(crate) const TABLE: Address = Address::new([0x7A; 32]);

/// Compiles a v0 message of the wallet that names some accounts only in [`TABLE`].
pub(crate) fn compile_hiding(steps: &[Step], hidden: &[Address]) -> Vec<u8> {
    let (mut looked_up, named): (Vec<Use>, Vec<Use>) = order(WALLET, steps)
        .into_iter()
        .partition(|key| hidden.contains(&key.key));
    looked_up.sort_by_key(|key| !key.writable);
    let mut out = vec![0x80];
    out.extend(body(&named, &looked_up, steps));
    out.push(1);
    out.extend_from_slice(TABLE.as_bytes());
    let writable = looked_up.iter().filter(|key| key.writable).count();
    for entries in [0..writable, writable..looked_up.len()] {
        out.push(u8::try_from(entries.len()).unwrap());
        out.extend(entries.map(|entry| u8::try_from(entry).unwrap()));
    }
    out
}

fn header(keys: &[Use]) -> [u8; 3] {
    let count =
        |test: fn(&Use) -> bool| u8::try_from(keys.iter().filter(|k| test(k)).count()).unwrap();
    [
        count(|key| key.signer),
        count(|key| key.signer && !key.writable),
        count(|key| !key.signer && !key.writable),
    ]
}

fn body(keys: &[Use], looked_up: &[Use], steps: &[Step]) -> Vec<u8> {
    let mut out = header(keys).to_vec();
    out.push(u8::try_from(keys.len()).unwrap());
    for key in keys {
        out.extend_from_slice(key.key.as_bytes());
    }
    out.extend_from_slice(&[7; 32]);
    out.push(u8::try_from(steps.len()).unwrap());
    let index = |wanted: &Address| {
        let mut all = keys.iter().chain(looked_up);
        u8::try_from(all.position(|key| key.key == *wanted).unwrap()).unwrap()
    };
    for step in steps {
        out.push(index(&step.program));
        out.push(u8::try_from(step.accounts.len()).unwrap());
        out.extend(step.accounts.iter().map(|account| index(&account.key)));
        let length = u16::try_from(step.data.len()).unwrap();
        if length < 0x80 {
            out.push(length as u8);
        } else {
            out.extend_from_slice(&[(length & 0x7f) as u8 | 0x80, (length >> 7) as u8]);
        }
        out.extend_from_slice(&step.data);
    }
    out
}

/// Compiles a v1 message with a compute unit limit and a total priority fee.
pub(crate) fn compile_v1(payer: Address, steps: &[Step], priority_fee: u64) -> Vec<u8> {
    let keys = order(payer, steps);
    let index = |wanted: &Address| {
        let at = keys.iter().position(|key| key.key == *wanted).unwrap();
        u8::try_from(at).unwrap()
    };
    let count = |count: usize| u8::try_from(count).unwrap();
    let mut out = vec![0x81];
    out.extend(header(&keys));
    out.extend_from_slice(&0b111_u32.to_le_bytes());
    out.extend_from_slice(&[7; 32]);
    out.extend_from_slice(&[count(steps.len()), count(keys.len())]);
    for key in &keys {
        out.extend_from_slice(key.key.as_bytes());
    }
    out.extend_from_slice(&priority_fee.to_le_bytes());
    out.extend_from_slice(&200_000_u32.to_le_bytes());
    for step in steps {
        out.extend_from_slice(&[index(&step.program), count(step.accounts.len())]);
        let length = u16::try_from(step.data.len()).unwrap();
        out.extend_from_slice(&length.to_le_bytes());
    }
    for step in steps {
        out.extend(step.accounts.iter().map(|account| index(&account.key)));
        out.extend_from_slice(&step.data);
    }
    out
}

fn order(payer: Address, steps: &[Step]) -> Vec<Use> {
    let mut keys = vec![pays(payer)];
    let uses = steps.iter().flat_map(|step| {
        let program = std::iter::once(reads(step.program));
        step.accounts.iter().copied().chain(program)
    });
    for one in uses {
        match keys.iter_mut().find(|key| key.key == one.key) {
            Some(known) => {
                known.signer |= one.signer;
                known.writable |= one.writable;
            }
            None => keys.push(one),
        }
    }
    keys[1..].sort_by_key(|key| (!key.signer, !key.writable));
    keys
}

/// What a decoded message does, in the chain's words.
pub(crate) fn effects_of(decoded: &Decoded) -> Vec<Effect> {
    details(&decoded.intent).cloned().collect()
}

/// Decodes a message of the wallet with nothing known besides.
pub(crate) fn effects(steps: &[Step]) -> Result<Vec<Effect>, DecodeError> {
    effects_in(steps, &Context::new(WALLET))
}

/// Decodes a message of the wallet. The fee, which every message has, is left out.
pub(crate) fn effects_in(
    steps: &[Step],
    context: &Context<'_>,
) -> Result<Vec<Effect>, DecodeError> {
    let decoded = super::decode_message(&compile(WALLET, steps), context)?;
    let mut effects = effects_of(&decoded);
    effects.pop();
    Ok(effects)
}

/// Decodes a message of the wallet that names some accounts only in a table nobody attests.
pub(crate) fn effects_hiding(
    steps: &[Step],
    hidden: &[Address],
    context: &Context<'_>,
) -> Result<Vec<Effect>, DecodeError> {
    let decoded = super::decode_message(&compile_hiding(steps, hidden), context)?;
    let mut effects = effects_of(&decoded);
    effects.pop();
    Ok(effects)
}

/// The kind of refusal of a message.
pub(crate) fn refusal(steps: &[Step]) -> DecodeErrorKind {
    refusal_in(steps, &Context::new(WALLET))
}

pub(crate) fn refusal_in(steps: &[Step], context: &Context<'_>) -> DecodeErrorKind {
    effects_in(steps, context).unwrap_err().kind()
}

/// System Transfer.
pub(crate) fn pay(to: Address, lamports: u64) -> Step {
    let data = [&[2, 0, 0, 0][..], &lamports.to_le_bytes()].concat();
    step(ids::SYSTEM, vec![pays(WALLET), writes(to)], data)
}

/// CreateIdempotent of an associated account, paid by the wallet.
pub(crate) fn open(owner: Address, mint: Address) -> Step {
    let accounts = vec![
        pays(WALLET),
        writes(ata(owner, mint)),
        reads(owner),
        reads(mint),
        reads(ids::SYSTEM),
        reads(ids::TOKEN),
    ];
    step(ids::ASSOCIATED_TOKEN, accounts, vec![1])
}

/// SyncNative.
pub(crate) fn sync(account: Address) -> Step {
    step(ids::TOKEN, vec![writes(account)], vec![17])
}
