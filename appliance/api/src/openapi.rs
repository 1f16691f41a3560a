//! The OpenAPI document: schemas from the wire types, operations from the table of routes.

mod decision;
mod operation;
mod page;
mod schemas;

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::route::{Content, ROUTES};

/// Says how a caller is known: by the client certificate of its connection.
const MUTUAL_TLS: &str = "mutualTLS";

/// The OpenAPI 3.1 document.
#[must_use]
pub fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Countersign",
            "description": "HSM-backed signing appliance. TLS 1.3 with a client certificate on every route.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{
            "url": "https://{host}",
            "variables": { "host": { "default": "localhost:8443", "description": "`listen.api` of the configuration" } }
        }],
        "security": [{ MUTUAL_TLS: [] }],
        "paths": paths(),
        "components": {
            "schemas": schemas(),
            "responses": operation::problems(),
            "securitySchemes": {
                MUTUAL_TLS: {
                    "type": "mutualTLS",
                    "description": "a client certificate of the appliance's authority; its SPIFFE id names role and principal"
                }
            }
        }
    })
}

fn paths() -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let operations = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(operations) = operations.as_object_mut() {
            let method = route.method.as_str().to_ascii_lowercase();
            operations.insert(method, operation::operation(route));
        }
    }
    Value::Object(paths)
}

fn schemas() -> Value {
    let whole = serde_json::to_value(schemas::Schemas::openapi()).unwrap_or_default();
    let mut schemas = whole
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    for schema in schemas.values_mut() {
        without_null(schema);
    }
    decision::split(&mut schemas);
    for route in ROUTES {
        for answer in route.answers {
            if let Content::Page(of) = answer.content {
                schemas.insert(page::name(of), page::schema(of));
            }
        }
    }
    Value::Object(schemas)
}

/// What is not there is left out of an answer and may be left out of a request; it is never null.
fn without_null(schema: &mut Value) {
    if let Some(kind) = schema.get_mut("type")
        && let Some([one, other]) = kind.as_array().map(Vec::as_slice)
        && other == "null"
    {
        *kind = one.clone();
    }
    let is_null = |one: &Value| one.get("type").is_some_and(|kind| kind == "null");
    if let Some([one, other]) = schema
        .get("oneOf")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        && is_null(one) != is_null(other)
    {
        *schema = if is_null(one) { other } else { one }.clone();
    }
    match schema {
        Value::Object(fields) => fields.values_mut().for_each(without_null),
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

#[cfg(test)]
mod tests;
