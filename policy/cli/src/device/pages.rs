//! The pages of a text on a Nano, as its system breaks them: lines of 114 pixels in Open Sans Regular
//! 11px, three to a page, broken behind a blank, a line feed, `-` or `_` where there is one
//! (`LedgerHQ/ledger-secure-sdk`, `lib_ux/src/ux_layout_paging_compute.c`).

/// Pixels of a line.
const LINE: u32 = 114;
/// Lines of a page, under its title.
const LINES: usize = 3;

/// Widths in pixels of the printable characters from the blank on.
const WIDTHS: [u8; 95] = [
    3, 3, 4, 7, 6, 9, 8, 2, 3, 3, 6, 6, 3, 4, 3, 4, 6, 6, 6, 6, 8, 6, 6, 6, 6, 6, 3, 3, 6, 6, 6, 5,
    10, 7, 7, 7, 8, 6, 6, 8, 8, 3, 4, 7, 6, 10, 8, 9, 7, 9, 7, 6, 7, 8, 7, 10, 6, 6, 6, 4, 4, 4, 6,
    5, 6, 6, 7, 5, 7, 6, 5, 6, 7, 3, 4, 6, 3, 10, 7, 7, 7, 7, 4, 5, 4, 7, 6, 9, 6, 6, 5, 4, 6, 4,
    6,
];

/// The pages of printable ASCII and line feeds: the lines of each, together the whole text.
pub(crate) fn nano(text: &str) -> Vec<Vec<&str>> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, more) = rest.split_at(line(rest.as_bytes()).min(rest.len()));
        lines.push(line.trim_end_matches('\n'));
        rest = more;
    }
    lines.chunks(LINES).map(<[&str]>::to_vec).collect()
}

/// Bytes of the first line; at least one.
fn line(text: &[u8]) -> usize {
    let (mut width, mut length, mut delimiter) = (0, 0, 0);
    for byte in text {
        width += pixels(*byte);
        if width > LINE {
            break;
        }
        if is_delimiter(*byte) {
            delimiter = length;
        }
        length += 1;
        if *byte == b'\n' {
            return length;
        }
    }
    let within_a_word = |at: usize| text.get(at).is_some_and(|byte| !is_delimiter(*byte));
    if delimiter > 0 && within_a_word(length) && within_a_word(length.saturating_sub(1)) {
        return delimiter;
    }
    length.max(1)
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'-' | b'_')
}

fn pixels(byte: u8) -> u32 {
    let at = usize::from(byte).checked_sub(0x20);
    at.and_then(|at| WIDTHS.get(at))
        .copied()
        .map_or(0, u32::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As seen in Ledger's emulator: a destination lies over two pages, and lines end at `_` and `-`.
    #[test]
    fn a_withdrawal_breaks_where_a_nano_breaks_it() {
        let text = include_str!("../../../vectors/approval/withdrawal.txt");
        let pages = nano(text);
        assert_eq!(pages[0], ["Withdraw 5 SOL", "to", " US517G5965aydkZ46"]);
        assert_eq!(pages[1], ["HS38QLi7UQiSojurfb", "QfKCELFx", "from"]);
        let lines: Vec<&str> = pages.concat();
        for broken in ["wal", "_040404040404040", "usr", "-22T10:00:00.000000Z"] {
            assert!(lines.contains(&broken), "{broken}: {lines:?}");
        }
    }

    #[test]
    fn every_character_stands_on_one_page() {
        for text in [
            "",
            "a",
            "\n\n",
            "- - -",
            &"W".repeat(500),
            &"a b_".repeat(99),
            "x\ny\n",
        ] {
            let all: String = nano(text).concat().concat();
            assert_eq!(all, text.replace('\n', ""));
            for line in nano(text).concat() {
                let width: u32 = line.bytes().map(pixels).sum();
                assert!(width <= LINE, "{line}");
            }
        }
    }
}
