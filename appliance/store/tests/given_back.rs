//! Invariant 8 for rows that are absent, or put back as they were once: each has a MAC that is right,
//! and none of them has a retry signed under limits that were given back.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure is the test's")]

mod desk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_store::ledger::{AdminChange, Judged, Ledger, LedgerError, Outcome};
use countersign_store::sqlite::SqliteStore;
use countersign_store::{AuthoritySeal, Store, StoreError};
use desk::{Desk, hand_in, not_sent, note, recorded, signed};
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

const LIMIT: u64 = 100;

async fn file(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    options.connect().await.unwrap()
}

async fn attack(path: &Path, statements: &str) {
    let mut database = file(path).await;
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()))
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    assert!(done.rows_affected() > 0, "{statements}");
}

/// Puts tables back as they were when the file was copied.
async fn set_back(path: &Path, earlier: &Path, tables: &[&str]) {
    let tables = tables.iter().map(|table| {
        format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM earlier.{table};")
    });
    let tables: String = tables.collect();
    let statements = format!("ATTACH '{}' AS earlier; {tables}", earlier.display());
    let mut database = file(path).await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements))
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
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

    fn path(&self) -> PathBuf {
        self.folder.path().join("countersign.db")
    }

    /// The file as it is now, under another name.
    async fn copy(&self, name: &str) -> PathBuf {
        let to = self.folder.path().join(name);
        let mut database = file(&self.path()).await;
        let into = format!("VACUUM INTO '{}'", to.display());
        sqlx::raw_sql(sqlx::AssertSqlSafe(into))
            .execute(&mut database)
            .await
            .unwrap();
        database.close().await.unwrap();
        to
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

    /// It does not start.
    async fn is_refused(&self, what: &str) {
        let (store, started) = self.open().await;
        match started {
            Err(LedgerError::Store(StoreError::Corrupt(_))) => {}
            Err(other) => panic!("{what}: {other}"),
            Ok(_) => panic!("{what}: it was believed"),
        }
        store.close().await.unwrap();
    }

    async fn ask(&self, ledger: &Ledger, key: &str, outcome: Outcome) -> bool {
        match ledger.judge(self.desk.case(key, 60)).await.unwrap() {
            Judged::Recorded(recorded) => {
                hand_in(&self.desk, ledger, recorded, outcome).await;
                ledger.flush().await.unwrap();
                true
            }
            _ => false,
        }
    }

    /// Not sent, so given back; then another one takes the room.
    async fn given_back() -> (Self, Arc<SqliteStore>, Ledger) {
        let bench = Self::new().await;
        let (store, ledger) = bench.open().await;
        let ledger = ledger.unwrap();
        assert!(bench.ask(&ledger, "gone", not_sent()).await);
        assert!(bench.ask(&ledger, "other", signed()).await);
        (bench, store, ledger)
    }

    /// Asks for what was given back again; says whether it was signed.
    async fn retry(&self, ledger: &Ledger) -> Result<bool, LedgerError> {
        match ledger.judge(self.desk.case("gone", 60)).await? {
            Judged::Recorded(_) => Ok(true),
            _ => Ok(false),
        }
    }
}

fn is_refused(retried: &Result<bool, LedgerError>, what: &str) {
    assert!(
        matches!(retried, Err(LedgerError::NotOurs(_))),
        "{what}: {retried:?}"
    );
}

#[tokio::test]
async fn inv08_an_outcome_that_is_gone_gives_no_retry_room() {
    let (bench, store, ledger) = Bench::given_back().await;
    attack(&bench.path(), "DELETE FROM outcomes WHERE kind = 3").await;
    is_refused(&bench.retry(&ledger).await, "while it runs");
    bench.close(store, ledger).await;
    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    is_refused(&bench.retry(&ledger).await, "after a start");
    bench.close(store, ledger).await;
}

#[tokio::test]
async fn inv08_an_outcome_that_is_gone_while_stopped_gives_no_retry_room() {
    let (bench, store, ledger) = Bench::given_back().await;
    bench.close(store, ledger).await;
    attack(&bench.path(), "DELETE FROM outcomes WHERE kind = 3").await;
    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    is_refused(&bench.retry(&ledger).await, "after a start");
    bench.close(store, ledger).await;
}

#[tokio::test]
async fn inv08_a_request_put_back_as_it_was_first_judged_is_not_signed() {
    let bench = Bench::new().await;
    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    assert!(bench.ask(&ledger, "gone", not_sent()).await);
    let allowed = bench.copy("allowed.db").await;
    assert!(bench.ask(&ledger, "other", signed()).await);
    // Judged again, it is denied.
    assert!(!bench.ask(&ledger, "gone", signed()).await);
    let put_back = format!(
        "ATTACH '{}' AS earlier; DELETE FROM requests WHERE idem_key = 'gone'; INSERT INTO requests \
         SELECT * FROM earlier.requests WHERE idem_key = 'gone'",
        allowed.display()
    );
    attack(&bench.path(), &put_back).await;
    is_refused(&bench.retry(&ledger).await, "while it runs");
    bench.close(store, ledger).await;
    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    is_refused(&bench.retry(&ledger).await, "after a start");
    bench.close(store, ledger).await;
}

