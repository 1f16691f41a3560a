//! A kind of database.

use std::ffi::OsStr;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Store, StoreResult};

/// A kind of database, by the scheme of its URLs. Opened by the thread that starts the appliance, so its
/// futures need not be sent.
#[async_trait(?Send)]
pub(crate) trait Backend: fmt::Debug + Send + Sync {
    /// What its URLs begin with, without the colon.
    fn scheme(&self) -> &'static str;

    /// Whether there is a database at `place`, as far as can be told without opening it.
    fn exists(&self, place: &OsStr) -> bool;

    /// Makes a new, empty one.
    async fn create(&self, place: &OsStr) -> StoreResult<Arc<dyn Store>>;

    /// Opens one that is there.
    async fn open(&self, place: &OsStr) -> StoreResult<Arc<dyn Store>>;
}
