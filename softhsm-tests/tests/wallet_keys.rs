//! The keys of wallets over their life: proved to be there, and replaced.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{RotatedWallet, User, Wallet, WalletCheck};
use serde_json::{Value, json};
use softhsm_tests::client::Client;
use softhsm_tests::log::Fetched;
use softhsm_tests::{Appliance, Approver, Options, Reply, message, program};

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const SOL: u64 = 1_000_000_000;

const POLICY: &str = r#"
schema = 1
name = "keys"

[groups.treasury]
approvers = ["alice", "bob", "carol"]

[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]

[[limits]]
name = "sol-out"
when = { action = "withdrawal", asset = "SOL" }
per = "wallet"
window = "24h"
max_amount = "5"

[[rules]]
name = "small"
when = { action = "withdrawal", asset = "SOL", max_amount = "2", destination = "cold" }
then = "allow"

[[rules]]
name = "large"
when = { action = "withdrawal", asset = "SOL", destination = "cold", over_amount = "2" }
then = { approve = { group = "treasury", quorum = 2, expires = "24h" } }
"#;

struct Desk {
    appliance: Appliance,
    gateway: Client,
    operator: Client,
    bot: Client,
    user: User,
    wallet: Wallet,
}

async fn desk(options: &Options) -> Result<Desk> {
    let appliance = Appliance::running(options).await?;
    let gateway = appliance.client("gateway")?;
    let user = gateway.user("u").await?;
    let wallet = gateway.wallet(&user.id, None).await?;
    gateway.grant("bot", &wallet.id).await?;
    Ok(Desk {
        operator: appliance.client("operator-a")?,
        bot: appliance.client("bot")?,
        gateway,
        user,
        wallet,
        appliance,
    })
}

fn send(from: &str, lamports: u64) -> Result<Vec<u8>> {
    Ok(message::transfer(&from.parse()?, &COLD.parse()?, lamports))
}

async fn rotate(client: &Client, wallet: &str, key: &str) -> Result<Reply> {
    let path = format!("/v1/wallets/{wallet}/rotate");
    let headers = [("idempotency-key", key)];
    client
        .send(
            softhsm_tests::client::Method::POST,
            &path,
            &headers,
            Vec::new(),
        )
        .await
}

async fn verify(client: &Client, wallet: &str) -> Result<Reply> {
    let path = format!("/v1/wallets/{wallet}/verify");
    client
        .send(softhsm_tests::client::Method::POST, &path, &[], Vec::new())
        .await
}