#[tokio::test]
async fn inv08_what_says_that_it_was_given_back_cannot_be_taken_away() {
    let both = "DELETE FROM given_back; DELETE FROM outcomes WHERE kind = 3";
    let (bench, store, ledger) = Bench::given_back().await;
    attack(&bench.path(), both).await;
    is_refused(&bench.retry(&ledger).await, "while it runs");
    bench.close(store, ledger).await;
    bench.is_refused("taken away while it ran").await;

    for (what, statements) in [
        ("taken away", both),
        ("another one", "UPDATE given_back SET seq = seq + 1"),
        ("one more", "INSERT INTO given_back VALUES (2)"),
        (
            "not known of any",
            "UPDATE meta SET value = 9 WHERE key = 'given_back_from'; DELETE FROM given_back",
        ),
        (
            "not known since when",
            "DELETE FROM meta WHERE key = 'given_back_from'",
        ),
    ] {
        let (bench, store, ledger) = Bench::given_back().await;
        bench.close(store, ledger).await;
        attack(&bench.path(), statements).await;
        bench.is_refused(what).await;
    }
}

/// An outcome that was replaced since is no reason to count the same request twice.
#[tokio::test]
async fn inv08_an_outcome_put_back_is_not_believed() {
    let bench = Bench::new().await;
    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    assert!(bench.ask(&ledger, "gone", not_sent()).await);
    let earlier = bench.copy("earlier.db").await;
    assert!(bench.ask(&ledger, "gone", signed()).await);
    set_back(&bench.path(), &earlier, &["outcomes"]).await;
    is_refused(&bench.retry(&ledger).await, "signed since");
    bench.close(store, ledger).await;
}

#[tokio::test]
async fn what_was_given_back_is_judged_anew_as_often_as_it_takes() {
    let bench = Bench::new().await;
    for round in 0..3 {
        let (store, ledger) = bench.open().await;
        let ledger = ledger.unwrap();
        for _ in 0..2 {
            assert!(bench.ask(&ledger, "gone", not_sent()).await, "{round}");
        }
        // In one commit: the outcome, and the same request again.
        let first = recorded(ledger.judge(bench.desk.case("gone", 60)).await.unwrap());
        hand_in(&bench.desk, &ledger, first, not_sent()).await;
        let again = recorded(ledger.judge(bench.desk.case("gone", 60)).await.unwrap());
        hand_in(&bench.desk, &ledger, again, not_sent()).await;
        bench.close(store, ledger).await;
    }
    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    assert!(bench.ask(&ledger, "gone", signed()).await);
    assert!(store.given_back(9).await.unwrap().is_empty());
    assert_eq!(bench.desk.used(&*store, 1).await, 60);
    bench.close(store, ledger).await;
    let (store, ledger) = bench.open().await;
    bench.close(store, ledger.unwrap()).await;
}

/// The seal that the version before wrote over this database.
async fn earlier_seal(store: &SqliteStore) -> [u8; 32] {
    let key = |bytes: &[u8]| -> [u8; 32] {
        let hasher = Sha256::new_with_prefix(b"a key").chain_update(bytes);
        hasher.finalize().into()
    };
    let progress = store.progress().await.unwrap();
    let mut frontier = countersign_audit::Frontier::default();
    for entry in store.entries(0, 1_000).await.unwrap() {
        frontier.append(entry.leaf_hash);
    }
    let mut total = 0_u128;
    for row in store.usage_after(None, 1_000).await.unwrap() {
        let mut bytes = b"usage\0".to_vec();
        bytes.extend(row.bucket.to_be_bytes());
        bytes.extend(row.amount.to_be_bytes());
        bytes.extend(row.limit_key);
        let (tag, _) = key(&bytes)
            .split_first_chunk::<16>()
            .map(|(a, b)| (*a, b.len()))
            .unwrap();
        total = total.wrapping_add(u128::from_be_bytes(tag));
    }
    let mut bytes = b"ledger seal v2\0".to_vec();
    bytes.extend(progress.entries.to_be_bytes());
    bytes.extend(frontier.root().0);
    bytes.extend(progress.last_request.to_be_bytes());
    bytes.extend(total.to_be_bytes());
    bytes.extend(progress.latest_micros.to_be_bytes());
    bytes.extend(progress.macs_from.to_be_bytes());
    bytes.extend(progress.tags_from.to_be_bytes());
    key(&bytes)
}

