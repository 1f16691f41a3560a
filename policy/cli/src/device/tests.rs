use super::*;
use crate::exit::Exit;

fn keypair(seed: [u8; 32]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.json");
    let bytes = SigningKey::from_bytes(&seed).to_keypair_bytes().to_vec();
    std::fs::write(&path, serde_json::to_vec(&bytes).unwrap()).unwrap();
    (folder, path)
}

#[test]
fn a_key_in_a_file_signs_the_message() {
    let (_folder, path) = keypair([7; 32]);
    let mut key = Key::file(&path).unwrap();
    assert_eq!(key.scheme, SOLANA);
    let public = SigningKey::from_bytes(&[7; 32]).verifying_key();
    assert_eq!(key.ed25519(), Some(public.to_bytes()));
    let signature = bs58::decode(key.sign(b"bytes", "text").unwrap())
        .into_vec()
        .unwrap();
    let signature = ed25519_dalek::Signature::from_slice(&signature).unwrap();
    public.verify_strict(b"bytes", &signature).unwrap();
}

#[test]
fn a_file_that_is_no_keypair_is_refused_without_showing_it() {
    let (_folder, path) = keypair([7; 32]);
    for content in ["", "[1,2,3]", "{}", "not json at all"] {
        std::fs::write(&path, content).unwrap();
        let failure = Key::file(&path).err().unwrap();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.lines[0].contains("key.json"), "{failure:?}");
    }
    let mut mixed = SigningKey::from_bytes(&[7; 32]).to_keypair_bytes();
    mixed[40] ^= 1;
    std::fs::write(&path, serde_json::to_vec(&mixed.to_vec()).unwrap()).unwrap();
    assert!(
        Key::file(&path).is_err(),
        "halves that do not belong together"
    );
}

#[test]
fn errors_of_a_device_end_by_what_they_leave_behind() {
    for (error, exit) in [
        (LedgerError::Refused, Exit::Refused),
        (LedgerError::WrongSignature, Exit::Refused),
        (LedgerError::Locked, Exit::Unreachable),
        (LedgerError::NoDevice, Exit::Unreachable),
        (LedgerError::Invalid("x".to_owned()), Exit::Usage),
    ] {
        assert_eq!(failure(error.clone()).exit, exit, "{error}");
    }
}
