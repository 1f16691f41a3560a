//! A stranger verifies the log from `appliance/audit/FORMAT.md` alone: SHA-256, Ed25519, base64 and
//! JSON, and nothing of ours but the appliance that made the export.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{Checkpoint, Proof, Request};
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;
use sha2::{Digest, Sha256};
use softhsm_tests::{Appliance, Options, message, program};

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

const POLICY: &str = r#"
schema = 1
name = "stranger"
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

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}

fn leaf(entry: &[u8]) -> [u8; 32] {
    sha256(&[&[0], entry])
}

/// RFC 6962 §2.1, as it is written there.
fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => sha256(&[]),
        [one] => *one,
        many => {
            let mut k = 1;
            while k * 2 < many.len() {
                k *= 2;
            }
            sha256(&[&[1], &root(&many[..k]), &root(&many[k..])])
        }
    }
}

struct Key {
    name: String,
    id: Vec<u8>,
    key: VerifyingKey,
}

fn key(vkey: &str) -> Result<Key> {
    let mut parts = vkey.splitn(3, '+');
    let mut next = || parts.next().context("a verifier key has three parts");
    let (name, id, typed) = (next()?, next()?, BASE64_STANDARD.decode(next()?)?);
    let expected = hex::encode(&sha256(&[name.as_bytes(), b"\n", &typed])[..4]);
    ensure!(id == expected, "the key id is {expected}");
    ensure!(typed[0] == 1, "not Ed25519");
    Ok(Key {
        name: name.to_owned(),
        id: hex::decode(id)?,
        key: VerifyingKey::from_bytes(typed[1..].try_into()?)?,
    })
}

