//! Lookup tables on the wire.

use countersign_api as api;
use countersign_intent::Address;

use super::{id, time};
use crate::http::error::ApiError;
use crate::tables::{FeedError, MOST_ENTRIES, TableRecord};

/// Addresses as they are written in records.
///
/// # Errors
/// One that is none, by its place; more than a table can have.
pub fn addresses(field: &str, texts: &[String]) -> Result<Vec<String>, ApiError> {
    if texts.len() > MOST_ENTRIES {
        let detail = format!("expected at most {MOST_ENTRIES}, got {}", texts.len());
        return Err(ApiError::field(field, detail));
    }
    let read = |(place, text): (usize, &String)| {
        let field = format!("{field}[{place}]");
        id::<Address>(&field, text).map(|address| address.to_string())
    };
    texts.iter().enumerate().map(read).collect()
}

/// A table on the wire, with its entries or without.
#[must_use]
pub fn table(record: &TableRecord, whole: bool) -> api::LookupTable {
    api::LookupTable {
        address: record.address.clone(),
        length: u16::try_from(record.entries.len()).unwrap_or(u16::MAX),
        fed_by: record.fed_by.clone(),
        fed_at: time(record.fed_at),
        addresses: if whole {
            record.entries.clone()
        } else {
            Vec::new()
        },
    }
}

/// A feed that is not taken.
#[must_use]
pub fn feed_refused(error: &FeedError) -> ApiError {
    let detail = error.to_string();
    match error {
        FeedError::Differs { .. } => ApiError::new(api::ErrorCode::AlreadyDecided, detail),
        FeedError::Gap { .. } => ApiError::field("from", detail),
        FeedError::Length(_) => ApiError::field("addresses", detail),
        FeedError::Removed(_) => {
            ApiError::new(api::ErrorCode::Forbidden, detail).because("removed")
        }
        FeedError::Full => ApiError::field("address", detail),
    }
}
