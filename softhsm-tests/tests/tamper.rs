//! Invariant 8: the database is not trusted with authority. Somebody with write access to its
//! file, or to a backup of it, gets nothing signed by changing it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use anyhow::{Context, Result, ensure};
use countersign_api::Wallet;
use softhsm_tests::client::Client;
use softhsm_tests::{Appliance, Options, message};
use solana_pubkey::Pubkey;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

const POLICY: &str = r#"
schema = 1
name = "tamper"
[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]
[[limits]]
name = "out"
when = { action = "withdrawal", asset = "SOL" }
per = "wallet"
window = "24h"
max_amount = "5"
[[rules]]
name = "to-cold"
when = { action = "withdrawal", destination = "cold" }
then = "allow"
"#;

/// The thief's address: what the attacker puts in the place of the cold one.
const THIEF: &str = "29d2S7vB453rNYFdR5Ycwt7y9haRT5fwVwL9zTmBhfV2";
const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

async fn database(appliance: &Appliance) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(appliance.path("countersign.db"));
    Ok(options.connect().await?)
}

/// What the attacker does to the file.
async fn attack(appliance: &Appliance, statements: &str) -> Result<()> {
    let mut database = database(appliance).await?;
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()))
        .execute(&mut database)
        .await?;
    ensure!(
        done.rows_affected() > 0,
        "nothing was changed by {statements}"
    );
    database.close().await?;
    Ok(())
}

struct Desk {
    appliance: Appliance,
    wallet: Wallet,
}

/// An appliance with two wallets, one of them granted, and one signature.
async fn desk() -> Result<Desk> {
    let options = Options {
        anchor_every: "1s",
        ..Options::policy(POLICY)
    };
    let appliance = Appliance::running(&options).await?;
    let gateway = appliance.client("gateway")?;
    let mut wallets = Vec::new();
    for user in ["a", "b"] {
        let user = gateway.user(user).await?;
        let wallet = gateway.wallet(&user.id, None).await?;
        gateway.grant("bot", &wallet.id).await?;
        wallets.push(wallet);
    }
    let path = format!("/v1/wallets/{}/pause", wallets[1].id);
    let paused = gateway.post(&path, &serde_json::json!({})).await?;
    ensure!(paused.status == 200);
    let wallet = wallets.swap_remove(0);
    appliance
        .client("bot")?
        .signed("before", &wallet.id, &to(&wallet, COLD)?)
        .await?;
    Ok(Desk { appliance, wallet })
}

fn to(wallet: &Wallet, destination: &str) -> Result<Vec<u8>> {
    Ok(message::transfer(
        &wallet.address.parse()?,
        &destination.parse::<Pubkey>()?,
        1_000,
    ))
}

/// What somebody with write access might do to the rows while nobody looks.
fn attacks() -> Vec<(&'static str, String)> {
    let older_policy = format!("replace(body, '{COLD}', '{THIEF}')");
    vec![
        (
            "an allow-list with another address",
            format!("UPDATE authority SET body = {older_policy} WHERE kind = 'policy'"),
        ),
        (
            "a MAC of another row",
            "UPDATE authority SET mac = (SELECT mac FROM authority WHERE kind = 'user' LIMIT 1) \
             WHERE kind = 'wallet'"
                .to_owned(),
        ),
        (
            "a grant that is gone",
            "DELETE FROM authority WHERE kind = 'grant'".to_owned(),
        ),
        (
            "a policy that is gone",
            "DELETE FROM authority WHERE kind = 'policy'".to_owned(),
        ),
        (
            "a grant that was added",
            "INSERT INTO authority SELECT kind, randomblob(16), seq + 1000, parent, \
             'thief' || lookup, replace(body, '\"bot\"', '\"bot2\"'), mac FROM authority \
             WHERE kind = 'grant'"
                .to_owned(),
        ),
        ("what limits used up gone", "DELETE FROM usage".to_owned()),
        (
            "what limits used up in an earlier stretch",
            "UPDATE usage SET bucket = bucket - 200".to_owned(),
        ),
        (
            "everything gone",
            "DELETE FROM authority; DELETE FROM authority_seal".to_owned(),
        ),
        (
            "a seal that is gone",
            "DELETE FROM authority_seal".to_owned(),
        ),
        (
            "a seal that says less",
            "UPDATE authority_seal SET count = count - 1".to_owned(),
        ),
    ]
}