#[tokio::test]
async fn a_database_of_the_version_before_is_opened_and_its_open_requests_are_not_signed_again() {
    let bench = Bench::new().await;
    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    let open = ledger.judge(bench.desk.case("open", 60)).await.unwrap();
    drop(recorded(open));
    bench.close(store, ledger).await;

    let store = SqliteStore::open(&bench.path()).await.unwrap();
    let seal = hex(&earlier_seal(&store).await);
    store.close().await.unwrap();
    drop(store);
    attack(
        &bench.path(),
        &format!("UPDATE ledger_seal SET mac = x'{seal}'"),
    )
    .await;
    // As it is, this would have open requests signed again that were given back.
    bench
        .is_refused("what was given back is said to be known")
        .await;
    let migrated = "UPDATE meta SET value = (SELECT max(seq) + 1 FROM requests) \
                    WHERE key = 'given_back_from'";
    attack(&bench.path(), migrated).await;
    for _ in 0..2 {
        let (store, ledger) = bench.open().await;
        let ledger = ledger.unwrap();
        let refused = ledger.judge(bench.desk.case("open", 60)).await;
        assert!(
            matches!(refused, Err(LedgerError::TooOld(_))),
            "{refused:?}"
        );
        ledger.append(note(&bench.desk)).await.unwrap();
        bench.close(store, ledger).await;
    }
    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    bench.desk.advance(2 * 3_600_000_000);
    assert!(bench.ask(&ledger, "new", signed()).await);
    bench.close(store, ledger).await;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const TABLES: &[&str] = &[
    "requests",
    "outcomes",
    "usage",
    "nonces",
    "given_back",
    "ledger_seal",
    "audit_entries",
    "audit_nodes",
    "meta",
];

/// After a commit that failed everything is read again, and what is read must be what was there.
#[tokio::test]
async fn inv08_a_whole_database_set_back_under_a_running_ledger_is_not_believed() {
    let bench = Bench::new().await;
    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    assert!(bench.ask(&ledger, "first", not_sent()).await);
    let earlier = bench.copy("earlier.db").await;
    assert!(bench.ask(&ledger, "other", signed()).await);
    let fails = "CREATE TRIGGER fails BEFORE INSERT ON audit_entries BEGIN \
                 SELECT RAISE(ROLLBACK, 'unwell'); END";
    let mut database = file(&bench.path()).await;
    sqlx::raw_sql(fails).execute(&mut database).await.unwrap();
    let failed = ledger.append(note(&bench.desk)).await;
    assert!(matches!(failed, Err(LedgerError::Store(_))), "{failed:?}");
    sqlx::raw_sql("DROP TRIGGER fails")
        .execute(&mut database)
        .await
        .unwrap();
    let now = bench.copy("now.db").await;
    set_back(&bench.path(), &earlier, TABLES).await;
    for _ in 0..2 {
        let refused = ledger.judge(bench.desk.case("more", 60)).await;
        assert!(
            matches!(refused, Err(LedgerError::Store(StoreError::Corrupt(_)))),
            "{refused:?}"
        );
    }
    // Put right, it goes on.
    set_back(&bench.path(), &now, TABLES).await;
    ledger.append(note(&bench.desk)).await.unwrap();
    assert!(!bench.ask(&ledger, "more", signed()).await);
    database.close().await.unwrap();
    bench.close(store, ledger).await;
}

fn authority_change(desk: &Desk, version: u64) -> AdminChange {
    AdminChange {
        rows: Vec::new(),
        seal: Some(AuthoritySeal {
            version,
            count: 0,
            sum: vec![1; 32],
            mac: vec![u8::try_from(version).unwrap(); 32],
        }),
        entries: vec![note(desk)],
    }
}

#[tokio::test]
async fn inv08_an_earlier_seal_over_the_rows_of_authority_is_not_the_last_one() {
    let bench = Bench::new().await;
    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    assert_eq!(ledger.authority_mac(), None);
    ledger
        .admin(authority_change(&bench.desk, 1))
        .await
        .unwrap();
    assert_eq!(ledger.authority_mac(), Some(vec![1; 32]));
    let earlier = bench.copy("earlier.db").await;
    ledger
        .admin(authority_change(&bench.desk, 2))
        .await
        .unwrap();
    assert_eq!(ledger.authority_mac(), Some(vec![2; 32]));
    bench.close(store, ledger).await;
    let (store, ledger) = bench.open().await;
    let ledger = ledger.unwrap();
    assert_eq!(ledger.authority_mac(), Some(vec![2; 32]));
    bench.close(store, ledger).await;
    set_back(&bench.path(), &earlier, &["authority", "authority_seal"]).await;
    bench.is_refused("an earlier seal").await;
    attack(&bench.path(), "DELETE FROM authority_seal").await;
    bench.is_refused("no seal").await;
}
