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

/// What the calls are about.
struct Named {
    user: String,
    wallet: String,
    grant: String,
    certificate: String,
    csr: String,
}

/// Who, method, path, body, and the kind of the entry or change that the call would make.
fn good(named: &Named) -> Value {
    let Named { wallet, csr, .. } = named;
    let of_wallet = |verb: &str| format!("/v1/wallets/{wallet}{verb}");
    let grant = format!("/v1/grants/{}", named.grant);
    let certificate = format!("/v1/pki/certificates/{}", named.certificate);
    let looser = format!(
        "{POLICY}\n[[rules]]\nname = \"stakes\"\nwhen = {{ action = \"stake\" }}\nthen = \"allow\"\n"
    );
    json!([
        ["gateway", "POST", "/v1/users", {"external_id": "u-9"}, "user_created"],
        ["gateway", "POST", "/v1/users", {"external_id": "u-1"}, ""],
        ["gateway", "PATCH", of_wallet(""), {"name": "n"}, "wallet_changed"],
        ["gateway", "POST", of_wallet("/pause"), {}, "wallet_changed"],
        ["gateway", "POST", of_wallet("/archive"), {}, "wallet_changed"],
        ["gateway", "POST", of_wallet("/resume"), {}, ""],
        ["gateway", "POST", of_wallet("/rotate"), {}, "wallet_rotated"],
        ["gateway", "POST", of_wallet("/verify"), {}, "wallet_verified"],
        ["operator-a", "POST", "/v1/grants", {"bot": "bot2", "wallet_id": wallet}, "grant_created"],
        ["operator-a", "DELETE", grant, null, "grant_revoked"],
        ["operator-a", "POST", "/v1/freeze", {"scope": "everything"}, "freeze"],
        ["operator-a", "POST", "/v1/prices", {"asset": "SOL", "price_usd": "1"}, "price_set"],
        ["operator-a", "POST", "/v1/pki/certificates", {"csr": csr, "role": "bot", "name": "new"}, "certificate_issued"],
        ["operator-a", "DELETE", certificate, null, "certificate_revoked"],
        ["gateway", "POST", "/v1/pki/renew", {"csr": csr}, "certificate_issued"],
        ["operator-a", "POST", "/v1/policies", {"text": looser}, "policy"],
    ])
}

/// Calls that are refused, done or only tried.
fn bad(named: &Named) -> Value {
    let Named { user, csr, .. } = named;
    json!([
        ["gateway", "POST", "/v1/users", {"external_id": ""}],
        ["gateway", "POST", "/v1/wallets", {"user_id": user, "venue": "nowhere"}],
        ["gateway", "POST", "/v1/wallets", {"user_id": user, "venue": "solana", "environment": "testnet", "custody": "wrapped"}],
        ["operator-a", "POST", "/v1/users", {"external_id": "u"}],
        ["operator-a", "DELETE", "/v1/grants/grt_00000000000000000000000000000000", null],
        ["operator-a", "POST", "/v1/policies", {"text": "schema = 2"}],
        ["operator-a", "POST", "/v1/unfreeze", {"scope": "everything"}],
        ["operator-a", "POST", "/v1/pki/certificates", {"csr": "x", "role": "bot", "name": "new"}],
        ["operator-a", "POST", "/v1/pki/certificates", {"csr": csr, "role": "bot", "name": "new", "lifetime": "9999d"}],
    ])
}

/// Sends one of these calls, with this behind its path.
async fn send(appliance: &Appliance, one: &Value, query: &str) -> Reply {
    let client = appliance.client(one[0].as_str().unwrap()).unwrap();
    let method = one[1].as_str().unwrap().parse().unwrap();
    let path = format!("{}{query}", one[2].as_str().unwrap());
    call(&client, &method, &path, &one[3]).await
}

async fn named(appliance: &Appliance) -> Named {
    let gateway = appliance.client("gateway").unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let user = gateway.user("u-1").await.unwrap().id;
    let wallet = gateway.wallet(&user, None).await.unwrap().id;
    let grant = gateway.grant("bot", &wallet).await.unwrap().id;
    let certificates = operator.get("/v1/pki/certificates?bot=bot2").await.unwrap();
    let certificate = certificates.body["items"][0]["id"].as_str().unwrap();
    Named {
        certificate: certificate.to_owned(),
        csr: key_and_csr().unwrap().1,
        user,
        wallet,
        grant,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_the_call_does_and_does_nothing() {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let named = named(&appliance).await;
    let before = size(&operator).await;
    for one in good(&named).as_array().unwrap() {
        let reply = send(&appliance, one, "?dry_run=true").await;
        assert_eq!(reply.status, 200, "{one}: {}", reply.body);
        assert_eq!(reply.body["dry_run"], true, "{one}: {}", reply.body);
        let asked = &reply.body["change"]["kind"];
        let done = &reply.body["entries"][0]["kind"];
        match (reply.body["decision"].as_str(), &one[4]) {
            (Some("allow"), kind) if kind == "" => assert_eq!(done, &Value::Null, "{one}"),
            (Some("allow"), kind) => assert_eq!(done, kind, "{one}"),
            (_, kind) => assert_eq!(asked, kind, "{one}: {}", reply.body),
        }
        assert_eq!(size(&operator).await, before, "{one} was logged");
    }
    // The errors are those of the call.
    for one in bad(&named).as_array().unwrap() {
        let dry = send(&appliance, one, "?dry_run=true").await;
        let real = send(&appliance, one, "").await;
        assert!(real.status >= 400, "{one}: {}", real.body);
        assert_eq!((dry.status, dry.body), (real.status, real.body), "{one}");
    }
    nothing_was_done(&appliance, &named).await;
    appliance.stop().await.unwrap();
    // No key was made, and none is left over.
    let doctor = softhsm_tests::program::run(appliance.countersignd().arg("doctor")).unwrap();
    assert!(
        doctor.stdout.contains("1 keys on the token are wallets'"),
        "{doctor}"
    );
    assert!(!doctor.stdout.contains("no wallet uses"), "{doctor}");
}

/// The wallet signs, the bot is let in, the policy is the first.
async fn nothing_was_done(appliance: &Appliance, named: &Named) {
    let gateway = appliance.client("gateway").unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let path = format!("/v1/wallets/{}", named.wallet);
    let shown = gateway.get(&path).await.unwrap();
    assert_eq!(shown.body["status"], "active", "{}", shown.body);
    let status = operator.get("/v1/status").await.unwrap();
    assert_eq!(status.body["freezes"], json!([]));
    let bot2 = appliance.client("bot2").unwrap();
    assert_eq!(bot2.get("/v1/wallets").await.unwrap().status, 200);
    let policies = operator.get("/v1/policies").await.unwrap();
    assert_eq!(policies.body["items"].as_array().unwrap().len(), 1);
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
