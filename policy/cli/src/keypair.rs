//! Ed25519 key pairs in files: for development, and to be imported.

use std::path::Path;

use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::input;

const MAX_KEYPAIR: u64 = 4096;

/// Reads a key pair: the JSON array of 64 numbers that Solana's tools write, or the same 64 bytes in
/// base58 as wallets export them. The public half must be that of the seed. `-` is standard input.
///
/// # Errors
/// Anything else; what was read is not shown.
pub(crate) fn read(path: &Path) -> Result<SigningKey, Failure> {
    let text = Zeroizing::new(input::read(path, MAX_KEYPAIR)?);
    let pair = parse(&text).and_then(|pair| SigningKey::from_keypair_bytes(&pair).ok());
    pair.ok_or_else(|| {
        Failure::usage(format!(
            "expected a Solana keypair in `{}`: a JSON array of 64 numbers, or 64 bytes in base58",
            path.display()
        ))
    })
}

fn parse(text: &[u8]) -> Option<Zeroizing<[u8; 64]>> {
    let bytes: Zeroizing<Vec<u8>> = if text.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(text).map(Zeroizing::new).ok()?
    } else {
        bs58::decode(text.trim_ascii())
            .into_vec()
            .map(Zeroizing::new)
            .ok()?
    };
    <[u8; 64]>::try_from(bytes.as_slice())
        .map(Zeroizing::new)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_the_same_key_and_halves_have_to_belong_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let pair = SigningKey::from_bytes(&[7; 32]).to_keypair_bytes();
        let spelled = [
            serde_json::to_string(&pair.to_vec()).unwrap(),
            format!(" {}\n", serde_json::to_string(&pair.to_vec()).unwrap()),
            bs58::encode(pair).into_string(),
            format!("{}\n", bs58::encode(pair).into_string()),
        ];
        for text in spelled {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap().to_keypair_bytes(), pair);
        }
        let mut mixed = pair;
        mixed[40] ^= 1;
        for text in [
            String::new(),
            "[1,2,3]".to_owned(),
            bs58::encode(&pair[..32]).into_string(),
            bs58::encode(mixed).into_string(),
        ] {
            std::fs::write(&path, &text).unwrap();
            let failure = read(&path).unwrap_err();
            assert!(failure.lines[0].contains("64 numbers"), "{failure:?}");
            assert!(text.len() < 9 || !failure.lines[0].contains(&text));
        }
    }
}
