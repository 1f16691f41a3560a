//! The first approvers: `NAME[@OPERATOR]=KEY`, enrolled in the ceremony. The people in the room are the proof
//! that the keys are theirs; everybody later proves possession and is agreed to.

use std::path::Path;

use countersign_intent::{ApproverId, Principal, Role};

use crate::approvers::{ApproverRecord, Identity, Key, Scheme};
use crate::changeable::{Asker, CONSEQUENCE, People, Voter, unchangeable};
use crate::start::StartError;

use super::Init;

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

    pub(super) fn identity(&self) -> Identity<'_> {
        Identity {
            name: &self.name,
            operator: self.operator.as_deref(),
            key: &self.key,
        }
    }

    /// The row.
    #[must_use]
    pub fn record(&self, now: i64) -> ApproverRecord {
        ApproverRecord {
            name: self.name.clone(),
            scheme: self.key.scheme(),
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

/// Every approver is a name, a key and a person of their own.
///
/// # Errors
/// Two that are one; an operator who is none of the first.
pub(super) fn check_single(
    approvers: &[FirstApprover],
    operators: &[String],
) -> Result<(), StartError> {
    let mut tied = approvers.iter().filter_map(|one| one.operator.as_ref());
    if let Some(unknown) = tied.find(|one| !operators.contains(one)) {
        return Err(format!(
            "an approver is said to be operator `{unknown}`, whom no `--operator` names"
        )
        .into());
    }
    for (at, approver) in approvers.iter().enumerate() {
        let before = approvers.iter().take(at).map(FirstApprover::identity);
        if let Some(why) = approver.identity().twin(before) {
            return Err(why.into());
        }
    }
    Ok(())
}

/// That nobody could ever change the appliance, if so and if it is meant.
///
/// # Errors
/// It is so, and nobody wrote that it is meant.
pub(super) fn never_changed(
    init: &Init,
    policy: Option<&str>,
) -> Result<Option<String>, StartError> {
    let set = policy.and_then(|text| countersign_policy::parse(text).ok());
    let voter = |one: &FirstApprover| Voter {
        name: one.name.clone(),
        operator: one.operator.clone(),
    };
    let mut people = People {
        voters: init.approvers.iter().map(voter).collect(),
        askers: Vec::new(),
    };
    for operator in &init.operators {
        people.askers.push(Asker {
            operator: Principal::new(Role::Operator, operator)?,
            issuers: Vec::new(),
        });
    }
    let Some(why) = unchangeable(set.as_ref(), &people) else {
        return Ok(None);
    };
    let warning = format!("{why}; {CONSEQUENCE}");
    if init.unchangeable {
        return Ok(Some(warning));
    }
    Err(format!(
        "{warning}; enrol approvers with `--approver NAME[@OPERATOR]=KEY` and name them in a group \
         `change` of the policy, with a quorum that they reach without whoever asks, or write \
         `--nobody-can-change-this-later` if that is meant"
    )
    .into())
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
        assert!(check_single(&[of_text.clone(), of_address], &[]).is_ok());
        let again = check_single(&[of_text.clone(), of_text], &[]);
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
        assert!(check_single(std::slice::from_ref(&alice), &operators).is_ok());
        let unknown = check_single(std::slice::from_ref(&alice), &[]).unwrap_err();
        assert!(unknown.to_string().contains("operator `a`"), "{unknown}");
        let same_key = FirstApprover::parse(&format!("bob={public}")).unwrap();
        let said = check_single(&[alice.clone(), same_key], &operators).unwrap_err();
        assert!(
            said.to_string().contains("the key of approver `alice`"),
            "{said}"
        );
        let address = "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23";
        let same_person = FirstApprover::parse(&format!("bob@a={address}")).unwrap();
        let said = check_single(&[alice, same_person], &operators).unwrap_err();
        assert!(
            said.to_string().contains("operator `a` is said to be two"),
            "{said}"
        );
        for wrong in ["alice@=x", "@a=x"] {
            assert!(FirstApprover::parse(wrong).is_err(), "`{wrong}`");
        }
    }
}
