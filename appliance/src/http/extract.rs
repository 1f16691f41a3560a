//! Strict reading of what comes in: bodies, queries, the idempotency key.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use countersign_api::ErrorCode;
use countersign_audit::Actor;
use countersign_intent::{Principal, Role};
use serde::de::DeserializeOwned;

use super::error::ApiError;
use super::objects::Objects;
use super::receive::read_limited;
use crate::app::App;
use crate::identity::Caller;

/// The header that names a request across its retries.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Characters of an idempotency key at most.
const LONGEST_KEY: usize = 255;

/// The caller of this request.
#[derive(Debug, Clone)]
pub(super) struct Peer(pub(super) Arc<Caller>);

impl Peer {
    /// Role and name.
    #[must_use]
    pub(super) fn principal(&self) -> &Principal {
        self.0.principal()
    }

    /// The role.
    #[must_use]
    pub(super) fn role(&self) -> Role {
        self.principal().role()
    }

    /// The certificate of this connection, `crt_…`.
    #[must_use]
    pub(super) fn certificate(&self) -> &str {
        self.0.certificate()
    }

    /// As the log names it.
    #[must_use]
    pub(super) fn actor(&self) -> Actor<'_> {
        self.0.actor()
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Arc<Caller>>();
        caller.cloned().map(Self).ok_or_else(|| {
            ApiError::new(ErrorCode::Forbidden, "the connection carries no identity")
        })
    }
}

/// A JSON body of at most the configured size, without unknown fields.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let limit = app.config.listen.max_body;
        let bytes = read_limited(request.into_body(), limit).await?;
        parse_json(&bytes).map(Self)
    }
}

/// A JSON body as [`Body`] reads it, which may also be left out.
#[derive(Debug)]
pub(super) struct OptionalBody<T>(pub(super) T);

impl<T: DeserializeOwned + Default> FromRequest<Arc<App>> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let limit = app.config.listen.max_body;
        let bytes = read_limited(request.into_body(), limit).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        parse_json(&bytes).map(Self)
    }
}

/// Parses JSON strictly and names the field that is wrong.
///
/// # Errors
/// Anything but the expected object.
pub(super) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    no_other_encoding(bytes)?;
    // Also where a kind is told first and the rest is read by it.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        let detail = "the body is not what is expected here: expected a JSON object";
        return Err(ApiError::new(ErrorCode::InvalidRequest, detail));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(Objects(&mut reader)).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        let field = named_field(&message).unwrap_or(path);
        let detail = format!("the body is not what is expected here: {message}");
        match field.as_str() {
            // It is no JSON, so there are no fields.
            "?" | "." => ApiError::new(ErrorCode::InvalidRequest, detail),
            field => ApiError::field(field, detail),
        }
    })?;
    reader.end().map_err(|_| {
        ApiError::new(
            ErrorCode::InvalidRequest,
            "the body goes on after its JSON value; send one object",
        )
    })?;
    Ok(value)
}

/// Refuses what an encoding of the whole body leaves at its start, which no JSON begins with.
fn no_other_encoding(bytes: &[u8]) -> Result<(), ApiError> {
    let detail = match bytes {
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            "the body is compressed; send it as it is, without `Content-Encoding`"
        }
        [0xef, 0xbb, 0xbf, ..] => "the body begins with a byte order mark; leave it out",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "the body is UTF-16; send UTF-8",
        _ => return Ok(()),
    };
    Err(ApiError::new(ErrorCode::InvalidRequest, detail))
}

/// The field that serde names between back-ticks for a missing or unknown one.
fn named_field(message: &str) -> Option<String> {
    let named = message
        .strip_prefix("missing field `")
        .or_else(|| message.strip_prefix("unknown field `"))?;
    named.split('`').next().map(str::to_owned)
}

/// A query string without unknown parameters.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|error| ApiError::field("query", error.body_text()))
    }
}

/// One path parameter.
#[derive(Debug)]
pub(super) struct Path(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Path {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Path::<String>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|error| ApiError::field("path", error.body_text()))
    }
}

/// Reads the idempotency key.
///
/// # Errors
/// A key that is empty, too long, or has other than printable ASCII characters; more than one.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        let detail = "the header stands more than once; a request has one key";
        return Err(ApiError::field(IDEMPOTENCY_KEY, detail));
    }
    let text = value.to_str().unwrap_or_default();
    check_key(IDEMPOTENCY_KEY, text).map(|()| Some(text.to_owned()))
}

