//! HTTP to the appliance: one connection, bounded answers, bounded waits.

use std::error::Error as _;
use std::time::Duration;

use countersign_api::{Method, OTP_HEADER};
use countersign_intent::Span;
use reqwest::Url;
use serde::Serialize;

use crate::config::Profile;
use crate::failure::Failure;
use crate::tls;

/// Largest answer in bytes that is read.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// One call of the API.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub method: Method,
    /// Path from the root, e.g. `/v1/users`. Ids in it are of shapes that need no escaping.
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<Vec<u8>>,
    pub idempotency_key: Option<String>,
    /// The operator's one-time code.
    pub otp: Option<String>,
    /// How long the appliance may hold the answer back, beside the usual wait.
    pub held: Span,
}

impl Call {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            idempotency_key: None,
            otp: None,
            held: Span::ZERO,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path)
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::Post, path)
    }

    /// Adds a query parameter if it has a value.
    pub(crate) fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query
            .extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// Lets the appliance hold its answer back that long.
    pub(crate) fn held(mut self, span: Option<Span>) -> Self {
        self.held = span.unwrap_or(Span::ZERO);
        self
    }

    /// Sets the body.
    ///
    /// # Errors
    /// A value that is no JSON; does not happen with wire types.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self, Failure> {
        let bytes = serde_json::to_vec(body)
            .map_err(|error| Failure::usage(format!("cannot write the request: {error}")))?;
        self.body = Some(bytes);
        Ok(self)
    }

    /// Sets the key under which a retry is the same request.
    pub(crate) fn keyed(mut self, key: String) -> Self {
        self.idempotency_key = Some(key);
        self
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Carries calls to an appliance.
pub(crate) trait Transport {
    /// Sends one call and waits for its answer, whatever its status.
    ///
    /// # Errors
    /// No whole answer came.
    fn send(&self, call: &Call) -> Result<Answer, Failure>;
}

/// The transport over mutual TLS.
pub(crate) struct Https {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    base: Url,
    timeout: Span,
}

impl Https {
    /// Reads the profile's files; connects on the first call. The second value is a warning.
    ///
    /// # Errors
    /// A URL or a file that cannot be used.
    pub(crate) fn new(profile: &Profile, timeout: Span) -> Result<(Self, Option<String>), Failure> {
        let base = base_url(&profile.url)?;
        let (tls, warning) = tls::client_config(profile)?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::usage(format!("cannot set up HTTPS: {}", causes(&error))))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::unreachable(format!("cannot start: {error}")))?;
        let https = Self {
            runtime,
            client,
            base,
            timeout,
        };
        Ok((https, warning))
    }

    fn request(&self, call: &Call) -> Result<reqwest::RequestBuilder, Failure> {
        let mut url = self
            .base
            .join(&call.path)
            .map_err(|error| Failure::usage(format!("cannot call `{}`: {error}", call.path)))?;
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let method = match call.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let patience = self.timeout.micros().saturating_add(call.held.micros());
        let mut request = self
            .client
            .request(method, url)
            .timeout(Duration::from_micros(patience));
        if let Some(key) = &call.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some(code) = &call.otp {
            request = request.header(OTP_HEADER, code);
        }
        if let Some(body) = &call.body {
            request = request
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(body.clone());
        }
        Ok(request)
    }
}

impl Transport for Https {
    fn send(&self, call: &Call) -> Result<Answer, Failure> {
        let request = self.request(call)?;
        let answer = self.runtime.block_on(async {
            let mut response = request.send().await?;
            let status = response.status().as_u16();
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                if body.len() + chunk.len() > MAX_ANSWER {
                    return Ok(None);
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Some(Answer { status, body }))
        });
        match answer {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(Failure::unreachable(format!(
                "expected an answer of at most {MAX_ANSWER} bytes, got more"
            ))),
            Err(error) => Err(self.no_answer(call, &error)),
        }
    }
}

impl Https {
    fn no_answer(&self, call: &Call, error: &reqwest::Error) -> Failure {
        let url = &self.base;
        let what = if error.is_connect() {
            format!("cannot connect to `{url}`: {}", causes(error))
        } else if error.is_timeout() {
            format!("no answer from `{url}` in time")
        } else {
            format!("the connection to `{url}` broke: {}", causes(error))
        };
        let failure = match hint(&what) {
            Some(hint) => Failure::unreachable(what).and(hint),
            None => Failure::unreachable(what),
        };
        match &call.idempotency_key {
            Some(key) if !error.is_connect() => failure.and(format!(
                "it may have been carried out; the same command with `--idempotency-key {key}` \
                 gives its answer without doing it twice"
            )),
            _ => failure,
        }
    }
}

/// What to look at, where TLS was refused; rustls says by whom.
fn hint(what: &str) -> Option<&'static str> {
    if what.contains("invalid peer certificate") {
        return Some("is `--ca` the CA of this appliance, and the URL's host in its certificate?");
    }
    if what.contains("Connection refused") {
        return Some("does `countersignd` run there? Its `url` file stays behind when it ends");
    }
    what.contains("received fatal alert")
        .then_some("the appliance refused TLS 1.3 or your certificate: is it expired or revoked?")
}

/// The URL without a path.
fn base_url(text: &str) -> Result<Url, Failure> {
    let refused = |why: String| {
        Failure::usage(format!(
            "expected a URL like `https://signer.example:8443`, got `{text}`: {why}"
        ))
    };
    let url = Url::parse(text).map_err(|error| refused(error.to_string()))?;
    if url.scheme() != "https" {
        return Err(refused("the appliance speaks only https".to_owned()));
    }
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !bare {
        return Err(refused("leave out everything but host and port".to_owned()));
    }
    Ok(url)
}

/// The innermost causes, which is where TLS says what it refused.
fn causes(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if words.last() != Some(&text) {
            words.push(text);
        }
        source = cause.source();
    }
    if words.is_empty() {
        return error.to_string();
    }
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_https_and_bare() {
        assert_eq!(
            base_url("https://[::1]:8443").unwrap().as_str(),
            "https://[::1]:8443/"
        );
        for text in [
            "",
            "signer.example",
            "http://signer.example",
            "https://signer.example/v1",
            "https://signer.example/?a=b",
            "https://me:secret@signer.example",
        ] {
            assert!(base_url(text).is_err(), "`{text}` was accepted");
        }
    }

    #[test]
    fn absent_query_parameters_are_not_sent() {
        let call = Call::get("/v1/users")
            .query("limit", Some(5))
            .query("cursor", None::<String>);
        assert_eq!(call.query, [("limit", "5".to_owned())]);
    }
}
