//! Malformed requests and configurations: a clear answer that names the field, and an appliance
//! that goes on as before.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use reqwest::Method;
use serde_json::{Value, json};
use softhsm_tests::appliance::{Appliance, Options};
use softhsm_tests::client::Client;
use softhsm_tests::log::Fetched;
use softhsm_tests::message;

const POLICY: &str = include_str!("../../deploy/dev/policy.toml");
const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

struct Case {
    who: &'static str,
    method: Method,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: String,
    expect: (u16, &'static str, Option<&'static str>),
}

const JSON: (&str, &str) = ("content-type", "application/json");

fn post(
    who: &'static str,
    path: &'static str,
    body: impl Into<String>,
    expect: (u16, &'static str, Option<&'static str>),
) -> Case {
    Case {
        who,
        method: Method::POST,
        path,
        headers: &[("idempotency-key", "k"), JSON],
        body: body.into(),
        expect,
    }
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn malformed(wallet: &str) -> Vec<Case> {
    let sign = |fields: Value| {
        let mut body = json!({ "wallet_id": wallet });
        let all = body.as_object_mut().unwrap();
        all.extend(fields.as_object().unwrap().clone());
        body.to_string()
    };
    let invalid = |field| (400, "invalid_request", Some(field));
    let path = "/v1/sign/solana";
    let mut cases = vec![
        post("bot", path, "", (400, "invalid_request", None)),
        post("bot", path, "{", (400, "invalid_request", None)),
        post("bot", path, "[]", (400, "invalid_request", None)),
        post("bot", path, sign(json!({})), invalid("message")),
        post(
            "bot",
            path,
            sign(json!({"message": "AA==", "transaction": "AA=="})),
            invalid("message"),
        ),
        post(
            "bot",
            path,
            sign(json!({"message": "not base64"})),
            invalid("message"),
        ),
        post("bot", path, sign(json!({"message": 1})), invalid("message")),
        post(
            "bot",
            path,
            sign(json!({"message": "AA==", "digest": "00"})),
            invalid("digest"),
        ),
        post(
            "bot",
            path,
            sign(json!({"message": "AA==", "mints": ["x"]})),
            invalid("mints"),
        ),
        post(
            "bot",
            path,
            sign(json!({"message": "AA==", "approved_request_id": "req_0"})),
            invalid("approved_request_id"),
        ),
        post(
            "bot",
            path,
            json!({"wallet_id": "wal_0", "message": "AA=="}).to_string(),
            invalid("wallet_id"),
        ),
        post(
            "bot",
            path,
            format!("{} {{}}", sign(json!({"message": "AA=="}))),
            (400, "invalid_request", None),
        ),
        post(
            "bot",
            path,
            sign(json!({"message": ""})),
            (422, "undecodable", None),
        ),
        post(
            "bot",
            "/v1/sign/solana/batch",
            json!({"items": []}).to_string(),
            invalid("items"),
        ),
        post(
            "bot",
            "/v1/sign/solana?dry_run=maybe",
            sign(json!({"message": "AA=="})),
            invalid("dry_run"),
        ),
        post(
            "bot",
            "/v1/sign/solana?other=1",
            sign(json!({"message": "AA=="})),
            invalid("other"),
        ),
        post("gateway", "/v1/users", "{}", invalid("external_id")),
        post(
            "gateway",
            "/v1/users",
            json!({"external_id": "\u{7}"}).to_string(),
            invalid("external_id"),
        ),
        post(
            "gateway",
            "/v1/users",
            json!({"external_id": "u\u{200b}"}).to_string(),
            invalid("external_id"),
        ),
        post(
            "gateway",
            "/v1/users",
            json!({"external_id": "u", "display_name": "\u{202e}bob"}).to_string(),
            invalid("display_name"),
        ),
        post(
            "gateway",
            "/v1/users",
            json!(["u", null, null]).to_string(),
            (400, "invalid_request", None),
        ),
        post(
            "bot",
            "/v1/sign/solana/batch",
            json!({"items": [[wallet, "AA==", null, [], null, "k"]]}).to_string(),
            invalid("items[0]"),
        ),
        post(
            "gateway",
            "/v1/users",
            json!({"external_id": "x".repeat(129)}).to_string(),
            invalid("external_id"),
        ),
        post(
            "gateway",
            "/v1/wallets",
            json!({"user_id": "usr_1", "venue": "solana"}).to_string(),
            invalid("user_id"),
        ),
        post(
            "gateway",
            "/v1/grants",
            json!({"bot": "a b", "wallet_id": wallet}).to_string(),
            invalid("bot"),
        ),
        post(
            "gateway",
            "/v1/grants",
            json!({"bot": "b", "wallet_id": wallet, "actions": ["steal"]}).to_string(),
            invalid("actions"),
        ),
        post(
            "operator-a",
            "/v1/policies",
            json!({"text": "schema = 1\nnmae = 'x'"}).to_string(),
            invalid("text"),
        ),
        post(
            "operator-a",
            "/v1/freeze",
            json!({"scope": "all"}).to_string(),
            invalid("scope"),
        ),
        post(
            "operator-a",
            "/v1/freeze",
            json!({"scope": "wallet"}).to_string(),
            invalid("scope.wallet"),
        ),
        post(
            "operator-a",
            "/v1/freeze",
            json!({"scope": {"bot": "b"}, "id": "c"}).to_string(),
            invalid("id"),
        ),
        post(
            "operator-a",
            "/v1/pki/certificates",
            json!({"csr": "x", "role": "bot", "name": "n"}).to_string(),
            invalid("csr"),
        ),
        post(
            "operator-a",
            "/v1/pki/certificates",
            json!({"csr": "x", "role": "root", "name": "n"}).to_string(),
            invalid("role"),
        ),
        post(
            "operator-a",
            "/v1/prices",
            json!({"asset": "DOGE", "price_usd": "1"}).to_string(),
            invalid("asset"),
        ),
        post(
            "operator-a",
            "/v1/prices",
            json!({"asset": "SOL", "price_usd": "-1"}).to_string(),
            invalid("price_usd"),
        ),
    ];
    for (method, path, expect) in [
        (Method::GET, "/v1/users/usr_x", invalid("id")),
        (Method::GET, "/v1/users?limit=0", invalid("limit")),
        (Method::GET, "/v1/users?cursor=x", invalid("cursor")),
        (Method::GET, "/v1/users?nonsense=1", invalid("nonsense")),
        (Method::GET, "/v1/audit/proof", invalid("index")),
        (Method::GET, "/v1/audit/proof?index=99999", invalid("index")),
        (Method::GET, "/v1/nothing", (404, "not_found", None)),
        (Method::PUT, "/v1/users", (405, "invalid_request", None)),
    ] {
        cases.push(Case {
            who: "operator-a",
            method,
            path,
            headers: &[],
            body: String::new(),
            expect,
        });
    }
    for headers in [
        &[JSON][..],
        &[JSON, ("idempotency-key", "a b")][..],
        &[JSON, ("idempotency-key", "")][..],
        &[JSON, ("idempotency-key", "a"), ("idempotency-key", "b")][..],
    ] {
        cases.push(Case {
            who: "bot",
            method: Method::POST,
            path,
            headers,
            body: sign(json!({"message": "AA=="})),
            expect: (400, "invalid_request", None),
        });
    }
    cases.push(Case {
        who: "bot",
        method: Method::POST,
        path,
        headers: &[("idempotency-key", "k"), ("content-type", "text/plain")],
        body: sign(json!({"message": "AA=="})),
        expect: (415, "invalid_request", Some("content-type")),
    });
    cases
}

async fn healthy(bot: &Client, wallet: &countersign_api::Wallet, key: &str) {
    let payer = wallet.address.parse().unwrap();
    let bytes = message::transfer(&payer, &COLD.parse().unwrap(), 1_000);
    bot.signed(key, &wallet.id, &bytes).await.unwrap();
}

#[tokio::test]
async fn malformed_requests_are_told_the_field_and_change_nothing() {
    let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    gateway.grant("bot", &wallet.id).await.unwrap();
    let bot = appliance.client("bot").unwrap();
    healthy(&bot, &wallet, "before").await;
    for case in malformed(&wallet.id) {
        let client = appliance.client(case.who).unwrap();
        let shown: String = case.body.chars().take(120).collect();
        let what = format!("{} {} {shown}", case.method, case.path);
        let reply = client
            .send_bare(case.method, case.path, case.headers, case.body.into_bytes())
            .await
            .unwrap_or_else(|error| panic!("{what}: {error:#}"));
        let (status, code, field) = case.expect;
        assert_eq!(
            (reply.status, reply.code()),
            (status, code),
            "{what}: {}",
            reply.body
        );
        assert_eq!(reply.content_type, "application/problem+json", "{what}");
        if let Some(field) = field {
            assert_eq!(reply.body["field"], field, "{what}: {}", reply.body);
        }
        let detail = reply.body["detail"].as_str().unwrap_or_default();
        assert!(detail.len() > 10, "{what} says too little: {detail}");
    }
    healthy(&bot, &wallet, "after").await;
    assert_eq!(appliance.operations("/livez").unwrap().status, 200);
    assert!(
        !appliance.log().contains("panicked"),
        "{}",
        appliance.last_words()
    );
}

#[tokio::test]
async fn inv07_of_requests_at_once_under_one_key_one_counts() {
    let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let all = (0..16).map(|index| {
        let body = json!({ "external_id": format!("u{index}") }).to_string();
        let headers = &[("idempotency-key", "one")];
        gateway.send(Method::POST, "/v1/users", headers, body.into_bytes())
    });
    let replies = futures_util::future::join_all(all).await;
    let mut codes: Vec<(u16, String)> = replies
        .into_iter()
        .map(|reply| reply.map(|reply| (reply.status, reply.code().to_owned())))
        .collect::<Result<_, _>>()
        .unwrap();
    codes.sort();
    assert_eq!(codes[0], (200, String::new()));
    assert!(
        codes[1..]
            .iter()
            .all(|code| *code == (409, "idempotency_conflict".to_owned())),
        "{codes:?}"
    );
    let users = gateway.get("/v1/users").await.unwrap().body;
    assert_eq!(users["items"].as_array().unwrap().len(), 1, "{users}");
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_with_what_to_do() {
    let mut appliance = Appliance::initialised(&Options::default()).unwrap();
    let path = appliance.path("countersignd.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    let cases = [
        (format!("{good}\nnonsense = 1\n"), "nonsense"),
        (good.replace("token = '", "token = 'other-"), "other-"),
        (
            good.replace("libsofthsm2.so", "libnothing.so"),
            "libnothing.so",
        ),
        (
            good.replace("trust_domain = '", "trust_domain = 'other."),
            "trust domain",
        ),
    ];
    for (text, named) in cases {
        assert_ne!(text, good, "the case for `{named}` changes nothing");
        std::fs::write(&path, text).unwrap();
        let ended = appliance.refused().await.unwrap();
        assert_ne!(ended.code, Some(0));
        assert!(
            ended.stderr.contains(named),
            "`{named}` is not named: {ended}"
        );
        assert!(!ended.stderr.contains("panicked"), "{ended}");
    }
    std::fs::write(&path, &good).unwrap();
    let again = appliance.init().unwrap();
    assert_ne!(again.code, Some(0));
    assert!(again.stderr.contains("exists already"), "{again}");
    appliance.start().await.unwrap();
}

/// A client that reads its answer only once it has sent everything gets it, over both protocols.
#[tokio::test]
async fn a_body_that_is_too_large_is_told_so_over_both_protocols() {
    let appliance = Appliance::running(&Options::default()).await.unwrap();
    let file = |name: &str| std::fs::read(appliance.path(name)).unwrap();
    let headers = [JSON, ("idempotency-key", "k")];
    for protocol in [&b"h2"[..], b"http/1.1"] {
        let (pem, key) = (file("gateway.pem"), file("gateway.key"));
        let tls = softhsm_tests::client::tls(&file("ca.pem"), Some((&pem, &key)));
        let mut tls = tls.unwrap();
        tls.alpn_protocols = vec![protocol.to_vec()];
        let gateway = Client::with_tls(&appliance.url().unwrap(), tls).unwrap();
        for size in [600_000, 2_000_000, 20_000_000] {
            for (path, expected) in [
                ("/v1/users", 413),
                ("/v1/nothing", 413),
                ("/v1/sign/solana", 403),
            ] {
                let body = vec![b' '; size];
                let reply = gateway.send(Method::POST, path, &headers, body).await;
                let reply = reply.unwrap_or_else(|error| panic!("{size} to {path}: {error:#}"));
                assert_eq!(reply.status, expected, "{size} to {path}: {}", reply.body);
            }
        }
        // The connection serves on.
        assert_eq!(gateway.get("/v1/users").await.unwrap().status, 200);
    }
}

/// What cannot be read has no decision, and leaves its entry all the same.
#[tokio::test]
async fn a_sign_request_that_cannot_be_read_is_logged() {
    let appliance = Appliance::running(&Options::default()).await.unwrap();
    let bot = appliance.client("bot").unwrap();
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ];
    for (body, status) in [(b"{".to_vec(), 400), (vec![b' '; 2_000_000], 413)] {
        let reply = bot
            .send(Method::POST, "/v1/sign/solana", &headers, body)
            .await
            .unwrap();
        assert_eq!(reply.status, status, "{}", reply.body);
    }
    let auditor = appliance.client("auditor").unwrap();
    let entries = Fetched::from(&auditor).await.unwrap().parsed().unwrap();
    let codes: Vec<&str> = entries
        .iter()
        .filter(|entry| entry["kind"] == "sign_errored")
        .map(|entry| {
            assert!(
                entry["actor"].as_str().unwrap().ends_with("/bot/bot"),
                "{entry}"
            );
            entry["code"].as_str().unwrap()
        })
        .collect();
    assert_eq!(codes, ["invalid_request", "too_large"]);
}
