//! Who has to sign a transaction beside the wallet, where a rule wants a person's own key in it.

use countersign_intent::{Account, Address};
use countersign_policy::{PolicySet, Requirement};

use crate::approvers::{Approver, Key};

/// Why a request could never be released though people agreed to it: a rule wants the signature of a
/// member's own key inside the transaction, and the message names no member as a signer. Its signers
/// are part of what people agree to, so no later message can. `asks` says who does not count.
#[must_use]
pub fn lacking(
    requirements: &[Requirement],
    set: &PolicySet,
    approvers: &[Approver],
    asks: impl Fn(&Approver) -> bool,
    signers: &[Account],
) -> Option<String> {
    let wanted = requirements.iter().filter(|need| need.ledger_cosign);
    wanted.into_iter().find_map(|need| {
        let members = set.group(&need.group)?.approvers();
        let able: Vec<(&str, Address)> = approvers
            .iter()
            .filter(|one| !asks(one))
            .filter(|one| members.iter().any(|name| **name == *one.record.name))
            .filter_map(|one| match one.key {
                Key::Ed25519(key, _) => Some((one.record.name.as_str(), Address::new(key))),
                Key::Ethereum(_) => None,
            })
            .collect();
        if able.iter().any(|(_, key)| signers.contains(&(*key).into())) {
            return None;
        }
        let wants = format!(
            "rule `{}` wants the signature of a member of `{}` inside the transaction",
            need.rule, need.group
        );
        if able.is_empty() {
            return Some(format!(
                "{wants}, and none but the asker is enrolled with a Solana key"
            ));
        }
        let named: Vec<String> = able
            .iter()
            .map(|(name, key)| format!("{key} (`{name}`)"))
            .collect();
        Some(format!(
            "{wants}, and the message names none as a signer: make one of {} a required signer of \
             the message, and ask again",
            named.join(", ")
        ))
    })
}