/// Size and root of a checkpoint that the key signed.
fn open(note: &str, key: &Key) -> Result<(usize, [u8; 32])> {
    let (text, signatures) = note.split_once("\n\n").context("no empty line")?;
    let text = format!("{text}\n");
    let line = signatures.lines().find_map(|line| {
        let (name, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let signature = BASE64_STANDARD.decode(signature).ok()?;
        (name == key.name && signature[..4] == key.id).then_some(signature)
    });
    let signature = Signature::from_slice(&line.context("not signed by the key")?[4..])?;
    key.key.verify_strict(text.as_bytes(), &signature)?;
    let lines: Vec<&str> = text.lines().collect();
    let [origin, size, root] = lines[..] else {
        bail!("not three lines");
    };
    ensure!(origin == key.name);
    let root = BASE64_STANDARD.decode(root)?;
    Ok((size.parse()?, root.as_slice().try_into()?))
}

/// Entries and checkpoints that an export proves.
fn verify(export: &str, vkey: &str) -> Result<(Vec<Value>, usize)> {
    let key = key(vkey)?;
    let mut lines = export.lines();
    let header: Value = serde_json::from_str(lines.next().context("empty")?)?;
    ensure!(header["format"] == "countersign-audit/1" && header["vkey"] == vkey);
    let (mut entries, mut leaves, mut proven, mut checkpoints) = (Vec::new(), Vec::new(), 0, 0);
    let mut ended = false;
    for line in lines {
        ensure!(!ended, "a line after the end");
        let line: Value = serde_json::from_str(line)?;
        if let Some(note) = line["checkpoint"].as_str() {
            let (size, signed) = open(note, &key)?;
            ensure!(
                size == leaves.len(),
                "a checkpoint of {size} after {}",
                leaves.len()
            );
            ensure!(
                signed == root(&leaves),
                "entries {proven} to {size} are not those signed"
            );
            (proven, checkpoints) = (size, checkpoints + 1);
        } else if let Some(end) = line["end"].as_u64() {
            ensure!(end == leaves.len() as u64);
            ended = true;
        } else {
            let index = leaves.len();
            ensure!(line["index"] == index, "entry {index} is missing");
            let entry = line["entry"].as_str().context("no entry")?;
            let leaf = leaf(entry.as_bytes());
            ensure!(
                line["leaf"] == BASE64_STANDARD.encode(leaf),
                "entry {index} was changed"
            );
            leaves.push(leaf);
            entries.push(serde_json::from_str(entry)?);
        }
    }
    ensure!(ended && proven == leaves.len(), "{proven} are proven");
    Ok((entries, checkpoints))
}

/// RFC 9162 §2.1.3.2.
fn includes(leaf: [u8; 32], index: u64, size: u64, path: &[[u8; 32]], root: [u8; 32]) -> bool {
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for step in path {
        if last == 0 {
            return false;
        }
        if node % 2 == 1 || node == last {
            hash = sha256(&[&[1], step, &hash]);
            while node.is_multiple_of(2) && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = sha256(&[&[1], &hash, step]);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && hash == root
}

struct Desk {
    appliance: Appliance,
    request: Request,
    vkey: String,
}

/// Some entries with a second between, so that there is more than one checkpoint.
async fn desk() -> Result<Desk> {
    let appliance = Appliance::running(&Options::policy(POLICY)).await?;
    let gateway = appliance.client("gateway")?;
    let user = gateway.user("u").await?;
    let wallet = gateway.wallet(&user.id, None).await?;
    gateway.grant("bot", &wallet.id).await?;
    let bot = appliance.client("bot")?;
    let transfer = message::transfer(&wallet.address.parse()?, &COLD.parse()?, 1_000);
    let auditor = appliance.client("auditor")?;
    let first: Checkpoint = auditor.get("/v1/audit/checkpoint").await?.ok()?;
    let signed = bot.signed("k", &wallet.id, &transfer).await?;
    let path = format!("/v1/requests/{}", signed.request_id);
    let mut request: Request = bot.get(&path).await?.ok()?;
    for _ in 0..200 {
        if request.outcome_log_index.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        request = bot.get(&path).await?.ok()?;
    }
    let _signs_the_head: Checkpoint = auditor.get("/v1/audit/checkpoint").await?.ok()?;
    Ok(Desk {
        appliance,
        request,
        vkey: first.vkey,
    })
}

#[tokio::test]
async fn a_stranger_verifies_an_export_from_the_documents_alone() -> Result<()> {
    let Desk {
        appliance,
        request,
        vkey,
    } = desk().await?;
    let file = appliance.path("log.jsonl");
    let mut export = appliance.countersign("auditor");
    export
        .args(["audit", "export", "--vkey", &vkey, "--out"])
        .arg(&file);
    let ended = program::run(&mut export)?;
    ensure!(ended.code == Some(0), "{ended}");
    let export = std::fs::read_to_string(file)?;
    let (entries, checkpoints) = verify(&export, &vkey)?;
    assert!(
        checkpoints >= 2,
        "an export carries every checkpoint, not {checkpoints}"
    );
    let outcome = request.outcome_log_index.context("no outcome")?;
    let entry = &entries[usize::try_from(outcome)?];
    assert_eq!(entry["kind"], "sign_outcome");
    assert_eq!(entry["request"], request.id.as_str());
    assert_eq!(
        entry["detail"]["signature"],
        request.signature.as_deref().unwrap()
    );
    let format = include_str!("../../appliance/audit/FORMAT.md");
    let start = entries.iter().find(|entry| entry["kind"] == "start");
    assert_eq!(start.context("no start")?["detail"]["anchor"], "checked");
    for kind in countersign_audit::Kind::ALL {
        assert!(
            format.contains(&format!("`{kind}`")),
            "FORMAT.md does not tell `{kind}`"
        );
    }
    for (from, to) in [
        ("1000", "1001"),
        ("to-cold", "to-bold"),
        ("operator/a", "operator/b"),
    ] {
        let altered = export.replacen(from, to, 1);
        assert!(
            altered == export || verify(&altered, &vkey).is_err(),
            "{from}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_bot_proves_its_own_entries_and_learns_of_no_others() -> Result<()> {
    let Desk {
        appliance,
        request,
        vkey,
    } = desk().await?;
    let bot = appliance.client("bot")?;
    let signed: Checkpoint = bot.get("/v1/audit/checkpoint").await?.ok()?;
    let (size, root) = open(&signed.note, &key(&vkey)?)?;
    for index in [
        request.log_index,
        request.outcome_log_index.context("no outcome")?,
    ] {
        let path = format!("/v1/audit/proof?index={index}&size={size}");
        let proof: Proof = bot.get(&path).await?.ok()?;
        let entry = proof.entry.context("no entry")?;
        let told: Value = serde_json::from_str(&entry)?;
        assert_eq!(told["request"], request.id.as_str());
        let path: Vec<[u8; 32]> = proof
            .hashes
            .iter()
            .map(|hash| Ok(BASE64_STANDARD.decode(hash)?.as_slice().try_into()?))
            .collect::<Result<_>>()?;
        assert!(includes(
            leaf(entry.as_bytes()),
            index,
            size as u64,
            &path,
            root
        ));
        assert!(!includes(leaf(b"other"), index, size as u64, &path, root));
        // To another bot it looks as if it were not there.
        let other = appliance.client("bot2")?;
        let refused = other.get(&format!("/v1/audit/proof?index={index}")).await?;
        assert_eq!((refused.status, refused.code()), (404, "not_found"));
    }
    for index in [0, 1, 9_999] {
        let refused = bot.get(&format!("/v1/audit/proof?index={index}")).await?;
        assert_eq!(
            (refused.status, refused.code()),
            (404, "not_found"),
            "{index}"
        );
    }
    for path in ["/v1/audit/entries", "/v1/audit/checkpoints"] {
        assert_eq!(bot.get(path).await?.status, 403);
    }
    Ok(())
}
