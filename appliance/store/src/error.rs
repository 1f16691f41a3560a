//! Errors of durable state, told apart by what a caller may conclude.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// What went wrong underneath, kept for logs. Cheap to clone: every request of a failed
/// commit gets the same cause.
#[derive(Debug, Clone)]
pub struct Cause {
    doing: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Cause {
    /// A cause that is known by what was being done.
    #[must_use]
    pub fn new(doing: impl Into<String>) -> Self {
        Self {
            doing: doing.into(),
            source: None,
        }
    }

    /// A cause with the error that was met.
    #[must_use]
    pub fn from_error(
        doing: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            doing: doing.into(),
            source: Some(Arc::from(source.into())),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}: {source}", self.doing),
            None => f.write_str(&self.doing),
        }
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

/// Why durable state did not do what it was asked to.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Nothing was written; the same writes may be tried again.
    #[error("nothing was written: {0}")]
    NotDone(#[source] Cause),
    /// The writes are there completely or not at all, and which of the two is not known.
    /// Read again before concluding anything.
    #[error("cannot tell whether it was written: {0}")]
    Unknown(#[source] Cause),
    /// Nothing was written: a unique value is taken.
    #[error("already there: {0}")]
    Conflict(#[source] Cause),
    /// What is stored is not what was once written there.
    #[error("the database is damaged: {0}")]
    Corrupt(#[source] Cause),
    /// The database cannot be opened or does not answer.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] Cause),
}
