//! Solana messages and transactions.
//!
//! The whole message is understood or it is refused: every instruction's program, discriminator,
//! data length, account count and account roles are checked, because an instruction that lists
//! the wallet can use its signature.

mod account;
mod anchor;
mod ata;
mod call;
mod context;
mod fee;
mod ids;
mod ledger;
mod order_book;
mod pool_side;
mod program;
mod swap;
mod tip;
mod walk;
mod wire;

use std::sync::Arc;

use countersign_intent::solana::{Address, Draft};
use countersign_intent::{Intent, SigningInput};

use crate::{DecodeError, DecodeErrorKind};

pub use ata::{Associated, Candidate, Memo};
pub use context::{
    AttestedTable, Context, Costs, Market, RegisteredAccount, RegisteredNonce, Tables,
};
pub use ledger::{Hidden, Shown, shown_by_ledger};
pub use program::TRADING_PROGRAMS;
pub use tip::JITO_TIP_ACCOUNTS;
pub use wire::{PartialTransaction, from_base64, is_hex};

use wire::{Form, Message};

/// What came out of one pass over the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Everything the signature would do.
    pub intent: Intent,
    /// Exactly the bytes that were read.
    pub input: SigningInput,
    /// The transaction around the message: the one it came in, or one whose slots are all empty.
    pub transaction: PartialTransaction,
}

impl Decoded {
    /// The signature of another signer of the message, as it came: zeros where there is none
    /// yet, `None` where this key does not have to sign. It was not verified.
    #[must_use]
    pub fn cosignature(&self, signer: &Address) -> Option<[u8; 64]> {
        self.transaction.signature_in(self.slot_of(signer)?)
    }

    /// The whole transaction with the signature of another signer in its slot, the wallet's as
    /// it came. `None` where this key does not have to sign.
    #[must_use]
    pub fn with_cosignature(&self, signer: &Address, signature: [u8; 64]) -> Option<Vec<u8>> {
        let slot = self.slot_of(signer)?;
        Some(self.transaction.with_signature_in(slot, signature))
    }

    /// The place of a co-signer among the signatures. Co-signers are kept in the order of the
    /// message, without the wallet.
    fn slot_of(&self, signer: &Address) -> Option<usize> {
        let mut cosigners = self.intent.cosigners().iter();
        let at = cosigners.position(|one| one.solana().as_ref() == Some(signer))?;
        Some(at + usize::from(at >= usize::from(self.input.signer_index())))
    }
}

/// Decodes a serialised message: legacy, v0 or v1.
///
/// # Errors
/// Anything that is not one well-formed message, is not understood to the last byte, or is
/// never signed; see [`DecodeErrorKind`].
pub fn decode_message(bytes: &[u8], context: &Context<'_>) -> Result<Decoded, DecodeError> {
    let (bytes, message, _) = read(bytes, Form::Message)?;
    decode(&message, bytes, context).map(|(decoded, _)| decoded)
}

/// Decodes a serialised transaction: as many signature slots as its message requires, zeros in
/// those not signed yet. Signatures that are already there are kept and not verified.
///
/// # Errors
/// As [`decode_message`], and a number of signature slots the message does not call for.
pub fn decode_transaction(bytes: &[u8], context: &Context<'_>) -> Result<Decoded, DecodeError> {
    let (message_bytes, message, signatures) = read(bytes, Form::Transaction)?;
    let signatures = signatures.unwrap_or_default();
    let (decoded, slot) = decode(&message, message_bytes, context)?;
    let transaction =
        PartialTransaction::new(decoded.input.shared(), signatures, slot, message.version);
    Ok(Decoded {
        transaction,
        ..decoded
    })
}

/// The transaction around a message, or around the message of a transaction, for a signature that
/// was given before. It says nothing about what the message does.
///
/// # Errors
/// Bytes that are no well-formed message or transaction, or that the wallet does not sign.
pub fn envelope(
    bytes: &[u8],
    in_transaction: bool,
    wallet: &Address,
) -> Result<PartialTransaction, DecodeError> {
    let (message_bytes, message, given) = read(bytes, form(in_transaction))?;
    let slot = slot_of(&signers(&message), wallet)?;
    let empty = vec![[0; 64]; usize::from(message.header.required_signatures)];
    Ok(PartialTransaction::new(
        Arc::from(message_bytes),
        given.unwrap_or(&empty),
        slot,
        message.version,
    ))
}

/// Who pays for a message, or for the message of a transaction: its first key. It says nothing
/// about what the message does.
///
/// # Errors
/// Bytes that are no well-formed message or transaction.
pub fn fee_payer(bytes: &[u8], in_transaction: bool) -> Result<Address, DecodeError> {
    let (_, message, _) = read(bytes, form(in_transaction))?;
    let payer = message.keys.first().copied();
    let missing = || DecodeError::malformed(0, "the message has no account keys");
    payer.map(Address::new).ok_or_else(missing)
}

const fn form(in_transaction: bool) -> Form {
    if in_transaction {
        Form::Transaction
    } else {
        Form::Message
    }
}

/// The bytes of the message, what they say, and the signature slots of a transaction.
type ReadBytes<'b> = (&'b [u8], Message<'b>, Option<&'b [[u8; 64]]>);

/// Reads bytes of one of the two forms; others are told as what they are.
fn read(bytes: &[u8], form: Form) -> Result<ReadBytes<'_>, DecodeError> {
    let read = match form {
        Form::Message => Message::parse(bytes).map(|message| (bytes, message, None)),
        Form::Transaction => wire::split_transaction(bytes).and_then(|(message, signatures)| {
            let parsed = Message::parse(message)?;
            wire::check_slots(&parsed, signatures)?;
            Ok((message, parsed, Some(signatures)))
        }),
    };
    read.map_err(|refused| wire::tell(bytes, form, refused))
}

fn signers(message: &Message<'_>) -> Vec<Address> {
    message
        .keys
        .iter()
        .take(usize::from(message.header.required_signatures))
        .map(|key| Address::new(*key))
        .collect()
}

/// Keys are unique by now, so the first position is the only one.
fn slot_of(signers: &[Address], wallet: &Address) -> Result<u8, DecodeError> {
    signers
        .iter()
        .position(|signer| signer == wallet)
        .and_then(|slot| u8::try_from(slot).ok())
        .ok_or_else(|| not_a_signer(wallet))
}

fn decode(
    message: &Message<'_>,
    bytes: &[u8],
    context: &Context<'_>,
) -> Result<(Decoded, u8), DecodeError> {
    let signers = signers(message);
    let slot = slot_of(&signers, &context.wallet)?;
    let accounts = account::resolve(message, context)?;
    let read = walk::walk(message, context, &accounts, slot)?;
    let draft = Draft {
        wallet: context.wallet,
        effects: read.effects,
        lifetime: read.lifetime,
        asserted: read.asserted,
        cosigners: signers
            .into_iter()
            .filter(|signer| *signer != context.wallet)
            .collect(),
    };
    let intent = Intent::from(draft);
    let input = SigningInput::from_decoder(Arc::from(bytes), slot);
    let empty = vec![[0; 64]; usize::from(message.header.required_signatures)];
    let decoded = Decoded {
        transaction: PartialTransaction::new(input.shared(), &empty, slot, message.version),
        intent,
        input,
    };
    Ok((decoded, slot))
}

fn not_a_signer(wallet: &Address) -> DecodeError {
    DecodeError::new(
        DecodeErrorKind::NotASigner,
        None,
        format!("the message does not ask for a signature of wallet `{wallet}`"),
    )
}

#[cfg(test)]
mod draft;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trade_check;
