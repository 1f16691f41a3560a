//! Who comes in: certificates that were issued, renewed and revoked, and thieves who race all
//! three.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use countersign_api::{
    AuditPage, BlockedPrincipal, Certificate, CertificateStatus, ErrorCode, IssuedCertificate,
    Page, PendingChange, Request,
};
use countersign_appliance::clock::{Clock, SystemClock};
use countersign_intent::{Span, Timestamp};
use serde_json::{Value, json};
use softhsm_tests::client::{Client, Reply, key_and_csr, tls};
use softhsm_tests::{Appliance, Approver, Options, message, program};

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

const POLICY: &str = r#"
schema = 1
name = "pki"

[groups.treasury]
approvers = ["alice", "bob", "carol"]

[groups.change]
approvers = ["alice", "bob", "carol"]
quorum = 2

[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]

[[rules]]
name = "to-cold"
when = { action = "withdrawal", asset = "SOL", destination = "cold", max_amount = "6" }
then = { approve = { group = "treasury", quorum = 2, expires = "24h" } }
"#;

/// A certificate with its key.
#[derive(Clone)]
struct Pair {
    id: String,
    pem: String,
    key: String,
    not_after: String,
}

async fn issue(by: &Client, role: &str, name: &str, lifetime: &str) -> Result<Pair> {
    let (key, csr) = key_and_csr()?;
    let issued = by.issue(&csr, role, name, Some(lifetime)).await?;
    Ok(pair(key, issued))
}

fn pair(key: String, issued: IssuedCertificate) -> Pair {
    Pair {
        id: issued.certificate.id,
        pem: issued.pem,
        key,
        not_after: issued.certificate.not_after,
    }
}

/// Somebody who comes with it over a connection of their own.
fn comes(appliance: &Appliance, pair: &Pair) -> Result<Client> {
    let ca = std::fs::read(appliance.path("ca.pem"))?;
    let tls = tls(&ca, Some((pair.pem.as_bytes(), pair.key.as_bytes())))?;
    Client::with_tls(&appliance.url()?, tls)
}

async fn let_in(appliance: &Appliance, pair: &Pair) -> Result<bool> {
    let reply = comes(appliance, pair)?.get("/v1/status").await?;
    ensure!(matches!(reply.status, 200 | 403), "{}", reply.body);
    Ok(reply.status == 200)
}

async fn renew(client: &Client) -> Result<(String, Reply)> {
    let (key, csr) = key_and_csr()?;
    let reply = client.post("/v1/pki/renew", &json!({ "csr": csr })).await?;
    Ok((key, reply))
}

async fn renewed(appliance: &Appliance, from: &Pair) -> Result<Pair> {
    let (key, reply) = renew(&comes(appliance, from)?).await?;
    Ok(pair(key, reply.ok()?))
}

/// Renews as fast as it can with whatever it has, until it is refused; everything it made.
async fn steals(appliance: &Appliance, stolen: Pair) -> Result<Vec<Pair>> {
    let mut made = vec![stolen];
    for _ in 0..40 {
        let with = made.last().context("nothing")?;
        let (key, reply) = renew(&comes(appliance, with)?).await?;
        if reply.status != 200 {
            break;
        }
        made.push(pair(key, reply.ok()?));
    }
    Ok(made)
}

