//! How `countersign venues list` and `venues show` look.

use countersign_api::{AuthField, Venue};

use crate::output::Output;
use crate::table::{fields, table, whole, words};

/// Writes a table.
pub(super) fn list(venues: &[Venue], out: &mut Output) {
    let rows: Vec<_> = venues.iter().map(row).collect();
    table(
        out,
        [
            whole("slug"),
            words("kind"),
            words("state"),
            words("environments"),
            words("features"),
            words("assets"),
        ],
        &rows,
    );
}

/// Writes one venue.
pub(super) fn show(venue: &Venue, out: &mut Output) {
    let credentials: Vec<String> = venue.auth_fields.iter().map(credential).collect();
    let leverage = venue.leverage.as_ref();
    fields(
        out,
        &[
            ("id", Some(venue.id.clone())),
            ("slug", Some(venue.slug.clone())),
            ("kind", Some(venue.kind.clone())),
            ("state", Some(state(venue).to_owned())),
            ("environments", Some(joined(&venue.environments))),
            ("features", Some(joined(&venue.features))),
            ("assets", Some(joined(&venue.supported_assets))),
            ("credentials", Some(joined(&credentials))),
            (
                "leverage",
                leverage.map(|bounds| format!("{} to {}", bounds.min, bounds.max)),
            ),
        ],
    );
}

fn row(venue: &Venue) -> [String; 6] {
    [
        venue.slug.clone(),
        venue.kind.clone(),
        state(venue).to_owned(),
        joined(&venue.environments),
        joined(&venue.features),
        joined(&venue.supported_assets),
    ]
}

const fn state(venue: &Venue) -> &'static str {
    match (venue.enabled, venue.signable) {
        (true, true) => "on",
        (false, true) => "off",
        (true, false) => "on, no signer",
        (false, false) => "off, no signer",
    }
}

fn credential(field: &AuthField) -> String {
    let secret = if field.secret { " (secret)" } else { "" };
    let optional = if field.required { "" } else { "?" };
    format!("{}{optional}{secret}", field.name)
}

fn joined(words: &[String]) -> String {
    if words.is_empty() {
        return "-".to_owned();
    }
    words.join(", ")
}
