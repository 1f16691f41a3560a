//! An entry of the registry of venues added, changed or removed.

use countersign_audit::Kind as EntryKind;
use countersign_intent::RequestId;
use serde_json::json;

use super::GovernError;
use super::Governance;
use super::effect::{After, Effect};
use crate::records::{Draft, Stored};
use crate::venues::VenueRecord;

/// It in words: of a change, the fields that change, before and after.
pub(super) fn summary(was: Option<&VenueRecord>, to: &VenueRecord) -> Vec<String> {
    let verb = match was {
        _ if to.removed => return vec![format!("Remove venue {}", to.slug)],
        None => "Add",
        Some(_) => "Change",
    };
    let before: Vec<(&str, String)> = was.map(VenueRecord::told).unwrap_or_default();
    let mut lines = vec![format!("{verb} venue {}", to.slug)];
    let fields = to.told().into_iter();
    let changed = fields.filter(|field| !before.contains(field));
    lines.extend(changed.map(|(name, value)| {
        let mut were = before.iter().filter(|(other, _)| *other == name);
        match were.next() {
            Some((_, old)) => format!("{name} {old} -> {value}"),
            None => format!("{name} {value}"),
        }
    }));
    lines
}

/// An entry that was changed since this was asked stays as it is.
pub(super) async fn effect(
    governance: &Governance,
    id: RequestId,
    was: Option<&VenueRecord>,
    to: &VenueRecord,
) -> Result<Effect, GovernError> {
    let now = governance.venues.find(&to.slug);
    let same = now.as_ref().map(|entry| &entry.record) == was;
    let row = match &now {
        Some(entry) => *entry.id.as_bytes(),
        None => governance.desk.random_id().await?,
    };
    let drafts = if same {
        let stored = governance.records.get::<VenueRecord>(row).await?;
        vec![match stored {
            Some(stored) => Draft::update(&Stored {
                record: to.clone(),
                ..stored
            })?,
            None => Draft::new(row, to)?,
        }]
    } else {
        Vec::new()
    };
    let venue = countersign_intent::VenueId::from_bytes(row).to_string();
    Ok(Effect {
        drafts,
        kind: EntryKind::VenueChanged,
        subject: Some(venue.clone()),
        detail: json!({ "venue": to, "changed": same, "request": id.to_string() }),
        result: json!({ "changed": same, "venue_id": venue }),
        after: After::Reload(governance.venues.clone()),
    })
}
