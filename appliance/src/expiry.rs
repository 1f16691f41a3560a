//! When certificates end, as metrics: so that somebody is told before a client is locked out.

use std::collections::HashMap;

use countersign_intent::{Role, Timestamp};

use crate::certificates::CertificateRecord;
use crate::identity::{Authority, ServerIdentity};
use crate::records::Records;

/// Tells when the appliance's own certificates end.
pub(crate) fn note_own(authority: &Authority, server: &ServerIdentity) {
    for (certificate, not_after) in [
        ("ca", authority.not_after()),
        ("server", server.not_after()),
    ] {
        metrics::gauge!("countersign_certificate_not_after_seconds", "certificate" => certificate)
            .set(seconds(not_after.micros()));
    }
}

/// Tells when the first certificate of each role's clients ends.
pub(crate) async fn note_clients(records: &Records, now: Timestamp) {
    let all = match records.all::<CertificateRecord>(None).await {
        Ok(all) => all,
        Err(error) => {
            return tracing::warn!(%error, "the clients' certificates could not be looked at");
        }
    };
    let issued = all.iter().map(|stored| &stored.record);
    let first = first_to_end(issued, now);
    for role in Role::ALL {
        let not_after = first.get(&role).copied().unwrap_or_default();
        metrics::gauge!(
            "countersign_client_certificate_not_after_seconds",
            "role" => role.as_str()
        )
        .set(seconds(not_after));
    }
}

/// Of each principal the certificate that is good longest; of each role the first of those to end.
/// Whoever has none left has ended already, and is none to wait for.
fn first_to_end<'a>(
    records: impl Iterator<Item = &'a CertificateRecord>,
    now: Timestamp,
) -> HashMap<Role, i64> {
    let mut last: HashMap<&str, i64> = HashMap::new();
    for record in records {
        if record.revoked_at.is_none() && record.not_after > now.micros() {
            let until = last.entry(&record.spiffe_id).or_default();
            *until = record.not_after.max(*until);
        }
    }
    let mut first: HashMap<Role, i64> = HashMap::new();
    for (spiffe_id, until) in last {
        let mut parts = spiffe_id.rsplit('/').skip(1);
        let Some(Ok(role)) = parts.next().map(str::parse::<Role>) else {
            continue;
        };
        let earliest = first.entry(role).or_insert(until);
        *earliest = until.min(*earliest);
    }
    first
}

#[allow(clippy::cast_precision_loss, reason = "a gauge shows magnitudes")]
fn seconds(micros: i64) -> f64 {
    micros.div_euclid(1_000_000) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, not_after: i64, revoked: bool) -> CertificateRecord {
        let text = serde_json::json!({
            "spiffe_id": format!("spiffe://desk/{id}"),
            "not_before": 0,
            "not_after": not_after,
            "issued_by": "operator/o",
            "revoked_at": revoked.then_some(1),
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn the_first_to_end_is_told_by_role() {
        let all = [
            record("bot/a", 50, false),
            record("bot/a", 500, false),
            record("bot/b", 300, false),
            record("bot/gone", 200, true),
            record("bot/old", 90, false),
            record("operator/o", 700, false),
        ];
        let first = first_to_end(all.iter(), Timestamp::from_micros(100));
        let expected = HashMap::from([(Role::Bot, 300), (Role::Operator, 700)]);
        assert_eq!(first, expected);
    }
}
