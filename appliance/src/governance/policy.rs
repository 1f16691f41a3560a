//! A new policy, in words.

use countersign_policy::diff::{Change, compare};
use countersign_policy::{PolicySet, differences};

use crate::policies::policy_hash;

/// Every difference to the active policy.
pub(super) fn summary(name: &str, text: &str, active: &PolicySet) -> Vec<String> {
    let mut lines = vec![
        format!("Change policy to {name}"),
        format!("sha256 {}", policy_hash(text)),
    ];
    let told = match countersign_policy::parse(text) {
        Ok(new) => differences(active, &new),
        Err(_) => vec!["which is not valid any more".to_owned()],
    };
    if told.is_empty() {
        lines.push("which says the same in other words".to_owned());
    }
    lines.extend(told);
    lines
}

/// What it is not proven to tighten.
pub(super) fn loosens(text: &str, active: &PolicySet) -> Vec<String> {
    match countersign_policy::parse(text).map(|new| compare(active, &new)) {
        Ok(Change::Loosening(reasons)) => reasons,
        _ => Vec::new(),
    }
}
