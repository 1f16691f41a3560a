//! Invariant 8 for what limits rest on: somebody with write access to the database gives no limit
//! room again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure is the test's")]

mod desk;

use std::path::Path;
use std::sync::Arc;

use countersign_store::Store as _;
use countersign_store::StoreError;
use countersign_store::ledger::{Judged, Ledger, LedgerError};
use countersign_store::sqlite::SqliteStore;
use desk::{Desk, hand_in, signed};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

const LIMIT: u64 = 100;

/// What the attacker does to the file; answers how many rows it changed.
async fn attack(path: &Path, statements: &str) -> u64 {
    let options = SqliteConnectOptions::new().filename(path);
    let mut database = options.connect().await.unwrap();
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()))
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    done.rows_affected()
}

struct Bench {
    folder: tempfile::TempDir,
    desk: Desk,
}

impl Bench {
    async fn new() -> Self {
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
            desk: Desk::new("1h", LIMIT),
        };
        SqliteStore::create(&bench.path()).await.unwrap();
        bench
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("countersign.db")
    }

    async fn open(&self) -> (Arc<SqliteStore>, Result<Ledger, LedgerError>) {
        let store = Arc::new(SqliteStore::open(&self.path()).await.unwrap());
        let ledger = self.desk.start(&store).await;
        (store, ledger)
    }

    async fn close(&self, store: Arc<SqliteStore>, ledger: Ledger) {
        ledger.shutdown().await.unwrap();
        store.close().await.unwrap();
    }

    async fn sign(&self, ledger: &Ledger, key: &str, lamports: u64) -> Result<bool, LedgerError> {
        match ledger.judge(self.desk.case(key, lamports)).await? {
            Judged::Recorded(recorded) => {
                hand_in(&self.desk, ledger, recorded, signed()).await;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// A ledger that used up its limit, holds something for a nonce, and was stopped.
    async fn used_up() -> Self {
        let bench = Self::new().await;
        let (store, ledger) = bench.open().await;
        let ledger = ledger.unwrap();
        assert!(bench.sign(&ledger, "some", 60).await.unwrap());
        bench.desk.advance(600_000_000);
        bench.desk.observe(&ledger, (7, 1, 1)).await.unwrap();
        let over = bench.desk.case_over("held", 30, 7, 1);
        assert!(matches!(
            ledger.judge(over).await.unwrap(),
            Judged::Recorded(_)
        ));
        assert!(!bench.sign(&ledger, "over", 20).await.unwrap());
        bench.close(store, ledger).await;
        bench
    }
}

#[tokio::test]
async fn inv08_what_was_used_up_cannot_be_wiped_changed_or_set_back() {
    let attacks = [
        ("all of it gone", "DELETE FROM usage"),
        (
            "one amount smaller",
            "UPDATE usage SET amount = zeroblob(16) WHERE rowid_of = 1",
        ),
        (
            "one stretch earlier",
            "UPDATE usage SET bucket = bucket - 1",
        ),
        (
            "another limit's",
            "UPDATE usage SET limit_key = zeroblob(40)",
        ),
        ("what a nonce holds gone", "DELETE FROM nonces"),
        (
            "a nonce that holds nothing",
            "UPDATE nonces SET holder = NULL, held = x''",
        ),
        (
            "the last request gone",
            "DELETE FROM requests WHERE seq = (SELECT max(seq) FROM requests)",
        ),
        (
            "the last log entry gone",
            "DELETE FROM audit_entries WHERE idx = (SELECT max(idx) FROM audit_entries)",
        ),
        ("the seal gone", "DELETE FROM ledger_seal"),
        ("another seal", "UPDATE ledger_seal SET mac = zeroblob(32)"),
        (
            "everything but the log gone",
            "DELETE FROM usage; DELETE FROM nonces; DELETE FROM ledger_seal",
        ),
    ];
    for (what, statements) in attacks {
        let bench = Bench::used_up().await;
        let statements =
            statements.replace("rowid_of = 1", "bucket = (SELECT max(bucket) FROM usage)");
        assert!(attack(&bench.path(), &statements).await > 0, "{what}");
        let (store, started) = bench.open().await;
        match started {
            Err(LedgerError::Store(StoreError::Corrupt(_))) => {}
            Err(other) => panic!("{what}: {other}"),
            Ok(_) => panic!("{what}: it was believed"),
        }
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn inv08_rows_and_seal_of_an_earlier_time_do_not_fit_the_log() {
    let bench = Bench::used_up().await;
    let earlier = bench.folder.path().join("earlier.db");
    std::fs::copy(bench.path(), &earlier).unwrap();
    bench.desk.advance(4_000_000_000);
    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    assert!(bench.sign(&ledger, "later", 70).await.unwrap());
    bench.close(store, ledger).await;
    let set_back = format!(
        "ATTACH '{}' AS earlier; DELETE FROM usage; INSERT INTO usage SELECT * FROM \
         earlier.usage; DELETE FROM ledger_seal; INSERT INTO ledger_seal SELECT * FROM \
         earlier.ledger_seal",
        earlier.display()
    );
    assert!(attack(&bench.path(), &set_back).await > 0);
    let (store, started) = bench.open().await;
    assert!(matches!(
        started,
        Err(LedgerError::Store(StoreError::Corrupt(_)))
    ));
    store.close().await.unwrap();
}

#[tokio::test]
async fn inv08_what_is_wiped_under_a_running_ledger_is_not_believed() {
    let bench = Bench::used_up().await;
    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    assert!(attack(&bench.path(), "DELETE FROM usage").await > 0);
    for key in ["first", "second"] {
        let refused = bench.sign(&ledger, key, 20).await;
        assert!(
            matches!(refused, Err(LedgerError::Store(StoreError::Corrupt(_)))),
            "{refused:?}"
        );
    }
    let _refused_too = ledger.shutdown().await;
    store.close().await.unwrap();
}

#[tokio::test]
async fn nothing_that_the_ledger_does_itself_breaks_the_seal() {
    let bench = Bench::new().await;
    for round in 0..40_u64 {
        let (store, ledger) = bench.open().await;
        let ledger = ledger.unwrap();
        for step in 0..4_u64 {
            let key = format!("{round}/{step}");
            bench.sign(&ledger, &key, 1 + step).await.unwrap();
            // Over all rounds windows expire several times, and their rows are deleted.
            bench
                .desk
                .advance(61_000_000 * i64::try_from(round % 9).unwrap());
        }
        bench
            .desk
            .observe(&ledger, (9, round, round))
            .await
            .unwrap();
        bench.close(store, ledger).await;
    }
}

#[tokio::test]
async fn what_expired_of_idle_limits_is_deleted_after_a_start() {
    let bench = Bench::new().await;
    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    for wallet in 0..30 {
        let key = format!("w{wallet}");
        let case = bench.desk.case_to(&key, 5, wallet, desk::To::Cold);
        let judged = ledger.judge(case).await.unwrap();
        assert!(matches!(judged, Judged::Recorded(_)));
    }
    bench.desk.advance(7_200_000_000);
    // Time that is recorded counts at the next start.
    assert!(bench.sign(&ledger, "later", 1).await.unwrap());
    bench.close(store, ledger).await;

    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    for step in 0..12 {
        let key = format!("s{step}");
        assert!(bench.sign(&ledger, &key, 1).await.unwrap());
    }
    bench.close(store, ledger).await;
    let options = SqliteConnectOptions::new().filename(bench.path());
    let mut database = options.connect().await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM usage")
        .fetch_one(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    // Both limits of the wallet that signs.
    assert_eq!(left, 2);
    let (store, ledger) = bench.open().await;
    bench.close(store, ledger.unwrap()).await;
}
