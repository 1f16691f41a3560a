//! Each answer held against the table of routes and the OpenAPI document: clients are generated from
//! these, so whatever any test is answered has to be in them.

use std::sync::LazyLock;

use anyhow::{Context, Result, bail, ensure};
use countersign_api::{PROBLEM_JSON, Problem, Route};
use serde_json::{Map, Value};

use super::Reply;

static DOCUMENT: LazyLock<Value> = LazyLock::new(countersign_api::document);

/// Holds an answer against what is declared of the route that was asked.
///
/// # Errors
/// A status, problem or body that is not declared.
pub(super) fn check(method: &str, target: &str, reply: &Reply) -> Result<()> {
    let path = target.split('?').next().unwrap_or_default();
    // There is no such route, or not with this method.
    let Some(route) = Route::reached(method, path) else {
        return Ok(());
    };
    let operation = route.operation;
    let status = reply.status;
    if reply.content_type == PROBLEM_JSON {
        let problem: Problem = serde_json::from_value(reply.body.clone())?;
        ensure!(
            route.can_answer(status, problem.code),
            "`{operation}` answered {status} `{}`, which the table of routes does not have: {}",
            problem.code,
            reply.body
        );
        return fits(operation, "Problem", &reply.body);
    }
    ensure!(
        route.succeeds_with(status),
        "`{operation}` answered {status}, which the table of routes does not have: {}",
        reply.body
    );
    let verb = method.to_ascii_lowercase();
    let status = status.to_string();
    let steps = [
        "paths",
        route.path,
        &verb,
        "responses",
        &status,
        "content",
        "application/json",
        "schema",
    ];
    match at(&DOCUMENT, &steps) {
        Some(schema) => told(operation, value(schema, &reply.body, "")),
        None => {
            ensure!(
                reply.body.is_null(),
                "`{operation}` answered a body it does not declare"
            );
            Ok(())
        }
    }
}

fn fits(operation: &str, name: &str, body: &Value) -> Result<()> {
    let schema = at(&DOCUMENT, &["components", "schemas", name]);
    let schema = schema.context("no such schema")?;
    told(operation, value(schema, body, ""))
}

fn at<'a>(value: &'a Value, steps: &[&str]) -> Option<&'a Value> {
    steps.iter().try_fold(value, |value, step| value.get(step))
}

fn told(operation: &str, checked: Result<()>) -> Result<()> {
    checked.map_err(|error| error.context(format!("an answer of `{operation}` is not as declared")))
}

/// Follows a reference, if it is one.
fn resolved(schema: &Value) -> &Value {
    let name = schema.get("$ref").and_then(Value::as_str);
    name.and_then(|name| DOCUMENT.pointer(name.trim_start_matches('#')))
        .unwrap_or(schema)
}

fn value(schema: &Value, found: &Value, at: &str) -> Result<()> {
    let schema = resolved(schema);
    if let Some(any) = schema.get("oneOf").and_then(Value::as_array) {
        let tried: Vec<String> = any
            .iter()
            .filter_map(|one| value(one, found, at).err())
            .map(|error| format!("{error:#}"))
            .collect();
        ensure!(
            tried.len() < any.len(),
            "`{at}` is none of {}: {found}",
            tried.join("; ")
        );
        return Ok(());
    }
    if let Some(wanted) = schema.get("const") {
        ensure!(wanted == found, "`{at}` is {found}, declared is {wanted}");
    }
    if let Some(wanted) = schema.get("enum").and_then(Value::as_array) {
        ensure!(
            wanted.contains(found),
            "`{at}` is {found}, declared is one of {wanted:?}"
        );
    }
    let parts = schema.get("allOf").is_some();
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => object(schema, found, at),
        None if parts => object(schema, found, at),
        Some("array") => array(schema, found, at),
        Some("string") => kind(found.is_string(), "a string", found, at),
        Some("integer") => kind(found.is_i64() || found.is_u64(), "an integer", found, at),
        Some("boolean") => kind(found.is_boolean(), "true or false", found, at),
        Some(other) => bail!("`{at}` is declared as `{other}`, which this does not know"),
        None => Ok(()),
    }
}

fn kind(is: bool, wanted: &str, found: &Value, at: &str) -> Result<()> {
    ensure!(is, "`{at}` is {found}, declared is {wanted}");
    Ok(())
}

fn array(schema: &Value, found: &Value, at: &str) -> Result<()> {
    let Some(items) = found.as_array() else {
        bail!("`{at}` is {found}, declared is a list");
    };
    let schema = schema.get("items").unwrap_or(&Value::Null);
    for (index, item) in items.iter().enumerate() {
        value(schema, item, &format!("{at}[{index}]"))?;
    }
    Ok(())
}

fn object(schema: &Value, found: &Value, at: &str) -> Result<()> {
    let Some(fields) = found.as_object() else {
        bail!("`{at}` is {found}, declared is an object");
    };
    let (mut known, mut required) = (Map::new(), Vec::new());
    collect(schema, &mut known, &mut required);
    for name in required {
        ensure!(fields.contains_key(&name), "`{at}.{name}` is missing");
    }
    // Declared as an object of any fields.
    if known.is_empty() {
        return Ok(());
    }
    let any_more = schema.get("additionalProperties").is_some();
    for (name, field) in fields {
        match known.get(name) {
            Some(schema) => value(schema, field, &format!("{at}.{name}"))?,
            None => ensure!(any_more, "`{at}.{name}` is not declared"),
        }
    }
    Ok(())
}

/// Properties and required fields, of all parts where there are several.
fn collect(schema: &Value, known: &mut Map<String, Value>, required: &mut Vec<String>) {
    let schema = resolved(schema);
    for part in schema
        .get("allOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        collect(part, known, required);
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        known.extend(properties.clone());
    }
    let names = schema.get("required").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    required.extend(names.map(str::to_owned));
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a failure is the test's"
    )]

    use serde_json::json;

    use super::*;

    fn reply(status: u16, content_type: &str, body: Value) -> Reply {
        Reply {
            status,
            content_type: content_type.to_owned(),
            retry_after: None,
            body,
        }
    }

    fn answered(status: u16, body: Value) -> Result<()> {
        check(
            "POST",
            "/v1/users",
            &reply(status, "application/json", body),
        )
    }

    #[test]
    fn what_is_declared_is_let_through_and_nothing_else() {
        let user =
            json!({ "id": "usr_1", "external_id": "u", "created_at": "2026-01-01T00:00:00Z" });
        answered(200, user.clone()).unwrap();
        answered(202, user.clone()).unwrap_err();
        for (field, wrong) in [
            ("id", json!(1)),
            ("shoe_size", json!("44")),
            ("tier", Value::Null),
        ] {
            let mut other = user.clone();
            other[field] = wrong;
            answered(200, other).unwrap_err();
        }
        answered(200, json!({ "id": "usr_1" })).unwrap_err();
    }

    #[test]
    fn a_problem_is_one_of_the_routes() {
        let problem = |code: &str, status: u16| json!({ "type": "about:blank", "title": "t", "status": status, "detail": "d", "code": code });
        let told = |code, status| {
            check(
                "POST",
                "/v1/users",
                &reply(status, PROBLEM_JSON, problem(code, status)),
            )
        };
        told("invalid_request", 400).unwrap();
        told("invalid_request", 415).unwrap();
        told("invalid_request", 403).unwrap_err();
        told("undecodable", 422).unwrap_err();
    }
}
