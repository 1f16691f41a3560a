//! Invariant 8: the database is not trusted with authority. Somebody with write access to its
//! file, or to a backup of it, gets nothing signed by changing it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use countersign_api::Wallet;
use countersign_appliance::log_check::{LogFault, whole};
use countersign_audit::{Actor, Detail, Entry, Kind, Stamp};
use countersign_store::ledger::{Ledger, Limits, Sealer};
use countersign_store::{Location, Store};
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

/// Who can write the database can end the process too, and then no memory is renewed at the end.
#[tokio::test]
async fn inv08_what_left_is_remembered_however_the_appliance_ends() {
    let Desk {
        mut appliance,
        wallet,
    } = desk().await.unwrap();
    let older = appliance.path("older");
    appliance.copy_database(&older).unwrap();
    let bot = appliance.client("bot").unwrap();
    bot.signed("left", &wallet.id, &to(&wallet, COLD).unwrap())
        .await
        .unwrap();
    appliance.kill();
    appliance.restore_database(&older).unwrap();
    let ended = appliance.refused().await.unwrap();
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("older than the token's memory"),
        "{ended}"
    );
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

/// Rows and seal of an earlier time are genuine, every one of them. With them a freeze would be over.
#[tokio::test]
async fn inv08_rows_that_grant_power_are_not_set_back_with_their_seal() {
    let Desk { mut appliance, .. } = desk().await.unwrap();
    appliance.stop().await.unwrap();
    let older = appliance.path("older");
    appliance.copy_database(&older).unwrap();
    appliance.start().await.unwrap();
    let risk = appliance.client("risk").unwrap();
    let scope = serde_json::json!({ "scope": "everything" });
    assert_eq!(risk.post("/v1/freeze", &scope).await.unwrap().status, 200);
    appliance.stop().await.unwrap();
    let older = older.join("countersign.db");
    let set_back = ["authority", "authority_seal"].map(|table| {
        format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM older.{table};")
    });
    let set_back = format!(
        "ATTACH '{}' AS older; {}",
        older.display(),
        set_back.concat()
    );
    attack(&appliance, &set_back).await.unwrap();
    let ended = appliance.refused().await.unwrap();
    assert_eq!(ended.code, Some(1), "{ended}");
    assert!(
        ended
            .stderr
            .contains("the seal over the rows that grant power"),
        "{ended}"
    );
}

fn three_sol(wallet: &Wallet) -> Vec<u8> {
    message::transfer(
        &wallet.address.parse().unwrap(),
        &COLD.parse::<Pubkey>().unwrap(),
        3_000_000_000,
    )
}

/// The key of a request of three SOL that was allowed and not sent, because the token was away.
async fn not_sent(appliance: &Appliance, wallet: &Wallet) -> Result<String> {
    let bot = appliance.client("bot")?;
    let (tokens, away) = (appliance.path("tokens"), appliance.path("away"));
    std::fs::rename(&tokens, &away)?;
    let mut found = None;
    for number in 0..20 {
        let key = format!("gone-{number}");
        bot.sign(&key, &wallet.id, &three_sol(wallet)).await?;
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let mut file = database(appliance).await?;
        found = sqlx::query_scalar(
            "SELECT idem_key FROM requests JOIN outcomes USING (seq) \
             WHERE kind IN (2, 3) AND decided = 1 LIMIT 1",
        )
        .fetch_optional(&mut file)
        .await?;
        file.close().await?;
        if found.is_some() {
            break;
        }
    }
    std::fs::rename(&away, &tokens)?;
    found.context("nothing was left unsent")
}

