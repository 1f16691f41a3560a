//! The log: everything is in it, an auditor verifies it offline, and no change to it goes
//! unnoticed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::process::Command;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{Checkpoint, Proof, Wallet};
use countersign_audit::proof::{verify_consistency, verify_inclusion};
use countersign_audit::verify::{Fault, Options as Verifying, VerifyError, verify};
use countersign_audit::{Hash, leaf_hash};
use serde_json::{Value, json};
use softhsm_tests::client::{Client, sign_body};
use softhsm_tests::log::{Fetched, verify_lines};
use softhsm_tests::{Appliance, Options, Shared, message, program};
use solana_pubkey::Pubkey;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

const POLICY: &str = r#"
schema = 1
name = "audit"
[groups.treasury]
approvers = ["alice", "bob", "carol"]
[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]
[assets.SOL]
reference_price_usd = { source = "operator", max_age = "24h" }
[[rules]]
name = "to-cold"
when = { action = "withdrawal", asset = "SOL", max_amount = "1", destination = "cold" }
then = "allow"
[[rules]]
name = "much-to-cold"
when = { action = "withdrawal", asset = "SOL", over_amount = "1", destination = "cold" }
then = { approve = { group = "treasury", quorum = 2, expires = "1h" } }
"#;

static SHARED: Shared = Shared::new();

async fn wallet(appliance: &Appliance, user: &str) -> Result<Wallet> {
    let gateway = appliance.client("gateway")?;
    let user = gateway.user(user).await?;
    let wallet = gateway.wallet(&user.id, None).await?;
    gateway.grant("bot", &wallet.id).await?;
    Ok(wallet)
}

fn to_cold(wallet: &Wallet, lamports: u64) -> Result<Vec<u8>> {
    let cold: Pubkey = COLD.parse()?;
    Ok(message::transfer(&wallet.address.parse()?, &cold, lamports))
}

/// A few requests of every outcome.
async fn traffic(appliance: &Appliance, wallet: &Wallet, run: &str) -> Result<()> {
    let bot = appliance.client("bot")?;
    for lamports in [1, 2, 2_000_000_000] {
        let key = format!("{run}-{lamports}");
        bot.sign(&key, &wallet.id, &to_cold(wallet, lamports)?)
            .await?;
    }
    bot.sign(&format!("{run}-noise"), &wallet.id, b"noise")
        .await?;
    Ok(())
}

#[tokio::test]
async fn everything_that_was_asked_or_done_is_in_the_log() {
    let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let auditor = appliance.client("auditor").unwrap();
    let wallet = wallet(&appliance, "everything").await.unwrap();
    let before = Fetched::from(&auditor).await.unwrap().entries.len();
    let done = everything(&appliance, &wallet).await.unwrap();
    let fetched = Fetched::from(&auditor).await.unwrap();
    let report = fetched.verify(&[]).unwrap();
    assert_eq!(report.concerns_total, 0, "{report}");
    let entries = fetched.parsed().unwrap();
    let new: Vec<&Value> = entries.iter().skip(before).collect();
    // Besides these there are the outcomes of signatures.
    let asked: Vec<&&Value> = new
        .iter()
        .filter(|entry| entry["kind"] != "sign_outcome")
        .collect();
    for ((kind, actor, says), entry) in done.iter().zip(&asked) {
        assert_eq!(entry["kind"], *kind, "{entry}");
        let actor = format!("spiffe://desk.example/{actor}");
        assert_eq!(entry["actor"], actor, "{entry}");
        assert!(
            entry.to_string().contains(says.as_str()),
            "expected {says} in {entry}"
        );
    }
    assert_eq!(asked.len(), done.len(), "{asked:#?}");
    let signed = new.iter().filter(|entry| entry["code"] == "signed").count();
    assert_eq!(signed, 1);
    assert_eq!(entries[0]["kind"], "init");
    assert!(entries.iter().any(|entry| entry["kind"] == "start"));
}

type Logged = (&'static str, &'static str, String);

/// Does one of each and says what the log has to say about it.
async fn everything(appliance: &Appliance, wallet: &Wallet) -> Result<Vec<Logged>> {
    let mut done = asks(appliance, wallet).await?;
    done.extend(administers(appliance, wallet).await?);
    Ok(done)
}

