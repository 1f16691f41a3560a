//! The first approvers: `NAME=KEY`, enrolled in the ceremony. The people in the room are the proof
//! that the keys are theirs; everybody later proves possession and is agreed to.

use std::path::Path;

use countersign_intent::{ApproverId, Principal, Role};

use crate::approvers::{ApproverRecord, Key, Scheme};
use crate::start::StartError;

/// An approver to enrol.
#[derive(Debug, Clone)]
pub struct FirstApprover {
    /// The name that groups list.
    pub name: String,
    /// The key.
    pub key: Key,
}

impl FirstApprover {
    /// Reads `NAME=KEY`: base58 of an Ed25519 key, an Ethereum address `0x…`, or the path of a
    /// Solana JSON keypair, of which only the public half is looked at.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, StartError> {
        let (name, key) = text
            .split_once('=')
            .ok_or_else(|| format!("expected `--approver NAME=KEY`, got `{text}`"))?;
        Principal::new(Role::Operator, name)?;
        let path = Path::new(key);
        let key = if path.is_file() {
            of_keypair(path)?
        } else if key.starts_with("0x") {
            Key::parse(Scheme::Eip191, key)?
        } else {
            Key::parse(Scheme::SolanaOffchainV0, key)?
        };
        Ok(Self {
            name: name.to_owned(),
            key,
        })
    }

    /// The row.
    #[must_use]
    pub fn record(&self, now: i64) -> ApproverRecord {
        ApproverRecord {
            name: self.name.clone(),
            scheme: match self.key {
                Key::Ed25519(_) => Scheme::SolanaOffchainV0,
                Key::Ethereum(_) => Scheme::Eip191,
            },
            public_key: self.key.to_string(),
            operator: None,
            enrolled_by: "init".to_owned(),
            enrolled_at: now,
            removed_at: None,
        }
    }
}

fn of_keypair(path: &Path) -> Result<Key, StartError> {
    let wrong = |why: String| format!("`{}` is no Solana JSON keypair: {why}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let bytes: Vec<u8> = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let public = bytes
        .get(32..64)
        .filter(|_| bytes.len() == 64)
        .ok_or_else(|| wrong(format!("expected 64 numbers, got {}", bytes.len())))?;
    let base58 = bs58::encode(public).into_string();
    Ok(Key::parse(Scheme::SolanaOffchainV0, &base58)?)
}

/// Names and identifiers must be told apart, and each name is one person.
///
/// # Errors
/// A name that stands twice.
pub(super) fn check_names(approvers: &[FirstApprover]) -> Result<(), StartError> {
    let mut names: Vec<&str> = approvers.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => Err(format!("approver `{}` stands twice", pair.concat()).into()),
        None => Ok(()),
    }
}

/// A line about an enrolled approver.
pub(super) fn told(id: [u8; 16], approver: &FirstApprover) -> String {
    let id = ApproverId::from_bytes(id);
    format!("{} {} {id}", approver.name, approver.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_text_or_the_public_half_of_a_keypair() {
        let signer = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let public = bs58::encode(signer.verifying_key().as_bytes()).into_string();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("alice.json");
        let bytes = signer.to_keypair_bytes().to_vec();
        std::fs::write(&file, serde_json::to_string(&bytes).unwrap()).unwrap();
        let of_file = FirstApprover::parse(&format!("alice={}", file.display())).unwrap();
        let of_text = FirstApprover::parse(&format!("alice={public}")).unwrap();
        assert_eq!(of_file.key, of_text.key);
        let address = "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23";
        let of_address = FirstApprover::parse(&format!("bob={address}")).unwrap();
        assert_eq!(of_address.record(1).scheme, Scheme::Eip191);
        std::fs::write(&file, "[1,2,3]").unwrap();
        let short = format!("alice={}", file.display());
        for wrong in ["alice", "=x", "a b=x", "alice=", "alice=0x00", &short] {
            assert!(FirstApprover::parse(wrong).is_err(), "`{wrong}`");
        }
        assert!(check_names(&[of_text.clone(), of_address]).is_ok());
        let again = check_names(&[of_text.clone(), of_text]);
        assert!(again.is_err());
    }
}
