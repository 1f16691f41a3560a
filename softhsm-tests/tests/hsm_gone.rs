//! Invariant 11: refusing is always possible. The token goes away under a running appliance.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::fs;
use std::ops::Range;
use std::time::Duration;

use countersign_api::Wallet;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use serde_json::{Value, json};
use softhsm_tests::{Appliance, Client, Options, message};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

const POLICY: &str = include_str!("../../deploy/dev/policy.toml");
const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

/// Half-second looks at `/readyz` until it says what it should.
async fn until(appliance: &Appliance, ready: bool) -> Value {
    for _ in 0..60 {
        let reply = appliance.operations("/readyz").unwrap();
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(reply.status == 200, body["ready"] == true, "{body}");
        if (reply.status == 200) == ready {
            return body;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("ready did not become {ready}: {}", appliance.last_words());
}

#[tokio::test]
async fn inv11_refusing_is_possible_when_the_token_is_gone() {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    gateway.grant("bot", &wallet.id).await.unwrap();
    let bot = appliance.client("bot").unwrap();
    let risk = appliance.client("risk").unwrap();
    let message = message::transfer(
        &wallet.address.parse().unwrap(),
        &COLD.parse().unwrap(),
        1_000,
    );
    bot.signed("before", &wallet.id, &message).await.unwrap();
    until(&appliance, true).await;

    let (tokens, away) = (appliance.path("tokens"), appliance.path("away"));
    fs::rename(&tokens, &away).unwrap();
    let body = until(&appliance, false).await;
    let bad: Vec<&Value> = body["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["ok"] == false)
        .collect();
    assert!(!bad.is_empty(), "{body}");
    for check in &bad {
        let name = check["name"].as_str().unwrap();
        // What the token does itself, and its memory of the log.
        assert!(name.starts_with("hsm.") || name == "anchor", "{check}");
        let detail = check["detail"].as_str().unwrap();
        assert!(detail.len() > 20, "{check}");
        assert!(!detail.contains("NotInitialized"), "{check}");
    }
    let scope = json!({ "scope": "everything", "reason": "the token is gone" });
    let frozen = risk.post("/v1/freeze", &scope).await.unwrap();
    // It holds, and does not claim to be recorded: no row can be sealed now.
    assert_eq!(
        (frozen.status, &frozen.body["recorded"]),
        (200, &json!(false)),
        "{}",
        frozen.body
    );
    let refused = bot.sign("gone", &wallet.id, &message).await.unwrap();
    assert_eq!(refused.code(), "frozen", "{}", refused.body);
    assert_eq!(appliance.operations("/livez").unwrap().status, 200);

    fs::rename(&away, &tokens).unwrap();
    until(&appliance, true).await;
    bot.signed("before", &wallet.id, &message).await.unwrap();
    let frozen = risk.post("/v1/freeze", &scope).await.unwrap();
    assert_eq!(frozen.body["recorded"], true, "{}", frozen.body);
    appliance.kill();
    appliance.start().await.unwrap();
    let bot = appliance.client("bot").unwrap();
    let refused = bot.sign("back", &wallet.id, &message).await.unwrap();
    assert_eq!(refused.code(), "frozen", "{}", refused.body);
}

/// One SOL of the fifty that may leave per day, under a key of its own.
async fn one_sol(bot: &Client, wallet: &Wallet, number: usize) -> u16 {
    let message = message::transfer(
        &wallet.address.parse().unwrap(),
        &COLD.parse().unwrap(),
        1_000_000_000,
    );
    let reply = bot
        .sign(&format!("sol-{number}"), &wallet.id, &message)
        .await;
    let reply = reply.unwrap();
    assert!(!reply.body.to_string().contains("init`"), "{}", reply.body);
    reply.status
}

/// Asks again under the same keys until nothing is unavailable, for at most ten seconds.
async fn all_answered(bot: &Client, wallet: &Wallet, numbers: Range<usize>) -> usize {
    let mut signed = 0;
    for number in numbers {
        let mut status = 0;
        for _ in 0..100 {
            status = one_sol(bot, wallet, number).await;
            if status != 503 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(status == 200 || status == 429, "sol-{number}: {status}");
        signed += usize::from(status == 200);
    }
    signed
}

/// The token is away for three seconds while bots ask, then file descriptors run out: it heals by itself,
/// and what may leave per day is spent to the unit, neither twice nor for nothing.
#[tokio::test]
async fn a_token_that_was_away_for_three_seconds_signs_again_without_a_restart() {
    let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    gateway.grant("bot", &wallet.id).await.unwrap();
    let bot = appliance.client("bot").unwrap();
    assert_eq!(all_answered(&bot, &wallet, 0..10).await, 10);

    let (tokens, away) = (appliance.path("tokens"), appliance.path("away"));
    let load = (10..34).map(|number| one_sol(&bot, &wallet, number));
    let disturb = async {
        fs::rename(&tokens, &away).unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        fs::rename(&away, &tokens).unwrap();
    };
    let (statuses, ()) = tokio::join!(futures_util::future::join_all(load), disturb);
    assert!(statuses.contains(&503), "{statuses:?}");
    assert_eq!(all_answered(&bot, &wallet, 10..34).await, 24);

    let process = Pid::from_raw(i32::try_from(appliance.pid().unwrap()).unwrap()).unwrap();
    let few = Rlimit {
        current: Some(8),
        maximum: getrlimit(Resource::Nofile).maximum,
    };
    let before = prlimit(Some(process), Resource::Nofile, few).unwrap();
    let mut statuses = Vec::new();
    for number in 34..40 {
        statuses.push(one_sol(&bot, &wallet, number).await);
    }
    prlimit(Some(process), Resource::Nofile, before).unwrap();
    assert!(statuses.contains(&503), "{statuses:?}");
    assert_eq!(all_answered(&bot, &wallet, 34..60).await, 16);
    until(&appliance, true).await;
    let metrics = appliance.operations("/metrics").unwrap().body;
    let mut lines = metrics.lines();
    let restarts =
        lines.find_map(|line| line.strip_prefix("countersign_hsm_module_restarts_total "));
    assert!(restarts.unwrap().parse::<u64>().unwrap() > 0, "{metrics}");
}

/// The database refuses to be written for a while. A freeze made meanwhile holds at once, and is
/// recorded without anybody asking again.
#[tokio::test]
async fn inv11_a_freeze_that_could_not_be_recorded_is_recorded_later() {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let risk = appliance.client("risk").unwrap();
    let database = SqliteConnectOptions::new().filename(appliance.path("countersign.db"));
    let mut database = database.connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut database)
        .await
        .unwrap();
    let scope = json!({ "scope": "everything", "reason": "the disk is unwell" });
    let frozen = risk.post("/v1/freeze", &scope).await.unwrap();
    assert_eq!(frozen.body["recorded"], false, "{}", frozen.body);
    let warning = frozen.body["warning"].as_str().unwrap_or_default();
    assert!(warning.contains("do not restart"), "{}", frozen.body);
    sqlx::query("ROLLBACK")
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();

    let auditor = appliance.client("auditor").unwrap();
    let mut logged = Value::Null;
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        logged = auditor
            .get("/v1/audit/entries?limit=500")
            .await
            .unwrap()
            .body;
        if logged.to_string().contains("the disk is unwell") {
            break;
        }
    }
    let logged = logged.to_string();
    assert_eq!(logged.matches("the disk is unwell").count(), 1, "{logged}");
    assert!(logged.contains("/risk/risk"), "{logged}");
    appliance.kill();
    appliance.start().await.unwrap();
    let status = appliance.client("auditor").unwrap();
    let status = status.get("/v1/status").await.unwrap().body;
    assert!(
        status.to_string().contains("the disk is unwell"),
        "{status}"
    );
}
