//! `dry_run=true`: what would happen, with the checks and errors of the call itself, and nothing done.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::ROUTES;
use serde_json::{Value, json};
use softhsm_tests::client::{Client, Method, Reply, key_and_csr};
use softhsm_tests::{Appliance, Approver, Options};

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

/// Tried elsewhere: they need what this appliance has not.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "/v1/sign/solana",
        "main_job.rs: a_dry_run_reserves_and_signs_nothing_and_is_logged",
    ),
    (
        "/v1/sign/solana/batch",
        "each of its items is judged as the one above",
    ),
    (
        "/v1/sign/evm",
        "evm.rs: a_dry_run_decides_and_uses_up_nothing",
    ),
    (
        "/v1/wallets/import",
        "import.rs: an_imported_key_signs_and_is_nowhere_to_be_read",
    ),
    (
        "/v1/second-factor",
        "second_factor.rs: what_is_tried_shows_no_secret",
    ),
    (
        "/v1/second-factor/reset",
        "second_factor.rs: what_is_tried_shows_no_secret",
    ),
];

/// The policy, under which people's changes do not wait.
fn at_once() -> String {
    POLICY.replace("delay = \"24h\"", "delay = \"0s\"")
}

/// What the calls on every route are about, besides what `named` has.
struct Made {
    registration: String,
    pending: String,
    market: Value,
    table: String,
}

/// Method and route, who calls it, and what stands in the path for which part, and the body.
type Tried = (&'static str, &'static str, Value);

const OPERATOR: &str = "operator-a";

fn of(path: &str, value: &str) -> Value {
    json!([path, value])
}

fn with(body: &Value) -> Value {
    json!(["", "", body])
}

fn of_wallets(named: &Named) -> Vec<Tried> {
    let Named {
        user,
        wallet,
        grant,
        ..
    } = named;
    let limit = json!({ "name": "n", "action": "withdrawal", "asset": "SOL", "window": "24h", "max_amount": "1" });
    let new = json!({ "user_id": user, "venue": "solana", "environment": "testnet" });
    let id = of("{id}", wallet);
    let rename = json!(["{id}", wallet, { "name": "n" }]);
    let tighten = json!(["{id}", wallet, { "limits": [limit] }]);
    let granted = json!({ "bot": "bot2", "wallet_id": wallet });
    let new_user = json!({ "external_id": "u-new" });
    vec![
        ("POST /v1/users", "gateway", with(&new_user)),
        ("POST /v1/wallets", "gateway", with(&new)),
        ("PATCH /v1/wallets/{id}", "gateway", rename),
        ("PATCH /v1/wallets/{id}/managed", "risk", tighten),
        ("POST /v1/wallets/{id}/pause", "risk", id.clone()),
        ("POST /v1/wallets/{id}/resume", "gateway", id.clone()),
        ("POST /v1/wallets/{id}/archive", "gateway", id.clone()),
        ("POST /v1/wallets/{id}/rotate", "gateway", id.clone()),
        ("POST /v1/wallets/{id}/verify", "gateway", id),
        ("POST /v1/grants", OPERATOR, with(&granted)),
        ("DELETE /v1/grants/{id}", OPERATOR, of("{id}", grant)),
    ]
}

