//! The registry of venues: what operators propose and people agree to, and what wallets and
//! signatures follow from it.

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

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

const POLICY: &str = r#"
schema = 1
name = "venues"

[groups.change]
approvers = ["alice", "bob", "carol"]
quorum = 2
delay = "0s"

[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]

[[rules]]
name = "to-cold"
when = { action = "withdrawal", asset = "SOL", destination = "cold" }
then = "allow"
"#;

async fn patch(client: &Client, path: &str, body: &Value) -> Result<Reply> {
    let body = serde_json::to_vec(body)?;
    client.send(Method::PATCH, path, &[], body).await
}

/// Has two people agree, and answers with the text they saw.
async fn agreed(operator: &Client, asked: Reply) -> Result<String> {
    assert_eq!(
        (asked.status, asked.body["kind"].as_str()),
        (202, Some("venue")),
        "{}",
        asked.body
    );
    let id = asked.body["request_id"].as_str().unwrap().to_owned();
    let shown = Approver::Alice.agrees(operator, &id).await?;
    let done = Approver::Bob.agrees(operator, &id).await?;
    assert_eq!(done.state, "done");
    Ok(shown.text.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_agree_to_every_change_of_the_registry() -> Result<()> {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await?;
    let operator = appliance.client("operator-a")?;
    let gateway = appliance.client("gateway")?;
    let bybit = json!({
        "slug": "bybit", "kind": "exchange", "features": ["spot", "perps"],
        "auth_fields": [{ "name": "api_key" }, { "name": "api_secret", "secret": true }],
        "leverage": { "min": "1", "max": "20" }, "supported_assets": ["BTC", "ETH"],
    });
    let asked = operator.post("/v1/venues", &bybit).await?;
    assert_eq!(gateway.get("/v1/venues/bybit").await?.status, 404);
    let text = agreed(&operator, asked).await?;
    let words = "Add venue bybit\nkind exchange\nenabled yes\nenvironments mainnet\n";
    assert!(text.starts_with(words), "{text}");
    let venue = gateway.get("/v1/venues/bybit").await?;
    assert_eq!(venue.status, 200, "{}", venue.body);
    assert_eq!(
        venue.body["auth_fields"][1],
        json!({
            "name": "api_secret", "secret": true, "required": true
        })
    );
    assert_eq!(
        (&venue.body["signable"], &venue.body["enabled"]),
        (&json!(false), &json!(true))
    );
    let twice = operator.post("/v1/venues", &bybit).await?;
    assert_eq!((twice.status, twice.code()), (409, "already_decided"));

    // It can be shown to users, and has no wallets as long as nothing signs for it.
    let user = gateway.user("u").await?;
    let body = json!({ "user_id": user.id, "venue": "bybit" });
    let refused = gateway.post("/v1/wallets", &body).await?;
    assert_eq!(
        (refused.status, refused.body["field"].as_str()),
        (400, Some("venue"))
    );
    assert!(
        refused.body["detail"]
            .as_str()
            .unwrap()
            .contains("cannot sign for it")
    );

    let fewer = json!({ "supported_assets": ["BTC"] });
    let asked = patch(&operator, "/v1/venues/bybit", &fewer).await?;
    let text = agreed(&operator, asked).await?;
    assert!(
        text.starts_with("Change venue bybit\nassets BTC, ETH -> BTC\n"),
        "{text}"
    );
    let nothing = patch(&operator, "/v1/venues/bybit", &fewer).await?;
    assert_eq!((nothing.status, nothing.code()), (400, "invalid_request"));

    appliance.stop().await?;
    appliance.start().await?;
    let operator = appliance.client("operator-a")?;
    let asked = operator.delete("/v1/venues/bybit").await?;
    agreed(&operator, asked).await?;
    assert_eq!(operator.get("/v1/venues/bybit").await?.status, 404);
    let listed = operator.get("/v1/venues").await?;
    let slugs = listed.body["items"].as_array().unwrap().iter();
    let slugs: Vec<_> = slugs.map(|venue| venue["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, ["evm", "solana"]);
    // Its slug can be registered again.
    let asked = operator.post("/v1/venues", &bybit).await?;
    agreed(&operator, asked).await?;
    assert_eq!(operator.get("/v1/venues/bybit").await?.status, 200);
    appliance.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_signed_for_a_venue_that_is_turned_off() -> Result<()> {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await?;
    let operator = appliance.client("operator-a")?;
    let gateway = appliance.client("gateway")?;
    let user = gateway.user("u").await?;
    let wallet = gateway.wallet(&user.id, None).await?;
    gateway.grant("bot", &wallet.id).await?;
    let bot = appliance.client("bot")?;
    let bytes = message::transfer(&wallet.address.parse()?, &COLD.parse()?, 1_000);
    assert_eq!(bot.sign("a", &wallet.id, &bytes).await?.status, 200);

    let asked = patch(&operator, "/v1/venues/solana", &json!({ "enabled": false })).await?;
    let text = agreed(&operator, asked).await?;
    assert!(
        text.starts_with("Change venue solana\nenabled yes -> no\n"),
        "{text}"
    );
    let refused = bot.sign("b", &wallet.id, &bytes).await?;
    assert_eq!((refused.status, refused.code()), (403, "frozen"));
    assert!(
        refused.body["detail"]
            .as_str()
            .unwrap()
            .contains("turned off")
    );
    let body = json!({ "user_id": gateway.user("v").await?.id, "venue": "solana" });
    assert_eq!(
        gateway.post("/v1/wallets", &body).await?.body["field"],
        "venue"
    );

    let asked = patch(&operator, "/v1/venues/solana", &json!({ "enabled": true })).await?;
    agreed(&operator, asked).await?;
    assert_eq!(bot.sign("c", &wallet.id, &bytes).await?.status, 200);
    appliance.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_full_although_most_rows_are_passed_over() -> Result<()> {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await?;
    let gateway = appliance.client("gateway")?;
    let mut wanted = String::new();
    for number in 0..7 {
        let user = gateway.user(&format!("u{number}")).await?;
        let wallet = gateway.wallet(&user.id, None).await?;
        if number == 5 {
            let path = format!("/v1/wallets/{}/pause", wallet.id);
            assert_eq!(gateway.post(&path, &json!({})).await?.status, 200);
            wanted = wallet.id;
        }
    }
    let page = gateway.get("/v1/wallets?status=paused&limit=1").await?;
    assert_eq!(
        page.body["items"][0]["id"],
        wanted.as_str(),
        "{}",
        page.body
    );
    let next = page.body["next_cursor"].as_str().unwrap().to_owned();
    let rest = gateway
        .get(&format!("/v1/wallets?status=paused&limit=1&cursor={next}"))
        .await?;
    assert_eq!(rest.body["items"], json!([]));
    assert!(rest.body.get("next_cursor").is_none(), "{}", rest.body);
    appliance.stop().await
}
