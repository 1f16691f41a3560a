use countersign_intent::Timestamp;

use super::head::Head;
use super::seal::Reached;
use crate::{Progress, Store, StoreResult, Writes, request_seq};

/// How far everything has got that decides and stands in a column of its own, as it is sealed with
/// the head of the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recorded {
    last_request: u64,
    latest: Timestamp,
    checkpoint: Option<(u64, Timestamp)>,
    macs_from: u64,
    tags_from: u64,
}

impl Recorded {
    pub(super) async fn load(store: &dyn Store, progress: Progress) -> StoreResult<Self> {
        let last = store.checkpoints(None, 1).await?;
        Ok(Self {
            last_request: progress.last_request,
            latest: Timestamp::from_micros(progress.latest_micros),
            checkpoint: last.first().map(|last| (last.size, last.at)),
            macs_from: progress.macs_from,
            tags_from: progress.tags_from,
        })
    }

    /// Takes in what is about to be written.
    pub(super) fn note(&mut self, writes: &Writes) {
        for row in writes.requests.iter().chain(&writes.rejudged) {
            self.last_request = self.last_request.max(request_seq(row.id));
            self.latest = self.latest.max(row.at);
        }
        for row in &writes.checkpoints {
            if self.checkpoint.is_none_or(|(size, _)| row.size >= size) {
                self.checkpoint = Some((row.size, row.at));
            }
        }
    }

    pub(super) fn at(&self, head: Head) -> Reached {
        Reached {
            size: head.size,
            root: head.root,
            last_request: self.last_request,
            latest: self.latest,
            checkpoint: self.checkpoint,
            macs_from: self.macs_from,
            tags_from: self.tags_from,
        }
    }
}
