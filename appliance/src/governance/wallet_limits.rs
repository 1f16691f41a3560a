//! A wallet's own limits loosened: its user had them set tighter, so people agree to it.

use countersign_audit::Kind as EntryKind;
use countersign_intent::{RequestId, WalletId};
use serde_json::json;

use super::GovernError;
use super::Governance;
use super::effect::{After, Effect};
use crate::records::Draft;
use crate::wallets::{LimitRecord, WalletRecord};

/// It in words: what the limits that change were, and what they become.
pub(super) fn summary(wallet: &str, was: &[LimitRecord], to: &[LimitRecord]) -> Vec<String> {
    let told = |word: &str, limits: &[LimitRecord], other: &[LimitRecord]| -> Vec<String> {
        if limits.is_empty() {
            return vec![format!("{word} none")];
        }
        let differing = limits.iter().filter(|limit| !other.contains(limit));
        differing.map(|limit| format!("{word} {limit}")).collect()
    };
    let mut lines = vec!["Loosen limits of".to_owned(), wallet.to_owned()];
    lines.extend(told("was", was, to));
    lines.extend(told("now", to, was));
    lines
}

/// Limits that were changed since this was asked stay as they are.
pub(super) async fn effect(
    governance: &Governance,
    id: RequestId,
    wallet: &str,
    was: &[LimitRecord],
    to: &[LimitRecord],
) -> Result<Effect, GovernError> {
    let unreadable = || GovernError::Unreadable(id.to_string());
    let row: WalletId = wallet.parse().map_err(|_| unreadable())?;
    let stored = governance
        .records
        .get::<WalletRecord>(*row.as_bytes())
        .await?;
    let same = stored.filter(|stored| stored.record.limits == was);
    let changed = same.is_some();
    let drafts = match same {
        Some(mut stored) => {
            stored.record.limits = to.to_vec();
            vec![Draft::update(&stored)?]
        }
        None => Vec::new(),
    };
    Ok(Effect {
        drafts,
        kind: EntryKind::WalletChanged,
        subject: Some(wallet.to_owned()),
        detail: json!({ "limits": to, "changed": changed, "request": id.to_string() }),
        result: json!({ "changed": changed }),
        after: After::ForgetWallet(row),
    })
}
