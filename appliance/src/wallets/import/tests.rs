use std::path::Path;
use std::sync::Arc;

use countersign_hsm::simulator::{Fault, Operation, Simulator};
use countersign_hsm::{Device, verifies};
use ed25519_dalek::SigningKey;

use super::*;
use crate::Db;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::init::{self, Init};
use crate::start::{self, Opened};

const USER: &str = "usr_30313233343536373839616263646566";

struct Bench {
    directory: tempfile::TempDir,
    simulator: Simulator,
    opened: Option<Opened>,
}

fn config(directory: &Path) -> Config {
    let text = format!(
        "trust_domain = 'import.example'\nstate_dir = '{}'\n[listen]\napi = '127.0.0.1:0'\n\
         operations = '127.0.0.1:0'\nserver_names = ['localhost']\n[hsm]\nmodule = '/none'\n\
         token = 'simulated'\n[custody]\nenvelope = true\nimport = true\n",
        directory.display()
    );
    let path = directory.join("countersignd.toml");
    std::fs::write(&path, text).unwrap();
    Config::read(&path).unwrap()
}

fn pair(seed: u8) -> Keypair {
    let bytes = SigningKey::from_bytes(&[seed; 32]).to_keypair_bytes();
    Keypair::read(&bytes).ok().unwrap()
}

fn wanted(user: &str, custody: CustodyKind) -> NewWallet {
    NewWallet {
        user: user.to_owned(),
        gateway: "g".to_owned(),
        venue: "solana".to_owned(),
        environment: "mainnet".to_owned(),
        name: None,
        custody,
        limits: Vec::new(),
    }
}

impl Bench {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let simulator = Simulator::default();
        let first = Init {
            operators: vec!["a".to_owned()],
            approvers: Vec::new(),
            operator_out: directory.path().to_owned(),
            policy: None,
        };
        let device: Arc<dyn Device> = Arc::new(simulator.clone());
        let config = config(directory.path());
        init::run_on(&config, &first, move || Ok(device))
            .await
            .unwrap();
        let mut bench = Self {
            directory,
            simulator,
            opened: None,
        };
        bench.open().await;
        bench
    }

    async fn open(&mut self) {
        let config = config(self.directory.path());
        let db = Db::open(&config.database()).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let device: Arc<dyn Device> = Arc::new(self.simulator.clone());
        self.opened = Some(start::open(&config, device, db, &clock).await.unwrap());
    }

    fn opened(&self) -> &Opened {
        self.opened.as_ref().unwrap()
    }

    async fn restart(&mut self) {
        let opened = self.opened.take().unwrap();
        let _ended_already = opened.ledger.shutdown().await;
        opened.db.close().await.unwrap();
        drop(opened);
        self.open().await;
    }

    async fn import(
        &self,
        user: &str,
        custody: CustodyKind,
        seed: u8,
    ) -> Result<Stored<WalletRecord>, ImportError> {
        let opened = self.opened();
        let journal = Journal::new(Arc::new(SystemClock::new()));
        let new = wanted(user, custody);
        let (records, desk) = (&opened.records, &opened.desk);
        import(records, desk, &journal, new, pair(seed), "system").await
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
            let records = &bench.opened().records;
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
async fn a_crash_between_key_and_row_loses_neither() {
    let mut bench = Bench::new().await;
    // Nobody knows whether a ledger that ended wrote the row, so the key has to stay.
    bench.opened().ledger.shutdown().await.unwrap();
    let cut_off = bench.import(USER, CustodyKind::Resident, 5).await;
    assert!(cut_off.is_err());
    assert_eq!(bench.on_token(5), 1);
    bench.restart().await;
    let wallet = bench.import(USER, CustodyKind::Resident, 5).await.unwrap();
    assert!(bench.signs(&wallet));
    assert_eq!(bench.on_token(5), 1);
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
