//! What bot platforms promise their users, kept by the appliance instead of by them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{Request, Wallet};
use serde_json::{Value, json};
use softhsm_tests::client::Client;
use softhsm_tests::swap::{Terms, USDC, usdc_for_sol};
use softhsm_tests::{Appliance, Approver, Options, message};
use solana_pubkey::Pubkey;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const SOL: u64 = 1_000_000_000;

const POLICY: &str = r#"
schema = 1
name = "platform"

[groups.treasury]
approvers = ["alice", "bob", "carol"]

[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]

[[limits]]
name = "sol-out-per-user"
when = { action = "withdrawal", asset = "SOL" }
per = "user"
window = "24h"
max_amount = "3"

[[rules]]
name = "to-cold"
when = { action = "withdrawal", asset = "SOL", destination = "cold", max_amount = "2" }
then = "allow"

[[rules]]
name = "trades"
when = { action = "trade", program = "jupiter-v6", asset = "USDC", max_amount = "0.02" }
then = "allow"

[[rules]]
name = "large-trades"
when = { action = "trade", program = "jupiter-v6", asset = "USDC", over_amount = "0.02" }
then = { approve = { group = "treasury", quorum = 2, expires = "24h" } }
"#;

/// A user's wallet in an environment, which the bot may use.
async fn wallet(gateway: &Client, user: &str, environment: &str) -> Wallet {
    let user = gateway.user(user).await.unwrap();
    let body = json!({ "user_id": user.id, "venue": "solana", "environment": environment });
    let made = gateway.post("/v1/wallets", &body).await.unwrap();
    let wallet: Wallet = made.ok().unwrap();
    gateway.grant("bot", &wallet.id).await.unwrap();
    wallet
}

fn out(wallet: &Wallet, lamports: u64) -> Vec<u8> {
    let from: Pubkey = wallet.address.parse().unwrap();
    message::transfer(&from, &COLD.parse().unwrap(), lamports)
}

/// Rate-limited withdrawals per user: another wallet of the same user opens no new room.
#[tokio::test(flavor = "multi_thread")]
async fn withdrawals_are_limited_per_user_over_all_their_wallets() {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let one = wallet(&gateway, "u", "mainnet").await;
    let two = wallet(&gateway, "u", "testnet").await;
    let other = wallet(&gateway, "v", "mainnet").await;
    let bot = appliance.client("bot").unwrap();
    bot.signed("a", &one.id, &out(&one, 2 * SOL)).await.unwrap();
    let over = bot.sign("b", &two.id, &out(&two, 2 * SOL)).await.unwrap();
    assert_eq!((over.status, over.code()), (429, "limit_exceeded"));
    let why = over.body["reasons"][0]["message"].as_str().unwrap();
    assert!(
        why.contains("limit 3 SOL per 24h, used 2, asked 2"),
        "{why}"
    );
    assert!(over.body["retry_after"].is_string(), "{}", over.body);
    bot.signed("c", &two.id, &out(&two, SOL)).await.unwrap();
    bot.signed("d", &other.id, &out(&other, 2 * SOL))
        .await
        .unwrap();
    appliance.stop().await.unwrap();
}

fn trade(wallet: &Wallet, quoted: u64) -> Value {
    let terms = Terms {
        quoted,
        ..Terms::MAINNET
    };
    let key: Pubkey = wallet.address.parse().unwrap();
    let message = message::legacy(&key, &usdc_for_sol(&key, terms).unwrap());
    json!({
        "wallet_id": wallet.id,
        "message": BASE64_STANDARD.encode(message),
        "mints": [USDC.to_string()],
    })
}

/// Several people agree to a large trade, which is no withdrawal, and to that trade alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_trade_takes_several_people() {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let wallet = wallet(&gateway, "u", "mainnet").await;
    let bot = appliance.client("bot").unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let ask = async |key: &str, body: &Value| {
        let reply = bot.post_keyed("/v1/sign/solana", key, body).await.unwrap();
        (reply.status, reply.body)
    };
    let (status, body) = ask("small", &trade(&wallet, 10_000)).await;
    assert_eq!((status, &body["rule"]), (200, &json!("trades")), "{body}");
    let large = trade(&wallet, 50_000);
    let (status, body) = ask("large", &large).await;
    assert_eq!((status, &body["quorum"]), (202, &json!(2)), "{body}");
    let id = body["request_id"].as_str().unwrap().to_owned();
    let released = |mut body: Value| {
        body["approved_request_id"] = json!(id);
        body
    };
    Approver::Alice.agrees(&operator, &id).await.unwrap();
    let (status, body) = ask("early", &released(large.clone())).await;
    assert_eq!((status, &body["signature"]), (202, &Value::Null), "{body}");
    let asked: Request = Approver::Bob.agrees(&operator, &id).await.unwrap();
    assert_eq!(asked.state, "approved");
    assert!(asked.text.unwrap_or_default().contains("USDC"));
    let (status, body) = ask("another", &released(trade(&wallet, 60_000))).await;
    assert_eq!((status, &body["code"]), (403, &json!("policy_denied")));
    let (status, body) = ask("release", &released(large.clone())).await;
    assert_eq!(
        (status, &body["rule"]),
        (200, &json!("large-trades")),
        "{body}"
    );
    let (status, _) = ask("twice", &released(large)).await;
    assert_ne!(status, 200);
    appliance.stop().await.unwrap();
}
