//! Stored hashes of the log's tree.

use countersign_audit::{Fetched, Hash, Tile};
use countersign_store::{Store, StoreError};

/// Reads them.
///
/// # Errors
/// A database that does not answer.
pub async fn fetch(db: &dyn Store, tiles: Vec<Tile>) -> Result<Fetched, StoreError> {
    let mut fetched = Fetched::default();
    for tile in tiles {
        let hashes: Vec<Hash> = db.hashes(tile.level, tile.first(), tile.width).await?;
        fetched.insert(tile, hashes);
    }
    Ok(fetched)
}
