//! Ethereum personal messages (EIP-191, version `E`): shown as text by Ledger's Ethereum
//! application, Trezor and most wallets.

use super::text::{TextError, check_text};

/// The bytes whose Keccak-256 is signed for `text`. Wallets add the prefix themselves and are
/// given the text alone.
///
/// # Errors
/// A text that the device would not show in full.
pub fn preimage(text: &str) -> Result<Vec<u8>, TextError> {
    check_text(text)?;
    let mut out = format!("\x19Ethereum Signed Message:\n{}", text.len()).into_bytes();
    out.extend_from_slice(text.as_bytes());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_has_the_length_in_bytes() {
        let made = preimage("Some data").unwrap();
        assert_eq!(made, b"\x19Ethereum Signed Message:\n9Some data");
        assert!(preimage("").is_err());
    }
}
