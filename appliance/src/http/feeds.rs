//! Feeds that are refused: a feeder is wrong, or lies.

use countersign_audit::Kind as EntryKind;
use serde_json::json;

use super::extract::Peer;
use crate::app::App;
use crate::rehearsal;

/// Says so in the log and in the metrics.
pub(super) async fn log_refused(
    app: &App,
    peer: &Peer,
    feed: &'static str,
    about: &str,
    why: &str,
) {
    if rehearsal::is_on() {
        return;
    }
    metrics::counter!("countersign_feeds_refused_total", "feed" => feed).increment(1);
    tracing::warn!(why, by = peer.actor().name(), "a feed is refused");
    let detail = json!({ "feed": feed, "why": why });
    let subject = Some(about.to_owned());
    let entry = app
        .journal
        .entry(EntryKind::FeedRefused, peer.actor(), subject, &detail);
    match entry {
        Ok(entry) => {
            if let Err(error) = app.ledger.append(entry).await {
                tracing::error!(%error, "a refused feed could not be recorded");
            }
        }
        Err(error) => tracing::error!(%error, "a refused feed does not fit into a log entry"),
    }
}
