use std::sync::Arc;

use countersign_hsm::simulator::{Fault, Operation, Simulator};
use countersign_hsm::{Device, verifies};
use countersign_store::memory::{Fault as StoreFault, MemoryStore, Point};
use ed25519_dalek::SigningKey;

use super::*;
use crate::wallets::bench::{self, Opened, wanted};
use crate::wallets::strays;

const USER: &str = "usr_30313233343536373839616263646566";

struct Bench {
    simulator: Arc<Simulator>,
    store: MemoryStore,
    opened: Opened,
}

fn pair(seed: u8) -> Keypair {
    let bytes = SigningKey::from_bytes(&[seed; 32]).to_keypair_bytes();
    Keypair::read(&bytes).ok().unwrap()
}

impl Bench {
    async fn new() -> Self {
        let (simulator, store) = (bench::token(), MemoryStore::new());
        let opened = bench::open(&simulator, &store).await;
        Self {
            simulator,
            store,
            opened,
        }
    }

    async fn restarted(&self) -> Self {
        Self {
            simulator: Arc::clone(&self.simulator),
            store: self.store.clone(),
            opened: bench::open(&self.simulator, &self.store).await,
        }
    }

    async fn import(
        &self,
        user: &str,
        custody: CustodyKind,
        seed: u8,
    ) -> Result<Stored<WalletRecord>, ImportError> {
        let (new, opened) = (wanted(user, custody), &self.opened);
        let (records, desk) = (&opened.records, &opened.desk);
        import(
            records,
            desk,
            &opened.journal,
            new,
            pair(seed),
            Actor::System,
        )
        .await
    }

    /// How many keys of this pair are on the token.
    fn on_token(&self, seed: u8) -> usize {
        let id = KeyId::from_bytes(identifier(pair(seed).address().as_bytes()));
        let mut admin = self.simulator.key_admin().unwrap();
        admin
            .find(&format!("countersign-wallet-{id}"))
            .unwrap()
            .len()
    }

    fn signs(&self, wallet: &Stored<WalletRecord>) -> bool {
        let key = wallet.record.key(wallet.id).unwrap();
        let signature = self.simulator.connect().unwrap().sign(&key, b"m").unwrap();
        verifies(&key.public, b"m", &signature)
    }
}

#[tokio::test]
async fn a_key_is_one_wallet_of_one_user_in_either_custody() {
    let bench = Bench::new().await;
    for (seed, custody) in [(1, CustodyKind::Resident), (2, CustodyKind::Envelope)] {
        let user = format!("usr_{:032x}", seed);
        let wallet = bench.import(&user, custody, seed).await.unwrap();
        assert!(wallet.record.imported);
        assert_eq!(wallet.record.address, pair(seed).address().to_string());
        assert_eq!(wallet.record.custody.kind(), custody);
        assert!(bench.signs(&wallet));
        let again = bench.import(&user, custody, seed).await.unwrap();
        assert_eq!((again.id, again.seq), (wallet.id, wallet.seq));
        let other = bench.import(&user, custody, 9).await.unwrap_err();
        assert!(matches!(other, ImportError::HasAnother(_)), "{other}");
        assert_eq!(bench.on_token(9), 0);
        let stranger = bench.import(USER, custody, seed).await.unwrap_err();
        assert!(matches!(stranger, ImportError::Elsewhere), "{stranger}");
    }
    assert_eq!((bench.on_token(1), bench.on_token(2)), (1, 0));
    let wrapped = bench.import(USER, CustodyKind::Wrapped, 3).await;
    let refused = wrapped.unwrap_err().to_string();
    assert!(refused.contains("`wrapped`"), "{refused}");
}

#[tokio::test]
async fn an_import_that_was_not_done_or_not_heard_is_done_by_the_next_one() {
    let bench = Bench::new().await;
    let faults = [Fault::NotDone, Fault::Refused, Fault::Unheard];
    let points = [
        (CustodyKind::Resident, Operation::Import),
        (CustodyKind::Envelope, Operation::EnvelopeSeal),
        // The MAC of the row and of the seal over all rows.
        (CustodyKind::Resident, Operation::Mac),
    ];
    let mut seed = 0;
    for (custody, operation) in points {
        for fault in faults {
            seed += 1;
            let user = format!("usr_{seed:032x}");
            bench.simulator.faults().on(operation, 1, fault);
            let told = bench.import(&user, custody, seed).await;
            let heard = operation == Operation::Import && fault == Fault::Refused;
            assert!(told.is_err(), "{operation:?} {fault:?}");
            assert!(!heard || bench.on_token(seed) == 0);
            let lookup = wanted(&user, custody).lookup();
            let records = &bench.opened.records;
            let found = records.find::<WalletRecord>(&lookup).await.unwrap();
            assert!(found.is_none(), "{operation:?} {fault:?}");
            let wallet = bench.import(&user, custody, seed).await.unwrap();
            assert!(bench.signs(&wallet), "{operation:?} {fault:?}");
            let resident = usize::from(custody == CustodyKind::Resident);
            assert_eq!(bench.on_token(seed), resident, "{operation:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_commit_that_fails_loses_neither_key_nor_row() {
    for custody in [CustodyKind::Resident, CustodyKind::Envelope] {
        for fault in StoreFault::ALL {
            let bench = Bench::new().await;
            let doubts = bench.opened.records.doubts();
            bench.store.fail(Point::Commit, 1, fault);
            assert!(bench.import(USER, custody, 5).await.is_err(), "{fault:?}");
            let known = fault == StoreFault::NotDone;
            assert_eq!(doubts.has_changed().unwrap(), !known, "{fault:?}");
            // Where the row may be there, its key has to be.
            let kept = custody == CustodyKind::Resident && !known;
            assert_eq!(bench.on_token(5), usize::from(kept), "{fault:?}");
            // The running appliance goes on as well as one that is started anew.
            let wallet = bench.import(USER, custody, 5).await.unwrap();
            assert!(bench.signs(&wallet), "{fault:?}");
            let bench = bench.restarted().await;
            assert_eq!(
                bench.import(USER, custody, 5).await.unwrap().id,
                wallet.id,
                "{fault:?}"
            );
            assert!(bench.signs(&wallet), "{fault:?}");
            let strays = strays(&bench.opened.records, &bench.opened.desk).await;
            assert_eq!(strays.unwrap().unused, [], "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_key_left_on_the_token_is_taken_only_if_it_is_the_same() {
    let bench = Bench::new().await;
    let id = KeyId::from_bytes(identifier(pair(6).address().as_bytes()));
    let mut admin = bench.simulator.key_admin().unwrap();
    let other = zeroize::Zeroizing::new([77; 32]);
    admin
        .import(&id, "somebody", KeyType::Ed25519, other)
        .unwrap();
    let refused = bench.import(USER, CustodyKind::Resident, 6).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("already holds a key"), "{refused}");
}
