//! A field of a request that cannot be read.

/// A field that is not what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongField {
    /// Its name.
    pub field: &'static str,
    /// What was expected, and what came.
    pub detail: String,
}

impl WrongField {
    pub(super) fn new(field: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { field, detail }
    }
}
