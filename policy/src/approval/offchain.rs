//! Solana off-chain messages with one signer: what a Ledger or a Trezor shows in full.
//!
//! Version 0, format 0 (agave `docs/src/proposals/off-chain-message-signing.md`; Ledger's Solana application
//! 1.8 and later): `ff` `"solana offchain"`, version `00`, application domain (32 bytes), format
//! `00`, number of signers `01`, the signer's key (32 bytes), length of the text (`u16`,
//! little-endian), the text.
//!
//! Version 1 (sRFC 38 in its final form; Ledger's Solana application 1.14 and later, Trezor): `ff`
//! `"solana offchain"`, version `01`, number of signers `01`, the signer's key (32 bytes), the text
//! to the end. It has no application domain: which appliance is meant stands in the text alone.

use sha2::{Digest, Sha256};

use super::text::{TextError, check_text};

/// Bytes before the text in version 0, for one signer.
pub const HEADER: usize = 85;

/// Bytes before the text in version 1, for one signer.
pub const HEADER_V1: usize = 50;

/// The whole of a message at most: what every verifier of formats 0 and 1 takes.
pub const MAX_MESSAGE: usize = 1_232;

const SIGNING_DOMAIN: &[u8; 16] = b"\xffsolana offchain";
const VERSION: u8 = 0;
const VERSION_1: u8 = 1;
const RESTRICTED_ASCII: u8 = 0;
const ONE_SIGNER: u8 = 1;

/// The application domain of an appliance: SHA-256 over a prefix and its trust domain. Devices
/// do not show it by default, so the text names the trust domain too.
#[must_use]
pub fn application_domain(trust_domain: &str) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(b"countersign/offchain/v0\0");
    hasher.update(trust_domain.as_bytes());
    hasher.finalize().into()
}

/// The exact bytes that the owner of `signer` signs to agree to `text`, in version 0.
///
/// # Errors
/// A text that the device would not show in full.
pub fn message(trust_domain: &str, signer: &[u8; 32], text: &str) -> Result<Vec<u8>, TextError> {
    build(&application_domain(trust_domain), signer, text)
}

/// The same bytes as a tool makes them that is given the text alone: their application domain is
/// zero. It means the same, because the text names the trust domain, the request and the digest.
///
/// # Errors
/// As [`message`].
pub fn message_without_domain(signer: &[u8; 32], text: &str) -> Result<Vec<u8>, TextError> {
    build(&[0; 32], signer, text)
}

fn build(domain: &[u8; 32], signer: &[u8; 32], text: &str) -> Result<Vec<u8>, TextError> {
    check_text(text)?;
    let length = u16::try_from(text.len()).map_err(|_| TextError::TooLong(text.len()))?;
    let mut out = Vec::with_capacity(HEADER + text.len());
    out.extend_from_slice(SIGNING_DOMAIN);
    out.push(VERSION);
    out.extend_from_slice(domain);
    out.push(RESTRICTED_ASCII);
    out.push(ONE_SIGNER);
    out.extend_from_slice(signer);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
    Ok(out)
}

/// The same in version 1.
///
/// # Errors
/// As [`message`].
pub fn message_v1(signer: &[u8; 32], text: &str) -> Result<Vec<u8>, TextError> {
    check_text(text)?;
    let mut out = Vec::with_capacity(HEADER_V1 + text.len());
    out.extend_from_slice(SIGNING_DOMAIN);
    out.extend_from_slice(&[VERSION_1, ONE_SIGNER]);
    out.extend_from_slice(signer);
    out.extend_from_slice(text.as_bytes());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What another implementation makes; how is said in `offchain-v1.py`.
    #[test]
    fn version_1_is_what_others_make_of_it() {
        let vectors = include_str!("../../vectors/approval/offchain-v1.toml");
        let vectors: toml::Table = toml::from_str(vectors).unwrap();
        let vectors = vectors["case"].as_array().unwrap();
        assert_eq!(vectors.len(), 3);
        for vector in vectors {
            let field = |name: &str| vector[name].as_str().unwrap();
            let signer: [u8; 32] = bytes(field("public_key")).try_into().unwrap();
            let made = message_v1(&signer, field("text")).unwrap();
            assert_eq!(made, bytes(field("message")), "{}", field("name"));
            assert_eq!(made.len(), HEADER_V1 + field("text").len());
        }
    }

    #[test]
    fn a_message_of_one_version_is_none_of_the_other() {
        let (old, new) = (message("a", &[1; 32], "text"), message_v1(&[1; 32], "text"));
        assert_ne!(old.unwrap(), new.unwrap());
        for text in ["", "caf\u{e9}", "tab\t"] {
            assert!(message_v1(&[1; 32], text).is_err());
        }
    }

    /// Built by hand from the layout above.
    const VECTOR: &str = include_str!("../../vectors/approval/offchain-v0.hex");

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(str::bytes)
            .filter(u8::is_ascii_hexdigit)
            .collect();
        let pair =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(pair).collect()
    }

    #[test]
    fn the_bytes_are_those_of_the_layout() {
        let made = message("desk.example", &[7; 32], "Withdraw 5 SOL\nyes").unwrap();
        assert_eq!(made, bytes(VECTOR));
        assert_eq!(made.len(), HEADER + 18);
    }

    #[test]
    fn without_a_domain_nothing_but_the_domain_differs() {
        let with = message("desk.example", &[7; 32], "text").unwrap();
        let without = message_without_domain(&[7; 32], "text").unwrap();
        assert_eq!(with[..17], without[..17]);
        assert_eq!(without[17..49], [0; 32]);
        assert_eq!(with[49..], without[49..]);
        assert!(message_without_domain(&[7; 32], "caf\u{e9}").is_err());
    }

    #[test]
    fn every_part_changes_the_bytes() {
        let base = message("a", &[1; 32], "text").unwrap();
        assert_ne!(base, message("b", &[1; 32], "text").unwrap());
        assert_ne!(base, message("a", &[2; 32], "text").unwrap());
        assert_ne!(base, message("a", &[1; 32], "texT").unwrap());
    }

    #[test]
    fn what_a_device_would_not_show_in_full_is_not_built() {
        assert!(message("a", &[1; 32], "").is_err());
        assert!(message("a", &[1; 32], "caf\u{e9}").is_err());
        assert!(message("a", &[1; 32], "tab\t").is_err());
        let longest = "x".repeat(MAX_MESSAGE - HEADER);
        assert_eq!(message("a", &[1; 32], &longest).unwrap().len(), MAX_MESSAGE);
        assert!(message("a", &[1; 32], &format!("{longest}x")).is_err());
    }
}
