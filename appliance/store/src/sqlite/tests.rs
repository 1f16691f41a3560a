use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use sqlx::{Connection as _, SqliteConnection, query};
use tempfile::TempDir;

use super::SqliteStore;
use crate::conformance::NOTHING_YET;
use crate::store_conformance;
use crate::{CheckpointRow, EntryRow, Store, StoreError, UsageRow, Writes};

async fn make() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.db");
    (SqliteStore::create(&path).await.unwrap(), folder)
}

store_conformance!(make);

fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("countersign.db")
}

fn entry(index: u64, size: usize) -> Writes {
    let entry = vec![b'x'; size];
    let entry = EntryRow {
        index,
        leaf_hash: countersign_audit::leaf_hash(&entry),
        entry,
        tag: Vec::new(),
    };
    Writes {
        entries: vec![entry],
        ..Writes::default()
    }
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let (store, folder) = make().await;
    store
        .begin()
        .await
        .unwrap()
        .commit(entry(0, 9))
        .await
        .unwrap();
    // Dropped, not closed: as after a crash, what counts is in the write-ahead log.
    drop(store);
    let store = SqliteStore::open(&path(&folder)).await.unwrap();
    assert_eq!(store.progress().await.unwrap().entries, 1);
    store.close().await.unwrap();
    assert!(matches!(
        store.begin().await,
        Err(StoreError::Unavailable(_))
    ));
    assert!(matches!(
        store.progress().await,
        Err(StoreError::Unavailable(_))
    ));
    drop(store);
    let store = SqliteStore::open(&path(&folder)).await.unwrap();
    assert_eq!(store.progress().await.unwrap().entries, 1);
}

#[tokio::test]
async fn a_database_in_use_is_refused() {
    let (_store, folder) = make().await;
    let error = SqliteStore::open(&path(&folder)).await.unwrap_err();
    assert!(
        error.to_string().contains("is in use by another process"),
        "{error}"
    );
}

/// Two appliances over one file would each count the limits by themselves.
#[tokio::test]
async fn a_second_process_does_not_open_it_under_another_name() {
    let (store, folder) = make().await;
    let (path, alias) = (path(&folder), folder.path().join("alias.db"));
    std::os::unix::fs::symlink(&path, &alias).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let beside = elsewhere.path().join("beside");
    std::os::unix::fs::symlink(folder.path(), &beside).unwrap();
    for name in [&alias, &beside.join(path.file_name().unwrap())] {
        let error = SqliteStore::open(name).await.unwrap_err().to_string();
        assert!(error.contains("is in use by another process"), "{error}");
    }
    let hard = elsewhere.path().join("hard.db");
    std::fs::hard_link(&path, &hard).unwrap();
    for name in [&hard, &path] {
        let error = SqliteStore::open(name).await.unwrap_err().to_string();
        assert!(
            error.contains("of one name") && error.contains("got one of 2"),
            "{error}"
        );
    }
    std::fs::remove_file(&hard).unwrap();
    drop(store);
    drop(SqliteStore::open(&alias).await.unwrap());
}

#[tokio::test]
async fn a_path_is_created_once_and_opened_only_if_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(
        error.to_string().contains("expected a database file at"),
        "{error}"
    );
    assert!(!path.exists());
    drop(SqliteStore::create(&path).await.unwrap());
    let error = SqliteStore::create(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    let error = SqliteStore::open(folder.path()).await.unwrap_err();
    assert!(error.to_string().contains("got something else"), "{error}");
}

#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    let (store, folder) = make().await;
    store
        .begin()
        .await
        .unwrap()
        .commit(entry(0, 9))
        .await
        .unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

#[tokio::test]
async fn other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    std::fs::write(&path, vec![b'?'; 4_096]).unwrap();
    assert!(SqliteStore::open(&path).await.is_err());
    std::fs::write(&path, b"").unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("expected a Countersign database"),
        "{error}"
    );
}

#[tokio::test]
async fn tables_of_a_later_version_are_refused() {
    let (store, folder) = make().await;
    store.close().await.unwrap();
    drop(store);
    let url = format!("sqlite://{}", path(&folder).display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let later = "INSERT INTO _sqlx_migrations SELECT 999, description, installed_on, success, \
                 checksum, execution_time FROM _sqlx_migrations WHERE version = 1";
    query(later).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let error = SqliteStore::open(&path(&folder)).await.unwrap_err();
    assert!(error.to_string().contains("a later version"), "{error}");
}

#[tokio::test]
async fn a_full_disk_writes_nothing_and_heals() {
    let (store, _folder) = make().await;
    set_pages(&store, 40).await;
    let error = store
        .begin()
        .await
        .unwrap()
        .commit(entry(0, 60_000_000))
        .await;
    assert!(
        matches!(error, Err(StoreError::Unknown(_) | StoreError::NotDone(_))),
        "{error:?}"
    );
    assert_eq!(store.progress().await.unwrap(), NOTHING_YET);
    set_pages(&store, 1_000_000).await;
    store
        .begin()
        .await
        .unwrap()
        .commit(entry(0, 60))
        .await
        .unwrap();
    assert_eq!(store.progress().await.unwrap().entries, 1);
}

async fn set_pages(store: &SqliteStore, pages: u32) {
    let mut writer = store.writer.lock().await;
    let sql = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
    query(sql)
        .execute(writer.connection().unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_commit_dropped_halfway_is_done_or_not_and_the_next_one_works() {
    let (store, _folder) = make().await;
    for round in 0..50_u64 {
        let before = store.progress().await.unwrap().entries;
        let usage = (0..500).map(|bucket| UsageRow {
            limit_key: round.to_be_bytes().to_vec(),
            bucket,
            amount: 1,
        });
        let writes = Writes {
            usage: usage.collect(),
            ..entry(before, 9)
        };
        let mut commit = Box::pin(store.begin().await.unwrap().commit(writes));
        for _ in 0..round {
            let polled = std::future::poll_fn(|context| {
                std::task::Poll::Ready(commit.as_mut().poll(context).is_ready())
            });
            if polled.await {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(commit);
        let mut txn = store.begin().await.unwrap();
        let key = round.to_be_bytes().to_vec();
        let rows = txn.load_usage(&[key]).await.unwrap().len();
        let after = store.progress().await.unwrap().entries;
        assert!((rows, after) == (0, before) || (rows, after) == (500, before + 1));
        let size = after + 1;
        let checkpoint = CheckpointRow {
            size,
            note: String::new(),
            at: countersign_intent::Timestamp::from_micros(0),
        };
        let writes = Writes {
            checkpoints: vec![checkpoint],
            ..Writes::default()
        };
        txn.commit(writes).await.unwrap();
        assert_eq!(store.checkpoints(None, 1).await.unwrap()[0].size, size);
    }
}
