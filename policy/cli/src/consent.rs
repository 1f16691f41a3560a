//! What a key is about to sign, rebuilt here: the appliance's word for it is not enough.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_policy::approval::offchain;
use countersign_policy::approval::text::check_text;

use crate::device::{ETHEREUM, Key, SOLANA_V1};
use crate::failure::Failure;

/// The exact bytes that `key` signs for `text`, if they are those the appliance named.
///
/// # Errors
/// A text that a device would not show in full, or bytes that say something else than the text.
pub(crate) fn message(key: &Key, text: &str, named: &str) -> Result<Vec<u8>, Failure> {
    let rebuilt = build(key, text)?;
    if STANDARD.decode(named).ok().as_ref() == Some(&rebuilt) {
        return Ok(rebuilt);
    }
    Err(Failure::refused(
        "the appliance asks for a signature over other bytes than the text and this key make; \
         nothing was signed",
    )
    .and("are program and appliance of the same version? if so, ask whoever runs the appliance"))
}

/// The exact bytes that `key` signs for `text`.
///
/// # Errors
/// A text that a device would not show in full, or that names no appliance.
pub(crate) fn build(key: &Key, text: &str) -> Result<Vec<u8>, Failure> {
    let unfit = |why: String| Failure::refused(format!("the text cannot be approved: {why}"));
    check_text(text).map_err(|error| unfit(error.to_string()))?;
    if key.scheme == ETHEREUM {
        return Ok(text.as_bytes().to_vec());
    }
    let domain = trust_domain(text)
        .ok_or_else(|| unfit("it does not say at which appliance, in a line `at …`".to_owned()))?;
    let signer = key
        .ed25519()
        .ok_or_else(|| unfit(format!("`{}` is no Ed25519 key", key.public_key)))?;
    let message = match key.scheme {
        SOLANA_V1 => offchain::message_v1(&signer, text),
        _ => offchain::message(domain, &signer, text),
    };
    message.map_err(|error| unfit(error.to_string()))
}

/// The appliance that the text names. What the header says of it is not shown by the device, so
/// it has to be what the text says.
pub(crate) fn trust_domain(text: &str) -> Option<&str> {
    text.lines().rev().find_map(|line| line.strip_prefix("at "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    fn key() -> (tempfile::TempDir, Key) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        let pair = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).to_keypair_bytes();
        std::fs::write(&path, serde_json::to_vec(&pair.to_vec()).unwrap()).unwrap();
        let arguments = crate::device::KeyArguments {
            keypair: Some(path),
            ..Default::default()
        };
        let key = arguments.key().unwrap();
        (folder, key)
    }

    const TEXT: &str = "Withdraw 5 SOL\nto 8x\nat desk.example\ndigest 00";

    #[test]
    fn the_named_bytes_have_to_be_those_of_text_and_key() {
        let (_folder, key) = key();
        let own = key.ed25519().unwrap();
        let good = offchain::message("desk.example", &own, TEXT).unwrap();
        assert_eq!(message(&key, TEXT, &STANDARD.encode(&good)).unwrap(), good);
        let other_text = TEXT.replace('5', "6");
        for bad in [
            offchain::message("desk.example", &own, &other_text).unwrap(),
            offchain::message("evil.example", &own, TEXT).unwrap(),
            offchain::message("desk.example", &[1; 32], TEXT).unwrap(),
            TEXT.as_bytes().to_vec(),
            Vec::new(),
        ] {
            let failure = message(&key, TEXT, &STANDARD.encode(bad)).unwrap_err();
            assert_eq!(failure.exit, Exit::Refused);
        }
        assert!(message(&key, TEXT, "no base64").is_err());
    }

    #[test]
    fn a_text_that_names_no_appliance_or_hides_something_is_not_signed() {
        let (_folder, key) = key();
        for text in [
            "Withdraw 5 SOL",
            "",
            "tab\tat\nat desk.example",
            "caf\u{e9}\nat a",
        ] {
            assert!(message(&key, text, "").is_err(), "`{text}`");
        }
        assert_eq!(trust_domain("at one\nat two\nend"), Some("two"));
    }
}