fn of_people(named: &Named, made: &Made, signature: &str, proof: &Value) -> Vec<Tried> {
    let csr = &named.csr;
    let approval =
        json!({ "approver_id": "alice", "scheme": "solana-offchain-v0", "signature": signature });
    let approval = json!(["{id}", made.pending, approval]);
    let stakes = "[[rules]]\nname = \"stakes\"\nwhen = { action = \"stake\" }\nthen = \"allow\"\n";
    let looser = json!({ "text": format!("{}\n{stakes}", at_once()) });
    let certificate = json!({ "csr": csr, "role": "bot", "name": "new" });
    let revoked = of("{id}", &named.certificate);
    let (block, unblock) = (
        of("{role}/{name}", "bot/bot"),
        of("{role}/{name}", "bot/stolen"),
    );
    let issue = "POST /v1/pki/certificates";
    let reject = of("{id}", &made.pending);
    vec![
        ("POST /v1/requests/{id}/approvals", OPERATOR, approval),
        ("POST /v1/requests/{id}/reject", OPERATOR, reject),
        ("POST /v1/approvers", OPERATOR, with(proof)),
        ("DELETE /v1/approvers/{id}", OPERATOR, of("{id}", "carol")),
        ("POST /v1/policies", OPERATOR, with(&looser)),
        (issue, OPERATOR, with(&certificate)),
        ("DELETE /v1/pki/certificates/{id}", OPERATOR, revoked),
        ("DELETE /v1/pki/principals/{role}/{name}", OPERATOR, block),
        (
            "POST /v1/pki/principals/{role}/{name}/unblock",
            OPERATOR,
            unblock,
        ),
        (
            "POST /v1/pki/renew",
            "gateway",
            with(&json!({ "csr": csr })),
        ),
    ]
}

fn of_the_desk(made: &Made) -> Vec<Tried> {
    let venue = json!({ "slug": "somewhere", "kind": "exchange", "supported_assets": ["any"] });
    let off = json!(["{slug}", "solana", { "enabled": false }]);
    let price = json!({ "asset": "SOL", "price_usd": "1" });
    let table = json!({ "address": COLD_TABLE, "addresses": [COLD_TABLE] });
    let nonce = json!(["{account}", NONCE, { "nonce": COLD_TABLE, "slot": 9 }]);
    let (bot, bot2) = (
        json!({ "scope": { "bot": "bot" } }),
        json!({ "scope": { "bot": "bot2" } }),
    );
    let removed = of("{id}", &made.registration);
    let forgotten = of("{address}", &made.table);
    vec![
        ("POST /v1/venues", OPERATOR, with(&venue)),
        ("PATCH /v1/venues/{slug}", OPERATOR, off),
        ("DELETE /v1/venues/{slug}", OPERATOR, of("{slug}", "solana")),
        ("POST /v1/prices", OPERATOR, with(&price)),
        ("POST /v1/registrations", OPERATOR, with(&made.market)),
        ("DELETE /v1/registrations/{id}", OPERATOR, removed),
        ("POST /v1/nonces/{account}", OPERATOR, nonce),
        ("POST /v1/tables", OPERATOR, with(&table)),
        ("DELETE /v1/tables/{address}", OPERATOR, forgotten),
        ("POST /v1/clock/confirm", OPERATOR, with(&json!({}))),
        ("POST /v1/freeze", "risk", with(&bot)),
        ("POST /v1/unfreeze", OPERATOR, with(&bot2)),
    ]
}

const COLD_TABLE: &str = "4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi";
const NONCE: &str = "8qbHbw2BbbTHBW1sbeqakYXVKRQM8Ne7pLK7m6CVfeR";

/// What has to be there for every call to be one that is taken.
async fn made(appliance: &Appliance, named: &Named) -> Made {
    let operator = appliance.client("operator-a").unwrap();
    let nonce = json!({ "kind": "nonce_account", "wallet_id": named.wallet, "account": NONCE });
    let asked = operator.post("/v1/registrations", &nonce).await.unwrap();
    let id = asked.body["request_id"].as_str().unwrap().to_owned();
    for approver in [Approver::Alice, Approver::Bob] {
        approver.agrees(&operator, &id).await.unwrap();
    }
    let registered = operator.get("/v1/registrations").await.unwrap();
    let registration = registered.body["items"][0]["id"]
        .as_str()
        .unwrap_or_default();
    let market = json!({
        "kind": "market", "market": COLD_TABLE, "quote_lot": 1, "taker_fee_bps": 1,
        "base_mint": "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", "base_lot": 1,
        "quote_mint": "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
    });
    let pending = operator.post("/v1/registrations", &market).await.unwrap();
    let table = "5KKsLVU6TcbVDK4BS6K1DGDxnh4Q9xjYJ8XaDCG5t8ht";
    let fed = json!({ "address": table, "addresses": [COLD_TABLE] });
    let fed = operator.post("/v1/tables", &fed).await.unwrap();
    assert_eq!(fed.status, 200, "{}", fed.body);
    let frozen = json!({ "scope": { "bot": "bot2" } });
    operator.post("/v1/freeze", &frozen).await.unwrap();
    let blocked = operator
        .delete("/v1/pki/principals/bot/stolen")
        .await
        .unwrap();
    assert_eq!(blocked.status, 200, "{}", blocked.body);
    Made {
        registration: registration.to_owned(),
        pending: pending.body["request_id"].as_str().unwrap().to_owned(),
        market,
        table: table.to_owned(),
    }
}