async fn three_thieves(appliance: &Appliance, stolen: &Pair) -> Result<Vec<Pair>> {
    let (one, two, three) = tokio::join!(
        steals(appliance, stolen.clone()),
        steals(appliance, stolen.clone()),
        steals(appliance, stolen.clone()),
    );
    Ok([one?, two?, three?].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn thieves_who_renew_on_three_connections_lose_against_one_revocation() {
    let appliance = Appliance::running(&Options::default()).await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let mut renewals = 0;
    for round in 0..12_u32 {
        let name = format!("stolen-{round}");
        let stolen = issue(&operator, "bot", &name, "1h").await.unwrap();
        let revoke = async {
            tokio::time::sleep(Duration::from_millis(u64::from(round) * 15)).await;
            let path = match round % 2 {
                0 => format!("/v1/pki/principals/bot/{name}"),
                _ => format!("/v1/pki/certificates/{}", stolen.id),
            };
            operator.delete(&path).await.unwrap()
        };
        let (made, revoked) = tokio::join!(three_thieves(&appliance, &stolen), revoke);
        let made = made.unwrap();
        assert_eq!(revoked.status, 200, "{}", revoked.body);
        renewals += made.len() - 3;
        for pair in &made {
            let still = let_in(&appliance, pair).await.unwrap();
            assert!(
                !still,
                "round {round}: {} of {} is let in",
                pair.id,
                made.len()
            );
        }
        let good = format!("/v1/pki/certificates?principal=bot/{name}&status=good");
        let good: Page<Certificate> = operator.get(&good).await.unwrap().ok().unwrap();
        assert!(good.items.is_empty(), "round {round}: {:?}", good.items);
    }
    assert!(renewals > 0, "no thief ever renewed");
}

#[tokio::test]
async fn a_block_is_one_row_that_outlives_restarts_and_takes_people_to_lift() {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let first = issue(&operator, "gateway", "g", "1h").await.unwrap();
    let second = renewed(&appliance, &first).await.unwrap();
    let path = "/v1/pki/principals/gateway/g";
    let body = serde_json::to_vec(&json!({ "reason": "laptop lost" })).unwrap();
    let method = softhsm_tests::client::Method::DELETE;
    let headers = [("idempotency-key", "block")];
    let blocked = operator.send(method, path, &headers, body).await.unwrap();
    let blocked: BlockedPrincipal = blocked.ok().unwrap();
    assert_eq!(blocked.reason.as_deref(), Some("laptop lost"));
    assert!(blocked.recorded);
    let (_, csr) = key_and_csr().unwrap();
    let ask = json!({ "csr": csr, "role": "gateway", "name": "g" });
    let none = operator.post("/v1/pki/certificates", &ask).await.unwrap();
    assert_eq!((none.status, none.code()), (403, "forbidden"));
    appliance.stop().await.unwrap();
    appliance.start().await.unwrap();
    for pair in [&first, &second] {
        assert!(!let_in(&appliance, pair).await.unwrap());
    }
    let operator = appliance.client("operator-a").unwrap();
    let listed: Page<BlockedPrincipal> = operator
        .get("/v1/pki/principals")
        .await
        .unwrap()
        .ok()
        .unwrap();
    assert_eq!(listed.items.len(), 1);
    let asked = operator.post(&format!("{path}/unblock"), &json!({})).await;
    let asked = asked.unwrap();
    assert_eq!(asked.status, 202, "{}", asked.body);
    let change: PendingChange = serde_json::from_value(asked.body).unwrap();
    assert_eq!(change.kind, "unblock");
    for approver in [Approver::Alice, Approver::Bob] {
        approver
            .agrees(&operator, &change.request_id)
            .await
            .unwrap();
    }
    for pair in [&first, &second] {
        assert!(
            !let_in(&appliance, pair).await.unwrap(),
            "lifting a block revived a certificate from before"
        );
    }
    let third = issue(&operator, "gateway", "g", "1h").await.unwrap();
    assert!(let_in(&appliance, &third).await.unwrap());
}

#[tokio::test]
async fn the_last_operator_cannot_be_blocked() {
    let appliance = Appliance::running(&Options::default()).await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let block = |name: &str| {
        let (operator, path) = (
            operator.clone(),
            format!("/v1/pki/principals/operator/{name}"),
        );
        async move { operator.delete(&path).await.unwrap() }
    };
    assert_eq!(block("b").await.status, 200);
    let last = block("a").await;
    assert_eq!(
        (last.status, last.code()),
        (409, "already_decided"),
        "{}",
        last.body
    );
    let other = appliance.client("operator-b").unwrap();
    let refused = other.get("/v1/status").await.unwrap();
    assert_eq!(refused.status, 403);
    let detail = refused.body["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("`operator/b` is blocked"), "{detail}");
}

fn left(pair: &Pair) -> Span {
    let now = SystemClock::new().now();
    Timestamp::parse(&pair.not_after).unwrap().since(now)
}

#[tokio::test]
async fn a_renewed_certificate_lives_no_longer_than_the_first_and_has_one_successor() {
    let appliance = Appliance::running(&Options::default()).await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let first = issue(&operator, "bot", "renews", "1h").await.unwrap();
    // An answer that was lost: nobody came with the second, so the third takes its place.
    let second = renewed(&appliance, &first).await.unwrap();
    let third = renewed(&appliance, &first).await.unwrap();
    assert!(!let_in(&appliance, &second).await.unwrap());
    assert!(let_in(&appliance, &third).await.unwrap());
    assert!(let_in(&appliance, &first).await.unwrap(), "no overlap");
    // Somebody came with the third: the first has no more.
    let (_, again) = renew(&comes(&appliance, &first).unwrap()).await.unwrap();
    assert_eq!((again.status, again.code()), (409, "already_decided"));
    let fourth = renewed(&appliance, &third).await.unwrap();
    for pair in [&second, &third, &fourth] {
        assert!(left(pair) <= Span::from_secs(3_600), "{}", pair.not_after);
    }
    let path = "/v1/pki/certificates?principal=bot/renews";
    let mut listed: Page<Certificate> = operator.get(path).await.unwrap().ok().unwrap();
    // Newest first.
    listed.items.reverse();
    let status: Vec<_> = listed.items.iter().map(|one| one.status).collect();
    use CertificateStatus::{Good, Revoked};
    assert_eq!(status, [Good, Revoked, Good, Good]);
    let chain: Vec<_> = listed.items.iter().map(|one| one.renews.clone()).collect();
    let of = |pair: &Pair| Some(pair.id.clone());
    assert_eq!(chain, [None, of(&first), of(&first), of(&third)]);
    let ends = listed.items[0].ends_at.as_deref().unwrap();
    let ends = Timestamp::parse(ends).unwrap();
    let expires = Timestamp::parse(&first.not_after).unwrap();
    assert!(ends < expires, "a quarter of its hour, not all of it");
    assert!(listed.items.iter().all(|one| one.issuers == ["operator/a"]));
}

#[tokio::test]
async fn who_was_replaced_does_not_replace_in_turn_after_a_restart() {
    let mut appliance = Appliance::running(&Options::default()).await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let stolen = issue(&operator, "bot", "robbed", "1h").await.unwrap();
    let own = renewed(&appliance, &stolen).await.unwrap();
    assert!(let_in(&appliance, &own).await.unwrap());
    appliance.stop().await.unwrap();
    appliance.start().await.unwrap();
    // Also before the rightful one came again.
    let (_, thief) = renew(&comes(&appliance, &stolen).unwrap()).await.unwrap();
    assert_eq!((thief.status, thief.code()), (409, "already_decided"));
    assert!(let_in(&appliance, &own).await.unwrap());
    // What is made in this run and never used makes room all the same.
    let lost = renewed(&appliance, &own).await.unwrap();
    let again = renewed(&appliance, &own).await.unwrap();
    assert!(!let_in(&appliance, &lost).await.unwrap());
    assert!(let_in(&appliance, &again).await.unwrap());
}

#[tokio::test]
async fn renewals_have_a_bounded_rate() {
    let appliance = Appliance::running(&Options::default()).await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let stolen = issue(&operator, "bot", "fast", "1h").await.unwrap();
    let client = comes(&appliance, &stolen).unwrap();
    let mut refused = None;
    for _ in 0..12 {
        let (_, reply) = renew(&client).await.unwrap();
        if reply.status != 200 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("no bound").problem().unwrap();
    assert_eq!(refused.code, ErrorCode::LimitExceeded);
    assert!(refused.retry_after.is_some());
    // Others renew all the same.
    let other = issue(&operator, "bot", "slow", "1h").await.unwrap();
    renewed(&appliance, &other).await.unwrap();
}

/// Signed by the CA key, with the right names, and no row of ours.
#[tokio::test]
async fn a_certificate_nobody_issued_is_not_let_in() {
    let appliance = Appliance::running(&Options::default()).await.unwrap();
    let (key, csr) = key_and_csr().unwrap();
    let file = appliance.path("mallory.csr");
    std::fs::write(&file, csr).unwrap();
    let now = SystemClock::new().now();
    for principal in ["operator/mallory", "operator/a"] {
        let mut mallory = Command::new(env!("CARGO_BIN_EXE_mallory"));
        mallory
            .env("SOFTHSM2_CONF", appliance.path("softhsm2.conf"))
            .arg(appliance.path("ca.pem"))
            .arg(&file)
            .arg(principal)
            .arg(now.to_string());
        let ended = program::run(&mut mallory).unwrap();
        assert_eq!(ended.code, Some(0), "{ended}");
        let forged = Pair {
            id: String::new(),
            pem: ended.stdout,
            key: key.clone(),
            not_after: String::new(),
        };
        let client = comes(&appliance, &forged).unwrap();
        let price = json!({ "asset": "SOL", "price_usd": "1" });
        for reply in [
            client.get("/v1/status").await.unwrap(),
            client.post("/v1/prices", &price).await.unwrap(),
            renew(&client).await.unwrap().1,
        ] {
            assert_eq!(reply.status, 403, "{principal}: {}", reply.body);
            let detail = reply.body["detail"].as_str().unwrap();
            assert!(detail.contains("not one that it issued"), "{detail}");
        }
    }
    // Those that were issued, the first operators' among them, come in.
    for who in ["operator-a", "operator-b", "bot"] {
        let reply = appliance.client(who).unwrap().get("/v1/status").await;
        assert_eq!(reply.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_principal_of_any_role_can_be_frozen() {
    let appliance = Appliance::running(&Options::default()).await.unwrap();
    let risk = appliance.client("risk").unwrap();
    let scope = json!({ "scope": { "principal": "gateway/gateway" } });
    assert_eq!(risk.post("/v1/freeze", &scope).await.unwrap().status, 200);
    let scope = json!({ "scope": "principal", "id": "operator/b" });
    assert_eq!(risk.post("/v1/freeze", &scope).await.unwrap().status, 200);
    let scope = json!({ "scope": { "principal": "bot/bot" } });
    let frozen = risk.post("/v1/freeze", &scope).await.unwrap();
    assert_eq!(
        frozen.body["scope"],
        json!({ "bot": "bot" }),
        "one scope each"
    );
    let user = json!({ "external_id": "u" });
    let gateway = appliance.client("gateway").unwrap();
    let refused = gateway.post("/v1/users", &user).await.unwrap();
    assert_eq!((refused.status, refused.code()), (403, "frozen"));
    assert_eq!(gateway.get("/v1/users").await.unwrap().status, 200);
    let frozen = appliance.client("operator-b").unwrap();
    let price = json!({ "asset": "SOL", "price_usd": "1" });
    let refused = frozen.post("/v1/prices", &price).await.unwrap();
    assert_eq!((refused.status, refused.code()), (403, "frozen"));
    let (_, refused) = renew(&appliance.client("bot").unwrap()).await.unwrap();
    assert_eq!((refused.status, refused.code()), (403, "frozen"));
    // Stopping things stays possible for everybody who may.
    let scope = json!({ "scope": "everything" });
    assert_eq!(frozen.post("/v1/freeze", &scope).await.unwrap().status, 200);
}

#[tokio::test]
async fn every_entry_of_a_caller_names_the_certificate() {
    let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    gateway.grant("bot", &wallet.id).await.unwrap();
    let bot = appliance.client("bot").unwrap();
    let to = COLD.parse().unwrap();
    let message = message::transfer(&wallet.address.parse().unwrap(), &to, 1);
    assert_eq!(
        bot.sign("k", &wallet.id, &message).await.unwrap().status,
        202
    );
    let scope = json!({ "scope": "everything" });
    let risk = appliance.client("risk").unwrap();
    assert_eq!(risk.post("/v1/freeze", &scope).await.unwrap().status, 200);
    let auditor = appliance.client("auditor").unwrap();
    let page: AuditPage = auditor
        .get("/v1/audit/entries")
        .await
        .unwrap()
        .ok()
        .unwrap();
    let certificates: Page<Certificate> = auditor
        .get("/v1/pki/certificates")
        .await
        .unwrap()
        .ok()
        .unwrap();
    let mut callers = 0;
    for item in &page.items {
        let entry: Value = serde_json::from_str(&item.entry).unwrap();
        let Some(spiffe) = entry["actor"].as_str().filter(|actor| *actor != "system") else {
            assert!(entry["certificate"].is_null(), "{entry}");
            continue;
        };
        callers += 1;
        let theirs = |one: &&Certificate| entry["certificate"] == one.id.as_str();
        let certificate = certificates.items.iter().find(theirs);
        assert_eq!(certificate.unwrap().spiffe_id, spiffe, "{entry}");
    }
    assert!(callers >= 8, "{callers}");
}

/// An operator who is an approver too issues a bot's certificate to herself, asks with it, and
/// approves. She counts as who asks.
#[tokio::test]
async fn whoever_made_the_askers_certificate_counts_as_the_asker() {
    let mut appliance = Appliance::configured(&Options::policy(POLICY)).unwrap();
    let mut init = appliance.countersignd();
    init.args(["init", "--operator", "alice", "--operator", "a"])
        .arg("--operator-out")
        .arg(appliance.root())
        .arg("--policy")
        .arg(appliance.path("policy.toml"));
    for approver in Approver::ALL {
        let named = format!("{}={}", approver.name(), approver.public_key());
        init.args(["--approver", &named]);
    }
    let ended = program::run(&mut init).unwrap();
    assert_eq!(ended.code, Some(0), "{ended}");
    appliance.start().await.unwrap();
    let alice = appliance.client("operator-alice").unwrap();
    let honest = appliance.client("operator-a").unwrap();
    appliance.issue("gateway", "gateway").await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    gateway.grant("bot", &wallet.id).await.unwrap();
    let to = COLD.parse().unwrap();
    let sol = 1_000_000_000;
    let ask = |bot: Client, key: &'static str| {
        let message = message::transfer(&wallet.address.parse().unwrap(), &to, sol);
        let id = wallet.id.clone();
        async move {
            let held = bot.sign(key, &id, &message).await.unwrap();
            assert_eq!(held.status, 202, "{}", held.body);
            held.body["request_id"].as_str().unwrap().to_owned()
        }
    };
    let hers = issue(&alice, "bot", "bot", "1h").await.unwrap();
    let renewed = renewed(&appliance, &hers).await.unwrap();
    for (pair, key) in [(&hers, "hers"), (&renewed, "renewed")] {
        let id = ask(comes(&appliance, pair).unwrap(), key).await;
        let own = Approver::Alice.approve(&honest, &id).await.unwrap();
        assert_eq!((own.status, own.code()), (403, "forbidden"), "{}", own.body);
        let shown = Approver::Bob.agrees(&honest, &id).await.unwrap();
        assert_eq!(shown.state, "pending", "one other person is not two");
        let shown = Approver::Carol.agrees(&honest, &id).await.unwrap();
        assert_eq!(shown.state, "approved");
    }
    // The bot whose certificate somebody else issued: any two count.
    let others = issue(&honest, "bot", "bot", "1h").await.unwrap();
    let id = ask(comes(&appliance, &others).unwrap(), "others").await;
    Approver::Alice.agrees(&honest, &id).await.unwrap();
    let shown: Request = Approver::Bob.agrees(&honest, &id).await.unwrap();
    assert_eq!(shown.state, "approved");
}
