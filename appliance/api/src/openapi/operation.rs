//! One operation of the document from its line in the table.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::openapi::path::Parameter;

use super::{page, reference, without_null};
use crate::route::{Answer, Content, KeyPlace, ROUTES, Route};
use crate::{ErrorCode, OTP_HEADER, PROBLEM_JSON};

const JSON: &str = "application/json";

pub(super) fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [tag(route)],
        "x-roles": route.roles,
        "x-second-factor": route.takes_second_factor(),
        "parameters": parameters(route),
        "responses": responses(route),
    });
    let Some(fields) = operation.as_object_mut() else {
        return operation;
    };
    if !route.only_dry_run.is_empty() {
        fields.insert(
            "x-roles-of-dry-runs-only".to_owned(),
            json!(route.only_dry_run),
        );
    }
    if let Some(body) = route.body {
        let content = json!({ JSON: { "schema": reference(body.schema) } });
        let body = json!({ "required": body.required, "content": content });
        fields.insert("requestBody".to_owned(), body);
    }
    operation
}

/// The resource: the first part of the path after the version.
fn tag(route: &Route) -> &'static str {
    let mut parts = route.path.split('/').filter(|part| !part.is_empty());
    match parts.next() {
        Some("v1") => parts.next().unwrap_or("appliance"),
        _ => "appliance",
    }
}

/// In path, query and header.
fn parameters(route: &Route) -> Vec<Value> {
    let in_path = route.path_parameters().map(|name| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
    });
    let in_query = route.query.parameters().into_iter().map(in_query);
    let key = (route.key_place() == KeyPlace::Header).then(|| key(route));
    let code = route.takes_second_factor().then(|| {
        json!({
            "name": OTP_HEADER,
            "in": "header",
            "required": false,
            "description": "An operator's one-time code, where these are turned on.",
            "schema": { "type": "string" }
        })
    });
    in_path.chain(in_query).chain(key).chain(code).collect()
}

fn in_query(parameter: Parameter) -> Value {
    let mut parameter = serde_json::to_value(parameter).unwrap_or_default();
    without_null(&mut parameter);
    parameter
}

fn key(route: &Route) -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        // A dry run needs none, and is all that some may do where the ledger remembers.
        "required": !route.is_judged(),
        "description": "Unique to the request, the same on its retries; only a dry run does without.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }
    })
}

fn responses(route: &Route) -> Value {
    let mut all = Map::new();
    for answer in route.answers {
        all.insert(answer.status.to_string(), response(route, answer));
    }
    let tried = route.query.has_dry_run() && !route.is_judged();
    if tried && !all.contains_key("200") {
        let content = json!({ JSON: { "schema": reference("Rehearsed") } });
        let told = json!({ "description": "what would happen", "content": content });
        all.insert("200".to_owned(), told);
    }
    for (status, codes) in by_status(route) {
        let name = format!("#/components/responses/{}", name(status, &codes));
        all.insert(status.to_string(), json!({ "$ref": name }));
    }
    Value::Object(all)
}

fn response(route: &Route, answer: &Answer) -> Value {
    let schema = match answer.content {
        Content::Nothing => return json!({ "description": "done" }),
        Content::One(name) => reference(name),
        Content::Page(of) => reference(&page::name(of)),
        Content::Document => json!({ "type": "object", "additionalProperties": true }),
    };
    let tried = answer.status == 200 && route.query.has_dry_run() && !route.is_judged();
    let schema = match tried {
        true => json!({ "oneOf": [schema, reference("Rehearsed")] }),
        false => schema,
    };
    let description = match (answer.status, tried) {
        (202, _) => "people are asked",
        (_, true) => "done; of a dry run, what would happen",
        (_, false) => "done",
    };
    json!({ "description": description, "content": { JSON: { "schema": schema } } })
}

/// The problems of all routes, by name: those of one status that come together are one response.
pub(super) fn problems() -> Map<String, Value> {
    let all = ROUTES.iter().flat_map(by_status);
    all.map(|(status, codes)| (name(status, &codes), problem(&codes)))
        .collect()
}

fn by_status(route: &Route) -> BTreeMap<u16, Vec<ErrorCode>> {
    let mut problems: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for (status, code) in route.problem_answers() {
        problems.entry(status).or_default().push(code);
    }
    problems
}

fn name(status: u16, codes: &[ErrorCode]) -> String {
    let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    format!("{status}.{}", codes.join("."))
}

fn problem(codes: &[ErrorCode]) -> Value {
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let told: Vec<String> = codes
        .iter()
        .map(|code| format!("`{code}`: {}", code.title()))
        .collect();
    json!({
        "description": told.join("; "),
        "x-codes": names,
        "content": { PROBLEM_JSON: { "schema": reference("Problem") } }
    })
}
