//! Whatever fails while a key is replaced: the wallet has one key that works, the old or the new.

use std::sync::Arc;

use countersign_hsm::simulator::{Fault as Broken, Operation, Simulator};
use countersign_hsm::{Backend, Device as _};
use countersign_store::memory::{Fault, MemoryStore, Point};

use super::*;
use crate::config::CustodyKind;
use crate::wallets::bench::{self, Opened};
use crate::wallets::{Strays, ensure, strays};

const ASKED: Digest32 = Digest32([7; 32]);

/// A token and a database with one wallet, opened as often as a test likes.
struct Room {
    simulator: Arc<Simulator>,
    store: MemoryStore,
    id: [u8; 16],
    first: String,
}

impl Room {
    async fn new(custody: CustodyKind) -> Self {
        let mut room = Self {
            simulator: bench::token(),
            store: MemoryStore::new(),
            id: [0; 16],
            first: String::new(),
        };
        let opened = room.open().await;
        let user = countersign_intent::UserId::from_bytes([1; 16]).to_string();
        let new = bench::wanted(&user, custody);
        let wallet = ensure(
            &opened.records,
            &opened.desk,
            &opened.journal,
            new,
            Actor::System,
        );
        let wallet = wallet.await.unwrap();
        (room.id, room.first) = (wallet.id, wallet.record.address);
        room
    }

    async fn open(&self) -> Opened {
        bench::open(&self.simulator, &self.store).await
    }

    async fn rotate(&self, opened: &Opened) -> Result<Rotated, RotateError> {
        let (records, desk) = (&opened.records, &opened.desk);
        rotate(
            records,
            desk,
            &opened.journal,
            self.id,
            ASKED,
            Actor::System,
        )
        .await
    }

    /// Every wallet's key signs for its address; the wallet's own is told, and what strays.
    async fn check(&self) -> (String, usize, Strays) {
        let opened = self.open().await;
        let mut session = opened.device.connect().unwrap();
        let all = opened.records.all::<WalletRecord>(None).await.unwrap();
        for stored in &all {
            signs(&mut *session, stored);
        }
        let own: Vec<_> = all
            .iter()
            .filter(|one| one.record.rotation.rotated_to.is_none())
            .collect();
        assert_eq!(own.len(), 1, "one wallet, one key");
        assert_eq!(own[0].id, self.id);
        for old in all.iter().filter(|one| one.id != self.id) {
            assert_eq!(old.record.address, self.first);
            assert_ne!(
                own[0].record.address, self.first,
                "the old key is used still"
            );
        }
        let strays = strays(&opened.records, &opened.desk).await.unwrap();
        assert!(strays.keyless.is_empty(), "{strays:?}");
        (own[0].record.address.clone(), all.len(), strays)
    }
}

fn signs(session: &mut dyn Backend, stored: &Stored<WalletRecord>) {
    let key = stored.record.key(stored.id).unwrap();
    let signature = session.sign(&key, b"proof").unwrap();
    let public: [u8; 32] = key.public.bytes().try_into().unwrap();
    let public = ed25519_dalek::VerifyingKey::from_bytes(&public).unwrap();
    let signature = ed25519_dalek::Signature::from_slice(signature.as_bytes()).unwrap();
    public.verify_strict(b"proof", &signature).unwrap();
}

/// After a fault: one working key; then the same request again, which ends with the new key, once.
async fn survives(room: &Room, failed: bool, unused: usize) {
    let (address, wallets, strays) = room.check().await;
    let rotated = address != room.first;
    assert_eq!(wallets, if rotated { 2 } else { 1 });
    assert_eq!(strays.unused.len(), unused, "{strays:?}");
    assert!(failed || rotated, "it was said to be done");
    let again = room.rotate(&room.open().await).await.unwrap();
    if rotated {
        assert_eq!(
            again.wallet.record.address, address,
            "another key for a retry"
        );
    }
    let (address, wallets, strays) = room.check().await;
    assert_eq!((&address, wallets), (&again.wallet.record.address, 2));
    assert_ne!(address, room.first);
    assert_eq!(strays.unused.len(), unused, "a retry leaves nothing more");
}

