//! A field of an answer.

use crate::failure::Failure;

/// Reads a field of an answer.
///
/// # Errors
/// Text that is not of this kind.
pub(crate) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    text: &str,
) -> Result<T, Failure> {
    text.parse()
        .map_err(|error| Failure::unreachable(format!("the appliance's answer: {error}")))
}
