use std::path::Path;

use super::*;

/// What clients are generated from, read in diffs; `BLESS=1` writes it anew.
#[test]
fn the_document_is_the_one_that_was_read() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let mut text = serde_json::to_string_pretty(&document()).unwrap();
    text.push('\n');
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let read = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        text == read,
        "the API changed: run this test with BLESS=1, and read the diff of {}",
        file.display()
    );
}

fn walk<'a>(value: &'a Value, at: &str, visit: &mut impl FnMut(&str, &'a Value)) {
    visit(at, value);
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                walk(field, &format!("{at}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{at}/{index}"), visit);
            }
        }
        _ => {}
    }
}

#[test]
fn every_schema_that_is_named_is_there() {
    let document = document();
    walk(&document, "", &mut |at, value| {
        if let Some(name) = value.get("$ref").and_then(Value::as_str) {
            let pointer = name.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{at}: {name}");
        }
    });
}

/// A body without a schema of its own would be `any` in a generated client.
#[test]
fn no_body_is_untyped() {
    for (path, operations) in document()["paths"].as_object().unwrap() {
        walk(operations, path, &mut |at, value| {
            if at.ends_with("/schema") && at.contains("/content/") && path != "/openapi.json" {
                let typed = value.get("$ref").is_some() || value.get("oneOf").is_some();
                assert!(typed, "{at}: {value}");
            }
        });
    }
}

#[test]
fn every_operation_says_who_may_ask_how_and_what_comes_back() {
    let document = document();
    assert_eq!(document["security"], json!([{ "mutualTLS": [] }]));
    for route in ROUTES {
        let method = route.method.as_str().to_ascii_lowercase();
        let operation = &document["paths"][route.path][method];
        assert_eq!(operation["operationId"], route.operation);
        let responses = operation["responses"].as_object().unwrap();
        for answer in route.answers {
            assert!(
                responses.contains_key(&answer.status.to_string()),
                "{}",
                route.path
            );
        }
        for code in route.codes() {
            let name = responses[&code.status().to_string()]["$ref"]
                .as_str()
                .unwrap();
            let codes = &document.pointer(name.trim_start_matches('#')).unwrap()["x-codes"];
            assert!(
                codes.as_array().unwrap().contains(&json!(code)),
                "{}: {code}",
                route.path
            );
        }
        let keyed = operation["parameters"].as_array().unwrap().iter();
        let keyed = keyed.filter(|it| it["name"] == "Idempotency-Key").count();
        let wanted = usize::from(route.key_place() == crate::KeyPlace::Header);
        assert_eq!(keyed, wanted, "{}", route.path);
    }
}