#[tokio::test]
async fn inv08_a_database_changed_while_the_appliance_was_stopped_is_refused() {
    let Desk {
        mut appliance,
        wallet,
    } = desk().await.unwrap();
    appliance.stop().await.unwrap();
    let genuine = appliance.path("genuine");
    appliance.copy_database(&genuine).unwrap();
    for (what, statements) in attacks() {
        appliance.restore_database(&genuine).unwrap();
        attack(&appliance, &statements).await.unwrap();
        let ended = appliance.refused().await.unwrap();
        assert_eq!(ended.code, Some(1), "{what}: {ended}");
        let loud = [
            "behind the appliance's back",
            "no seal",
            "no longer",
            "the use of limits",
            "seal",
        ];
        assert!(
            loud.iter().any(|words| ended.stderr.contains(words)),
            "{what}: {ended}"
        );
    }
    appliance.restore_database(&genuine).unwrap();
    appliance.start().await.unwrap();
    let bot = appliance.client("bot").unwrap();
    bot.signed("after", &wallet.id, &to(&wallet, COLD).unwrap())
        .await
        .unwrap();
    // The seal covers MACs; a body that no longer fits its MAC is found when it is read.
    appliance.stop().await.unwrap();
    attack(
        &appliance,
        "UPDATE authority SET body = replace(body, 'paused', 'active') \
         WHERE kind = 'wallet' AND body LIKE '%paused%'",
    )
    .await
    .unwrap();
    appliance.start().await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let list = operator.get("/v1/wallets").await.unwrap();
    assert_eq!((list.status, list.code()), (503, "not_ready"));
}

#[tokio::test]
async fn inv08_a_row_changed_under_a_running_appliance_is_not_used() {
    let Desk {
        mut appliance,
        wallet,
    } = desk().await.unwrap();
    // Restarted, so that nothing about the wallet is remembered.
    appliance.stop().await.unwrap();
    appliance.start().await.unwrap();
    let bot = appliance.client("bot").unwrap();
    let gateway = appliance.client("gateway").unwrap();
    attack(
        &appliance,
        "UPDATE authority SET body = replace(body, '\"mainnet\"', '\"testnet\"') \
         WHERE kind = 'wallet'",
    )
    .await
    .unwrap();
    let refused = bot
        .sign("changed", &wallet.id, &to(&wallet, COLD).unwrap())
        .await
        .unwrap();
    let problem = refused.problem().unwrap();
    assert_eq!(problem.status, 503);
    assert!(
        problem.detail.contains("behind the appliance's back"),
        "{}",
        problem.detail
    );
    let seen = gateway
        .get(&format!("/v1/wallets/{}", wallet.id))
        .await
        .unwrap();
    assert_eq!(seen.status, 503);
    assert!(appliance.log().contains("a row was tampered with"));
    let metrics = appliance.operations("/metrics").unwrap();
    assert!(
        metrics.body.contains("countersign_tampered_rows_total"),
        "{}",
        metrics.body
    );
    // Put back, it is genuine again.
    attack(
        &appliance,
        "UPDATE authority SET body = replace(body, '\"testnet\"', '\"mainnet\"') \
         WHERE kind = 'wallet'",
    )
    .await
    .unwrap();
    bot.signed("restored", &wallet.id, &to(&wallet, COLD).unwrap())
        .await
        .unwrap();
    older_version(&appliance, &gateway, &wallet).await.unwrap();
}

/// A row that was genuine once, MAC and all.
async fn older_version(appliance: &Appliance, gateway: &Client, wallet: &Wallet) -> Result<()> {
    let mut file = database(appliance).await?;
    let older: Vec<(Vec<u8>, String, Vec<u8>)> =
        sqlx::query_as("SELECT id, body, mac FROM authority WHERE kind = 'wallet'")
            .fetch_all(&mut file)
            .await?;
    let path = format!("/v1/wallets/{}/pause", wallet.id);
    let paused = gateway.post(&path, &serde_json::json!({})).await?;
    ensure!(paused.status == 200, "{}", paused.body);
    for (id, body, mac) in older {
        sqlx::query("UPDATE authority SET body = ?, mac = ? WHERE kind = 'wallet' AND id = ?")
            .bind(body)
            .bind(mac)
            .bind(id)
            .execute(&mut file)
            .await?;
    }
    file.close().await?;
    let bot = appliance.client("bot")?;
    let refused = bot.sign("older", &wallet.id, &to(wallet, COLD)?).await?;
    ensure!(refused.status == 503, "{}", refused.body);
    let detail = refused.body["detail"].as_str().context("detail")?;
    ensure!(detail.contains("not the latest version"), "{detail}");
    Ok(())
}

