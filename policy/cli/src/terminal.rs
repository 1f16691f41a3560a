//! How wide the terminal is.

use std::io::{self, IsTerminal};

/// Columns of the terminal that standard output is, by `COLUMNS` if that is set; `None` for a
/// file or a pipe, whose reader wants everything.
pub(crate) fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let told = std::env::var("COLUMNS").ok();
    told.as_deref().and_then(columns).or_else(|| {
        let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
        Some(usize::from(width.0)).filter(|width| *width > 0)
    })
}

fn columns(text: &str) -> Option<usize> {
    text.trim().parse().ok().filter(|width| *width > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_width_is_not_taken_for_one() {
        assert_eq!(columns("80"), Some(80));
        for text in ["", "0", "-3", "wide"] {
            assert_eq!(columns(text), None, "{text}");
        }
    }
}
