use sqlx::Error;

use crate::{Cause, StoreError};

/// A read that failed.
pub(super) fn reading(what: &'static str) -> impl FnOnce(Error) -> StoreError {
    move |error| {
        let damaged = matches!(
            error,
            Error::ColumnDecode { .. } | Error::Decode(_) | Error::ColumnIndexOutOfBounds { .. }
        ) || is_corrupt(&error);
        let cause = Cause::from_error(format!("reading {what}"), error);
        if damaged {
            StoreError::Corrupt(cause)
        } else {
            StoreError::Unavailable(cause)
        }
    }
}

/// A write that failed and left nothing behind.
pub(super) fn not_written(error: Error) -> StoreError {
    let taken = is_taken(&error);
    let damaged = is_corrupt(&error);
    let cause = Cause::from_error("writing to the database", error);
    match (taken, damaged) {
        (true, _) => StoreError::Conflict(cause),
        (_, true) => StoreError::Corrupt(cause),
        _ => StoreError::NotDone(cause),
    }
}

/// Whether a unique value was taken.
pub(super) fn is_taken(error: &Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// `SQLITE_CORRUPT` (11) and `SQLITE_NOTADB` (26), whose extended codes have more bits above
/// (<https://www.sqlite.org/rescode.html>).
fn is_corrupt(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    let code: Option<u32> = code.and_then(|code| code.parse().ok());
    code.is_some_and(|code| matches!(code & 0xff, 11 | 26))
}
