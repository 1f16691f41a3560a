//! Messages and transactions as base64, and what else they come as.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::mistake::is_well_formed;

/// The shortest message in hex: one key, a blockhash, nothing done.
const SHORTEST_HEX: usize = 2 * (3 + 1 + 32 + 32 + 1);
/// The largest legacy or v0 transaction in base58; decoding takes time quadratic in its length.
const LONGEST_BASE58: usize = 1_700;
const NOT_BASE64: &str = "expected standard base64 (`A-Z a-z 0-9 + / =`)";

/// The bytes that standard base64 stands for.
///
/// # Errors
/// Text that is something else: which, and what to send instead.
pub fn from_base64(text: &str) -> Result<Vec<u8>, String> {
    if is_hex(text) {
        return Err(format!("{NOT_BASE64}, got hex; encode the bytes as base64"));
    }
    let decoded = STANDARD.decode(text);
    // Base58's digits are base64's too.
    let other = decoded
        .as_ref()
        .map_or(true, |bytes| !is_well_formed(bytes));
    if other && is_base58(text) {
        return Err(format!(
            "{NOT_BASE64}, got base58; encode the bytes as base64"
        ));
    }
    decoded.map_err(|_| format!("{NOT_BASE64}{}", why_not(text)))
}

/// The encoding that text has, where what it stands for is well formed.
pub(super) fn encoding_of(text: &str) -> Option<&'static str> {
    if is_hex(text) {
        return Some("hex");
    }
    if is_base58(text) {
        return Some("base58");
    }
    let decoded = STANDARD.decode(text).ok()?;
    is_well_formed(&decoded).then_some("base64")
}

/// Whether text is hex and long enough for a message. In base64 a message without any other
/// character does not happen, it is hundreds of characters long.
#[must_use]
pub fn is_hex(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    digits.len() >= SHORTEST_HEX
        && digits.len().is_multiple_of(2)
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn is_base58(text: &str) -> bool {
    text.len() <= LONGEST_BASE58
        && bs58::decode(text)
            .into_vec()
            .is_ok_and(|bytes| is_well_formed(&bytes))
}

/// What keeps text from being base64.
fn why_not(text: &str) -> String {
    if text.starts_with('\u{feff}') {
        return "; it begins with a byte order mark, leave that out".to_owned();
    }
    if text.starts_with("data:") {
        return ", got a data URL; send only what follows its comma".to_owned();
    }
    if text.contains(char::is_whitespace) {
        return "; it contains spaces or line breaks, leave them out".to_owned();
    }
    if STANDARD_NO_PAD.decode(text).is_ok() {
        return "; its padding `=` is missing at the end".to_owned();
    }
    if URL_SAFE.decode(text).is_ok() || URL_SAFE_NO_PAD.decode(text).is_ok() {
        return ", got its URL-safe form; write `+` for `-` and `/` for `_`, with padding"
            .to_owned();
    }
    let known = |digit: char| digit.is_ascii_alphanumeric() || "+/=".contains(digit);
    match text.chars().find(|digit| !known(*digit)) {
        Some(other) => format!("; `{}` is none of its characters", other.escape_default()),
        None => "; its length or its last characters are none that base64 ends with, it may have \
                 been cut"
            .to_owned(),
    }
}