/// A key that nobody has yet, with the proof of it.
async fn enrolment(operator: &Client) -> Value {
    let key = ed25519_dalek::SigningKey::from_bytes(&[0x5d; 32]);
    let public = bs58::encode(key.verifying_key().as_bytes()).into_string();
    let scheme = "solana-offchain-v0";
    let query =
        format!("/v1/approvers/enrolment-text?name=dana&scheme={scheme}&public_key={public}");
    let text = operator.get(&query).await.unwrap().body;
    let message = BASE64_STANDARD
        .decode(text["message"].as_str().unwrap())
        .unwrap();
    let signature = ed25519_dalek::Signer::sign(&key, &message).to_bytes();
    let proof = bs58::encode(signature).into_string();
    json!({ "name": "dana", "scheme": scheme, "public_key": public, "proof": proof })
}

/// Held against the table of routes, so that a new one cannot be forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn every_route_that_changes_something_can_be_tried_and_then_changes_nothing() {
    let mut appliance = Appliance::running(&Options::policy(at_once()))
        .await
        .unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let named = named(&appliance).await;
    let made = made(&appliance, &named).await;
    let (_, signature) = Approver::Alice
        .read_and_sign(&operator, &made.pending)
        .await
        .unwrap();
    let proof = enrolment(&operator).await;
    let mut calls = of_wallets(&named);
    calls.extend(of_people(&named, &made, &signature, &proof));
    calls.extend(of_the_desk(&made));
    let before = size(&operator).await;
    for route in ROUTES.iter().filter(|route| route.query.has_dry_run()) {
        if ELSEWHERE.iter().any(|(path, _)| *path == route.path) {
            continue;
        }
        let verb = route.method.as_str();
        let name = format!("{verb} {}", route.path);
        let found = calls.iter().find(|(called, _, _)| *called == name);
        let (_, who, call_of) = found.unwrap_or_else(|| panic!("nobody tries {name}"));
        let path = route.path.replacen(
            call_of[0]
                .as_str()
                .filter(|part| !part.is_empty())
                .unwrap_or("\0"),
            call_of[1].as_str().unwrap_or_default(),
            1,
        );
        let body = call_of.get(2).cloned().unwrap_or(Value::Null);
        let client = appliance.client(who).unwrap();
        let path = format!("{path}?dry_run=true");
        let reply = call(&client, &verb.parse().unwrap(), &path, &body).await;
        assert_eq!(reply.status, 200, "{name}: {}", reply.body);
        assert_eq!(reply.body["dry_run"], true, "{name}: {}", reply.body);
        assert_eq!(size(&operator).await, before, "{name} was logged");
    }
    let status = operator.get("/v1/status").await.unwrap().body;
    assert_eq!(status["freezes"].as_array().unwrap().len(), 1, "{status}");
    let pending = operator
        .get("/v1/requests?status=pending")
        .await
        .unwrap()
        .body;
    assert_eq!(pending["items"].as_array().unwrap().len(), 1, "{pending}");
    let blocked = operator.get("/v1/pki/principals").await.unwrap().body;
    assert_eq!(blocked["items"].as_array().unwrap().len(), 1, "{blocked}");
    appliance.stop().await.unwrap();
}