#[tokio::test]
async fn inv08_limits_that_were_wiped_under_a_running_appliance_stop_it() {
    let Desk {
        mut appliance,
        wallet,
    } = desk().await.unwrap();
    // Restarted, so that no limit is remembered.
    appliance.stop().await.unwrap();
    appliance.start().await.unwrap();
    attack(&appliance, "DELETE FROM usage").await.unwrap();
    let bot = appliance.client("bot").unwrap();
    for key in ["wiped", "again"] {
        let message = to(&wallet, COLD).unwrap();
        let refused = bot.sign(key, &wallet.id, &message).await.unwrap();
        let problem = refused.problem().unwrap();
        assert_eq!(problem.status, 503);
        assert!(problem.detail.contains("restores"), "{}", problem.detail);
    }
    let metrics = appliance.operations("/metrics").unwrap();
    let tampered = "countersign_tampered_rows_total 2";
    assert!(metrics.body.contains(tampered), "{}", metrics.body);
    // Refusing is possible all the same.
    let risk = appliance.client("risk").unwrap();
    let scope = serde_json::json!({ "scope": "everything" });
    assert_eq!(risk.post("/v1/freeze", &scope).await.unwrap().status, 200);
}

#[tokio::test]
async fn inv08_a_database_older_than_the_tokens_memory_is_refused() {
    let Desk {
        mut appliance,
        wallet,
    } = desk().await.unwrap();
    appliance.stop().await.unwrap();
    let older = appliance.path("older");
    appliance.copy_database(&older).unwrap();
    appliance.start().await.unwrap();
    let bot = appliance.client("bot").unwrap();
    bot.signed("later", &wallet.id, &to(&wallet, COLD).unwrap())
        .await
        .unwrap();
    appliance.stop().await.unwrap();
    let newer = appliance.path("newer");
    appliance.copy_database(&newer).unwrap();

    appliance.restore_database(&older).unwrap();
    let ended = appliance.refused().await.unwrap();
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("older than the token's memory"),
        "{ended}"
    );
    // Refusing left the newer state usable.
    appliance.restore_database(&newer).unwrap();
    appliance.start().await.unwrap();
    let bot = appliance.client("bot").unwrap();
    bot.signed("later", &wallet.id, &to(&wallet, COLD).unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn inv08_a_log_that_was_cut_or_rewritten_is_refused() {
    let Desk { mut appliance, .. } = desk().await.unwrap();
    appliance.stop().await.unwrap();
    let genuine = appliance.path("genuine");
    appliance.copy_database(&genuine).unwrap();
    for (what, statements) in [
        (
            "the last entries are gone",
            "DELETE FROM audit_entries WHERE idx > 5; DELETE FROM checkpoints WHERE size > 5",
        ),
        (
            "another leaf hash",
            "UPDATE audit_entries SET leaf_hash = randomblob(32) WHERE idx = 3",
        ),
    ] {
        appliance.restore_database(&genuine).unwrap();
        attack(&appliance, statements).await.unwrap();
        let ended = appliance.refused().await.unwrap();
        assert_eq!(ended.code, Some(1), "{what}: {ended}");
    }
}

/// A denied theft, turned into one that was allowed and only waits for its signature.
#[tokio::test]
async fn inv08_a_request_that_was_turned_into_an_allowed_one_is_not_signed() {
    let Desk { appliance, wallet } = desk().await.unwrap();
    let bot = appliance.client("bot").unwrap();
    let theft = to(&wallet, THIEF).unwrap();
    let denied = bot.sign("theft", &wallet.id, &theft).await.unwrap();
    assert_eq!((denied.status, denied.code()), (403, "policy_denied"));
    let forgeries = [
        "UPDATE requests SET decided = 1 WHERE idem_key = 'theft'",
        // With the very answer of a request that was allowed.
        "UPDATE requests SET answer = (SELECT answer FROM requests WHERE idem_key = 'before') \
         WHERE idem_key = 'theft'",
    ];
    for forgery in forgeries {
        attack(&appliance, forgery).await.unwrap();
        let refused = bot.sign("theft", &wallet.id, &theft).await.unwrap();
        let problem = refused.problem().unwrap();
        assert_eq!(problem.status, 503, "{forgery}: {}", problem.detail);
    }
    assert!(
        appliance
            .log()
            .contains("a request was changed in the database")
    );
    let mut file = database(&appliance).await.unwrap();
    let signed: (i64,) = sqlx::query_as(
        "SELECT count(*) FROM outcomes JOIN requests USING (seq) \
         WHERE idem_key = 'theft' AND signature IS NOT NULL",
    )
    .fetch_one(&mut file)
    .await
    .unwrap();
    assert_eq!(signed.0, 0, "the theft was signed");
}
