//! Solana messages and transactions as people hand them over: raw, base64 or base58.

use std::path::PathBuf;

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose::STANDARD};
use clap::ValueEnum;
use countersign_decode::solana::{
    Context, Decoded, decode_message, decode_transaction, fee_payer, is_hex,
};
use countersign_decode::{DecodeError, DecodeErrorKind};
use countersign_intent::Address;

use crate::failure::Failure;
use crate::input;

/// Largest input in bytes: a 4,096-byte transaction in either text form, with line breaks.
const MAX_INPUT: u64 = 16 * 1024;

/// Base58 takes time quadratic in its length.
const MAX_BASE58: usize = 8 * 1024;

/// Where a message is and how it is written.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Source {
    /// File with the message or transaction; `-` for standard input
    file: PathBuf,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Encoding::Auto)]
    encoding: Encoding,
    /// Which of the two it is
    #[arg(long, value_enum, default_value_t = Kind::Auto)]
    kind: Kind,
}

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Encoding {
    Auto,
    Base64,
    Base58,
    Raw,
}

/// Which bytes they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Auto,
    Message,
    Transaction,
}

/// Bytes of one of the two kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wire {
    Message(Vec<u8>),
    Transaction(Vec<u8>),
}

impl Source {
    /// A file in which both are to be found out.
    pub(crate) const fn new(file: PathBuf) -> Self {
        Self {
            file,
            encoding: Encoding::Auto,
            kind: Kind::Auto,
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// The file cannot be read, or is not written as was said.
    pub(crate) fn read(&self) -> Result<Wire, Failure> {
        let read = input::read(&self.file, MAX_INPUT)?;
        if self.encoding != Encoding::Raw && std::str::from_utf8(&read).is_ok_and(is_hex_text) {
            return Err(Failure::usage(format!(
                "`{}` holds hex; write the bytes as base64 or base58, or as they are",
                self.file.display()
            )));
        }
        if read.starts_with(b"-----BEGIN") {
            return Err(Failure::usage(format!(
                "`{}` holds PEM; a Solana message or transaction is wanted",
                self.file.display()
            )));
        }
        let bytes = bytes(&read, self.encoding).ok_or_else(|| {
            Failure::usage(format!(
                "expected base64 or base58 in `{}` as `--encoding` says, got something else",
                self.file.display()
            ))
        })?;
        Ok(match self.kind {
            Kind::Message => Wire::Message(bytes),
            Kind::Transaction => Wire::Transaction(bytes),
            Kind::Auto => Wire::guess(bytes),
        })
    }
}

impl Wire {
    /// A transaction if the bytes are well formed as one and not as a message.
    fn guess(bytes: Vec<u8>) -> Self {
        let nobody = Context::new(Address::new([0xff; 32]));
        let formed = |result: Result<Decoded, DecodeError>| {
            !result.is_err_and(|error| error.kind() == DecodeErrorKind::Malformed)
        };
        let transaction =
            !formed(decode_message(&bytes, &nobody)) && formed(decode_transaction(&bytes, &nobody));
        if transaction {
            Self::Transaction(bytes)
        } else {
            Self::Message(bytes)
        }
    }

    /// What it does, as `wallet` would sign it.
    ///
    /// # Errors
    /// It is not understood to the last byte.
    pub(crate) fn decode(&self, context: &Context<'_>) -> Result<Decoded, DecodeError> {
        match self {
            Self::Message(bytes) => decode_message(bytes, context),
            Self::Transaction(bytes) => decode_transaction(bytes, context),
        }
    }

    /// Who pays for it: its first key.
    ///
    /// # Errors
    /// It is not well formed.
    pub(crate) fn fee_payer(&self) -> Result<Address, DecodeError> {
        match self {
            Self::Message(bytes) => fee_payer(bytes, false),
            Self::Transaction(bytes) => fee_payer(bytes, true),
        }
    }

    /// The bytes as they came.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Message(bytes) | Self::Transaction(bytes) => bytes,
        }
    }

    /// Base64 of a message, and of a transaction; one of the two.
    pub(crate) fn fields(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::Message(bytes) => (Some(STANDARD.encode(bytes)), None),
            Self::Transaction(bytes) => (None, Some(STANDARD.encode(bytes))),
        }
    }
}

fn is_hex_text(text: &str) -> bool {
    is_hex(text.trim())
}

/// The bytes that `read` stands for.
fn bytes(read: &[u8], encoding: Encoding) -> Option<Vec<u8>> {
    let text = || -> Option<String> {
        let text = std::str::from_utf8(read).ok()?;
        Some(
            text.chars()
                .filter(|char| !char.is_ascii_whitespace())
                .collect(),
        )
    };
    match encoding {
        Encoding::Raw => Some(read.to_vec()),
        Encoding::Base64 => from_base64(&text()?),
        Encoding::Base58 => from_base58(&text()?),
        // Base58's digits are base64 digits too, but a message in base64 without any of the
        // characters that base58 lacks does not happen: it is hundreds of characters long.
        Encoding::Auto => Some(
            text()
                .filter(|text| !text.is_empty())
                .and_then(|text| from_base58(&text).or_else(|| from_base64(&text)))
                .unwrap_or_else(|| read.to_vec()),
        ),
    }
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&ALPHABET, config).decode(text).ok()
}

fn from_base58(text: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_BASE58 {
        return None;
    }
    bs58::decode(text).into_vec().ok()
}

#[cfg(test)]
mod tests;
