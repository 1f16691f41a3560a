//! What every request has to have before its handler sees it, by what the table says of its route:
//! no query parameter that the route does not take, none twice, a key on whatever changes something,
//! and JSON wherever there is a body.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use countersign_api::{DRY_RUN, KeyPlace, Route};

use super::error::ApiError;
use super::extract::{IDEMPOTENCY_KEY, idempotency_key};

/// Holds a request against its route, and tells whether it is a dry run.
///
/// # Errors
/// The parameter, header or body that is not as the table has it.
pub(super) fn check(
    route: &Route,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<bool, ApiError> {
    let dry_run = check_query(route, uri.query().unwrap_or_default())?;
    let key = idempotency_key(headers)?;
    if route.key_place() == KeyPlace::Header && key.is_none() && !dry_run {
        return Err(ApiError::field(
            IDEMPOTENCY_KEY,
            "whatever changes something needs an `Idempotency-Key` header: unique to the request, \
             the same on its retries",
        ));
    }
    check_body(route, headers, body)?;
    Ok(dry_run)
}

/// Whether it is a dry run.
fn check_query(route: &Route, query: &str) -> Result<bool, ApiError> {
    let mut seen: Vec<&str> = Vec::new();
    let mut dry_run = false;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some(known) = route.query.names.iter().find(|known| **known == name) else {
            return Err(unknown_parameter(route, &name));
        };
        if seen.contains(known) {
            let detail = format!("`{known}` stands more than once in the query; say it once");
            return Err(ApiError::field(known, detail));
        }
        seen.push(known);
        dry_run |= *known == DRY_RUN && is_true(&value)?;
    }
    Ok(dry_run)
}

fn is_true(value: &str) -> Result<bool, ApiError> {
    value.parse().map_err(|_| {
        let shown: String = value.chars().take(64).collect();
        let detail = format!("`{DRY_RUN}` is `true` or `false`, got `{shown}`");
        ApiError::field(DRY_RUN, detail)
    })
}

fn unknown_parameter(route: &Route, name: &str) -> ApiError {
    let shown: String = name.chars().take(64).collect();
    let takes = if route.query.names.is_empty() {
        "none".to_owned()
    } else {
        format!("`{}`", route.query.names.join("`, `"))
    };
    ApiError::field(
        &shown,
        format!("there is no query parameter `{shown}` here; this route takes {takes}"),
    )
}

fn check_body(route: &Route, headers: &HeaderMap, body: &Bytes) -> Result<(), ApiError> {
    if body.is_empty() {
        return Ok(());
    }
    check_content_type(headers)?;
    if route.body.is_some() || body.trim_ascii() == b"{}" {
        return Ok(());
    }
    Err(ApiError::field(
        "body",
        "this route takes no body; leave it out, or send `{}`",
    ))
}

/// Refuses a body that does not say it is JSON: a form of a foreign page cannot say so.
fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (first, second) = (values.next(), values.next());
    let text = first.and_then(|value| value.to_str().ok());
    let essence = text.and_then(|text| text.split(';').next()).map(str::trim);
    if second.is_none() && essence.is_some_and(|it| it.eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    let got = match (essence, second) {
        (_, Some(_)) => "more than one".to_owned(),
        (None, None) => "none".to_owned(),
        (Some(essence), None) => {
            format!("`{}`", essence.chars().take(64).collect::<String>())
        }
    };
    let mut error = ApiError::field(
        header::CONTENT_TYPE.as_str(),
        format!("expected `application/json`, got {got}"),
    );
    error.0.status = StatusCode::UNSUPPORTED_MEDIA_TYPE.as_u16();
    Err(error)
}

#[cfg(test)]
mod tests {
    use countersign_api::{Method, ROUTES};

    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn refused(route: &Route, query: &str, all: &[(&'static str, &str)], body: &str) -> String {
        let uri = format!("/x{query}").parse().unwrap();
        let body = Bytes::copy_from_slice(body.as_bytes());
        match check(route, &uri, &headers(all), &body) {
            Ok(_) => String::new(),
            Err(error) => error.0.field.clone().unwrap_or_default(),
        }
    }

    const KEY: (&str, &str) = (IDEMPOTENCY_KEY, "k");
    const JSON: (&str, &str) = ("content-type", "application/json");

    /// Over the whole table, so that a new route cannot forget.
    #[test]
    fn no_route_takes_a_parameter_it_does_not_declare() {
        for route in ROUTES {
            for unknown in ["nonsense", "Dry_run", "dry-run"] {
                let query = format!("?{unknown}=true");
                assert_eq!(refused(route, &query, &[KEY], ""), unknown, "{route:?}");
            }
            for known in route.query.names {
                let once = format!("?{known}=true");
                assert_eq!(refused(route, &once, &[KEY], ""), "", "{route:?}");
                let twice = format!("?{known}=true&{known}=false");
                assert_eq!(refused(route, &twice, &[KEY], ""), *known, "{route:?}");
            }
        }
    }

    #[test]
    fn whatever_changes_something_needs_a_key() {
        let mut changing = 0;
        for route in ROUTES.iter().filter(|route| route.method != Method::Get) {
            let refused_without = refused(route, "", &[], "") == IDEMPOTENCY_KEY;
            assert_eq!(
                refused_without,
                route.path != "/v1/sign/solana/batch",
                "{route:?}"
            );
            assert_eq!(refused(route, "", &[KEY], ""), "", "{route:?}");
            changing += 1;
        }
        assert!(changing > 30, "{changing}");
    }

    #[test]
    fn only_a_dry_run_does_without_a_key() {
        let route = Route::named("signSolana").unwrap();
        assert_eq!(refused(route, "?dry_run=true", &[], ""), "");
        assert_eq!(refused(route, "?dry_run=false", &[], ""), IDEMPOTENCY_KEY);
        assert_eq!(refused(route, "?dry_run=1", &[], ""), DRY_RUN);
    }

    /// A form of a foreign page can say none of these types.
    #[test]
    fn a_body_that_does_not_say_it_is_json_is_refused() {
        for route in ROUTES {
            for types in [
                &[][..],
                &[("content-type", "text/plain")],
                &[("content-type", "")],
                &[("content-type", "application/x-www-form-urlencoded")],
                &[("content-type", "multipart/form-data; boundary=x")],
                &[JSON, JSON],
            ] {
                let all = [&[KEY][..], types].concat();
                assert_eq!(refused(route, "", &all, "{}"), "content-type", "{types:?}");
            }
            assert_eq!(refused(route, "", &[KEY, JSON], "{}"), "", "{route:?}");
            let utf8 = ("content-type", "Application/JSON; charset=utf-8");
            assert_eq!(refused(route, "", &[KEY, utf8], "{}"), "", "{route:?}");
        }
    }

    #[test]
    fn a_route_without_a_body_reads_none() {
        for route in ROUTES {
            let field = refused(route, "", &[KEY, JSON], r#"{"dry_run":true}"#);
            let expected = if route.body.is_some() { "" } else { "body" };
            assert_eq!(field, expected, "{route:?}");
        }
    }
}