async fn asks(appliance: &Appliance, wallet: &Wallet) -> Result<Vec<Logged>> {
    let bot = appliance.client("bot")?;
    let bot2 = appliance.client("bot2")?;
    let id = wallet.id.clone();
    let small = to_cold(wallet, 5)?;
    let stranger = message::transfer(&wallet.address.parse()?, &Pubkey::new_unique(), 5);
    bot.signed("allowed", &id, &small).await?;
    bot.sign("denied", &id, &stranger).await?;
    bot.sign("errored", &id, b"noise").await?;
    bot.sign("pending", &id, &to_cold(wallet, 2_000_000_000)?)
        .await?;
    bot.dry_run(&id, &small).await?;
    bot2.sign("not-granted", &id, &small).await?;
    Ok(vec![
        ("sign_reserved", "bot/bot", "to-cold".to_owned()),
        ("sign_denied", "bot/bot", "policy_denied".to_owned()),
        ("sign_errored", "bot/bot", "undecodable".to_owned()),
        ("sign_pending", "bot/bot", "much-to-cold".to_owned()),
        ("sign_dry_run", "bot/bot", id.clone()),
        ("sign_errored", "bot/bot2", "not_found".to_owned()),
    ])
}

async fn administers(appliance: &Appliance, wallet: &Wallet) -> Result<Vec<Logged>> {
    let gateway = appliance.client("gateway")?;
    let operator = appliance.client("operator-a")?;
    let risk = appliance.client("risk")?;
    let id = &wallet.id;
    let user = gateway.user("another").await?;
    let other = gateway.wallet(&user.id, None).await?;
    let grant = gateway.grant("bot2", &other.id).await?;
    done(gateway.delete(&format!("/v1/grants/{}", grant.id)).await?)?;
    done(
        risk.post(&format!("/v1/wallets/{id}/pause"), &json!({}))
            .await?,
    )?;
    done(
        operator
            .post(&format!("/v1/wallets/{id}/resume"), &json!({}))
            .await?,
    )?;
    let price = json!({ "asset": "SOL", "price_usd": "150.25" });
    done(operator.post("/v1/prices", &price).await?)?;
    let certificate = appliance
        .issue_as("bot", "short", "short", Some("1h"))
        .await?;
    let path = format!("/v1/pki/certificates/{certificate}");
    done(operator.delete(&path).await?)?;
    let scope = json!({ "scope": { "bot": "bot2" }, "reason": "drill" });
    done(risk.post("/v1/freeze", &scope).await?)?;
    Ok(vec![
        ("user_created", "gateway/gateway", user.id),
        ("wallet_created", "gateway/gateway", other.id),
        ("grant_created", "gateway/gateway", grant.id.clone()),
        ("grant_revoked", "gateway/gateway", grant.id),
        ("wallet_changed", "risk/risk", id.clone()),
        ("wallet_changed", "operator/a", id.clone()),
        ("price_set", "operator/a", "150250000".to_owned()),
        ("certificate_issued", "operator/a", certificate.clone()),
        ("certificate_revoked", "operator/a", certificate),
        ("freeze", "risk/risk", "drill".to_owned()),
    ])
}

fn done(reply: softhsm_tests::Reply) -> Result<()> {
    ensure!(matches!(reply.status, 200 | 204), "{}", reply.body);
    Ok(())
}

/// Older than a checkpoint that the auditor kept.
fn an_older_export_is_told_where_that_is_asked(earlier: &Fetched, fetched: &Fetched) {
    let key = fetched.key().unwrap();
    let rolled_back = earlier.export().unwrap();
    let newest = [fetched.checkpoint.note.as_str()];
    let report = verify_lines(&rolled_back, &key, &newest).unwrap();
    assert_eq!(
        (report.newer, report.kept),
        (1, 0),
        "an older export is no alarm"
    );
    let latest = Verifying {
        latest: true,
        ..Verifying::default()
    };
    let found = verify(&rolled_back.concat()[..], &key, &newest, latest);
    let Err(VerifyError::Found(found)) = found else {
        panic!("rolled back: {found:?}");
    };
    assert_eq!(found.fault, Fault::RolledBack);
}

