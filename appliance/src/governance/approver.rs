//! An approver more, another key of one, or one less.

use countersign_audit::Kind as EntryKind;
use countersign_intent::{ApproverId, RequestId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::GovernError;
use super::Governance;
use super::effect::{After, Effect};
use crate::approvers::{Approver, ApproverRecord, Identity, Key, Scheme};
use crate::records::Draft;

/// Somebody to enrol, or as enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The name that groups list.
    pub name: String,
    /// How the key signs.
    pub scheme: Scheme,
    /// The key.
    pub public_key: String,
    /// The operator who is the same person.
    pub operator: Option<String>,
}

impl Enrolment {
    /// Of somebody enrolled.
    #[must_use]
    pub fn of(approver: &Approver) -> Self {
        Self {
            name: approver.record.name.clone(),
            scheme: approver.record.scheme,
            public_key: approver.key.to_string(),
            operator: approver.record.operator.clone(),
        }
    }

    fn lines(&self, word: &str) -> Vec<String> {
        let operator = match &self.operator {
            Some(operator) => format!("who is operator {operator}"),
            None => "who is no operator".to_owned(),
        };
        vec![
            format!("{word} {}", self.public_key),
            self.scheme.as_str().to_owned(),
            operator,
        ]
    }
}

/// It in words: of a key that takes another's place, both.
pub(super) fn summary(to: &Enrolment, replaces: Option<&Enrolment>) -> Vec<String> {
    let Some(before) = replaces else {
        let mut lines = vec![format!("Enrol approver {}", to.name)];
        lines.extend(to.lines("with"));
        return lines;
    };
    let mut lines = vec![format!("Replace the key of approver {}", to.name)];
    lines.extend(to.lines("new"));
    lines.extend(before.lines("old"));
    lines
}

/// Nobody is enrolled who is an approver by now, or in the place of another key than people were
/// told.
pub(super) async fn enrolment(
    governance: &Governance,
    id: RequestId,
    to: &Enrolment,
    replaces: Option<&Enrolment>,
) -> Result<Effect, GovernError> {
    let now = governance.clock.now().micros();
    let before = governance.approvers.enrolled(&to.name);
    if let Some(why) = stale(governance, to, before.as_ref(), replaces) {
        return Ok(Effect {
            drafts: Vec::new(),
            kind: EntryKind::ApproverChanged,
            subject: None,
            detail: json!({ "not_enrolled": to, "why": why, "request": id.to_string() }),
            result: json!({ "enrolled": false, "why": why }),
            after: After::Nothing,
        });
    }
    let mut drafts = Vec::new();
    if let Some(before) = before {
        drafts.extend(removed(governance, *before.id.as_bytes(), now).await?);
    }
    let record = ApproverRecord {
        name: to.name.clone(),
        scheme: to.scheme,
        public_key: to.public_key.clone(),
        operator: to.operator.clone(),
        enrolled_by: id.to_string(),
        enrolled_at: now,
        removed_at: None,
    };
    let row = governance.desk.random_id().await?;
    drafts.push(Draft::new(row, &record)?);
    let approver = ApproverId::from_bytes(row).to_string();
    Ok(Effect {
        drafts,
        kind: EntryKind::ApproverChanged,
        subject: Some(approver.clone()),
        detail: json!({ "enrolled": record, "request": id.to_string() }),
        result: json!({ "enrolled": true, "approver_id": approver }),
        after: After::Reload(governance.approvers.clone()),
    })
}

/// Why what people agreed to is not what would happen now.
fn stale(
    governance: &Governance,
    to: &Enrolment,
    before: Option<&Approver>,
    replaces: Option<&Enrolment>,
) -> Option<String> {
    if before.map(Enrolment::of).as_ref() != replaces {
        return Some(format!(
            "who is enrolled as `{}` changed since this was asked; ask again",
            to.name
        ));
    }
    let key = match Key::parse(to.scheme, &to.public_key) {
        Ok(key) => key,
        Err(error) => return Some(error.to_string()),
    };
    governance.approvers.twin(&Identity {
        name: &to.name,
        operator: to.operator.as_deref(),
        key: &key,
    })
}

/// Takes an approver away.
pub(super) async fn removal(
    governance: &Governance,
    id: RequestId,
    approver: &str,
) -> Result<Effect, GovernError> {
    let row: ApproverId = approver
        .parse()
        .map_err(|_| GovernError::Unreadable(id.to_string()))?;
    let now = governance.clock.now().micros();
    let draft = removed(governance, *row.as_bytes(), now).await?;
    Ok(Effect {
        drafts: draft.into_iter().collect(),
        kind: EntryKind::ApproverChanged,
        subject: Some(approver.to_owned()),
        detail: json!({ "removed": approver, "request": id.to_string() }),
        result: json!({ "approver_id": approver }),
        after: After::Reload(governance.approvers.clone()),
    })
}

async fn removed(
    governance: &Governance,
    id: [u8; 16],
    now: i64,
) -> Result<Option<Draft>, GovernError> {
    let Some(mut stored) = governance.records.get::<ApproverRecord>(id).await? else {
        return Ok(None);
    };
    stored.record.removed_at.get_or_insert(now);
    Ok(Some(Draft::update(&stored)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn someone(public_key: &str, operator: Option<&str>) -> Enrolment {
        Enrolment {
            name: "dana".to_owned(),
            scheme: Scheme::SolanaOffchainV0,
            public_key: public_key.to_owned(),
            operator: operator.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn a_text_that_replaces_a_key_says_old_and_new() {
        let (old, new) = (someone("OldKey", None), someone("NewKey", Some("d")));
        let lines = summary(&new, Some(&old)).join("\n");
        assert_eq!(
            lines,
            "Replace the key of approver dana\nnew NewKey\nsolana-offchain-v0\n\
             who is operator d\nold OldKey\nsolana-offchain-v0\nwho is no operator"
        );
        let first = summary(&new, None).join("\n");
        assert!(
            first.starts_with("Enrol approver dana\nwith NewKey\n"),
            "{first}"
        );
    }

    /// Rows of the version before are read, and mean what they meant.
    #[test]
    fn a_change_recorded_without_what_it_replaces_reads_as_one_that_replaces_nobody() {
        let row = r#"{"approver_add":{"name":"dana","scheme":"solana-offchain-v0","public_key":"NewKey","operator":"d"}}"#;
        let what: super::super::change::What = serde_json::from_str(row).unwrap();
        assert_eq!(serde_json::to_string(&what).unwrap(), row);
        assert_eq!(
            what,
            super::super::change::What::ApproverAdd {
                to: someone("NewKey", Some("d")),
                replaces: None
            }
        );
    }
}
