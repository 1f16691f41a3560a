//! Text of others on an operator's terminal.

use textwrap::Options;

/// `text` with control characters escaped: names and reasons come from others and must not
/// drive the operator's terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        if is_control(char) {
            shown.extend(char.escape_unicode());
        } else {
            shown.push(char);
        }
    }
    shown
}

/// Controls, and the marks that turn the direction of text (Unicode UAX #9 §2).
fn is_control(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `label` and `text` in lines of at most `width`, each but the first indented by `indent`. No word
/// is cut.
pub(crate) fn wrapped(label: &str, text: &str, width: usize, indent: usize) -> Vec<String> {
    let indent = " ".repeat(indent);
    let options = Options::new(width)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .initial_indent(label)
        .subsequent_indent(&indent);
    let lines = textwrap::wrap(text, options);
    lines.into_iter().map(String::from).collect()
}
