//! Entries of the registry of venues, to and from the wire.

use std::collections::BTreeSet;

use countersign_api as api;
use countersign_intent::{Amount, Venue};

use crate::http::error::ApiError;
use crate::venues::{AuthFieldRecord, LeverageRecord, VenueEntry, VenueRecord};

/// Digits after the point of a bound on leverage.
const LEVERAGE_DECIMALS: u8 = 4;

/// An entry on the wire.
#[must_use]
pub fn venue(entry: &VenueEntry) -> api::Venue {
    let record = entry.record.clone();
    let field = |field: AuthFieldRecord| api::AuthField {
        name: field.name,
        secret: field.secret,
        required: field.required,
    };
    api::Venue {
        id: entry.id.to_string(),
        signable: Venue::by_slug(&record.slug).is_some(),
        slug: record.slug,
        kind: record.kind,
        auth_fields: record.auth_fields.into_iter().map(field).collect(),
        features: record.features,
        leverage: record.leverage.map(|bounds| api::LeverageBounds {
            min: bounds.min,
            max: bounds.max,
        }),
        supported_assets: record.supported_assets,
        environments: record.environments,
        enabled: record.enabled,
    }
}

/// A new entry from the wire.
///
/// # Errors
/// The first field that is wrong.
pub fn record(body: api::CreateVenue) -> Result<VenueRecord, ApiError> {
    let slug = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '-');
    if body.slug.is_empty() || body.slug.len() > 32 || !body.slug.chars().all(slug) {
        let detail = format!(
            "expected 1 to 32 characters out of a-z, 0-9 and -, got `{}`",
            body.slug.chars().take(64).collect::<String>()
        );
        return Err(ApiError::field("slug", detail));
    }
    let environments = body.environments;
    check(VenueRecord {
        slug: body.slug,
        kind: body.kind,
        auth_fields: fields(body.auth_fields),
        features: body.features,
        leverage: body.leverage.map(bounds),
        supported_assets: body.supported_assets,
        environments: environments.unwrap_or_else(|| vec!["mainnet".to_owned()]),
        enabled: body.enabled,
        removed: false,
    })
}

/// An entry with what a change says.
///
/// # Errors
/// The first field that is wrong.
pub fn patched(was: &VenueRecord, body: api::PatchVenue) -> Result<VenueRecord, ApiError> {
    let mut to = was.clone();
    to.kind = body.kind.unwrap_or(to.kind);
    to.auth_fields = body.auth_fields.map_or(to.auth_fields, fields);
    to.features = body.features.unwrap_or(to.features);
    to.leverage = body.leverage.map(bounds).or(to.leverage);
    to.supported_assets = body.supported_assets.unwrap_or(to.supported_assets);
    to.environments = body.environments.unwrap_or(to.environments);
    to.enabled = body.enabled.unwrap_or(to.enabled);
    check(to)
}

fn fields(fields: Vec<api::AuthField>) -> Vec<AuthFieldRecord> {
    let record = |field: api::AuthField| AuthFieldRecord {
        name: field.name,
        secret: field.secret,
        required: field.required,
    };
    fields.into_iter().map(record).collect()
}

fn bounds(bounds: api::LeverageBounds) -> LeverageRecord {
    LeverageRecord {
        min: bounds.min,
        max: bounds.max,
    }
}

fn check(record: VenueRecord) -> Result<VenueRecord, ApiError> {
    if !matches!(record.kind.as_str(), "chain" | "exchange") {
        let detail = format!("expected `chain` or `exchange`, got `{}`", record.kind);
        return Err(ApiError::field("kind", detail));
    }
    let names = record.auth_fields.iter().map(|field| &field.name);
    words("auth_fields", names, 16)?;
    words("features", record.features.iter(), 32)?;
    words("supported_assets", record.supported_assets.iter(), 1_000)?;
    words("environments", record.environments.iter(), 2)?;
    let any = record.supported_assets.iter().any(|asset| asset == "any");
    if any && record.supported_assets.len() > 1 {
        let detail = "expected `any` alone, or a list of assets without it";
        return Err(ApiError::field("supported_assets", detail));
    }
    let known = |name: &String| matches!(name.as_str(), "mainnet" | "testnet");
    if record.environments.is_empty() || !record.environments.iter().all(known) {
        let detail = "expected `mainnet`, `testnet` or both";
        return Err(ApiError::field("environments", detail));
    }
    if let Some(bounds) = &record.leverage {
        leverage(bounds)?;
    }
    Ok(record)
}

