//! The limits that a wallet carries by itself: its user's, and a risk manager's. They bind beside
//! the policy's, loosening them takes people, and they survive a restart.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use anyhow::Result;
use serde_json::{Value, json};
use softhsm_tests::client::{Client, Method};
use softhsm_tests::{Appliance, Approver, Options, Reply, message};
use solana_pubkey::Pubkey;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const SOL: u64 = 1_000_000_000;

const POLICY: &str = r#"
schema = 1
name = "wallet-limits"

[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]

[[rules]]
name = "to-cold"
when = { action = "withdrawal", asset = "SOL", destination = "cold" }
then = "allow"
"#;

fn daily(most: &str) -> Value {
    json!({
        "name": "daily", "action": "withdrawal", "asset": "SOL", "window": "24h",
        "max_amount": most
    })
}

async fn patch(client: &Client, path: &str, body: &Value) -> Result<Reply> {
    let body = serde_json::to_vec(body)?;
    client.send(Method::PATCH, path, &[], body).await
}

struct Desk {
    wallet: String,
    address: Pubkey,
    cold: Pubkey,
}

impl Desk {
    async fn make(appliance: &Appliance) -> Result<Self> {
        let gateway = appliance.client("gateway")?;
        let user = gateway.user("careful").await?;
        let body = json!({ "user_id": user.id, "venue": "solana", "limits": [daily("5")] });
        let wallet = gateway.post("/v1/wallets", &body).await?;
        assert_eq!(wallet.status, 200, "{}", wallet.body);
        assert_eq!(wallet.body["limits"], json!([daily("5")]));
        let id = wallet.body["id"].as_str().unwrap().to_owned();
        gateway.grant("bot", &id).await?;
        Ok(Self {
            wallet: id,
            address: wallet.body["address"].as_str().unwrap().parse()?,
            cold: COLD.parse()?,
        })
    }

