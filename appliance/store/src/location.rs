//! Where a database is. A kind of database is a folder here and one line in the list below.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use crate::backend::Backend;
use crate::sqlite::SqliteFile;
use crate::{Store, StoreResult};

const FILE: &dyn Backend = &SqliteFile;
const BACKENDS: &[&dyn Backend] = &[FILE];

/// A database's place: `sqlite:/var/lib/countersign/countersign.db`.
#[derive(Debug, Clone)]
pub struct Location {
    backend: &'static dyn Backend,
    place: OsString,
}

/// No URL of a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a URL that begins with one of {known}, got `{got}`")]
pub struct LocationError {
    got: String,
    known: String,
}

impl Location {
    /// A database in a file of this machine.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        Self {
            backend: FILE,
            place: path.as_os_str().to_owned(),
        }
    }

    /// The file, where it is one.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        (self.backend.scheme() == FILE.scheme()).then(|| PathBuf::from(&self.place))
    }

    /// Whether there is one, as far as can be told without opening it.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.backend.exists(&self.place)
    }

    /// Makes a new, empty database.
    ///
    /// # Errors
    /// [`StoreError::Conflict`](crate::StoreError::Conflict) if there is one;
    /// [`StoreError::Unavailable`](crate::StoreError::Unavailable).
    pub async fn create(&self) -> StoreResult<Arc<dyn Store>> {
        self.backend.create(&self.place).await
    }

    /// Opens a database, and brings its tables up to date if an earlier version wrote it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`](crate::StoreError::Unavailable) if there is none, it is in use, it
    /// is not one of ours, a later version wrote it, or it does not give the guarantees of [`Store`].
    pub async fn open(&self) -> StoreResult<Arc<dyn Store>> {
        self.backend.open(&self.place).await
    }
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let (scheme, place) = text.split_once(':').unwrap_or(("", text));
        let backend = BACKENDS.iter().find(|one| one.scheme() == scheme);
        match backend.filter(|_| !place.is_empty()) {
            Some(backend) => Ok(Self {
                backend: *backend,
                place: place.into(),
            }),
            None => Err(LocationError {
                // What stands after a scheme may be a password.
                got: scheme.chars().take(32).collect(),
                known: known(),
            }),
        }
    }
}

fn known() -> String {
    let schemes = BACKENDS.iter().map(|one| format!("`{}:`", one.scheme()));
    schemes.collect::<Vec<_>>().join(", ")
}

/// As people read it: a file by its path.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place.to_string_lossy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_says_which_kind_of_database_it_is() {
        let at: Location = "sqlite:/var/lib/x.db".parse().unwrap();
        assert_eq!(at.path(), Some(PathBuf::from("/var/lib/x.db")));
        assert_eq!(at.to_string(), "/var/lib/x.db");
        for wrong in ["", "sqlite:", "/var/lib/x.db", "mysql://u:secret@h/d"] {
            let refused = wrong.parse::<Location>().unwrap_err().to_string();
            assert!(refused.contains("`sqlite:`"), "{refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
    }

    #[test]
    fn no_two_kinds_share_a_scheme() {
        let mut schemes: Vec<_> = BACKENDS.iter().map(|one| one.scheme()).collect();
        schemes.sort_unstable();
        schemes.dedup();
        assert_eq!(schemes.len(), BACKENDS.len());
    }

    #[tokio::test]
    async fn what_was_made_is_there_and_opens_again() {
        let folder = tempfile::tempdir().unwrap();
        let at = Location::file(&folder.path().join("x.db"));
        assert!(!at.exists());
        at.create().await.unwrap().close().await.unwrap();
        assert!(at.exists());
        let again = at.open().await.unwrap();
        assert_eq!(again.progress().await.unwrap().entries, 0);
        assert!(at.open().await.is_err(), "opened twice");
    }
}
