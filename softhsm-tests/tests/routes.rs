//! What every route asks of a request before it does anything, tried on the whole table, so that a
//! new route cannot forget: declared query parameters, a key, JSON, our own name, and no foreign page.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use countersign_api::{DRY_RUN, KeyPlace, Method, ROUTES, Role, Route};
use serde_json::json;
use softhsm_tests::client::{Client, Method as Http, Reply};
use softhsm_tests::log::Fetched;
use softhsm_tests::{Appliance, Options};

const POLICY: &str = include_str!("../../deploy/dev/policy.toml");
const KEY: (&str, &str) = ("idempotency-key", "k");
const JSON: (&str, &str) = ("content-type", "application/json");

/// What a wrong request is told: status, code, field.
type Told = (u16, &'static str, String);

struct Wrong {
    query: String,
    headers: Vec<(&'static str, &'static str)>,
    body: &'static str,
    told: Told,
}

fn wrong(headers: &[(&'static str, &'static str)], told: (u16, &'static str, &str)) -> Wrong {
    let (status, code, field) = told;
    Wrong {
        query: String::new(),
        headers: headers.to_vec(),
        body: "",
        told: (status, code, field.to_owned()),
    }
}

/// Everything that no request to this route may be.
fn wrongs(route: &Route) -> Vec<Wrong> {
    let invalid = |field| (400, "invalid_request", field);
    let mut all = vec![
        Wrong {
            query: "?nonsense=1".to_owned(),
            ..wrong(&[KEY], invalid("nonsense"))
        },
        wrong(
            &[KEY, ("host", "evil.example")],
            (421, "invalid_request", "host"),
        ),
        wrong(
            &[KEY, ("origin", "https://evil.example")],
            (403, "forbidden", "origin"),
        ),
        wrong(&[KEY, ("origin", "null")], (403, "forbidden", "origin")),
        wrong(
            &[KEY, ("sec-fetch-site", "cross-site")],
            (403, "forbidden", "sec-fetch-site"),
        ),
        wrong(
            &[KEY, ("sec-fetch-site", "same-site")],
            (403, "forbidden", "sec-fetch-site"),
        ),
    ];
    if !route.query.has_dry_run() {
        all.push(Wrong {
            query: format!("?{DRY_RUN}=true"),
            ..wrong(&[KEY], invalid(DRY_RUN))
        });
    }
    if let Some(known) = route.query.names.first() {
        all.push(Wrong {
            query: format!("?{known}=true&{known}=true"),
            ..wrong(&[KEY], invalid(known))
        });
    }
    if route.key_place() == KeyPlace::Header {
        all.push(wrong(&[], invalid("idempotency-key")));
    }
    for types in [
        &[KEY][..],
        &[KEY, ("content-type", "text/plain")],
        &[KEY, ("content-type", "application/x-www-form-urlencoded")],
    ] {
        all.push(Wrong {
            body: "{}",
            ..wrong(types, (415, "invalid_request", "content-type"))
        });
    }
    all
}

fn method(route: &Route) -> Http {
    match route.method {
        Method::Get => Http::GET,
        Method::Post => Http::POST,
        Method::Patch => Http::PATCH,
        Method::Delete => Http::DELETE,
    }
}

fn told(reply: &Reply) -> (u16, String, String) {
    let field = reply.body["field"].as_str().unwrap_or_default();
    (reply.status, reply.code().to_owned(), field.to_owned())
}

const fn file(role: Role) -> &'static str {
    match role {
        Role::Bot => "bot",
        Role::Gateway => "gateway",
        Role::Risk => "risk",
        Role::Operator => "operator-a",
        Role::Auditor => "auditor",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_takes_what_it_does_not_know_or_what_a_foreign_page_sends() {
    let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    let before = size(&appliance).await;
    let mut tried = 0;
    for route in ROUTES {
        let path = route
            .path
            .replace("{id}", &wallet.id)
            .replace("{slug}", "solana");
        let client = appliance.client(file(route.roles[0])).unwrap();
        for wrong in wrongs(route) {
            let at = format!("{path}{}", wrong.query);
            let body = wrong.body.as_bytes().to_vec();
            let reply = client.send_bare(method(route), &at, &wrong.headers, body);
            let reply = reply.await.unwrap();
            let (status, code, field) = &wrong.told;
            assert_eq!(
                told(&reply),
                (*status, (*code).to_owned(), field.clone()),
                "{:?} {at} {:?}: {}",
                route.method,
                wrong.headers,
                reply.body
            );
            tried += 1;
        }
    }
    assert!(tried > 500, "{tried}");
    nothing_was_done(&appliance, &gateway, &wallet.id, before).await;
}

async fn size(appliance: &Appliance) -> usize {
    let auditor = appliance.client("auditor").unwrap();
    let entries = Fetched::from(&auditor).await.unwrap().parsed().unwrap();
    // An unreadable sign request has its entry.
    let done = entries.iter().filter(|one| one["kind"] != "sign_errored");
    done.count()
}

async fn nothing_was_done(appliance: &Appliance, gateway: &Client, wallet: &str, before: usize) {
    assert_eq!(size(appliance).await, before);
    let path = format!("/v1/wallets/{wallet}");
    let row = gateway.get(&path).await.unwrap().body;
    assert_eq!(row["status"], "active", "{row}");
    // The same, asked as it should be.
    let pause = format!("{path}/pause");
    let own = [KEY, JSON, ("sec-fetch-site", "same-origin")];
    let reply = gateway.send_bare(Http::POST, &pause, &own, b"{}".to_vec());
    let reply = reply.await.unwrap();
    assert_eq!(
        (reply.status, &reply.body["status"]),
        (200, &json!("paused"))
    );
}

/// Who may not call a route fills no log by trying, whatever the request is like.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_the_wrong_role_leaves_no_entry() {
    let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let auditor = appliance.client("auditor").unwrap();
    let all = async || {
        Fetched::from(&auditor)
            .await
            .unwrap()
            .parsed()
            .unwrap()
            .len()
    };
    let before = all().await;
    for path in ["/v1/sign/solana", "/v1/sign/solana/batch"] {
        for body in [&b"{"[..], b"{}", b"", &[b' '; 600 * 1024]] {
            let client = appliance.client("risk").unwrap();
            let reply = client.send_bare(Http::POST, path, &[KEY, JSON], body.to_vec());
            assert_eq!(reply.await.unwrap().code(), "forbidden");
        }
    }
    assert_eq!(all().await, before);
}
