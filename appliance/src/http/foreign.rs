//! Requests that a browser sends on a foreign page's behalf, and requests for somebody else.
//!
//! A browser that holds a client certificate shows it to whatever page asks. Such a page can neither
//! leave out `Origin` and `Sec-Fetch-Site` nor set them (Fetch Standard; W3C Fetch Metadata), and a
//! name of its own that it has point here (DNS rebinding) stands in `Host`. Clients that are no
//! browsers send neither header. All methods are held to it: a foreign page's long polls would take
//! an operator's places.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use countersign_api::ErrorCode;

use super::error::ApiError;
use super::receive::spend;
use crate::config::Listen;

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// The port that `https` leaves out.
const HTTPS: u16 = 443;

/// A host as it is compared: names without regard to case and final dot.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    Name(String),
}

impl Host {
    fn parse(text: &str) -> Self {
        let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        match bare.unwrap_or(text).parse::<IpAddr>() {
            Ok(address) => Self::Address(address),
            Err(_) => Self::Name(text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase()),
        }
    }
}

/// The names this server goes by.
#[derive(Debug, Clone)]
pub(super) struct OwnNames {
    hosts: Arc<[Host]>,
    max_body: usize,
}

impl OwnNames {
    /// Those in the certificate, the address it listens on, and the machine's own ones where these
    /// are listened on.
    pub(super) fn of(listen: &Listen) -> Self {
        let mut hosts: Vec<Host> = listen.server_names.iter().map(|n| Host::parse(n)).collect();
        let address = listen.api.ip();
        hosts.push(Host::Address(address));
        if address.is_loopback() || address.is_unspecified() {
            hosts.push(Host::Name("localhost".to_owned()));
            hosts.push(Host::Address(Ipv4Addr::LOCALHOST.into()));
            hosts.push(Host::Address(Ipv6Addr::LOCALHOST.into()));
        }
        Self {
            hosts: hosts.into(),
            max_body: listen.max_body,
        }
    }

    /// Refuses a request for another server, and one that a foreign page sent.
    ///
    /// # Errors
    /// The header that is foreign.
    fn check(&self, parts: &Parts) -> Result<(), ApiError> {
        let asked = asked_for(parts)?;
        if !self.hosts.contains(&Host::parse(asked.host())) {
            let mut error = ApiError::field(
                header::HOST.as_str(),
                format!(
                    "this appliance is not `{}`; connect by a name in `listen.server_names` of its \
                     configuration",
                    shown(asked.as_str())
                ),
            );
            error.0.status = StatusCode::MISDIRECTED_REQUEST.as_u16();
            return Err(error);
        }
        check_origin(&parts.headers, &asked)?;
        check_site(&parts.headers)
    }
}

/// The middleware of the whole API.
pub(super) async fn keep_out(
    State(names): State<OwnNames>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let checked = names.check(&parts);
    let request = Request::from_parts(parts, body);
    let Err(error) = checked else {
        return next.run(request).await;
    };
    // Answered before the body is there, the refusal would leave a connection that is closed at
    // its next request.
    match spend(request, names.max_body).await {
        Ok(()) => error.into_response(),
        Err(unread) => unread.into_response(),
    }
}

/// Host and port that the request names, wherever it does.
fn asked_for(parts: &Parts) -> Result<Authority, ApiError> {
    let wrong = |detail: String| ApiError::field(header::HOST.as_str(), detail);
    let mut named = parts.headers.get_all(header::HOST).iter();
    let (header, more) = (named.next(), named.next());
    if more.is_some() {
        return Err(wrong(
            "the header stands more than once; say it once".to_owned(),
        ));
    }
    let header = header.map(|value| {
        let authority = Authority::try_from(value.as_bytes()).ok();
        authority.filter(|it| !it.as_str().contains('@'))
    });
    match (parts.uri.authority(), header) {
        (_, Some(None)) => Err(wrong(
            "expected a host, and its port if there is one".to_owned(),
        )),
        (Some(target), Some(Some(header))) if *target != header => Err(wrong(format!(
            "the request is for `{}` and for `{}`; say one of them",
            shown(target.as_str()),
            shown(header.as_str())
        ))),
        (_, Some(Some(header))) => Ok(header),
        (Some(target), None) => Ok(target.clone()),
        (None, None) => Err(wrong("the header is missing".to_owned())),
    }
}