#[tokio::test]
async fn an_altered_dropped_reordered_or_forked_entry_is_found() {
    let appliance = SHARED.get(|| Options::policy(POLICY)).await.unwrap();
    let auditor = appliance.client("auditor").unwrap();
    let wallet = wallet(&appliance, "altered").await.unwrap();
    traffic(&appliance, &wallet, "first").await.unwrap();
    let earlier = Fetched::from(&auditor).await.unwrap();
    traffic(&appliance, &wallet, "second").await.unwrap();
    let fetched = Fetched::from(&auditor).await.unwrap();
    assert!(fetched.checkpoint.size > earlier.checkpoint.size);
    let key = fetched.key().unwrap();
    let good = fetched.export().unwrap();
    let kept = [earlier.checkpoint.note.as_str()];
    let report = verify_lines(&good, &key, &kept).unwrap();
    assert_eq!((report.kept, report.unsigned_tail), (1, 0));

    let fault = |what: &str, lines: &[Vec<u8>], kept: &[&str]| match verify_lines(lines, &key, kept)
    {
        Err(VerifyError::Found(finding)) => finding.fault,
        other => panic!("{what}: {other:?}"),
    };
    let entry = |lines: &[Vec<u8>], from: &str, to: &str| {
        let mut lines = lines.to_vec();
        let text = String::from_utf8(lines[4].clone()).unwrap();
        assert!(text.contains(from), "{text}");
        lines[4] = text.replacen(from, to, 1).into_bytes();
        lines
    };
    let altered = entry(&good, "\\\"v\\\":1", "\\\"v\\\":2");
    assert_eq!(fault("altered", &altered, &[]), Fault::Altered);
    let mut dropped = good.clone();
    dropped.remove(4);
    assert_eq!(fault("dropped", &dropped, &[]), Fault::Missing);
    let mut reordered = good.clone();
    reordered.swap(4, 5);
    assert!(matches!(
        fault("reordered", &reordered, &[]),
        Fault::Missing | Fault::OutOfOrder
    ));
    // Made to fit: the entry is gone and every number and leaf hash is right again.
    let rewritten = Fetched {
        entries: without(&fetched.entries, 3),
        ..fetched.clone()
    };
    assert_eq!(
        fault("rewritten", &rewritten.export().unwrap(), &[]),
        Fault::Missing
    );
    let mut swapped = fetched.clone();
    swapped.entries.swap(3, 4);
    assert_eq!(
        fault("swapped", &swapped.export().unwrap(), &[]),
        Fault::Rewritten
    );
    an_older_export_is_told_where_that_is_asked(&earlier, &fetched);
    // A log of another appliance under the same name.
    let other = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let forked = Fetched::from(&other.client("auditor").unwrap())
        .await
        .unwrap();
    let forked = forked.export().unwrap();
    assert_eq!(fault("forked", &forked, &[]), Fault::WrongSigner);
}

fn without(entries: &[String], index: usize) -> Vec<String> {
    let mut entries = entries.to_vec();
    entries.remove(index);
    entries
}

#[tokio::test]
async fn proofs_hold_against_signed_checkpoints() {
    let appliance = SHARED.get(|| Options::policy(POLICY)).await.unwrap();
    let auditor = appliance.client("auditor").unwrap();
    let wallet = wallet(&appliance, "proofs").await.unwrap();
    let old: Checkpoint = checkpoint(&auditor).await.unwrap();
    traffic(&appliance, &wallet, "proofs").await.unwrap();
    let new = checkpoint(&auditor).await.unwrap();
    let fetched = Fetched::from(&auditor).await.unwrap();
    let key = fetched.key().unwrap();
    let opened = countersign_audit::Checkpoint::open(new.note.as_bytes(), &key).unwrap();
    for index in [0, old.size - 1, new.size - 1] {
        let path = format!("/v1/audit/proof?index={index}&size={}", new.size);
        let proof: Proof = auditor.get(&path).await.unwrap().ok().unwrap();
        let leaf = leaf_hash(fetched.entries[usize::try_from(index).unwrap()].as_bytes());
        let path = hashes(&proof).unwrap();
        verify_inclusion(leaf, index, new.size, opened.root, &path).unwrap();
        let other = leaf_hash(b"other");
        verify_inclusion(other, index, new.size, opened.root, &path).unwrap_err();
    }
    let path = format!("/v1/audit/proof?old={}&size={}", old.size, new.size);
    let proof: Proof = auditor.get(&path).await.unwrap().ok().unwrap();
    let before = countersign_audit::Checkpoint::open(old.note.as_bytes(), &key).unwrap();
    let hashes = hashes(&proof).unwrap();
    verify_consistency(old.size, before.root, new.size, opened.root, &hashes).unwrap();
    for query in [
        "",
        "?index=0&old=1",
        "?index=999999999",
        "?old=999999999",
        "?size=0&index=0",
    ] {
        let refused = auditor
            .get(&format!("/v1/audit/proof{query}"))
            .await
            .unwrap();
        assert_eq!(
            (refused.status, refused.code()),
            (400, "invalid_request"),
            "{query}"
        );
    }
}