/// Checks an idempotency key wherever it stands.
///
/// # Errors
/// As [`idempotency_key`].
pub(super) fn check_key(field: &str, key: &str) -> Result<(), ApiError> {
    let printable = key.bytes().all(|byte| matches!(byte, 0x21..=0x7e));
    if key.is_empty() || key.len() > LONGEST_KEY || !printable {
        return Err(ApiError::field(
            field,
            format!("expected 1 to {LONGEST_KEY} printable ASCII characters without blanks"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_api::{CreateUser, SignSolana};

    fn field_of<T: DeserializeOwned>(body: &str) -> String {
        match parse_json::<T>(body.as_bytes()) {
            Ok(_) => String::from("accepted"),
            Err(error) => error.0.field.clone().unwrap_or_default(),
        }
    }

    #[test]
    fn the_wrong_field_is_named() {
        assert_eq!(field_of::<CreateUser>("{}"), "external_id");
        assert_eq!(
            field_of::<CreateUser>(r#"{"external_id":1}"#),
            "external_id"
        );
        assert_eq!(field_of::<CreateUser>(r#"{"external_id":"a","x":1}"#), "x");
        assert_eq!(
            field_of::<SignSolana>(r#"{"wallet_id":"w","mints":[1]}"#),
            "mints[0]"
        );
        assert_eq!(field_of::<CreateUser>(r#"{"external_id":"a"}"#), "accepted");
    }

    #[test]
    fn what_is_no_json_has_no_fields() {
        for body in [&br#"{external_id: "a"}"#[..], b"{'a': 1}"] {
            let error = parse_json::<CreateUser>(body).unwrap_err();
            assert_eq!(error.0.field, None, "{}", error.0.detail);
            assert!(error.0.detail.contains("column"), "{}", error.0.detail);
        }
    }

    #[test]
    fn a_list_is_no_object() {
        let error = parse_json::<CreateUser>(br#"["a",null,null]"#).unwrap_err();
        assert_eq!(error.0.status, 400);
        let tagged = br#"["token_account",{}]"#;
        assert!(parse_json::<countersign_api::Registered>(tagged).is_err());
        let batch = br#"{"items":[["wal_1","AA==",null,[],null,"k"]]}"#;
        let error = parse_json::<countersign_api::SignBatch>(batch).unwrap_err();
        assert_eq!(error.0.field.as_deref(), Some("items[0]"));
        assert!(
            error.0.detail.contains("expected an object"),
            "{}",
            error.0.detail
        );
        assert!(!error.0.detail.contains("struct"), "{}", error.0.detail);
    }

    #[test]
    fn one_value_and_nothing_after_it() {
        assert!(parse_json::<CreateUser>(br#"{"external_id":"a"} {}"#).is_err());
        assert!(parse_json::<CreateUser>(br#"{"external_id":"a","external_id":"b"}"#).is_err());
        assert!(parse_json::<CreateUser>(b"").is_err());
        assert!(parse_json::<CreateUser>(&[0xff, 0xfe]).is_err());
    }

    #[test]
    fn an_encoding_of_the_whole_body_is_told() {
        let told = |bytes: &[u8]| parse_json::<CreateUser>(bytes).unwrap_err().0.detail;
        assert!(told(&[0x1f, 0x8b, 8, 0]).contains("compressed"));
        assert!(told(b"\xef\xbb\xbf{}").contains("byte order mark"));
        assert!(told(&[0xff, 0xfe, b'{', 0]).contains("UTF-16"));
    }

    fn with(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_request_has_one_key() {
        let read = |values: &[&str]| idempotency_key(&with(IDEMPOTENCY_KEY, values));
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["a"]).unwrap().as_deref(), Some("a"));
        for values in [["a", "b"], ["a", "a"]] {
            let error = read(&values).unwrap_err();
            assert_eq!(error.0.field.as_deref(), Some(IDEMPOTENCY_KEY));
        }
    }

    #[test]
    fn keys_are_short_printable_and_not_empty() {
        assert!(check_key("k", "a-1_B:9").is_ok());
        for key in ["", "a b", "ä", "a\n", &"x".repeat(256)] {
            assert!(check_key("k", key).is_err(), "`{key}` was accepted");
        }
    }
}
