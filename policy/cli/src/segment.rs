//! Names that stand in a path of the API.

/// An id or a name without anything that would have to be escaped.
///
/// # Errors
/// Any other character, or too many.
pub(crate) fn checked(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    Err("expected an id or a name: 1 to 64 letters, digits, `_` and `-`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn what_would_change_the_path_is_refused() {
        assert!(checked("apr_30313233").is_ok());
        for text in ["", "a/b", "..", "a?b", "a b", "%2e", &"a".repeat(65)] {
            assert!(checked(text).is_err(), "`{text}` was taken");
        }
    }
}