async fn checkpoint(auditor: &Client) -> Result<Checkpoint> {
    auditor.get("/v1/audit/checkpoint").await?.ok()
}

fn hashes(proof: &Proof) -> Result<Vec<Hash>> {
    let decode = |text: &String| {
        let bytes = BASE64_STANDARD.decode(text)?;
        let hash: [u8; 32] = bytes.try_into().ok().context("expected 32 bytes")?;
        Ok(Hash(hash))
    };
    proof.hashes.iter().map(decode).collect()
}

#[tokio::test]
async fn the_programs_export_and_verify_offline() {
    let appliance = SHARED.get(|| Options::policy(POLICY)).await.unwrap();
    let wallet = wallet(&appliance, "programs").await.unwrap();
    traffic(&appliance, &wallet, "programs").await.unwrap();
    let export = appliance.path("export.jsonl");
    let auditor = appliance.client("auditor").unwrap();
    let vkey = checkpoint(&auditor).await.unwrap().vkey;
    let run =
        |arguments: &[&str], program: &mut Command| program::run(program.args(arguments)).unwrap();
    let file = export.to_str().unwrap();
    let exported = run(
        &["audit", "export", "--out", file, "--vkey", &vkey],
        &mut appliance.countersign("auditor"),
    );
    assert_eq!(exported.code, Some(0), "{exported}");
    // Offline: with no appliance named at all.
    let offline = || {
        let mut command = Command::new(program::directory().unwrap().join("countersign"));
        command.env_remove("COUNTERSIGN_STATE_DIR");
        command
    };
    let verify = ["audit", "verify", file, "--vkey", &vkey];
    let verified = run(&verify, &mut offline());
    assert_eq!(verified.code, Some(0), "{verified}");
    assert!(verified.stdout.contains("the log is good"), "{verified}");
    let text = std::fs::read_to_string(&export).unwrap();
    std::fs::write(&export, text.replacen("to-cold", "to-gold", 1)).unwrap();
    let altered = run(&verify, &mut offline());
    assert_eq!(altered.code, Some(1), "{altered}");
    assert!(altered.stderr.contains("not good"), "{altered}");
}

#[tokio::test]
async fn an_answer_names_its_entry() {
    let appliance = SHARED.get(|| Options::policy(POLICY)).await.unwrap();
    let wallet = wallet(&appliance, "names").await.unwrap();
    let bot = appliance.client("bot").unwrap();
    let message = to_cold(&wallet, 77).unwrap();
    let answer = bot.signed("names", &wallet.id, &message).await.unwrap();
    let refused = bot
        .post_keyed(
            "/v1/sign/solana",
            "names-noise",
            &sign_body(&wallet.id, b"noise"),
        )
        .await
        .unwrap()
        .problem()
        .unwrap();
    let auditor = appliance.client("auditor").unwrap();
    for (index, request) in [
        (answer.log_index, answer.request_id),
        (refused.log_index.unwrap(), refused.request_id.unwrap()),
    ] {
        let path = format!("/v1/audit/entries?start={index}&limit=1");
        let page = auditor.get(&path).await.unwrap();
        let entry: Value =
            serde_json::from_str(page.body["items"][0]["entry"].as_str().unwrap()).unwrap();
        assert_eq!(entry["request"], request.as_str());
        assert_eq!(entry["subject"], wallet.id.as_str());
        assert!(
            entry["digest"]
                .as_str()
                .is_some_and(|digest| digest.len() == 64)
        );
    }
}
