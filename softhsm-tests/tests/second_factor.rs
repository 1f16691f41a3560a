//! Operators with one-time codes, made here by `openssl` from the secret that was shown.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a failure is the test's, and codes go by the time"
)]

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign_api::{Problem, Request};
use serde_json::{Value, json};
use softhsm_tests::client::{Client, Method, Reply};
use softhsm_tests::log::Fetched;
use softhsm_tests::{Appliance, Approver, Options, program};

const POLICY: &str = r#"
schema = 1
name = "second-factor"
[groups.change]
approvers = ["alice"]
quorum = 1
delay = "0s"
[assets.SOL]
reference_price_usd = { source = "operator", max_age = "24h" }
"#;

/// An operator's authenticator. Each code is given out once.
struct Authenticator {
    key: String,
    last: u64,
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs() / 30
}

/// RFC 4648, as digits of 5 bits, to hexadecimal.
fn hex_of(base32: &str) -> String {
    let digit = |one: char| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(one).unwrap();
    let bits: String = base32
        .chars()
        .map(|one| format!("{:05b}", digit(one)))
        .collect();
    assert_eq!(bits.len(), 160, "{base32}");
    let nibbles = bits.as_bytes().chunks(4);
    nibbles
        .map(|bits| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap())
        .map(|nibble| format!("{nibble:x}"))
        .collect()
}

impl Authenticator {
    fn of(otpauth: &str) -> Self {
        let start = otpauth.find("secret=").unwrap() + "secret=".len();
        Self {
            key: hex_of(otpauth.split_at(start).1.split('&').next().unwrap()),
            last: 0,
        }
    }

    fn at(&self, step: u64) -> String {
        let mut openssl = Command::new("openssl");
        openssl.args(["dgst", "-sha1", "-mac", "HMAC", "-binary", "-macopt"]);
        openssl.arg(format!("hexkey:{}", self.key));
        let mut child = (openssl.stdin(Stdio::piped()).stdout(Stdio::piped()))
            .spawn()
            .unwrap();
        let counter = step.to_be_bytes();
        child.stdin.take().unwrap().write_all(&counter).unwrap();
        let tag = child.wait_with_output().unwrap().stdout;
        assert_eq!(tag.len(), 20);
        let at = usize::from(tag[19] & 15);
        let number = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }

    /// A code that was not used, early or late by one step at most.
    async fn next(&mut self) -> String {
        loop {
            let step = (self.last + 1).max(now());
            if step <= now() + 1 {
                self.last = step;
                return self.at(step);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

async fn post(client: &Client, path: &str, body: &Value, code: Option<&str>) -> Reply {
    let headers: Vec<(&str, &str)> = code.iter().map(|code| ("Countersign-Otp", *code)).collect();
    let body = serde_json::to_vec(body).unwrap();
    client
        .send(Method::POST, path, &headers, body)
        .await
        .unwrap()
}

fn refused(reply: Reply, says: &str) {
    let problem: Problem = reply.problem().unwrap();
    assert_eq!(problem.status, 403, "{problem:?}");
    assert_eq!(problem.field.as_deref(), Some("Countersign-Otp"));
    assert!(problem.detail.contains(says), "{problem:?}");
}

fn price() -> Value {
    json!({ "asset": "SOL", "price_usd": "150" })
}

/// An appliance, and the secrets that `init` showed.
async fn started() -> (Appliance, Authenticator, Authenticator) {
    let options = Options {
        second_factor: true,
        ..Options::policy(POLICY)
    };
    let mut appliance = Appliance::configured(&options).unwrap();
    let made = appliance.init().unwrap();
    assert_eq!(made.code, Some(0), "{made}");
    let made: Value = serde_json::from_str(&made.stdout).unwrap();
    let secret = |place: usize| made["operators"][place]["otpauth"].as_str().unwrap();
    let (a, b) = (Authenticator::of(secret(0)), Authenticator::of(secret(1)));
    assert_ne!(a.key, b.key);
    appliance.start().await.unwrap();
    (appliance, a, b)
}

#[tokio::test]
async fn an_operator_needs_a_code_for_what_does_not_only_refuse() {
    let (mut appliance, mut a, b) = started().await;
    let operator = appliance.client("operator-a").unwrap();
    refused(
        post(&operator, "/v1/prices", &price(), None).await,
        "takes a one-time code",
    );
    for code in ["", "12345", "000000x"] {
        let reply = post(&operator, "/v1/prices", &price(), Some(code)).await;
        refused(reply, "not the code of now");
    }
    // Reading and refusing take none.
    assert_eq!(operator.get("/v1/prices").await.unwrap().status, 200);
    let frozen = post(
        &operator,
        "/v1/freeze",
        &json!({ "scope": { "bot": "x" } }),
        None,
    )
    .await;
    assert_eq!(frozen.status, 200, "{}", frozen.body);

    let code = a.next().await;
    let set = post(&operator, "/v1/prices", &price(), Some(&code)).await;
    assert_eq!(set.status, 200, "{}", set.body);
    // Once, also over a restart; and the code of somebody else is none.
    refused(
        post(&operator, "/v1/prices", &price(), Some(&code)).await,
        "used already",
    );
    appliance.stop().await.unwrap();
    appliance.start().await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    refused(
        post(&operator, "/v1/prices", &price(), Some(&code)).await,
        "used already",
    );
    let of_b = b.at(now());
    refused(
        post(&operator, "/v1/prices", &price(), Some(&of_b)).await,
        "not the code of now",
    );

    // From the command line: out of a variable, and a file.
    let set = ["prices", "set", "SOL", "151"];
    let without = program::run(appliance.countersign("operator-a").args(set)).unwrap();
    assert_eq!(without.code, Some(1), "{without}");
    assert!(without.stderr.contains("COUNTERSIGN_OTP"), "{without}");
    let code = a.next().await;
    let mut with = appliance.countersign("operator-a");
    let with = program::run(with.args(set).env("COUNTERSIGN_OTP", code)).unwrap();
    assert_eq!(with.code, Some(0), "{with}");
    let code = a.next().await;
    let mut with = appliance.countersign("operator-a");
    let with = program::run_with_input(with.args(["--otp-file", "-"]).args(set), &code).unwrap();
    assert_eq!(with.code, Some(0), "{with}");
}

/// Five wrong codes lock an operator out; another secret takes people, and is shown once.
#[tokio::test]
async fn what_is_tried_shows_no_secret() {
    let (appliance, mut a, _) = started().await;
    let operator = appliance.client("operator-a").unwrap();
    let own = post(
        &operator,
        "/v1/second-factor?dry_run=true",
        &json!({}),
        None,
    )
    .await;
    refused(own, "was shown already");
    let body = json!({ "operator": "b" });
    let path = "/v1/second-factor/reset?dry_run=true";
    let tried = post(&operator, path, &body, None).await;
    assert_eq!(
        (tried.status, &tried.body["dry_run"]),
        (200, &json!(true)),
        "{}",
        tried.body
    );
    let pending = operator.get("/v1/requests?status=pending").await.unwrap();
    assert_eq!(pending.body["items"], json!([]), "{}", pending.body);
    // Nothing was used up.
    let code = a.next().await;
    let set = post(&operator, "/v1/prices", &price(), Some(&code)).await;
    assert_eq!(set.status, 200, "{}", set.body);
}

#[tokio::test]
async fn guessing_is_bounded_and_another_secret_takes_people() {
    let (appliance, mut a, mut b) = started().await;
    let (first, second) = (
        appliance.client("operator-a").unwrap(),
        appliance.client("operator-b").unwrap(),
    );
    let wrong = |code: &str| if code == "000000" { "000001" } else { "000000" };
    for attempt in 1..=5 {
        let code = wrong(&b.at(now())).to_owned();
        let says = if attempt < 5 {
            "attempts left"
        } else {
            "too many wrong codes"
        };
        refused(
            post(&second, "/v1/prices", &price(), Some(&code)).await,
            says,
        );
    }
    let code = b.next().await;
    refused(
        post(&second, "/v1/prices", &price(), Some(&code)).await,
        "none is taken until",
    );
    // The other operator is not locked out, and nobody sees a secret again.
    let again = post(&first, "/v1/second-factor", &json!({}), None).await;
    refused(again, "was shown already");

    let body = json!({ "operator": "b" });
    let code = a.next().await;
    let asked = post(&first, "/v1/second-factor/reset", &body, Some(&code)).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    let id = asked.body["request_id"].as_str().unwrap().to_owned();
    let (text, signature) = Approver::Alice.read_and_sign(&first, &id).await.unwrap();
    assert!(
        text.text.starts_with("New second factor for operator b"),
        "{}",
        text.text
    );
    let approval = json!({ "approver_id": "alice", "scheme": text.scheme, "signature": signature });
    let code = a.next().await;
    let done = post(
        &first,
        &format!("/v1/requests/{id}/approvals"),
        &approval,
        Some(&code),
    )
    .await;
    let done: Request = done.ok().unwrap();
    assert_eq!(done.state, "done", "{done:?}");
    assert!(!format!("{done:?}").contains("otpauth"), "{done:?}");

    let mut enrol = appliance.countersign("operator-b");
    let shown = program::run(enrol.args(["second-factor", "enroll"])).unwrap();
    assert_eq!(shown.code, Some(0), "{shown}");
    let mut new = Authenticator::of(shown.stdout.trim());
    assert_ne!(new.key, b.key);
    let code = b.at(now());
    refused(
        post(&second, "/v1/prices", &price(), Some(&code)).await,
        "not the code of now",
    );
    let code = new.next().await;
    let set = post(&second, "/v1/prices", &price(), Some(&code)).await;
    assert_eq!(set.status, 200, "{}", set.body);
    logged(&appliance, &[&a.key, &b.key, &new.key]).await;
}

/// What happened is in the log; no secret is, nor in the database.
async fn logged(appliance: &Appliance, secrets: &[&str]) {
    let operator = appliance.client("operator-a").unwrap();
    let fetched = Fetched::from(&operator).await.unwrap();
    let entries = fetched.parsed().unwrap();
    let entries = entries
        .iter()
        .filter(|entry| entry["kind"] == "second_factor");
    let states: Vec<&str> = entries
        .map(|entry| entry["detail"]["state"].as_str().unwrap())
        .collect();
    let refused = ["refused"; 4];
    let expected = [
        &["shown", "shown"][..],
        &refused,
        &["locked", "reset", "shown", "refused"],
    ];
    assert_eq!(states, expected.concat());
    for file in ["countersign.db", "countersign.db-wal", "countersignd.log"] {
        let bytes = std::fs::read(appliance.path(file)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("otpauth"), "{file}");
        for secret in secrets {
            let raw = hex::decode(secret).unwrap();
            assert!(!bytes.windows(20).any(|window| window == raw), "{file}");
            assert!(!text.contains(secret), "{file}");
        }
    }
}
