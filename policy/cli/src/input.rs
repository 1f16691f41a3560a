//! Reading files and standard input, each with a bound.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::failure::Failure;

/// Largest policy or case file in bytes.
pub(crate) const MAX_POLICY: u64 = 1024 * 1024;

/// Reads a whole file, or standard input for `-`.
///
/// # Errors
/// It cannot be read, or holds more than `max` bytes.
pub(crate) fn read(path: &Path, max: u64) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let cannot = |error: io::Error| Failure::usage(format!("cannot read `{shown}`: {error}"));
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(cannot)?)
    };
    let mut bytes = Vec::new();
    source
        .take(max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    if bytes.len() as u64 > max {
        return Err(Failure::usage(format!(
            "expected at most {max} bytes in `{shown}`, got more"
        )));
    }
    Ok(bytes)
}

/// Reads a text file, or standard input for `-`.
///
/// # Errors
/// As [`read`], or it is not UTF-8.
pub(crate) fn read_text(path: &Path, max: u64) -> Result<String, Failure> {
    String::from_utf8(read(path, max)?).map_err(|error| {
        Failure::usage(format!(
            "expected UTF-8 text in `{}`, got another byte at {}",
            path.display(),
            error.utf8_error().valid_up_to()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_holds_to_the_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("four");
        std::fs::write(&path, b"abcd").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"abcd");
        assert!(read(&path, 3).is_err());
    }

    #[test]
    fn text_that_is_not_utf_8_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latin1");
        std::fs::write(&path, b"Zo\xeb").unwrap();
        let failure = read_text(&path, 10).unwrap_err();
        assert!(failure.lines[0].contains("byte at 2"), "{failure:?}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let failure = read(Path::new("no/such/file"), 10).unwrap_err();
        assert!(failure.lines[0].contains("`no/such/file`"), "{failure:?}");
    }
}
