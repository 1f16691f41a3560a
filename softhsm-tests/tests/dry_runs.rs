//! `dry_run=true`: what would happen, with the checks and errors of the call itself, and nothing done.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use serde_json::{Value, json};
use softhsm_tests::client::{Client, Method, Reply, key_and_csr};
use softhsm_tests::{Appliance, Options};

const POLICY: &str = include_str!("../../deploy/dev/policy.toml");

/// A call that changes something, under a key of its own.
async fn call(client: &Client, method: &Method, path: &str, body: &Value) -> Reply {
    let headers = [
        ("idempotency-key", path),
        ("content-type", "application/json"),
    ];
    let body = match body {
        Value::Null => Vec::new(),
        body => serde_json::to_vec(body).unwrap(),
    };
    let reply = client.send(method.clone(), path, &headers, body).await;
    reply.unwrap()
}

/// Size of the log, which everything that is done makes grow.
async fn size(operator: &Client) -> u64 {
    let page = operator.get("/v1/audit/entries?limit=1").await.unwrap();
    page.body["size"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_the_call_does_and_does_nothing() {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let user = gateway.user("u-1").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    let grant = gateway.grant("bot", &wallet.id).await.unwrap();
    let certificates = operator.get("/v1/pki/certificates?bot=bot2").await.unwrap();
    let certificate = certificates.body["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (_, csr) = key_and_csr().unwrap();
    let of_wallet = |verb: &str| format!("/v1/wallets/{}{verb}", wallet.id);
    let looser = format!(
        "{POLICY}\n[[rules]]\nname = \"stakes\"\nwhen = {{ action = \"stake\" }}\nthen = \"allow\"\n"
    );
    let (post, patch, delete) = (Method::POST, Method::PATCH, Method::DELETE);
    let before = size(&operator).await;
    for (client, method, path, body, kind) in [
        (
            &gateway,
            &post,
            "/v1/users".to_owned(),
            json!({"external_id": "u-9"}),
            "user_created",
        ),
        (
            &gateway,
            &post,
            "/v1/users".to_owned(),
            json!({"external_id": "u-1"}),
            "",
        ),
        (
            &gateway,
            &patch,
            of_wallet(""),
            json!({"name": "n"}),
            "wallet_changed",
        ),
        (
            &gateway,
            &post,
            of_wallet("/pause"),
            json!({}),
            "wallet_changed",
        ),
        (
            &gateway,
            &post,
            of_wallet("/archive"),
            json!({}),
            "wallet_changed",
        ),
        (&gateway, &post, of_wallet("/resume"), json!({}), ""),
        (
            &gateway,
            &post,
            of_wallet("/rotate"),
            json!({}),
            "wallet_rotated",
        ),
        (
            &gateway,
            &post,
            of_wallet("/verify"),
            json!({}),
            "wallet_verified",
        ),
        (
            &operator,
            &post,
            "/v1/grants".to_owned(),
            json!({"bot": "bot2", "wallet_id": wallet.id}),
            "grant_created",
        ),
        (
            &operator,
            &delete,
            format!("/v1/grants/{}", grant.id),
            Value::Null,
            "grant_revoked",
        ),
        (
            &operator,
            &post,
            "/v1/freeze".to_owned(),
            json!({"scope": "everything"}),
            "freeze",
        ),
        (
            &operator,
            &post,
            "/v1/prices".to_owned(),
            json!({"asset": "SOL", "price_usd": "1"}),
            "price_set",
        ),
        (
            &operator,
            &post,
            "/v1/pki/certificates".to_owned(),
            json!({"csr": csr, "role": "bot", "name": "new"}),
            "certificate_issued",
        ),
        (
            &operator,
            &delete,
            format!("/v1/pki/certificates/{certificate}"),
            Value::Null,
            "certificate_revoked",
        ),
        (
            &gateway,
            &post,
            "/v1/pki/renew".to_owned(),
            json!({"csr": csr}),
            "certificate_issued",
        ),
        (
            &operator,
            &post,
            "/v1/policies".to_owned(),
            json!({"text": looser}),
            "policy",
        ),
    ] {
        let reply = call(client, method, &format!("{path}?dry_run=true"), &body).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        assert_eq!(reply.body["dry_run"], true, "{path}: {}", reply.body);
        let asked = &reply.body["change"]["kind"];
        let done = &reply.body["entries"][0]["kind"];
        match (reply.body["decision"].as_str(), kind) {
            (Some("allow"), "") => assert_eq!(done, &Value::Null, "{path}"),
            (Some("allow"), kind) => assert_eq!(done, kind, "{path}"),
            (_, kind) => assert_eq!(asked, kind, "{path}: {}", reply.body),
        }
        assert_eq!(size(&operator).await, before, "{path} was logged");
    }
    // The errors are those of the call.
    for (client, method, path, body) in [
        (
            &gateway,
            &post,
            "/v1/users".to_owned(),
            json!({"external_id": ""}),
        ),
        (
            &gateway,
            &post,
            "/v1/wallets".to_owned(),
            json!({"user_id": user.id, "venue": "nowhere"}),
        ),
        (
            &gateway,
            &post,
            "/v1/wallets".to_owned(),
            json!({"user_id": user.id, "venue": "solana", "environment": "testnet", "custody": "wrapped"}),
        ),
        (
            &operator,
            &post,
            "/v1/users".to_owned(),
            json!({"external_id": "u"}),
        ),
        (
            &operator,
            &delete,
            "/v1/grants/grt_00000000000000000000000000000000".to_owned(),
            Value::Null,
        ),
        (
            &operator,
            &post,
            "/v1/policies".to_owned(),
            json!({"text": "schema = 2"}),
        ),
        (
            &operator,
            &post,
            "/v1/unfreeze".to_owned(),
            json!({"scope": "everything"}),
        ),
        (
            &operator,
            &post,
            "/v1/pki/certificates".to_owned(),
            json!({"csr": "x", "role": "bot", "name": "new"}),
        ),
        (
            &operator,
            &post,
            "/v1/pki/certificates".to_owned(),
            json!({"csr": csr, "role": "bot", "name": "new", "lifetime": "9999d"}),
        ),
    ] {
        let dry = call(client, method, &format!("{path}?dry_run=true"), &body).await;
        let real = call(client, method, &path, &body).await;
        assert!(real.status >= 400, "{path}: {}", real.body);
        assert_eq!((dry.status, dry.body), (real.status, real.body), "{path}");
    }
    // Nothing of it was done: the wallet signs, the bot is let in, the policy is the first.
    let shown = gateway.get(&of_wallet("")).await.unwrap();
    assert_eq!(shown.body["status"], "active", "{}", shown.body);
    assert_eq!(shown.body["address"], wallet.address.as_str());
    assert_eq!(
        operator.get("/v1/status").await.unwrap().body["freezes"],
        json!([])
    );
    let bot2 = appliance.client("bot2").unwrap();
    assert_eq!(bot2.get("/v1/wallets").await.unwrap().status, 200);
    let policies = operator.get("/v1/policies").await.unwrap();
    assert_eq!(policies.body["items"].as_array().unwrap().len(), 1);
    appliance.stop().await.unwrap();
    // No key was made, and none is left over.
    let doctor = softhsm_tests::program::run(appliance.countersignd().arg("doctor")).unwrap();
    assert!(
        doctor.stdout.contains("1 keys on the token are wallets'"),
        "{doctor}"
    );
    assert!(!doctor.stdout.contains("no wallet uses"), "{doctor}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_never_widened_silently() {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u-1").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    let grant = |key: &'static str, more: Value| {
        let mut body = json!({"bot": "bot", "wallet_id": wallet.id});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let gateway = gateway.clone();
        async move { gateway.post_keyed("/v1/grants", key, &body).await.unwrap() }
    };
    let first = grant("a", json!({"actions": ["trade"]})).await;
    assert_eq!(first.status, 200, "{}", first.body);
    for (key, more) in [
        ("b", json!({})),
        ("c", json!({"actions": ["trade", "withdrawal"]})),
        ("d", json!({"actions": ["withdrawal"]})),
    ] {
        let refused = grant(key, more).await;
        assert_eq!(
            (refused.status, refused.code()),
            (409, "already_decided"),
            "{}",
            refused.body
        );
        assert_eq!(refused.body["field"], "actions");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(
            detail.contains("for trade") && detail.contains("withdrawal"),
            "{detail}"
        );
    }
    let same = grant("e", json!({"actions": ["trade"]})).await;
    assert_eq!((same.status, &same.body["id"]), (200, &first.body["id"]));
    let wider = grant(
        "f",
        json!({"actions": ["trade", "withdrawal"], "replace": true}),
    )
    .await;
    assert_eq!((wider.status, &wider.body["id"]), (200, &first.body["id"]));
    let narrower = grant("g", json!({"actions": ["withdrawal"]})).await;
    assert_eq!(
        narrower.body["actions"],
        json!(["withdrawal"]),
        "{}",
        narrower.body
    );
    appliance.stop().await.unwrap();
}
