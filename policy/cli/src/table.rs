//! Columns that a person reads.

use crate::output::{Output, printable};

/// Writes `rows` under `headers`, each column as wide as its widest cell.
pub(crate) fn table<const N: usize>(out: &mut Output, headers: [&str; N], rows: &[[String; N]]) {
    if rows.is_empty() {
        out.line("none");
        return;
    }
    let headers = headers.map(str::to_owned);
    let rows: Vec<[String; N]> = std::iter::once(&headers)
        .chain(rows)
        .map(|row| row.clone().map(|cell| printable(&cell)))
        .collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        out.line(cells.join("  ").trim_end());
    }
}

/// Writes `name: value` lines with the values in one column; absent values are left out.
pub(crate) fn fields(out: &mut Output, fields: &[(&str, Option<String>)]) {
    let width = fields.iter().map(|(name, _)| name.len()).max();
    for (name, value) in fields {
        if let Some(value) = value {
            let label = format!("{name}:");
            out.line(format!(
                "{label:width$} {value}",
                width = width.unwrap_or(0) + 1
            ));
        }
    }
}

/// An optional cell.
pub(crate) fn cell(value: Option<&String>) -> String {
    value.cloned().unwrap_or_else(|| "-".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::Captured;

    fn capture(write: impl FnOnce(&mut Output)) -> String {
        let out = Captured::default();
        let mut output = Output::new(Box::new(out.clone()), Box::new(std::io::sink()), false);
        write(&mut output);
        output.finish().unwrap();
        out.text()
    }

    #[test]
    fn columns_line_up() {
        let rows = [
            ["usr_1".to_owned(), "Zoë".to_owned()],
            ["usr_22".to_owned(), "-".to_owned()],
        ];
        let text = capture(|out| table(out, ["id", "name"], &rows));
        assert_eq!(text, "id      name\nusr_1   Zoë\nusr_22  -\n");
    }

    #[test]
    fn an_empty_list_says_so() {
        assert_eq!(capture(|out| table(out, ["id"], &[])), "none\n");
    }

    #[test]
    fn absent_fields_are_left_out() {
        let text = capture(|out| {
            fields(
                out,
                &[
                    ("id", Some("usr_1".to_owned())),
                    ("display name", None),
                    ("tier", Some("gold".to_owned())),
                ],
            );
        });
        assert_eq!(text, "id:           usr_1\ntier:         gold\n");
    }
}