/// Details of the log's entries of a kind about a subject.
async fn logged(appliance: &Appliance, kind: &str, subject: &str) -> Result<Vec<Value>> {
    let auditor = appliance.client("auditor")?;
    let mut entries = Fetched::from(&auditor).await?.of_kind(kind)?;
    entries.retain(|one| one["subject"] == subject);
    Ok(entries)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_keeps_the_wallet_and_the_old_one_waits_for_a_grant() -> Result<()> {
    let Desk {
        mut appliance,
        gateway,
        operator,
        bot,
        user,
        wallet,
    } = desk(&Options::policy(POLICY)).await?;
    bot.signed("before", &wallet.id, &send(&wallet.address, 2 * SOL)?)
        .await?;

    let rotated: RotatedWallet = rotate(&gateway, &wallet.id, "once").await?.ok()?;
    let new = &rotated.wallet;
    assert_eq!(new.id, wallet.id);
    assert_ne!(new.address, wallet.address);
    assert_eq!(rotated.previous.address, wallet.address);
    assert_eq!(new.rotated_from.as_ref(), Some(&rotated.previous.id));
    assert!(new.rotated_at.is_some());
    let old: Wallet = gateway
        .get(&format!("/v1/wallets/{}", rotated.previous.id))
        .await?
        .ok()?;
    assert_eq!(old.rotated_to.as_ref(), Some(&wallet.id));
    assert!(
        old.name
            .as_ref()
            .is_some_and(|name| name.contains(&wallet.id))
    );
    // The user's wallet at the venue is the one with the new key.
    assert_eq!(gateway.wallet(&user.id, None).await?.address, new.address);

    // The grant stays, for the new address alone.
    bot.signed("new", &wallet.id, &send(&new.address, SOL)?)
        .await?;
    let stale = bot
        .sign("stale", &wallet.id, &send(&wallet.address, SOL)?)
        .await?;
    assert_eq!(
        (stale.status, stale.code()),
        (422, "undecodable"),
        "{}",
        stale.body
    );
    // Nobody uses the old key before it is granted; then its address can be emptied, within what
    // the wallet's limits have left: 3 of 5 SOL were used under both keys.
    let sweep = send(&old.address, SOL)?;
    assert_eq!(
        bot.sign("sweep", &old.id, &sweep).await?.code(),
        "not_found"
    );
    operator.grant("bot", &old.id).await?;
    bot.signed("swept", &old.id, &sweep).await?;
    let over = bot
        .sign("over", &old.id, &send(&old.address, SOL + SOL / 2)?)
        .await?;
    assert_eq!(over.code(), "limit_exceeded", "{}", over.body);
    assert!(
        over.body["detail"].to_string().contains("used 4"),
        "{}",
        over.body
    );
    // A freeze of the wallet holds for the key it had.
    let scope = json!({ "scope": { "wallet": wallet.id } });
    ensure!(operator.post("/v1/freeze", &scope).await?.status == 200);
    let frozen = bot.sign("frozen", &old.id, &send(&old.address, 1)?).await?;
    assert_eq!(frozen.code(), "frozen", "{}", frozen.body);

    let entries = logged(&appliance, "wallet_rotated", &wallet.id).await?;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert!(entries[0].to_string().contains(&old.id), "{}", entries[0]);
    appliance.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn inv07_a_rotation_is_done_once_under_its_key() -> Result<()> {
    let Desk {
        mut appliance,
        gateway,
        wallet,
        ..
    } = desk(&Options::policy(POLICY)).await?;
    // Without a key a repeated call would replace the key twice.
    let path = format!("/v1/wallets/{}/rotate", wallet.id);
    let post = softhsm_tests::client::Method::POST;
    let bare = gateway.send_bare(post, &path, &[], Vec::new()).await?;
    assert_eq!(
        (bare.status, &bare.body["field"]),
        (400, &json!("idempotency-key")),
        "{}",
        bare.body
    );
    assert!(bare.body["detail"].to_string().contains("Idempotency-Key"));
    let first: RotatedWallet = rotate(&gateway, &wallet.id, "once").await?.ok()?;
    let again: RotatedWallet = rotate(&gateway, &wallet.id, "once").await?.ok()?;
    assert_eq!(first.wallet.address, again.wallet.address);
    // Nor after a restart, which forgets the answers that were given.
    appliance.stop().await?;
    appliance.start().await?;
    let gateway = appliance.client("gateway")?;
    let again: RotatedWallet = rotate(&gateway, &wallet.id, "once").await?.ok()?;
    assert_eq!(first.wallet.address, again.wallet.address);
    assert_eq!(first.previous, again.previous);
    let second: RotatedWallet = rotate(&gateway, &wallet.id, "twice").await?.ok()?;
    assert_eq!(second.previous.address, first.wallet.address);
    // Both old keys are there, one after the other.
    let before: Wallet = gateway
        .get(&format!("/v1/wallets/{}", second.previous.id))
        .await?
        .ok()?;
    assert_eq!(before.rotated_from, Some(first.previous.id.clone()));
    for id in [&wallet.id, &first.previous.id, &second.previous.id] {
        let check: WalletCheck = verify(&gateway, id).await?.ok()?;
        assert!(check.ok, "{check:?}");
    }
    // An old key is not rotated, and what signs no more is not either.
    let old = rotate(&gateway, &first.previous.id, "old").await?;
    assert_eq!((old.status, old.code()), (409, "already_decided"));
    assert!(old.body["detail"].to_string().contains(&wallet.id));
    let archive = format!("/v1/wallets/{}/archive", wallet.id);
    let operator = appliance.client("operator-a")?;
    ensure!(operator.post(&archive, &json!({})).await?.status == 200);
    let archived = rotate(&gateway, &wallet.id, "archived").await?;
    assert_eq!(archived.code(), "wallet_paused", "{}", archived.body);
    appliance.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn inv10_what_was_held_for_the_old_address_is_not_released() -> Result<()> {
    let Desk {
        mut appliance,
        gateway,
        operator,
        bot,
        wallet,
        ..
    } = desk(&Options::policy(POLICY)).await?;
    let held = send(&wallet.address, 3 * SOL)?;
    let asked = bot.sign("ask", &wallet.id, &held).await?;
    assert_eq!(asked.status, 202, "{}", asked.body);
    let request = asked.body["request_id"].as_str().context("no request")?;
    for approver in [Approver::Alice, Approver::Bob] {
        approver.agrees(&operator, request).await?;
    }
    let rotated: RotatedWallet = rotate(&operator, &wallet.id, "once").await?.ok()?;
    gateway.grant("bot", &rotated.previous.id).await?;
    let release = |key: &'static str, wallet: String, message: Vec<u8>| {
        let body = json!({
            "wallet_id": wallet, "message": BASE64_STANDARD.encode(message),
            "approved_request_id": request,
        });
        let bot = bot.clone();
        async move { bot.post_keyed("/v1/sign/solana", key, &body).await }
    };
    let new = send(&rotated.wallet.address, 3 * SOL)?;
    for (key, wallet, message, code) in [
        ("same", &wallet.id, &held, "policy_denied"),
        ("new", &wallet.id, &new, "policy_denied"),
        ("old", &rotated.previous.id, &held, "not_found"),
    ] {
        let reply = release(key, wallet.clone(), message.clone()).await?;
        assert_ne!(reply.status, 200, "{key}: {}", reply.body);
        assert_eq!(reply.code(), code, "{key}: {}", reply.body);
        assert!(reply.body.get("signature").is_none(), "{}", reply.body);
    }
    appliance.stop().await
}

/// The files of the token's objects.
fn objects(appliance: &Appliance) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    for token in std::fs::read_dir(appliance.path("tokens"))? {
        for file in std::fs::read_dir(token?.path())? {
            files.insert(file?.path());
        }
    }
    Ok(files)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_proves_that_it_is_there_and_a_lost_one_is_found() -> Result<()> {
    let Desk {
        mut appliance,
        gateway,
        bot,
        wallet,
        ..
    } = desk(&Options::policy(POLICY)).await?;
    let before = objects(&appliance)?;
    let lost = {
        let user = gateway.user("loses-it").await?;
        gateway.wallet(&user.id, None).await?
    };
    let keys: Vec<PathBuf> = objects(&appliance)?.difference(&before).cloned().collect();
    assert!(!keys.is_empty());

    let reply = verify(&gateway, &wallet.id).await?;
    let shown = reply.body.to_string();
    let check: WalletCheck = reply.ok()?;
    assert!(check.ok && check.reason.is_none(), "{check:?}");
    assert_eq!(
        (&check.wallet_id, &check.address),
        (&wallet.id, &wallet.address)
    );
    assert!(!shown.contains("signature"), "{shown}");
    let entries = logged(&appliance, "wallet_verified", &wallet.id).await?;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(
        entries[0]["index"].as_u64().unwrap_or(check.log_index),
        check.log_index
    );
    // Somebody else's gateway and a bot do not get that far.
    assert_eq!(verify(&bot, &wallet.id).await?.code(), "forbidden");

    appliance.stop().await?;
    for file in keys {
        std::fs::remove_file(file)?;
    }
    appliance.start().await?;
    let operator = appliance.client("operator-a")?;
    let check: WalletCheck = verify(&operator, &lost.id).await?.ok()?;
    assert!(!check.ok, "{check:?}");
    assert!(check.reason.is_some_and(|why| why.len() > 20));
    let found = program::run(
        appliance
            .countersign("operator-a")
            .args(["wallets", "verify", &lost.id]),
    )?;
    assert_eq!(found.code, Some(1), "{found}");
    let check: WalletCheck = verify(&operator, &wallet.id).await?.ok()?;
    assert!(check.ok, "{check:?}");
    appliance.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_key_is_replaced_and_both_open_again_after_a_restart() -> Result<()> {
    let options = Options {
        envelope: true,
        custody: "envelope",
        ..Options::policy(POLICY)
    };
    let Desk {
        mut appliance,
        gateway,
        wallet,
        ..
    } = desk(&options).await?;
    let rotated: RotatedWallet = rotate(&gateway, &wallet.id, "once").await?.ok()?;
    assert_eq!(rotated.wallet.custody, "envelope");
    gateway.grant("bot", &rotated.previous.id).await?;
    appliance.stop().await?;
    appliance.start().await?;
    let bot = appliance.client("bot")?;
    let previous = &rotated.previous;
    bot.signed("old", &previous.id, &send(&previous.address, SOL)?)
        .await?;
    bot.signed("new", &wallet.id, &send(&rotated.wallet.address, SOL)?)
        .await?;
    appliance.stop().await
}

/// Off means that no key bytes come into the process, of whichever wallet; nothing is lost by it.
#[tokio::test(flavor = "multi_thread")]
async fn envelope_turned_off_opens_no_key_and_on_again_signs() -> Result<()> {
    let options = Options {
        envelope: true,
        custody: "envelope",
        ..Options::policy(POLICY)
    };
    let Desk {
        mut appliance,
        bot,
        wallet,
        ..
    } = desk(&options).await?;
    let message = send(&wallet.address, SOL)?;
    bot.signed("on", &wallet.id, &message).await?;
    appliance.stop().await?;
    let file = appliance.path("countersignd.toml");
    let on = std::fs::read_to_string(&file)?;
    let off = on.replace("envelope = true", "envelope = false");
    let off = off.replace("default = 'envelope'", "default = 'resident'");
    assert_ne!(on, off);
    std::fs::write(&file, off)?;
    let (ok, told) = doctor(&appliance)?;
    let sealed = "1 wallets in custody `envelope` do not sign";
    assert!(ok && told.contains(sealed), "{told}");
    appliance.start().await?;
    let (gateway, bot) = (appliance.client("gateway")?, appliance.client("bot")?);
    let refused = bot.sign("off", &wallet.id, &message).await?;
    assert_eq!(refused.code(), "wallet_paused", "{}", refused.body);
    let why = refused.body.to_string();
    assert!(why.contains("custody.envelope = true"), "{why}");
    let check: WalletCheck = verify(&gateway, &wallet.id).await?.ok()?;
    let reason = check.reason.unwrap_or_default();
    assert!(!check.ok && reason.contains("turned off"), "{reason}");
    assert_ne!(rotate(&gateway, &wallet.id, "off").await?.status, 200);
    // Other custodies go on.
    let user = gateway.user("resident").await?;
    let other = gateway.wallet(&user.id, None).await?;
    assert_eq!(other.custody, "resident");
    gateway.grant("bot", &other.id).await?;
    bot.signed("other", &other.id, &send(&other.address, SOL)?)
        .await?;
    appliance.stop().await?;
    std::fs::write(&file, on)?;
    appliance.start().await?;
    let bot = appliance.client("bot")?;
    bot.signed("again", &wallet.id, &message).await?;
    appliance.stop().await
}

/// What the doctor says of wallets' keys, with the service stopped.
fn doctor(appliance: &Appliance) -> Result<(bool, String)> {
    let ended = program::run(appliance.countersignd().args(["doctor", "--json"]))?;
    let report: Value = serde_json::from_str(&ended.stdout).with_context(|| ended.to_string())?;
    let findings = report["findings"].as_array().context("no findings")?;
    let keys = findings.iter().find(|one| one["check"] == "wallets.keys");
    let keys = keys.with_context(|| ended.to_string())?;
    let detail = keys["detail"].as_str().unwrap_or_default().to_owned();
    Ok((keys["ok"] == true, detail))
}

/// Puts a key on the token as a killed creation leaves one: labelled, and of no wallet.
fn leave_a_key(appliance: &Appliance, id: &str) -> Result<()> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let file = appliance.path("left.pem");
    std::fs::write(&file, key.serialize_pem())?;
    let label = format!("countersign-wallet-{id}");
    let mut import = std::process::Command::new("softhsm2-util");
    import
        .env("SOFTHSM2_CONF", appliance.path("softhsm2.conf"))
        .args(["--token", "countersign", "--label", &label, "--id", id])
        .args(["--pin", softhsm_tests::appliance::PIN, "--import"])
        .arg(&file);
    let ended = program::run(&mut import)?;
    ensure!(ended.code == Some(0), "{ended}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_no_wallet_uses_are_counted() -> Result<()> {
    let Desk {
        mut appliance,
        gateway,
        wallet,
        ..
    } = desk(&Options::policy(POLICY)).await?;
    let _rotated: RotatedWallet = rotate(&gateway, &wallet.id, "once").await?.ok()?;
    appliance.stop().await?;
    let before = objects(&appliance)?;
    assert_eq!(
        doctor(&appliance)?,
        (true, "2 keys on the token are wallets'".to_owned())
    );
    let id = "00112233445566778899aabbccddeeff";
    leave_a_key(&appliance, id)?;
    let (ok, detail) = doctor(&appliance)?;
    assert!(ok, "{detail}");
    assert!(detail.starts_with("2 keys on the token are wallets', and 1 no wallet uses: "));
    assert!(
        detail.contains(id) && detail.contains("unused-keys.md"),
        "{detail}"
    );
    // It is in nobody's way.
    appliance.start().await?;
    let bot = appliance.client("bot")?;
    let row: Wallet = bot.get(&format!("/v1/wallets/{}", wallet.id)).await?.ok()?;
    bot.signed("after", &wallet.id, &send(&row.address, SOL)?)
        .await?;
    let user = appliance.client("gateway")?.user("loses-it").await?;
    let kept = objects(&appliance)?;
    let lost = appliance.client("gateway")?.wallet(&user.id, None).await?;
    appliance.stop().await?;
    for file in objects(&appliance)?.difference(&kept) {
        std::fs::remove_file(file)?;
    }
    ensure!(before.len() < kept.len());
    let (ok, detail) = doctor(&appliance)?;
    assert!(!ok && detail.contains(&lost.id), "{detail}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_a_key_is_replaced_leaves_one_working_key() -> Result<()> {
    let Desk {
        mut appliance,
        user,
        wallet,
        ..
    } = desk(&Options::policy(POLICY)).await?;
    let mut address = wallet.address.clone();
    let (mut replaced, mut kept) = (0, 0);
    for round in 0..16_u32 {
        let gateway = appliance.client("gateway")?;
        let pid = appliance.pid().context("it runs")?;
        let key = format!("round-{round}");
        // The handshake is no part of it.
        ensure!(gateway.get("/v1/venues").await?.status == 200);
        let patience = std::time::Duration::from_millis(3 * u64::from(round));
        let kill = async {
            tokio::time::sleep(patience).await;
            program::kill(pid)
        };
        if round == 15 {
            // As late as can be: it was answered.
            ensure!(rotate(&gateway, &wallet.id, &key).await?.status == 200);
            kill.await?;
        } else {
            let (_answer, killed) = tokio::join!(rotate(&gateway, &wallet.id, &key), kill);
            killed?;
        }
        appliance.kill();
        appliance.start().await?;
        let (gateway, bot) = (appliance.client("gateway")?, appliance.client("bot")?);
        let row = gateway.wallet(&user.id, None).await?;
        assert_eq!(row.id, wallet.id);
        let check: WalletCheck = verify(&gateway, &wallet.id).await?.ok()?;
        assert!(check.ok, "{check:?}");
        bot.signed(&format!("r{round}"), &wallet.id, &send(&row.address, 1)?)
            .await?;
        if row.address == address {
            kept += 1;
            continue;
        }
        replaced += 1;
        let stale = send(&address, 1)?;
        let stale = bot.sign(&format!("s{round}"), &wallet.id, &stale).await?;
        assert_eq!(stale.code(), "undecodable", "{}", stale.body);
        // The retry answers what was done.
        let again: RotatedWallet = rotate(&gateway, &wallet.id, &key).await?.ok()?;
        assert_eq!(again.wallet.address, row.address);
        assert_eq!(again.previous.address, address);
        address = row.address;
    }
    appliance.stop().await?;
    let (ok, detail) = doctor(&appliance)?;
    assert!(ok, "{detail}");
    let used = format!("{} keys on the token are wallets'", replaced + 1);
    assert!(detail.starts_with(&used), "{detail}");
    println!("{replaced} replaced, {kept} kept; {detail}");
    assert!(replaced >= 1, "no key was ever replaced");
    Ok(())
}
