use std::sync::Arc;

use countersign_audit::{Fetched, Frontier, tiles_for_frontier};
use countersign_intent::Timestamp;
use countersign_policy::LimitKey;
use countersign_policy::usage::Window;

use super::given_back::GivenBack;
use super::head::Head;
use super::job::{Hold, HoldState};
use super::limits::Limits;
use super::nonces::Nonces;
use super::reached::Recorded;
use super::rows::RowSeals;
use super::seal::{Sealer, Sums};
use super::sequences::Sequences;
use super::windows::{Windows, limit_key};
use crate::{AuthoritySeal, Cause, Store, StoreError, StoreResult, UsageRow};

/// What is in memory of what is stored. Only ever ahead of it by the batch at hand.
pub(super) struct Core {
    pub(super) frontier: Frontier,
    pub(super) next_seq: u64,
    pub(super) latest: Timestamp,
    /// The seal over the rows of authority.
    pub(super) authority: Option<AuthoritySeal>,
    pub(super) windows: Windows,
    pub(super) nonces: Nonces,
    pub(super) sequences: Sequences,
    pub(super) given_back: GivenBack,
    pub(super) sums: Sums,
    pub(super) reached: Recorded,
    pub(super) rows: RowSeals,
    /// The ledger's seal as it was read.
    pub(super) seal: Option<Vec<u8>>,
    /// Limits of which everything that is stored has expired: to be deleted, a few at a time.
    pub(super) expired: Vec<LimitKey>,
}

impl Core {
    pub(super) async fn load(
        store: &dyn Store,
        sealer: Sealer,
        limits: &Limits,
    ) -> StoreResult<Self> {
        let progress = store.progress().await?;
        let authority = store.authority_seal().await?;
        let given_back = GivenBack::load(store, progress.given_back_from).await?;
        let seal = store.ledger_seal().await?;
        let frontier = load_frontier(store, progress.entries).await?;
        let nonces = store.nonces().await?;
        let sequences = store.sequences().await?;
        let reached = Recorded::load(store, progress).await?;
        let rows = RowSeals::new(Arc::clone(&sealer), progress.macs_from);
        let head = Head {
            size: frontier.size(),
            root: frontier.root(),
        };
        let latest = Timestamp::from_micros(progress.latest_micros);
        let mut expired = Vec::new();
        let newest = |row: &UsageRow| expired.extend(expired_key(row, latest));
        let mut sums = Sums::new(sealer);
        nonces.iter().for_each(|row| sums.put_nonce(row));
        sequences.iter().for_each(|row| sums.put_sequence(row));
        sums.read_usage(store, newest).await?;
        let earlier = given_back.knows_nothing(progress.last_request);
        let earlier = earlier.then_some(sums.total());
        given_back.add_to(&mut sums);
        authority.iter().for_each(|seal| sums.put_authority(seal));
        sums.check(seal.as_deref(), reached.at(head), earlier)?;
        Ok(Self {
            frontier,
            next_seq: progress.last_request.saturating_add(1),
            latest,
            authority,
            windows: Windows::new(limits.windows),
            nonces: Nonces::load(nonces)?,
            sequences: Sequences::load(sequences)?,
            given_back,
            sums,
            reached,
            rows,
            seal,
            expired,
        })
    }

    /// What is known of a resource.
    pub(super) fn state_of(&self, hold: &Hold) -> HoldState {
        match hold {
            Hold::Nonce(nonce) => HoldState::Nonce(self.nonces.state(nonce)),
            Hold::Sequence(wanted) => HoldState::Sequence(self.sequences.state(wanted)),
        }
    }

    /// The version of the seal over the rows of authority; 0 before the first.
    pub(super) fn authority_version(&self) -> u64 {
        self.authority.as_ref().map_or(0, |seal| seal.version)
    }

    /// The MAC of the seal over the rows of authority.
    pub(super) fn authority_mac(&self) -> Option<Vec<u8>> {
        self.authority.as_ref().map(|seal| seal.mac.clone())
    }

    pub(super) fn head(&self) -> Head {
        Head {
            size: self.frontier.size(),
            root: self.frontier.root(),
        }
    }
}

/// The limit of this row, if it no longer counts.
fn expired_key(newest: &UsageRow, now: Timestamp) -> Option<LimitKey> {
    let key = limit_key(&newest.limit_key)?;
    (newest.bucket < Window::new(key.window()).oldest_live(now)).then_some(key)
}

async fn load_frontier(store: &dyn Store, size: u64) -> StoreResult<Frontier> {
    let mut fetched = Fetched::default();
    for tile in tiles_for_frontier(size) {
        let hashes = store.hashes(tile.level, tile.first(), tile.width).await?;
        fetched.insert(tile, hashes);
    }
    let doing = || format!("reading the tree over {size} log entries");
    Frontier::load(&fetched, size)
        .map_err(|error| StoreError::Corrupt(Cause::from_error(doing(), error)))
}