fn check_origin(headers: &HeaderMap, asked: &Authority) -> Result<(), ApiError> {
    for origin in headers.get_all(header::ORIGIN) {
        let text = origin.to_str().unwrap_or_default();
        let own = text
            .strip_prefix("https://")
            .and_then(|authority| authority.parse::<Authority>().ok())
            .is_some_and(|authority| same(&authority, asked));
        if !own {
            return Err(foreign(header::ORIGIN.as_str(), text));
        }
    }
    Ok(())
}

fn same(one: &Authority, other: &Authority) -> bool {
    let port = |it: &Authority| it.port_u16().unwrap_or(HTTPS);
    Host::parse(one.host()) == Host::parse(other.host()) && port(one) == port(other)
}

fn check_site(headers: &HeaderMap) -> Result<(), ApiError> {
    for site in headers.get_all(SEC_FETCH_SITE) {
        let text = site.to_str().unwrap_or_default();
        if !matches!(text, "same-origin" | "none") {
            return Err(foreign(SEC_FETCH_SITE, text));
        }
    }
    Ok(())
}

fn foreign(field: &str, value: &str) -> ApiError {
    let mut error = ApiError::new(
        ErrorCode::Forbidden,
        format!(
            "`{field}: {}` says that another site's page sent this; a page may only ask the \
             appliance that served it",
            shown(value)
        ),
    );
    error.0.field = Some(field.to_owned());
    error
        .titled("sent by another site's page")
        .because("foreign")
}

fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(api: &str, server_names: &[&str]) -> OwnNames {
        OwnNames::of(&Listen {
            api: api.parse().unwrap(),
            server_names: server_names.iter().map(|&name| name.to_owned()).collect(),
            ..Listen::default()
        })
    }

    fn status(names: &OwnNames, uri: &str, headers: &[(&'static str, &str)]) -> u16 {
        let mut request = axum::http::Request::post(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        names
            .check(&parts)
            .map_or_else(|error| error.0.status, |()| 200)
    }

    #[test]
    fn requests_for_others_are_misdirected() {
        let names = names(
            "10.1.2.3:8443",
            &["signer.example", "192.0.2.7", "2001:db8::1"],
        );
        for own in [
            "signer.example",
            "signer.example:8443",
            "Signer.Example.:443",
            "192.0.2.7:9",
            "[2001:db8::1]",
            "[2001:DB8:0::1]:8443",
            "10.1.2.3",
        ] {
            assert_eq!(status(&names, "/v1/freeze", &[("host", own)]), 200, "{own}");
            let uri = format!("https://{own}/v1/freeze");
            assert_eq!(status(&names, &uri, &[]), 200, "{own}");
        }
        for other in [
            "evil.example",
            "signer.example.evil",
            "localhost",
            "127.0.0.1",
            "x",
        ] {
            assert_eq!(status(&names, "/", &[("host", other)]), 421, "{other}");
            let uri = format!("https://{other}/");
            assert_eq!(status(&names, &uri, &[]), 421, "{other}");
        }
        for wrong in [
            &[][..],
            &[("host", "a b")],
            &[("host", "me@signer.example")],
            &[("host", "signer.example"), ("host", "signer.example")],
        ] {
            assert_eq!(status(&names, "/", wrong), 400, "{wrong:?}");
        }
        let both = status(
            &names,
            "https://signer.example/",
            &[("host", "evil.example")],
        );
        assert_eq!(both, 400);
    }

    #[test]
    fn the_machines_own_names_count_where_it_listens_on_them() {
        for api in ["127.0.0.1:8443", "[::1]:8443", "0.0.0.0:8443", "[::]:8443"] {
            let names = names(api, &["signer.example"]);
            for own in ["localhost:1", "127.0.0.1", "[::1]:8443", "signer.example"] {
                assert_eq!(status(&names, "/", &[("host", own)]), 200, "{api} {own}");
            }
        }
    }

    #[test]
    fn what_a_foreign_page_sends_is_refused() {
        let names = names("127.0.0.1:8443", &["localhost"]);
        let host = ("host", "localhost:8443");
        for own in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://localhost:8443")],
        ] {
            assert_eq!(
                status(&names, "/", &[&[host][..], own].concat()),
                200,
                "{own:?}"
            );
        }
        for foreign in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", ""),
            ("origin", "http://localhost:8443"),
            ("origin", "https://localhost:3000"),
            ("origin", "https://localhost"),
            ("origin", "https://localhost:8443@evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", ""),
            ("sec-fetch-site", "Same-Origin, none"),
        ] {
            assert_eq!(status(&names, "/", &[host, foreign]), 403, "{foreign:?}");
        }
        let default_port = [("host", "localhost"), ("origin", "https://localhost:443")];
        assert_eq!(status(&names, "/", &default_port), 200);
    }
}
