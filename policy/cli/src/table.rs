//! Columns that a person reads.

mod column;
mod fit;

use unicode_width::UnicodeWidthStr;

pub(crate) use self::column::{Column, end, middle, time, whole, words};
use self::fit::{GAP, Layout};
use crate::output::Output;
use crate::text::printable;

/// Writes `rows` under `columns`: in full where nobody said how wide a line may be, otherwise
/// wrapped, shortened and with columns left out as each [`Column`] allows, which is told.
pub(crate) fn table<const N: usize>(out: &mut Output, columns: [Column; N], rows: &[[String; N]]) {
    if rows.is_empty() {
        out.line("none");
        return;
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| printable(cell)).collect())
        .collect();
    let layout = Layout::of(&columns, &cells, out.width());
    let headers = columns.iter().map(|column| column.header().to_owned());
    write(out, &layout, headers.collect::<Vec<_>>().as_slice());
    for row in &cells {
        write(out, &layout, row);
    }
    if let Some(told) = layout.told() {
        out.flush();
        out.note(told);
    }
}

/// Writes one row, on as many lines as its longest wrapped cell needs.
fn write(out: &mut Output, layout: &Layout, row: &[String]) {
    let cells: Vec<(Vec<String>, usize)> = layout.cells(row).collect();
    let height = cells.iter().map(|(lines, _)| lines.len()).max();
    for index in 0..height.unwrap_or(0) {
        let mut line = String::new();
        for (lines, width) in &cells {
            let part = lines.get(index).map_or("", String::as_str);
            line.push_str(part);
            let fill = (width + GAP).saturating_sub(part.width());
            line.extend(std::iter::repeat_n(' ', fill));
        }
        out.line(line.trim_end());
    }
}

/// Writes `name: value` lines with the values in one column; absent values are left out. Sentences
/// are wrapped, but no word is cut: it may be what somebody compares or copies.
pub(crate) fn fields(out: &mut Output, fields: &[(&str, Option<String>)]) {
    let width = fields.iter().map(|(name, _)| name.len()).max();
    let indent = width.unwrap_or(0) + 2;
    for (name, value) in fields {
        if let Some(value) = value {
            let label = format!("{:indent$}", format!("{name}:"));
            out.sentence(&label, indent, value);
        }
    }
}

/// An optional cell.
pub(crate) fn cell(value: Option<&String>) -> String {
    value.cloned().unwrap_or_else(|| "-".to_owned())
}

#[cfg(test)]
mod tests;