#[tokio::test]
async fn a_device_that_fails_leaves_one_working_key() {
    for fault in [
        Broken::NotDone,
        Broken::Refused,
        Broken::Unheard,
        Broken::Broken,
    ] {
        for (operation, nth) in [
            (Operation::Random, 1),
            (Operation::Random, 2),
            (Operation::Generate, 1),
            // The MAC of the row that is read, then those of both that are written, then the seal's.
            (Operation::Mac, 1),
            (Operation::Mac, 2),
            (Operation::Mac, 3),
            (Operation::Mac, 4),
        ] {
            let room = Room::new(CustodyKind::Resident).await;
            let opened = room.open().await;
            room.simulator.faults().on(operation, nth, fault);
            let failed = room.rotate(&opened).await.is_err();
            room.simulator.faults().clear();
            assert!(failed, "{operation:?} {nth} {fault:?} was not met");
            drop(opened);
            // Made and not heard of; or made, and the device gone before it could be destroyed.
            let made = operation == Operation::Generate && fault == Broken::Unheard;
            let stuck = operation == Operation::Mac && nth > 1 && fault == Broken::Broken;
            survives(&room, failed, usize::from(made || stuck)).await;
        }
    }
}

#[tokio::test]
async fn a_commit_that_fails_leaves_one_working_key() {
    for fault in Fault::ALL {
        let room = Room::new(CustodyKind::Resident).await;
        let opened = room.open().await;
        room.store.fail(Point::Commit, 1, fault);
        let ended = room.rotate(&opened).await;
        room.store.clear_faults();
        assert!(ended.is_err(), "{fault:?}");
        // The running appliance knows as well as a new one which key it is.
        let row = opened.records.get::<WalletRecord>(room.id).await.unwrap();
        let running = row.unwrap().record.address;
        drop(opened);
        let (address, ..) = room.check().await;
        assert_eq!(running, address, "{fault:?}");
        assert_eq!(address == room.first, fault != Fault::UnknownDone);
        // Where the row may be there, its key has to be.
        let unused = usize::from(fault == Fault::UnknownNotDone);
        survives(&room, true, unused).await;
    }
}

#[tokio::test]
async fn a_reader_that_fails_leaves_one_working_key() {
    for point in [Point::Begin, Point::Read] {
        for nth in 1..=4 {
            let room = Room::new(CustodyKind::Resident).await;
            let opened = room.open().await;
            room.store.fail(point, nth, Fault::NotDone);
            let failed = room.rotate(&opened).await.is_err();
            room.store.clear_faults();
            drop(opened);
            survives(&room, failed, 0).await;
        }
    }
}

#[tokio::test]
async fn keys_that_are_blobs_leave_nothing_on_the_token() {
    for custody in [CustodyKind::Wrapped, CustodyKind::Envelope] {
        for fault in Fault::ALL {
            let room = Room::new(custody).await;
            let opened = room.open().await;
            room.store.fail(Point::Commit, 1, fault);
            assert!(room.rotate(&opened).await.is_err());
            room.store.clear_faults();
            drop(opened);
            survives(&room, true, 0).await;
        }
    }
}

#[tokio::test]
async fn a_key_that_is_gone_is_found() {
    let room = Room::new(CustodyKind::Resident).await;
    let mut admin = room.simulator.key_admin().unwrap();
    admin.destroy(&KeyId::from_bytes(room.id)).unwrap();
    let opened = room.open().await;
    let strays = strays(&opened.records, &opened.desk).await.unwrap();
    assert_eq!(strays.keyless, [WalletId::from_bytes(room.id)]);
    assert_eq!(strays.used, 0);
}