/// Names in a list: each once, short, and printable, so that people can read them on a device.
fn words<'a>(
    field: &'static str,
    names: impl ExactSizeIterator<Item = &'a String>,
    most: usize,
) -> Result<(), ApiError> {
    if names.len() > most {
        let detail = format!("expected at most {most}, got {}", names.len());
        return Err(ApiError::field(field, detail));
    }
    let mut seen = BTreeSet::new();
    for name in names {
        let plain = name.len() <= 64 && name.chars().all(|one| one.is_ascii_graphic());
        if name.is_empty() || !plain {
            let detail = "expected names of 1 to 64 printable ASCII characters without blanks";
            return Err(ApiError::field(field, detail));
        }
        if !seen.insert(name) {
            return Err(ApiError::field(field, format!("`{name}` stands twice")));
        }
    }
    Ok(())
}

fn leverage(bounds: &LeverageRecord) -> Result<(), ApiError> {
    let read = |field: &'static str, text: &str| {
        Amount::from_display(text, LEVERAGE_DECIMALS).map_err(|_| {
            let detail = format!("expected a decimal number such as `12.5`, got `{text}`");
            ApiError::field(field, detail)
        })
    };
    let (min, max) = (
        read("leverage.min", &bounds.min)?,
        read("leverage.max", &bounds.max)?,
    );
    if min > max {
        let detail = format!(
            "expected at least the lowest, {}, got {}",
            bounds.min, bounds.max
        );
        return Err(ApiError::field("leverage.max", detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(json: serde_json::Value) -> Result<VenueRecord, ApiError> {
        let mut whole = serde_json::json!({ "slug": "bybit", "kind": "exchange" });
        let fields = whole.as_object_mut().unwrap();
        fields.extend(json.as_object().unwrap().clone());
        record(serde_json::from_value(whole).unwrap())
    }

    #[test]
    fn each_wrong_field_is_named() {
        let many: Vec<String> = (0..33).map(|n| format!("f{n}")).collect();
        let wrong = [
            ("slug", serde_json::json!({ "slug": "By bit" })),
            ("slug", serde_json::json!({ "slug": "" })),
            ("kind", serde_json::json!({ "kind": "bank" })),
            (
                "auth_fields",
                serde_json::json!({ "auth_fields": [{ "name": "" }] }),
            ),
            ("features", serde_json::json!({ "features": many })),
            (
                "features",
                serde_json::json!({ "features": ["spot", "spot"] }),
            ),
            (
                "supported_assets",
                serde_json::json!({ "supported_assets": ["any", "BTC"] }),
            ),
            (
                "supported_assets",
                serde_json::json!({ "supported_assets": ["B\u{e9}"] }),
            ),
            ("environments", serde_json::json!({ "environments": [] })),
            (
                "environments",
                serde_json::json!({ "environments": ["devnet"] }),
            ),
            (
                "leverage.min",
                serde_json::json!({ "leverage": { "min": "x", "max": "2" } }),
            ),
            (
                "leverage.max",
                serde_json::json!({ "leverage": { "min": "3", "max": "2" } }),
            ),
        ];
        for (field, json) in wrong {
            let error = body(json).unwrap_err();
            assert_eq!(error.0.field.as_deref(), Some(field), "{:?}", error.0);
        }
    }

    #[test]
    fn what_is_left_out_stays() {
        let was = body(serde_json::json!({ "features": ["spot"] })).unwrap();
        assert_eq!(was.environments, ["mainnet"]);
        let change = api::PatchVenue {
            enabled: Some(false),
            ..api::PatchVenue::default()
        };
        let to = patched(&was, change).unwrap();
        assert_eq!(to.features, was.features);
        assert!(was.enabled && !to.enabled);
    }
}
