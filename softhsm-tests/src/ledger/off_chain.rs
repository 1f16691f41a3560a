//! What the Solana app makes of an off-chain message
//! (`src/handle_sign_offchain_message.c`, `libsol/string_utils.c`).

use sha2::{Digest, Sha256};

use super::wire::{BAD_HEADER, BAD_TEXT, Refusal};

const DOMAIN: &[u8] = b"\xffsolana offchain";

/// Where 1.9.0 starts to read the text, whatever the number of signers: it counts on one.
const TEXT_AT: usize = 85;

/// How a message is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// In full.
    Text(String),
    /// Not ASCII: as a hash, if blind signing is on.
    Hash(String),
}

/// The header that is standard, taken from 1.8.0 on: domain, version 0, application domain of 32
/// bytes, format, number of signers, their keys, length of the text (little-endian), the text.
pub(super) fn standard(message: &[u8], me: &[u8; 32]) -> Result<Shown, Refusal> {
    let refused = Refusal(BAD_HEADER);
    let rest = message.strip_prefix(DOMAIN).ok_or(refused)?;
    let rest = rest.strip_prefix(&[0]).ok_or(refused)?;
    let (_application, rest) = rest.split_at_checked(32).ok_or(refused)?;
    let [format @ (0 | 1), signers, rest @ ..] = rest else {
        return Err(refused);
    };
    let (keys, rest) = rest
        .split_at_checked(usize::from(*signers) * 32)
        .ok_or(refused)?;
    if !keys.chunks_exact(32).any(|key| key == me) {
        return Err(refused);
    }
    let text = counted(rest)?;
    let shown = checked(text, *format)?;
    // 1.9.0 signs a message of two signers, and shows the second key as if it were the text, up
    // to the first zero.
    match shown {
        Shown::Text(_) if *signers > 1 => {
            let misread = message.get(TEXT_AT..).unwrap_or_default();
            let misread: Vec<u8> = misread
                .iter()
                .copied()
                .take_while(|byte| *byte != 0)
                .collect();
            Ok(Shown::Text(String::from_utf8_lossy(&misread).into_owned()))
        }
        shown => Ok(shown),
    }
}

/// The header of version 1, which newer apps take too (sRFC 38 in its final form): domain, version
/// 1, number of signers, their keys in strictly ascending order, the text to the end.
pub(super) fn version_1(message: &[u8], me: &[u8; 32]) -> Result<Shown, Refusal> {
    let refused = Refusal(BAD_HEADER);
    let rest = message.strip_prefix(DOMAIN).ok_or(refused)?;
    let [1, signers, rest @ ..] = rest else {
        return Err(refused);
    };
    let (keys, text) = rest
        .split_at_checked(usize::from(*signers) * 32)
        .ok_or(refused)?;
    let keys: Vec<&[u8]> = keys.chunks_exact(32).collect();
    if !keys.is_sorted_by(|one, next| one < next) || !keys.contains(&me.as_slice()) {
        return Err(refused);
    }
    if text.is_empty() {
        return Err(refused);
    }
    // There is no format: what is not ASCII is UTF-8.
    checked(text, 1)
}

/// Whether a message says that it is of version 1.
pub(super) fn is_version_1(message: &[u8]) -> bool {
    message.get(DOMAIN.len()) == Some(&1)
}

/// The header of apps before 1.8.0, which is also the one of the crate
/// `solana-offchain-message`: domain, version, format, length, text.
pub(super) fn legacy(message: &[u8]) -> Result<Shown, Refusal> {
    let refused = Refusal(BAD_HEADER);
    let rest = message.strip_prefix(DOMAIN).ok_or(refused)?;
    let [0, format @ (0 | 1), rest @ ..] = rest else {
        return Err(refused);
    };
    checked(counted(rest)?, *format)
}

/// The text after its length in two bytes. Nothing may follow.
fn counted(bytes: &[u8]) -> Result<&[u8], Refusal> {
    let (length, text) = bytes.split_first_chunk::<2>().ok_or(Refusal(BAD_HEADER))?;
    if text.is_empty() || usize::from(u16::from_le_bytes(*length)) != text.len() {
        return Err(Refusal(BAD_HEADER));
    }
    Ok(text)
}

fn checked(text: &[u8], format: u8) -> Result<Shown, Refusal> {
    let ascii = |byte: &u8| *byte == b'\n' || (0x20..0x7f).contains(byte);
    let utf8 = std::str::from_utf8(text).map_err(|_| Refusal(BAD_TEXT))?;
    if text.iter().all(ascii) {
        return Ok(Shown::Text(utf8.to_owned()));
    }
    if format == 0 {
        return Err(Refusal(BAD_TEXT));
    }
    Ok(Shown::Hash(hash(text)))
}

/// As the app shows hashes.
pub(super) fn hash(bytes: &[u8]) -> String {
    bs58::encode(Sha256::digest(bytes)).into_string()
}
