use std::borrow::Cow;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqlSafeStr as _, SqliteConnection, SqlitePool};
use tokio::sync::Notify;

use crate::{Cause, StoreError, StoreResult};

/// `CSGN`: marks the file as ours (<https://www.sqlite.org/fileformat.html#application_id>).
const APPLICATION_ID: i64 = 0x4353_474e;

/// Reading connections; each is a thread.
const READERS: u32 = 2;

/// Texts kept prepared. A transaction's depends on how many rows of each table it writes.
const STATEMENTS: usize = 256;

/// Pages (4 KiB) in the write-ahead log at which it is moved into the database.
const CHECKPOINT_PAGES: &str = "4000";

/// KiB of pages kept in memory by the writer, negative as SQLite wants it. Small on purpose:
/// SQLite walks through all of them at each commit that splits a page of an index, and what is
/// not here is in the operating system's memory.
const WRITER_CACHE: &str = "-4096";

/// Size in bytes that the write-ahead log is cut back to.
const LOG_SIZE: &str = "67108864";

fn unavailable(doing: impl Into<String>, error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(Cause::from_error(doing, error))
}

fn refused(why: String) -> StoreError {
    StoreError::Unavailable(Cause::new(why))
}

/// Makes the file, and its name durable.
pub(super) fn create_file(path: &Path) -> StoreResult<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let shown = path.display();
    match options.open(path) {
        Ok(_) => sync_folder(path).map_err(|error| {
            let doing = format!("making the new name `{shown}` durable");
            StoreError::Unavailable(Cause::from_error(doing, error))
        }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(StoreError::Conflict(
            Cause::new(format!("`{shown}`; choose another path or open it")),
        )),
        Err(error) => {
            let doing = format!("creating `{shown}`");
            Err(StoreError::Unavailable(Cause::from_error(doing, error)))
        }
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// Refuses a path where there is no database: an empty one in its place would have forgotten
/// every limit.
pub(super) fn check_file(path: &Path) -> StoreResult<()> {
    match path.metadata() {
        Ok(about) if about.is_file() => Ok(()),
        Ok(_) => Err(refused(format!(
            "expected a database file at `{}`, got something else",
            path.display()
        ))),
        Err(error) => Err(StoreError::Unavailable(Cause::from_error(
            format!("expected a database file at `{}`", path.display()),
            error,
        ))),
    }
}

/// The one name of the database: a second process that spells it in another way, through a link,
/// would lock another file, and limits would be counted twice.
pub(super) fn resolve(path: &Path) -> StoreResult<PathBuf> {
    let shown = path.display();
    let failed = |error| {
        let doing = format!("looking up where `{shown}` leads");
        StoreError::Unavailable(Cause::from_error(doing, error))
    };
    let resolved = path.canonicalize().map_err(failed)?;
    let names = resolved.metadata().map_err(failed)?.nlink();
    if names > 1 {
        return Err(refused(format!(
            "expected a database file of one name at `{}`, got one of {names}: a second process could \
             open it under another; find it with `find -samefile`, and remove it, or copy the file",
            resolved.display()
        )));
    }
    Ok(resolved)
}

/// Keeps other processes out until the file is dropped, or this process ends.
pub(super) fn lock(path: &Path) -> StoreResult<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let failed = |error| {
        let doing = format!("locking `{}`", name.display());
        StoreError::Unavailable(Cause::from_error(doing, error))
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(&name).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(refused(format!(
            "`{}` is in use by another process; stop that one first",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

/// The writing connection to a file that is there, its tables up to date.
pub(super) async fn writer(
    path: &Path,
    new: bool,
    ending: &Arc<Notify>,
) -> StoreResult<SqliteConnection> {
    let mut connection = options(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("journal_size_limit", LOG_SIZE)
        .pragma("cache_size", WRITER_CACHE)
        .statement_cache_capacity(STATEMENTS)
        .connect()
        .await
        .map_err(|error| unavailable(format!("opening `{}`", path.display()), error))?;
    if new {
        sqlx::query("PRAGMA application_id = 0x4353474e")
            .execute(&mut connection)
            .await
            .map_err(|error| unavailable("marking the database", error))?;
    }
    verify(&mut connection, path).await?;
    migrate(&mut connection).await?;
    tell(&mut connection, ending).await?;
    Ok(connection)
}

/// Has the end of each transaction told.
async fn tell(connection: &mut SqliteConnection, ending: &Arc<Notify>) -> StoreResult<()> {
    let (begun, undone) = (Arc::clone(ending), Arc::clone(ending));
    let locked = connection.lock_handle().await;
    let mut handle = locked.map_err(|error| unavailable("preparing the database", error))?;
    handle.set_commit_hook(move || {
        begun.notify_one();
        true
    });
    handle.set_rollback_hook(move || undone.notify_one());
    Ok(())
}

/// The reading connections.
pub(super) async fn readers(path: &Path) -> StoreResult<SqlitePool> {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(options(path).read_only(true))
        .await
        .map_err(|error| unavailable("opening a second connection", error))
}

/// Reads back what the guarantees rest on.
async fn verify(connection: &mut SqliteConnection, path: &Path) -> StoreResult<()> {
    let (id, journal, synchronous, foreign_keys): (i64, String, i64, i64) = sqlx::query_as(
        "SELECT * FROM pragma_application_id, pragma_journal_mode, pragma_synchronous, \
         pragma_foreign_keys",
    )
    .fetch_one(connection)
    .await
    .map_err(|error| unavailable("reading the settings back", error))?;
    if id != APPLICATION_ID {
        return Err(refused(format!(
            "expected a Countersign database at `{}`, got an SQLite file with application id {id}",
            path.display()
        )));
    }
    if (journal.as_str(), synchronous, foreign_keys) != ("wal", 2, 1) {
        return Err(refused(format!(
            "expected journal_mode wal, synchronous 2 and foreign_keys 1, got {journal}, \
             {synchronous} and {foreign_keys}; put the database on a local file system"
        )));
    }
    Ok(())
}

async fn migrate(connection: &mut SqliteConnection) -> StoreResult<()> {
    let migration = |version, name, text: &'static str| {
        let (name, text) = (Cow::Borrowed(name), text.into_sql_str());
        Migration::new(version, name, MigrationType::Simple, text, false)
    };
    let initial = include_str!("../../migrations/0001_initial.sql");
    let waiting = include_str!("../../migrations/0002_waiting.sql");
    let macs = include_str!("../../migrations/0003_row_macs.sql");
    let given_back = include_str!("../../migrations/0004_given_back.sql");
    let sequences = include_str!("../../migrations/0005_sequences.sql");
    Migrator::with_migrations(vec![
        migration(1, "initial", initial),
        migration(2, "waiting", waiting),
        migration(3, "row macs", macs),
        migration(4, "given back", given_back),
        migration(5, "sequences", sequences),
    ])
    .run(connection)
    .await
    .map_err(|error| {
        let doing = "bringing the tables up to date; a later version may have written them";
        StoreError::Unavailable(Cause::from_error(doing, error))
    })
}
