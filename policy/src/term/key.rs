//! A key as people read about it.

/// A key of `when`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// As it is written.
    pub(crate) name: &'static str,
    /// A value of a bound; empty for keys that only say which effects are meant.
    pub(crate) example: &'static str,
    /// Its values, or for a bound what holds where it is not written. Markdown.
    pub(crate) says: &'static str,
}

impl Key {
    /// A key that says which effects are meant.
    pub(crate) const fn scope(name: &'static str, says: &'static str) -> Self {
        Self {
            name,
            example: "",
            says,
        }
    }

    /// A key that bounds a permission. It is an error where nothing is permitted.
    pub(crate) const fn bound(
        name: &'static str,
        example: &'static str,
        says: &'static str,
    ) -> Self {
        Self {
            name,
            example,
            says,
        }
    }

    /// Whether it bounds a permission.
    pub(crate) const fn is_bound(&self) -> bool {
        !self.example.is_empty()
    }
}
