//! Texts for people: names, reasons.

use std::ops::RangeInclusive;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::http::error::ApiError;

/// Checks a text for people: what two people see alike is written alike.
///
/// # Errors
/// A text that is empty, too long, begins or ends with a blank, or has characters that nobody sees.
pub fn text(field: &str, text: &str, longest: usize) -> Result<(), ApiError> {
    if text.is_empty() || text.chars().count() > longest {
        let detail = format!("expected 1 to {longest} characters");
        return Err(ApiError::field(field, detail));
    }
    if let Some(unseen) = text.chars().find(|character| !is_seen(*character)) {
        let detail = format!(
            "expected characters that can be seen, got U+{:04X}; leave it out",
            u32::from(unseen)
        );
        return Err(ApiError::field(field, detail));
    }
    if text.starts_with(' ') || text.ends_with(' ') {
        let detail = "expected no blank at the beginning or the end";
        return Err(ApiError::field(field, detail));
    }
    Ok(())
}

/// Letters and marks that Unicode has shown as nothing (`Default_Ignorable_Code_Point`), and a blank
/// among the symbols.
const UNSEEN: [RangeInclusive<char>; 9] = [
    '\u{34f}'..='\u{34f}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{e0100}'..='\u{e01ef}',
];

/// Whether people see this character, and a plain blank for a blank.
fn is_seen(character: char) -> bool {
    use GeneralCategory::{
        Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, SpaceSeparator, Surrogate,
        Unassigned,
    };
    let unseen = matches!(
        character.general_category(),
        Control
            | Format
            | LineSeparator
            | ParagraphSeparator
            | PrivateUse
            | SpaceSeparator
            | Surrogate
            | Unassigned
    );
    character == ' ' || !(unseen || UNSEEN.iter().any(|range| range.contains(&character)))
}

/// Checks an optional text for people.
///
/// # Errors
/// As [`text`].
pub fn optional_text(field: &str, value: Option<&str>, longest: usize) -> Result<(), ApiError> {
    value.map_or(Ok(()), |value| text(field, value, longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_stands_in_no_name() {
        for good in [
            "a", "desk a", "Zürich", "東京 3", "Ω-1", "naïve", "🦀", "e\u{301}",
        ] {
            assert!(text("name", good, 16).is_ok(), "{good:?}");
        }
        for unseen in [
            '\0',
            '\n',
            '\t',
            '\u{7f}',
            '\u{a0}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1680}',
            '\u{17b4}',
            '\u{180e}',
            '\u{2000}',
            '\u{200b}',
            '\u{200d}',
            '\u{200f}',
            '\u{2028}',
            '\u{202e}',
            '\u{202f}',
            '\u{2060}',
            '\u{2066}',
            '\u{206f}',
            '\u{2800}',
            '\u{3000}',
            '\u{3164}',
            '\u{e000}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e0100}',
            '\u{10ffff}',
        ] {
            for name in [
                format!("a{unseen}b"),
                format!("a{unseen}"),
                unseen.to_string(),
            ] {
                let error = text("name", &name, 16).unwrap_err();
                assert_eq!(error.0.field.as_deref(), Some("name"));
                let code = format!("U+{:04X}", u32::from(unseen));
                assert!(error.0.detail.contains(&code), "{}", error.0.detail);
            }
        }
        for blank in ["", " ", " a", "a ", &"x".repeat(17)] {
            assert!(text("name", blank, 16).is_err(), "{blank:?}");
        }
    }
}