/// Asks until the token is there again, for at most ten seconds.
async fn signed_again(appliance: &Appliance, wallet: &Wallet, key: &str) -> Result<()> {
    let bot = appliance.client("bot")?;
    for _ in 0..100 {
        let reply = bot.sign(key, &wallet.id, &three_sol(wallet)).await?;
        if reply.status == 200 {
            return Ok(());
        }
        ensure!(reply.status == 503, "{}", reply.body);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    anyhow::bail!("{key} was not signed within ten seconds")
}

/// Three of five SOL were given back, because nothing was signed, and another three were signed since.
/// Whoever takes away the row that says so, under the running appliance or a stopped one, gets no
/// second signature.
#[tokio::test]
async fn inv08_an_outcome_that_is_gone_gives_no_retry_room() {
    let Desk {
        mut appliance,
        wallet,
    } = desk().await.unwrap();
    let key = not_sent(&appliance, &wallet).await.unwrap();
    signed_again(&appliance, &wallet, "other").await.unwrap();
    let take_away = "DELETE FROM outcomes WHERE kind IN (2, 3)";
    attack(&appliance, take_away).await.unwrap();
    for _ in 0..2 {
        let bot = appliance.client("bot").unwrap();
        let again = bot.sign(&key, &wallet.id, &three_sol(&wallet)).await;
        let problem = again.unwrap().problem().unwrap();
        assert_eq!(problem.status, 503);
        assert!(
            problem.detail.contains("behind the appliance's back"),
            "{}",
            problem.detail
        );
        appliance.stop().await.unwrap();
        appliance.start().await.unwrap();
    }
    appliance.stop().await.unwrap();
    attack(&appliance, "DELETE FROM given_back").await.unwrap();
    let ended = appliance.refused().await.unwrap();
    assert_eq!(ended.code, Some(1), "{ended}");
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

/// What a changed column leads to while the appliance is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// It does not start.
    AtStart,
    /// What rests on it is refused when it is read.
    WhenRead,
    /// Nothing that is answered or decided changes.
    Harmless,
}

/// Every column of every table, how somebody changes it, and what becomes of that. A column that
/// is added to the schema fails the test until it stands here.
const COLUMNS: &[(&str, &str, &str, Found)] = {
    use Found::{AtStart, Harmless, WhenRead};
    &[
        (
            "authority",
            "kind",
            "UPDATE authority SET kind = 'grant' WHERE kind = 'freeze' OR kind = 'user'",
            AtStart,
        ),
        (
            "authority",
            "id",
            "UPDATE authority SET id = randomblob(16) WHERE kind = 'grant'",
            AtStart,
        ),
        (
            "authority",
            "seq",
            "UPDATE authority SET seq = seq + 100000 WHERE kind = 'certificate'",
            AtStart,
        ),
        (
            "authority",
            "parent",
            "UPDATE authority SET parent = randomblob(16) WHERE kind = 'policy'",
            AtStart,
        ),
        (
            "authority",
            "lookup",
            "UPDATE authority SET lookup = hex(id) WHERE kind = 'policy'",
            AtStart,
        ),
        (
            "authority",
            "body",
            "UPDATE authority SET body = replace(body, 'operator/a', 'operator/b') WHERE kind = 'certificate'",
            AtStart,
        ),
        (
            "authority",
            "mac",
            "UPDATE authority SET mac = randomblob(32)",
            AtStart,
        ),
        (
            "authority_seal",
            "one",
            "DELETE FROM authority_seal",
            AtStart,
        ),
        (
            "authority_seal",
            "version",
            "UPDATE authority_seal SET version = version + 1",
            AtStart,
        ),
        (
            "authority_seal",
            "count",
            "UPDATE authority_seal SET count = count + 1",
            AtStart,
        ),
        (
            "authority_seal",
            "sum",
            "UPDATE authority_seal SET sum = randomblob(32)",
            AtStart,
        ),
        (
            "authority_seal",
            "mac",
            "UPDATE authority_seal SET mac = randomblob(32)",
            AtStart,
        ),
        ("ledger_seal", "one", "DELETE FROM ledger_seal", AtStart),
        (
            "ledger_seal",
            "mac",
            "UPDATE ledger_seal SET mac = randomblob(32)",
            AtStart,
        ),
        ("meta", "key", "UPDATE meta SET key = 'x' || key", AtStart),
        (
            "meta",
            "value",
            "UPDATE meta SET value = value + 1",
            AtStart,
        ),
        (
            "requests",
            "seq",
            "UPDATE requests SET seq = seq + 1000",
            AtStart,
        ),
        (
            "requests",
            "nonce",
            "UPDATE requests SET nonce = randomblob(8)",
            WhenRead,
        ),
        (
            "requests",
            "principal",
            "UPDATE requests SET principal = 'bot/bot2'",
            WhenRead,
        ),
        (
            "requests",
            "idem_key",
            "UPDATE requests SET idem_key = 'other'",
            WhenRead,
        ),
        (
            "requests",
            "fingerprint",
            "UPDATE requests SET fingerprint = randomblob(32)",
            WhenRead,
        ),
        ("requests", "at", "UPDATE requests SET at = at + 1", AtStart),
        (
            "requests",
            "wallet",
            "UPDATE requests SET wallet = randomblob(16)",
            WhenRead,
        ),
        (
            "requests",
            "decided",
            "UPDATE requests SET decided = 2",
            WhenRead,
        ),
        (
            "requests",
            "digest",
            "UPDATE requests SET digest = randomblob(32)",
            WhenRead,
        ),
        (
            "requests",
            "answer",
            "UPDATE requests SET answer = CAST(replace(CAST(answer AS TEXT), 'to-cold', 'to-warm') AS BLOB)",
            WhenRead,
        ),
        (
            "requests",
            "log_index",
            "UPDATE requests SET log_index = log_index + 1",
            WhenRead,
        ),
        (
            "requests",
            "mac",
            "UPDATE requests SET mac = NULL",
            WhenRead,
        ),
        // Without its outcome the same bytes are signed again, under the same reservation.
        (
            "outcomes",
            "seq",
            "UPDATE outcomes SET seq = seq + 1000",
            Harmless,
        ),
        ("outcomes", "kind", "UPDATE outcomes SET kind = 3", WhenRead),
        (
            "outcomes",
            "signature",
            "UPDATE outcomes SET signature = randomblob(64)",
            WhenRead,
        ),
        (
            "outcomes",
            "note",
            "UPDATE outcomes SET note = 'x'",
            WhenRead,
        ),
        (
            "outcomes",
            "log_index",
            "UPDATE outcomes SET log_index = log_index + 1",
            WhenRead,
        ),
        (
            "outcomes",
            "mac",
            "UPDATE outcomes SET mac = NULL",
            WhenRead,
        ),
        // Kept messages are for trying out another policy; they grant nothing.
        (
            "messages",
            "seq",
            "UPDATE messages SET seq = seq + 1000",
            Harmless,
        ),
        (
            "messages",
            "message",
            "UPDATE messages SET message = randomblob(99)",
            Harmless,
        ),
        (
            "usage",
            "limit_key",
            "UPDATE usage SET limit_key = randomblob(16)",
            AtStart,
        ),
        (
            "usage",
            "bucket",
            "UPDATE usage SET bucket = bucket - 1",
            AtStart,
        ),
        (
            "usage",
            "amount",
            "UPDATE usage SET amount = zeroblob(16)",
            AtStart,
        ),
        ("nonces", "account", NONCE, AtStart),
        ("nonces", "value", NONCE, AtStart),
        ("nonces", "slot", NONCE, AtStart),
        ("nonces", "holder", NONCE, AtStart),
        ("nonces", "held", NONCE, AtStart),
        ("sequences", "account", SEQUENCE, AtStart),
        ("sequences", "uses", SEQUENCE, AtStart),
        (
            "given_back",
            "seq",
            "INSERT INTO given_back VALUES (1)",
            AtStart,
        ),
        (
            "audit_entries",
            "idx",
            "UPDATE audit_entries SET idx = idx + 1000 WHERE idx = 3",
            AtStart,
        ),
        (
            "audit_entries",
            "entry",
            "UPDATE audit_entries SET entry = CAST('{}' AS BLOB) WHERE idx = 3",
            AtStart,
        ),
        (
            "audit_entries",
            "leaf_hash",
            "UPDATE audit_entries SET leaf_hash = randomblob(32) WHERE idx = 3",
            AtStart,
        ),
        (
            "audit_entries",
            "tag",
            "UPDATE audit_entries SET tag = NULL WHERE idx = 3",
            AtStart,
        ),
        // There is no node below 256 entries; `a_changed_log_is_named_entry_by_entry` has some.
        ("audit_nodes", "level", NODE, Harmless),
        ("audit_nodes", "idx", NODE, Harmless),
        ("audit_nodes", "hash", NODE, Harmless),
        (
            "checkpoints",
            "size",
            "UPDATE checkpoints SET size = size + 1000",
            AtStart,
        ),
        (
            "checkpoints",
            "note",
            "UPDATE checkpoints SET note = replace(note, 'desk', 'dusk')",
            AtStart,
        ),
        (
            "checkpoints",
            "at",
            "UPDATE checkpoints SET at = at + 31536000000000",
            AtStart,
        ),
    ]
};

/// Uses of an account's numbers that nobody had.
const SEQUENCE: &str = "INSERT INTO sequences VALUES (zeroblob(28), x'')";

const NONCE: &str =
    "INSERT INTO nonces VALUES (randomblob(32), randomblob(32), 7, NULL, zeroblob(0))";
const NODE: &str = "INSERT INTO audit_nodes VALUES (1, 0, randomblob(32))";

async fn schema(appliance: &Appliance) -> Result<Vec<(String, String)>> {
    let mut file = database(appliance).await?;
    let columns = sqlx::query_as(
        "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY 1, 2",
    );
    let columns = columns.fetch_all(&mut file).await?;
    file.close().await?;
    Ok(columns)
}

/// Copies a directory of directories of files.
fn copy(from: &std::path::Path, to: &std::path::Path) -> Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// The signature for a retry, or that it was refused.
async fn retried(appliance: &Appliance, wallet: &Wallet) -> Result<Option<String>> {
    let bot = appliance.client("bot")?;
    let again = bot.sign("before", &wallet.id, &to(wallet, COLD)?).await?;
    ensure!(matches!(again.status, 200 | 503), "{}", again.body);
    Ok(again.body["signature"].as_str().map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread")]
async fn inv08_every_column_is_covered() {
    let Desk {
        mut appliance,
        wallet,
    } = desk().await.unwrap();
    let signature = retried(&appliance, &wallet).await.unwrap().unwrap();
    appliance.stop().await.unwrap();
    let mut listed: Vec<(String, String)> = COLUMNS
        .iter()
        .map(|(table, column, ..)| ((*table).to_owned(), (*column).to_owned()))
        .collect();
    listed.sort();
    assert_eq!(
        listed,
        schema(&appliance).await.unwrap(),
        "list every column"
    );
    let genuine = appliance.path("genuine");
    appliance.copy_database(&genuine).unwrap();
    let (tokens, kept) = (appliance.path("tokens"), appliance.path("genuine-tokens"));
    copy(&tokens, &kept).unwrap();
    for (table, column, change, found) in COLUMNS {
        let what = format!("{table}.{column}");
        appliance.restore_database(&genuine).unwrap();
        // The token's memory is set back with it, or the anchor would refuse the older database.
        std::fs::remove_dir_all(&tokens).unwrap();
        copy(&kept, &tokens).unwrap();
        attack(&appliance, change).await.unwrap();
        if *found == Found::AtStart {
            let ended = appliance.refused().await.unwrap();
            assert_eq!(ended.code, Some(1), "{what}: {ended}");
            continue;
        }
        appliance
            .start()
            .await
            .with_context(|| what.clone())
            .unwrap();
        let operator = appliance.client("operator-a").unwrap();
        let answers = operator.get("/v1/requests").await.unwrap();
        let expected = if *found == Found::WhenRead { 503 } else { 200 };
        assert_eq!(answers.status, expected, "{what}: {}", answers.body);
        // A row that its bot does not find any more is asked for anew, under the limits.
        let again = retried(&appliance, &wallet).await.unwrap();
        let own = matches!(*column, "principal" | "idem_key");
        if *found == Found::WhenRead && !own {
            assert_eq!(again, None, "{what}");
        } else {
            assert_eq!(again.as_ref(), Some(&signature), "{what}");
        }
        // It need not be able to end well.
        appliance.kill();
    }
}

/// The same while it runs, for what is read again at each request.
#[tokio::test(flavor = "multi_thread")]
async fn inv08_no_column_of_a_request_is_believed_while_running() {
    let Desk { appliance, wallet } = desk().await.unwrap();
    let signature = retried(&appliance, &wallet).await.unwrap().unwrap();
    let genuine = appliance.path("genuine.db");
    attack_quietly(&appliance, &format!("VACUUM INTO '{}'", genuine.display())).await;
    for (table, column, change, found) in COLUMNS {
        let per_request = matches!(*table, "requests" | "outcomes") && *column != "seq";
        if !per_request {
            continue;
        }
        attack(&appliance, change).await.unwrap();
        let operator = appliance.client("operator-a").unwrap();
        let list = operator.get("/v1/requests").await.unwrap();
        assert_eq!(list.status, 503, "{table}.{column}: {}", list.body);
        let own = matches!(*column, "principal" | "idem_key");
        if !own {
            let again = retried(&appliance, &wallet).await.unwrap();
            assert_eq!(again, None, "{table}.{column} {found:?}");
        }
        let back = format!(
            "ATTACH '{}' AS genuine; UPDATE {table} SET {column} = (SELECT {column} FROM \
             genuine.{table} AS g WHERE g.seq = {table}.seq)",
            genuine.display()
        );
        attack_quietly(&appliance, &back).await;
        let again = retried(&appliance, &wallet).await.unwrap();
        assert_eq!(
            again.as_ref(),
            Some(&signature),
            "{table}.{column} put back"
        );
    }
}

async fn attack_quietly(appliance: &Appliance, statements: &str) {
    let mut file = database(appliance).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()))
        .execute(&mut file)
        .await
        .unwrap();
    file.close().await.unwrap();
}

/// The owner of a held request, changed in the database: the other bot gets nothing, and the owner is
/// refused, too, until the row is put back.
#[tokio::test]
async fn inv08_a_held_request_is_released_to_its_asker_alone() {
    let policy = r#"
schema = 1
name = "held"
[groups.treasury]
approvers = ["alice", "bob", "carol"]
[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]
[[rules]]
name = "held"
when = { action = "withdrawal", asset = "SOL", destination = "cold", max_amount = "5" }
then = { approve = { group = "treasury", quorum = 1, expires = "24h" } }
"#;
    let appliance = Appliance::running(&Options::policy(policy)).await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    for bot in ["bot", "bot2"] {
        gateway.grant(bot, &wallet.id).await.unwrap();
    }
    let bot = appliance.client("bot").unwrap();
    let message = to(&wallet, COLD).unwrap();
    let held = bot.sign("ask", &wallet.id, &message).await.unwrap();
    assert_eq!(held.status, 202, "{}", held.body);
    let id = held.body["request_id"].as_str().unwrap().to_owned();
    let operator = appliance.client("operator-a").unwrap();
    softhsm_tests::Approver::Alice
        .agrees(&operator, &id)
        .await
        .unwrap();
    let mut release = softhsm_tests::client::sign_body(&wallet.id, &message);
    release["approved_request_id"] = id.as_str().into();
    attack(&appliance, "UPDATE requests SET principal = 'bot/bot2'")
        .await
        .unwrap();
    let thief = appliance.client("bot2").unwrap();
    for (who, key) in [(&thief, "thief"), (&bot, "owner")] {
        let refused = who
            .post_keyed("/v1/sign/solana", key, &release)
            .await
            .unwrap();
        assert_eq!(refused.status, 503, "{key}: {}", refused.body);
    }
    attack(&appliance, "UPDATE requests SET principal = 'bot/bot'")
        .await
        .unwrap();
    let refused = thief
        .post_keyed("/v1/sign/solana", "again", &release)
        .await
        .unwrap();
    assert_eq!((refused.status, refused.code()), (404, "not_found"));
    let signed = bot
        .post_keyed("/v1/sign/solana", "owner", &release)
        .await
        .unwrap();
    assert_eq!(signed.status, 200, "{}", signed.body);
}

/// Somebody changes or removes a middle entry, leaf hash and all.
fn log_attacks() -> [(&'static str, &'static str); 3] {
    [
        (
            "log entry 3 was changed",
            "UPDATE audit_entries SET entry = CAST(replace(CAST(entry AS TEXT), '\"v\":1', '\"v\":2') AS BLOB) \
             WHERE idx = 3",
        ),
        (
            "log entry 4 was changed",
            "UPDATE audit_entries SET (entry, leaf_hash) = \
             (SELECT entry, leaf_hash FROM audit_entries WHERE idx = 3) WHERE idx = 4",
        ),
        (
            "log entry 5 is gone",
            "DELETE FROM audit_entries WHERE idx = 5",
        ),
    ]
}

#[tokio::test]
async fn a_changed_middle_entry_is_named_at_the_start_and_by_doctor() {
    let Desk { mut appliance, .. } = desk().await.unwrap();
    appliance.stop().await.unwrap();
    let genuine = appliance.path("genuine");
    appliance.copy_database(&genuine).unwrap();
    for (named, statements) in log_attacks() {
        appliance.restore_database(&genuine).unwrap();
        attack(&appliance, statements).await.unwrap();
        let ended = appliance.refused().await.unwrap();
        assert_eq!(ended.code, Some(1), "{named}: {ended}");
        assert!(ended.stderr.contains(named), "{named}: {ended}");
        let mut doctor = appliance.countersignd();
        doctor.args(["doctor", "--json"]);
        let ended = softhsm_tests::program::run(&mut doctor).unwrap();
        assert!(ended.stdout.contains(named), "{named}: {ended}");
    }
}

#[tokio::test]
async fn a_changed_middle_entry_ends_the_running_appliance() {
    let Desk { mut appliance, .. } = desk().await.unwrap();
    let [_, (named, statements), _] = log_attacks();
    attack(&appliance, statements).await.unwrap();
    let mut ended = Ok(());
    for _ in 0..600 {
        if appliance.operations("/livez").is_err() {
            ended = appliance.wait().await;
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let why = ended.unwrap_err().to_string();
    assert!(
        appliance.log().contains(named),
        "{why}: {}",
        appliance.last_words()
    );
}

/// A log in a database of its own, whose limits are sealed by a hash.
async fn log_of_its_own(path: &std::path::Path) -> (Arc<dyn Store>, Ledger) {
    let sealer: Sealer = Arc::new(|bytes| {
        use sha2::Digest;
        sha2::Sha256::new_with_prefix(b"key")
            .chain_update(bytes)
            .finalize()
            .into()
    });
    let db = Location::file(path).create().await.unwrap();
    let ledger = Ledger::start(
        Arc::clone(&db),
        Box::new(|| countersign_intent::Timestamp::from_micros(1)),
        Box::new(|| Ok([1; 8])),
        sealer,
        Limits::default(),
    );
    let ledger = ledger.await.unwrap();
    (db, ledger)
}

/// A log of several nodes: each change is found, and told as narrowly as can be.
#[tokio::test]
async fn a_changed_log_is_named_entry_by_entry() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log.db");
    let (db, ledger) = log_of_its_own(&path).await;
    let gone = |fault: &LogFault| match fault {
        LogFault::Gone { index, size } => Some((*index, *size)),
        _ => None,
    };
    let entry = |n: i64| {
        let at = Stamp::from_unix_micros(n).unwrap();
        let entry = Entry::new(at, Kind::Clock, Actor::System, Detail::default());
        entry.encode().unwrap()
    };
    let appended = (0..600).map(|n| ledger.append(entry(n)));
    futures_util::future::try_join_all(appended).await.unwrap();
    let head = *ledger.head().borrow();
    whole(&*db, ledger.rows(), head).await.unwrap();
    let mut file = SqliteConnectOptions::new()
        .filename(&path)
        .connect()
        .await
        .unwrap();
    let mut run = async |statements: &str| {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()))
            .execute(&mut file)
            .await
            .unwrap();
        whole(&*db, ledger.rows(), head).await.unwrap_err()
    };
    let found = run("UPDATE audit_nodes SET hash = zeroblob(32) WHERE idx = 1").await;
    assert!(
        matches!(
            found,
            LogFault::Node {
                first: 256,
                last: 511
            }
        ),
        "{found}"
    );
    let found = run("UPDATE audit_entries SET entry = x'7b7d' WHERE idx = 300").await;
    assert!(
        matches!(found, LogFault::Changed { index: 300, .. }),
        "{found}"
    );
    let found = run("DELETE FROM audit_entries WHERE idx = 200").await;
    assert_eq!(gone(&found), Some((200, 600)), "{found}");
    let found = run("DELETE FROM audit_entries WHERE idx >= 0").await;
    assert_eq!(gone(&found), Some((0, 600)), "{found}");
}
