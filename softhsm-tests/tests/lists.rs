//! Lists: the newest first over everything, narrowed, in pages, and what changed since.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use serde_json::{Value, json};
use softhsm_tests::client::Client;
use softhsm_tests::{Appliance, Options, message};
use solana_pubkey::Pubkey;

const POLICY: &str = include_str!("../../deploy/dev/policy.toml");
const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const SOL: u64 = 1_000_000_000;

async fn listed(client: &Client, path: &str) -> Value {
    let reply = client.get(path).await.unwrap();
    assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    reply.body
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Every page of a list, so many entries each.
async fn paged(client: &Client, path: &str, limit: u32) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..50 {
        let page = listed(client, &format!("{path}limit={limit}{cursor}")).await;
        found.extend(ids(&page));
        assert_eq!(page["next"], page["next_cursor"]);
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
    panic!("`{path}` does not end");
}

struct Desk {
    appliance: Appliance,
    operator: Client,
    gateway: Client,
    bot: Client,
    wallet: String,
    payer: Pubkey,
}

async fn desk() -> Desk {
    let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u-1").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    gateway.grant("bot", &wallet.id).await.unwrap();
    Desk {
        operator: appliance.client("operator-a").unwrap(),
        bot: appliance.client("bot").unwrap(),
        payer: wallet.address.parse().unwrap(),
        wallet: wallet.id,
        gateway,
        appliance,
    }
}

impl Desk {
    async fn asks(&self, key: &str, to: &Pubkey, lamports: u64) -> String {
        let message = message::transfer(&self.payer, to, lamports);
        let reply = self.bot.sign(key, &self.wallet, &message).await.unwrap();
        reply.body["request_id"].as_str().unwrap().to_owned()
    }

    async fn proposes(&self, name: &str) -> String {
        let text = format!("{POLICY}\n{}", LOOSER.replace("NAME", name));
        let body = json!({ "text": text });
        let reply = self.operator.post_keyed("/v1/policies", name, &body).await;
        let reply = reply.unwrap();
        assert_eq!(reply.status, 202, "{}", reply.body);
        reply.body["request_id"].as_str().unwrap().to_owned()
    }
}

const LOOSER: &str =
    "[[rules]]\nname = \"NAME\"\nwhen = { action = \"stake\" }\nthen = \"allow\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_all_kinds_come_newest_first_and_narrowed() {
    let mut desk = desk().await;
    let cold: Pubkey = COLD.parse().unwrap();
    let signed = desk.asks("a", &cold, 1_000).await;
    let first = desk.proposes("one").await;
    let denied = desk.asks("b", &Pubkey::new_unique(), 1_000).await;
    let second = desk.proposes("two").await;
    let held = desk.asks("c", &cold, 2 * SOL).await;
    let newest = [&held, &second, &denied, &first, &signed].map(String::clone);
    let operator = &desk.operator;
    assert_eq!(ids(&listed(operator, "/v1/requests").await), newest);
    for limit in 1..=5 {
        assert_eq!(
            paged(operator, "/v1/requests?", limit).await,
            newest,
            "{limit}"
        );
    }
    let id = &desk.wallet;
    for (filter, expected) in [
        ("status=pending".to_owned(), vec![&held, &second, &first]),
        ("kind=policy".to_owned(), vec![&second, &first]),
        (
            "kind=change&status=pending".to_owned(),
            vec![&second, &first],
        ),
        ("kind=sign".to_owned(), vec![&held, &denied, &signed]),
        ("status=denied".to_owned(), vec![&denied]),
        (format!("wallet_id={id}"), vec![&held, &denied, &signed]),
        ("bot=bot".to_owned(), vec![&held, &denied, &signed]),
        ("bot=bot2".to_owned(), vec![]),
        ("since=1h".to_owned(), newest.iter().collect()),
        ("since=2100-01-01T00:00:00Z".to_owned(), vec![]),
    ] {
        let page = listed(operator, &format!("/v1/requests?{filter}")).await;
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(ids(&page), expected, "{filter}");
        let path = format!("/v1/requests?{filter}&");
        assert_eq!(paged(operator, &path, 1).await, expected, "{filter}");
    }
    // A bot sees what it asked for and nothing else.
    let own = listed(&desk.bot, "/v1/requests").await;
    assert_eq!(ids(&own), [&held, &denied, &signed].map(String::clone));
    for wrong in [
        "status=x",
        "kind=x",
        "since=x",
        "cursor=x",
        "wait=1s",
        "limit=0",
        "bot=a%20b",
    ] {
        let reply = operator
            .get(&format!("/v1/requests?{wrong}"))
            .await
            .unwrap();
        assert_eq!(
            (reply.status, reply.code()),
            (400, "invalid_request"),
            "{wrong}"
        );
    }
    let one = operator
        .get(&format!("/v1/requests/{held}?status=pending"))
        .await
        .unwrap();
    assert_eq!(one.status, 400, "{}", one.body);
    desk.appliance.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_is_told_once_it_does() {
    let mut desk = desk().await;
    let (operator, wallet) = (&desk.operator, &desk.wallet);
    let revision = |page: &Value| page["revision"].as_u64().unwrap();
    let wallets = revision(&listed(operator, "/v1/wallets").await);
    let requests = revision(&listed(operator, "/v1/requests").await);
    let nothing = listed(operator, &format!("/v1/wallets?after={wallets}")).await;
    assert_eq!(nothing["items"], json!([]));
    let waiting = {
        let (operator, path) = (
            operator.clone(),
            format!("/v1/wallets?after={wallets}&wait=30s"),
        );
        tokio::spawn(async move { listed(&operator, &path).await })
    };
    // What a wallet signs changes a request, and no wallet.
    let signed = desk.asks("a", &COLD.parse().unwrap(), 1_000).await;
    let path = format!("/v1/wallets/{wallet}/pause");
    let paused = operator
        .post_keyed(&path, "pause", &json!({}))
        .await
        .unwrap();
    assert_eq!(paused.status, 200, "{}", paused.body);
    let changed = waiting.await.unwrap();
    assert_eq!(ids(&changed), [wallet.as_str()]);
    assert_eq!(changed["items"][0]["status"], "paused");
    let since = revision(&changed);
    let nothing = listed(operator, &format!("/v1/wallets?after={since}")).await;
    assert_eq!(nothing["items"], json!([]));
    let changed = listed(operator, &format!("/v1/requests?after={requests}&wait=30s")).await;
    assert_eq!(ids(&changed), [signed]);
    let narrowed = format!("/v1/requests?after={requests}&status=denied");
    assert_eq!(listed(operator, &narrowed).await["items"], json!([]));
    for wrong in [
        "after=999999999",
        &format!("after={requests}&cursor=1-1"),
        "after=x",
    ] {
        let reply = operator
            .get(&format!("/v1/requests?{wrong}"))
            .await
            .unwrap();
        assert_eq!(reply.status, 400, "{wrong}: {}", reply.body);
    }
    desk.appliance.stop().await.unwrap();
}

async fn every_list_takes_a_time_and_a_bound(operator: &Client) {
    for path in [
        "users",
        "wallets",
        "grants",
        "pki/certificates",
        "policies",
        "approvers",
        "tables",
        "registrations",
        "prices",
        "requests",
    ] {
        let later = listed(operator, &format!("/v1/{path}?since=2100-01-01T00:00:00Z")).await;
        assert_eq!(later["items"], json!([]), "{path}");
    }
    for path in ["venues", "nonces", "limits", "prices"] {
        let page = operator.get(&format!("/v1/{path}?limit=0")).await.unwrap();
        assert_eq!(page.status, 400, "{path}");
        listed(operator, &format!("/v1/{path}?limit=1")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_is_newest_first_and_narrowed() {
    let mut desk = desk().await;
    let gateway = &desk.gateway;
    let user = gateway.user("u-2").await.unwrap();
    let second = gateway.wallet(&user.id, None).await.unwrap();
    let grant = gateway.grant("bot2", &second.id).await.unwrap();
    let (operator, first) = (&desk.operator, &desk.wallet);
    let wallets = [second.id.clone(), first.clone()];
    assert_eq!(ids(&listed(operator, "/v1/wallets").await), wallets);
    assert_eq!(paged(operator, "/v1/wallets?", 1).await, wallets);
    let of = |path: String| async move { ids(&listed(operator, &path).await) };
    assert_eq!(
        of("/v1/wallets?bot=bot2".to_owned()).await,
        std::slice::from_ref(&second.id)
    );
    assert_eq!(
        of("/v1/users?external_id=u-2".to_owned()).await,
        std::slice::from_ref(&user.id)
    );
    assert_eq!(of("/v1/users".to_owned()).await[0], user.id);
    assert_eq!(of("/v1/grants".to_owned()).await[0], grant.id);
    assert_eq!(
        of(format!("/v1/grants?wallet_id={}", second.id)).await,
        std::slice::from_ref(&grant.id)
    );
    assert_eq!(
        of("/v1/grants?bot=bot2".to_owned()).await,
        std::slice::from_ref(&grant.id)
    );
    let headers = [("idempotency-key", "revoke")];
    let path = format!("/v1/grants/{}", grant.id);
    let revoked = gateway.send(
        softhsm_tests::client::Method::DELETE,
        &path,
        &headers,
        Vec::new(),
    );
    assert_eq!(revoked.await.unwrap().status, 204);
    assert!(!of("/v1/grants".to_owned()).await.contains(&grant.id));
    assert_eq!(
        of("/v1/grants?status=revoked".to_owned()).await,
        std::slice::from_ref(&grant.id)
    );
    let bots = listed(operator, "/v1/pki/certificates?status=good").await;
    let bots = bots["items"].as_array().unwrap();
    let newest = |name: &str| {
        let is = |one: &Value| one["spiffe_id"] == format!("spiffe://desk.example/bot/{name}");
        bots.iter().position(is).unwrap()
    };
    assert!(newest("bot2") < newest("bot"), "{bots:?}");
    let of_one = listed(operator, "/v1/pki/certificates?bot=bot").await;
    assert_eq!(of_one["items"].as_array().unwrap().len(), 1);
    every_list_takes_a_time_and_a_bound(operator).await;
    desk.appliance.stop().await.unwrap();
}
