use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::SqliteStore;
use crate::backend::Backend;
use crate::{Store, StoreResult};

/// Databases in files: `sqlite:PATH`.
#[derive(Debug)]
pub(crate) struct SqliteFile;

#[async_trait(?Send)]
impl Backend for SqliteFile {
    fn scheme(&self) -> &'static str {
        "sqlite"
    }

    fn exists(&self, place: &OsStr) -> bool {
        Path::new(place).exists()
    }

    async fn create(&self, place: &OsStr) -> StoreResult<Arc<dyn Store>> {
        Ok(Arc::new(SqliteStore::create(Path::new(place)).await?))
    }

    async fn open(&self, place: &OsStr) -> StoreResult<Arc<dyn Store>> {
        Ok(Arc::new(SqliteStore::open(Path::new(place)).await?))
    }
}
