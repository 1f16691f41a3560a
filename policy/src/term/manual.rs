//! The tables of `policy/README.md`.

use std::fmt::Write as _;

use super::{Key, MANUAL};

/// Every key of `when`, in the order of the list.
pub(crate) fn keys() -> impl Iterator<Item = &'static Key> {
    MANUAL.iter().flat_map(|(keys, _)| *keys)
}

/// Every key that bounds a permission.
pub(crate) fn bounds() -> impl Iterator<Item = &'static Key> {
    keys().filter(|key| key.is_bound())
}

/// The part of the manual that tells every key of `when`, in Markdown.
#[must_use]
pub fn manual() -> String {
    let mut text = String::from(
        "## `when`: which effects a rule or limit is about\n\n\
         A value, a list of values, or `\"any\"`. All keys have to hold. A key that is absent holds for \
         everything; an empty list holds for nothing.\n\n\
         | key | values |\n|---|---|\n",
    );
    for key in keys().filter(|key| !key.is_bound()) {
        line(&mut text, &[&format!("`{}`", key.name), key.says]);
    }
    notes(&mut text, false);
    text.push_str(
        "\n## Bounds: how far a permission reaches\n\n\
         Only in rules that allow or ask for approval; in a deny rule or a limit they are errors, because \
         asking for more would escape them. They hold for the whole request.\n\n\
         | key | unless written |\n|---|---|\n",
    );
    for key in bounds() {
        line(
            &mut text,
            &[&format!("`{} = {}`", key.name, key.example), key.says],
        );
    }
    notes(&mut text, true);
    text
}

fn line(text: &mut String, cells: &[&str]) {
    // Writing into a string never fails.
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// The notes of terms whose last key is of a kind.
fn notes(text: &mut String, bound: bool) {
    let of_kind = |keys: &[Key]| keys.last().is_some_and(|key| key.is_bound() == bound);
    for (_, note) in MANUAL.iter().filter(|(keys, _)| of_kind(keys)) {
        if !note.is_empty() {
            let _ = writeln!(text, "\n{note}");
        }
    }
}
