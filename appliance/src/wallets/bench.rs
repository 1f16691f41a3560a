//! A simulated token and a database in memory, opened as often as a test likes.

use std::sync::Arc;

use countersign_hsm::simulator::Simulator;
use countersign_hsm::{Device, KeyRole, ceremony};
use countersign_intent::{Timestamp, Venue};
use countersign_store::Store;
use countersign_store::ledger::{Ledger, Limits};
use countersign_store::memory::MemoryStore;
use sha2::Digest as _;

use super::NewWallet;
use crate::clock::{Clock, ManualClock};
use crate::config::CustodyKind;
use crate::device::DeviceDesk;
use crate::journal::Journal;
use crate::records::Records;

/// A token with the appliance's keys.
pub(crate) fn token() -> Arc<Simulator> {
    let simulator = Arc::new(Simulator::default());
    ceremony::create(&*simulator, &KeyRole::expected(true, false)).unwrap();
    simulator
}

/// What is opened, and gone with a crash.
pub(crate) struct Opened {
    pub(crate) device: Arc<dyn Device>,
    pub(crate) desk: DeviceDesk,
    pub(crate) records: Records,
    pub(crate) journal: Journal,
}

/// Opens both, as a start does.
pub(crate) async fn open(simulator: &Arc<Simulator>, store: &MemoryStore) -> Opened {
    let device: Arc<dyn Device> = Arc::clone(simulator) as _;
    let clock = ManualClock::at(Timestamp::from_micros(1_000_000_000));
    let clock: Arc<dyn Clock> = clock;
    let ticks = Arc::clone(&clock);
    let store: Arc<dyn Store> = Arc::new(store.clone());
    let ledger = Ledger::start(
        Arc::clone(&store),
        Box::new(move || ticks.now()),
        Box::new(|| Ok([0; 8])),
        Arc::new(|bytes| sha2::Sha256::digest(bytes).into()),
        Limits::default(),
    );
    let ledger = ledger.await.unwrap();
    let (desk, _ends_with_its_handles) = DeviceDesk::start(&device).unwrap();
    Opened {
        records: Records::open(store, ledger, desk.clone()).await.unwrap(),
        journal: Journal::new(clock),
        desk,
        device,
    }
}

/// A wallet of this user at the usual place.
pub(crate) fn wanted(user: &str, custody: CustodyKind) -> NewWallet {
    NewWallet {
        user: user.to_owned(),
        gateway: "g".to_owned(),
        venue: Venue::Solana,
        environment: "mainnet".to_owned(),
        name: None,
        custody,
        limits: Vec::new(),
    }
}