    async fn send(&self, appliance: &Appliance, key: &str, lamports: u64) -> Result<Reply> {
        let bytes = message::transfer(&self.address, &self.cold, lamports);
        appliance
            .client("bot")?
            .sign(key, &self.wallet, &bytes)
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallets_own_limits_bind_and_tighten_at_once() -> Result<()> {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await?;
    let desk = Desk::make(&appliance).await?;
    let path = format!("/v1/wallets/{}", desk.wallet);
    let first = desk.send(&appliance, "a", 4 * SOL).await?;
    assert_eq!(first.status, 200);
    let entries = format!(
        "/v1/audit/entries?start={}&limit=1",
        first.body["log_index"]
    );
    let logged = appliance.client("auditor")?.get(&entries).await?;
    let reserved = format!(
        "wallet:daily wallet:{} 4000000000 base units of SOL",
        desk.wallet
    );
    assert!(
        logged.body.to_string().contains(&reserved),
        "{}",
        logged.body
    );
    let over = desk.send(&appliance, "b", 2 * SOL).await?;
    assert_eq!((over.status, over.code()), (429, "limit_exceeded"));
    let told = "limit `wallet:daily`: limit 5 SOL per 24h, used 4, asked 2";
    assert!(
        over.body["detail"].as_str().unwrap().contains(told),
        "{}",
        over.body
    );

    let gateway = appliance.client("gateway")?;
    // The policy names nobody who could agree to looser ones.
    for looser in [json!([daily("6")]), json!([])] {
        let refused = patch(&gateway, &path, &json!({ "limits": looser })).await?;
        assert_eq!((refused.status, refused.code()), (403, "policy_denied"));
    }
    let wrong = patch(&gateway, &path, &json!({ "limits": [daily("-1")] })).await?;
    assert_eq!(wrong.body["field"], "limits[0].max_amount");

    // A smaller number counts what was used before.
    let tighter = patch(&gateway, &path, &json!({ "limits": [daily("4.5")] })).await?;
    assert_eq!(tighter.status, 200, "{}", tighter.body);
    assert_eq!(desk.send(&appliance, "c", 600_000_000).await?.status, 429);

    appliance.stop().await?;
    appliance.start().await?;
    assert_eq!(desk.send(&appliance, "d", 600_000_000).await?.status, 429);
    assert_eq!(desk.send(&appliance, "e", 400_000_000).await?.status, 200);
    appliance.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_risk_manager_tightens_within_the_users_limits() -> Result<()> {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await?;
    let desk = Desk::make(&appliance).await?;
    let path = format!("/v1/wallets/{}/managed", desk.wallet);
    let risk = appliance.client("risk")?;
    let managed = patch(&risk, &path, &json!({ "limits": [daily("1")] })).await?;
    assert_eq!(managed.status, 200, "{}", managed.body);
    assert_eq!(managed.body["managed"], json!([daily("1")]));
    let over = desk.send(&appliance, "a", 2 * SOL).await?;
    assert_eq!(over.code(), "limit_exceeded");
    let detail = over.body["detail"].as_str().unwrap();
    assert!(detail.contains("wallet:managed.daily"), "{detail}");
    assert_eq!(desk.send(&appliance, "b", SOL / 2).await?.status, 200);

    let looser = patch(&risk, &path, &json!({ "limits": [daily("2")] })).await?;
    assert_eq!((looser.status, looser.code()), (403, "forbidden"));
    let gateway = appliance.client("gateway")?;
    let user = patch(&gateway, &path, &json!({ "limits": [] })).await?;
    assert_eq!(user.code(), "forbidden");
    appliance.stop().await
}

const GROUP: &str = r#"
[groups.change]
approvers = ["alice", "bob", "carol"]
quorum = 2
delay = "0s"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn looser_limits_of_a_wallet_take_people() -> Result<()> {
    let mut appliance = Appliance::running(&Options::policy(format!("{POLICY}{GROUP}"))).await?;
    let desk = Desk::make(&appliance).await?;
    let path = format!("/v1/wallets/{}", desk.wallet);
    let gateway = appliance.client("gateway")?;
    let operator = appliance.client("operator-a")?;

    let both = json!({ "name": "x", "limits": [daily("6")] });
    let mixed = patch(&gateway, &path, &both).await?;
    assert_eq!(
        (mixed.status, mixed.body["field"].as_str()),
        (400, Some("name"))
    );

    let looser = json!({ "limits": [daily("6")] });
    let asked = patch(&gateway, &path, &looser).await?;
    assert_eq!(
        (asked.status, asked.body["kind"].as_str()),
        (202, Some("wallet_limits"))
    );
    let id = asked.body["request_id"].as_str().unwrap().to_owned();
    // Nothing changes before people agree, and who asked sees what became of it.
    assert_eq!(
        desk.send(&appliance, "a", 6 * SOL).await?.code(),
        "limit_exceeded"
    );
    let request = format!("/v1/requests/{id}");
    assert_eq!(gateway.get(&request).await?.body["state"], "pending");
    let listed = gateway.get("/v1/requests?status=pending").await?;
    assert_eq!(listed.body["items"][0]["id"], id.as_str());
    assert_eq!(appliance.client("bot")?.get(&request).await?.status, 404);

    let shown = Approver::Alice.agrees(&operator, &id).await?;
    let text = shown.text.unwrap();
    let words = format!(
        "Loosen limits of\n{}\nwas daily: withdrawal 5 SOL per 24h\nnow daily: withdrawal 6 SOL \
         per 24h\n",
        desk.wallet
    );
    assert!(text.starts_with(&words), "{text}");
    Approver::Bob.agrees(&operator, &id).await?;
    assert_eq!(gateway.get(&request).await?.body["state"], "done");
    assert_eq!(desk.send(&appliance, "b", 6 * SOL).await?.status, 200);

    // Limits that were tightened while people thought stay tight.
    let asked = patch(&gateway, &path, &json!({ "limits": [] })).await?;
    let id = asked.body["request_id"].as_str().unwrap().to_owned();
    let tighter = patch(&gateway, &path, &json!({ "limits": [daily("5.5")] })).await?;
    assert_eq!(tighter.status, 200, "{}", tighter.body);
    Approver::Alice.agrees(&operator, &id).await?;
    let done = Approver::Carol.agrees(&operator, &id).await?;
    assert_eq!(done.result.unwrap()["changed"], false);
    let wallet = gateway.get(&path).await?;
    assert_eq!(wallet.body["limits"], json!([daily("5.5")]));
    appliance.stop().await
}
