//! The first approvers: `NAME[@OPERATOR]=KEY`, enrolled in the ceremony. The people in the room are the proof
//! that the keys are theirs; everybody later proves possession and is agreed to.

use std::path::Path;

use countersign_intent::{ApproverId, Principal, Role};

use crate::approvers::{ApproverRecord, Key, OffchainVersion, Scheme};
use crate::start::StartError;

/// An approver to enrol.
#[derive(Debug, Clone)]
pub struct FirstApprover {
    /// The name that groups list.
    pub name: String,
    /// The operator who is the same person: what that one asks for, this one cannot approve, and
    /// what waits for this one, that one can reject.
    pub operator: Option<String>,
    /// The key.
    pub key: Key,
}

impl FirstApprover {
    /// Reads `NAME=KEY` or `NAME@OPERATOR=KEY`: base58 of an Ed25519 key, the same after `v1:` for
    /// a device that signs off-chain messages of version 1, an Ethereum address `0x…`, or the path
    /// of a Solana JSON keypair, of which only the public half is looked at.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, StartError> {
        let (name, key) = text
            .split_once('=')
            .ok_or_else(|| format!("expected `--approver NAME[@OPERATOR]=KEY`, got `{text}`"))?;
        let (name, operator) = match name.split_once('@') {
            Some((name, operator)) => (name, Some(operator)),
            None => (name, None),
        };
        for name in [Some(name), operator].into_iter().flatten() {
            Principal::new(Role::Operator, name)?;
        }
        let path = Path::new(key);
        let key = if path.is_file() {
            of_keypair(path)?
        } else if key.starts_with("0x") {
            Key::parse(Scheme::Eip191, key)?
        } else if let Some(key) = key.strip_prefix("v1:") {
            Key::parse(Scheme::SolanaOffchainV1, key)?
        } else {
            Key::parse(Scheme::SolanaOffchainV0, key)?
        };
        Ok(Self {
            name: name.to_owned(),
            operator: operator.map(ToOwned::to_owned),
            key,
        })
    }

    /// The row.
    #[must_use]
    pub fn record(&self, now: i64) -> ApproverRecord {
        ApproverRecord {
            name: self.name.clone(),
            scheme: match self.key {
                Key::Ed25519(_, OffchainVersion::V0) => Scheme::SolanaOffchainV0,
                Key::Ed25519(_, OffchainVersion::V1) => Scheme::SolanaOffchainV1,
                Key::Ethereum(_) => Scheme::Eip191,
            },
            public_key: self.key.to_string(),
            operator: self.operator.clone(),
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
/// A name or an operator that stands twice; an operator who is none of the first.
pub(super) fn check_names(
    approvers: &[FirstApprover],
    operators: &[String],
) -> Result<(), StartError> {
    let mut tied: Vec<&String> = approvers
        .iter()
        .filter_map(|one| one.operator.as_ref())
        .collect();
    if let Some(unknown) = tied.iter().find(|one| !operators.contains(one)) {
        return Err(format!(
            "an approver is said to be operator `{unknown}`, whom no `--operator` names"
        )
        .into());
    }
    tied.sort_unstable();
    if let Some(pair) = tied.windows(2).find(|pair| pair.first() == pair.last()) {
        let twice = pair.first().map_or("", |one| one.as_str());
        return Err(format!("operator `{twice}` is said to be two approvers").into());
    }
    let mut names: Vec<&str> = approvers.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => {
            let twice = pair.first().copied().unwrap_or_default();
            Err(format!("approver `{twice}` stands twice").into())
        }
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
        assert!(check_names(&[of_text.clone(), of_address], &[]).is_ok());
        let again = check_names(&[of_text.clone(), of_text], &[]);
        assert!(again.is_err());
    }

    #[test]
    fn an_approver_may_be_an_operator_and_have_a_key_for_version_1() {
        let signer = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let public = bs58::encode(signer.verifying_key().as_bytes()).into_string();
        let alice = FirstApprover::parse(&format!("alice@a=v1:{public}")).unwrap();
        let record = alice.record(1);
        assert_eq!(record.operator.as_deref(), Some("a"));
        assert_eq!(record.scheme, Scheme::SolanaOffchainV1);
        assert_eq!(record.public_key, public);
        let operators = ["a".to_owned()];
        assert!(check_names(std::slice::from_ref(&alice), &operators).is_ok());
        let unknown = check_names(std::slice::from_ref(&alice), &[]).unwrap_err();
        assert!(unknown.to_string().contains("operator `a`"), "{unknown}");
        let bob = FirstApprover::parse(&format!("bob@a={public}")).unwrap();
        assert!(check_names(&[alice, bob], &operators).is_err());
        for wrong in ["alice@=x", "@a=x"] {
            assert!(FirstApprover::parse(wrong).is_err(), "`{wrong}`");
        }
    }
}
