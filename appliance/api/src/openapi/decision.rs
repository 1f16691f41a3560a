//! The answer to a sign request as one of three, told apart by `decision`. On the wire it is one
//! object, so each field of [`crate::SignedAnswer`] is said here to belong to some of the three.

use serde_json::{Map, Value, json};

use super::reference;

/// The schema that is split.
const WHOLE: &str = "SignedAnswer";

/// One of the three.
struct Variant {
    name: &'static str,
    decision: &'static str,
    description: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

const VARIANTS: [Variant; 3] = [
    Variant {
        name: "Allowed",
        decision: "allow",
        description: "It was signed; of a dry run, it would be.",
        required: &["request_id", "decision", "log_index"],
        optional: &[
            "rule",
            "signature",
            "transaction",
            "hash",
            "address",
            "effects",
            "detail",
        ],
    },
    Variant {
        name: "ApprovalRequired",
        decision: "approval_required",
        description: "People decide first. Nothing was signed.",
        required: &["request_id", "decision", "log_index", "group", "quorum"],
        optional: &["rule", "expires_at", "reasons", "effects", "detail"],
    },
    Variant {
        name: "Denied",
        decision: "deny",
        description: "It would be refused. Of dry runs only: otherwise a denial is a problem.",
        required: &["request_id", "decision", "log_index"],
        optional: &["reasons", "effects", "detail"],
    },
];

/// Puts the three in the place of the one.
pub(super) fn split(schemas: &mut Map<String, Value>) {
    let Some(whole) = schemas.remove(WHOLE) else {
        return;
    };
    for variant in &VARIANTS {
        schemas.insert(variant.name.to_owned(), variant.schema(&whole));
    }
    let all: Vec<Value> = VARIANTS.iter().map(|it| reference(it.name)).collect();
    let mapping: Map<String, Value> = VARIANTS
        .iter()
        .map(|it| {
            (
                it.decision.to_owned(),
                format!("#/components/schemas/{}", it.name).into(),
            )
        })
        .collect();
    schemas.insert(
        WHOLE.to_owned(),
        json!({
            "description": "Answer to a sign request.",
            "oneOf": all,
            "discriminator": { "propertyName": "decision", "mapping": mapping },
        }),
    );
}

impl Variant {
    fn schema(&self, whole: &Value) -> Value {
        let mut properties = Map::new();
        for name in self.required.iter().chain(self.optional) {
            let property = match *name {
                "decision" => json!({ "type": "string", "const": self.decision }),
                name => whole
                    .pointer(&format!("/properties/{name}"))
                    .cloned()
                    .unwrap_or_default(),
            };
            properties.insert((*name).to_owned(), property);
        }
        json!({
            "type": "object",
            "description": self.description,
            "required": self.required,
            "properties": properties,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::OpenApi as _;

    use super::*;
    use crate::openapi::schemas::Schemas;

    /// A field that is new on the wire is said to belong to some decision.
    #[test]
    fn every_field_of_an_answer_belongs_to_a_decision() {
        let schemas = serde_json::to_value(Schemas::openapi()).unwrap();
        let whole = &schemas["components"]["schemas"][WHOLE]["properties"];
        let on_the_wire: BTreeSet<&str> = whole
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let told: BTreeSet<&str> = VARIANTS
            .iter()
            .flat_map(|it| it.required.iter().chain(it.optional))
            .copied()
            .collect();
        assert_eq!(on_the_wire, told);
    }
}
