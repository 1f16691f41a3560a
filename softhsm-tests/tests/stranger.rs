//! A stranger verifies the log from `appliance/audit/FORMAT.md` alone: SHA-256, Ed25519, base64 and
//! JSON, and nothing of ours but the appliance that made the export. So does `appliance/audit/verify.py`, for
//! those who have Python and openssl.

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
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde_json::Value;
use sha2::{Digest, Sha256};
use softhsm_tests::program::Ended;
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

/// The log as the CLI exports it.
fn export(appliance: &Appliance, vkey: &str, name: &str) -> Result<String> {
    let file = appliance.path(name);
    let mut export = appliance.countersign("auditor");
    export
        .args(["audit", "export", "--vkey", vkey, "--out"])
        .arg(&file);
    let ended = program::run(&mut export)?;
    ensure!(ended.code == Some(0), "{ended}");
    Ok(std::fs::read_to_string(file)?)
}

#[tokio::test]
async fn a_stranger_verifies_an_export_from_the_documents_alone() -> Result<()> {
    let Desk {
        appliance,
        request,
        vkey,
    } = desk().await?;
    let export = export(&appliance, &vkey, "log.jsonl")?;
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

/// `verify.py` over this text.
fn script(desk: &Desk, export: &str, more: &[&str]) -> Result<Ended> {
    let file = desk.appliance.path("looked-at.jsonl");
    std::fs::write(&file, export)?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../appliance/audit/verify.py");
    let mut command = std::process::Command::new("python3");
    command.arg(script).arg(file).args(["--vkey", &desk.vkey]);
    program::run(command.args(more))
}

/// A line of an export: an entry as it is spelled there, or anything else.
#[derive(Clone)]
enum Line {
    Entry(String),
    Other(String),
}

fn lines(export: &str) -> Vec<Line> {
    let line = |text: &str| match text.split_once(",\"entry\":") {
        Some((_, entry)) => Line::Entry(entry.trim_end_matches('}').to_owned() + "}"),
        None => Line::Other(text.to_owned()),
    };
    export.lines().map(line).collect()
}

/// The export of these lines, with numbers and leaves that fit, as somebody with time would make it.
fn spelled(lines: &[Line]) -> Result<String> {
    let (mut out, mut index) = (String::new(), 0);
    for line in lines {
        match line {
            Line::Other(text) if text.starts_with("{\"end\"") => {
                out += &format!("{{\"end\":{index}}}\n");
            }
            Line::Other(text) => out += &format!("{text}\n"),
            Line::Entry(spelled) => {
                let quoted = spelled
                    .strip_suffix('}')
                    .context("an entry ends its line")?;
                let entry: String = serde_json::from_str(quoted)?;
                let leaf = BASE64_STANDARD.encode(leaf(entry.as_bytes()));
                out += &format!("{{\"index\":{index},\"leaf\":\"{leaf}\",\"entry\":{spelled}\n");
                index += 1;
            }
        }
    }
    Ok(out)
}

/// Where the entries stand among the lines.
fn entries(lines: &[Line]) -> Vec<usize> {
    let all = lines.iter().enumerate();
    let entries = all.filter(|(_, line)| matches!(line, Line::Entry(_)));
    entries.map(|(at, _)| at).collect()
}

/// The last checkpoint over another root, under the right name and key id, by another key.
fn forged(desk: &Desk, good: &[Line]) -> Result<Vec<Line>> {
    let mut lines = good.to_vec();
    let is_note =
        |line: &Line| matches!(line, Line::Other(text) if text.starts_with("{\"checkpoint\""));
    let at = lines.iter().rposition(is_note).context("no checkpoint")?;
    let Line::Other(text) = &lines[at] else {
        bail!("not a checkpoint");
    };
    let line: Value = serde_json::from_str(text)?;
    let note = line["checkpoint"].as_str().context("no note")?;
    let key = key(&desk.vkey)?;
    let (size, _) = open(note, &key)?;
    let root = BASE64_STANDARD.encode([7; 32]);
    let text = format!("{}\n{size}\n{root}\n", key.name);
    let signature = SigningKey::from_bytes(&[1; 32]).sign(text.as_bytes());
    let signature = BASE64_STANDARD.encode([&key.id[..], &signature.to_bytes()].concat());
    let note = format!("{text}\n\u{2014} {} {signature}\n", key.name);
    let quoted = Value::from(note).to_string().replace('\u{2014}', "\\u2014");
    lines[at] = Line::Other(format!("{{\"checkpoint\":{quoted}}}"));
    Ok(lines)
}

#[tokio::test]
async fn a_script_of_the_documents_verifies_an_export_and_none_that_was_tampered_with() -> Result<()>
{
    let desk = desk().await?;
    let export = export(&desk.appliance, &desk.vkey, "log.jsonl")?;
    let good = script(&desk, &export, &[])?;
    assert_eq!(good.code, Some(0), "{good}");
    assert!(good.stdout.contains("entries are proved"), "{good}");
    let lines = lines(&export);
    assert_eq!(spelled(&lines)?, export);
    let at = entries(&lines);
    let middle = at[at.len() / 2];

    let mut changed = lines.clone();
    let Line::Entry(entry) = &mut changed[middle] else {
        bail!("not an entry");
    };
    *entry = entry.replacen("2", "3", 1);
    let mut deleted = lines.clone();
    deleted.remove(middle);
    let mut swapped = lines.clone();
    swapped.swap(at[1], at[2]);
    let mut of_another_key = lines.clone();
    of_another_key[0] = match &lines[0] {
        Line::Other(text) => Line::Other(text.replace("desk.example", "desk.example2")),
        Line::Entry(_) => bail!("no header"),
    };
    let cut = lines[..=middle].to_vec();
    for (what, tampered, says) in [
        ("changed", changed, "are not those that were signed"),
        ("deleted", deleted, "a checkpoint of size"),
        ("swapped", swapped, "are not those that were signed"),
        ("cut", cut, "is cut"),
        ("forged", forged(&desk, &lines)?, "does not verify"),
        ("another's", of_another_key, "the header"),
    ] {
        let ended = script(&desk, &spelled(&tampered)?, &[])?;
        assert_eq!(ended.code, Some(1), "{what}: {ended}");
        assert!(ended.stderr.contains(says), "{what}: {ended}");
    }
    // One byte of an entry, its leaf left as it was.
    let byte = export.replacen("sign_reserved", "sign_deserved", 1);
    let ended = script(&desk, &byte, &[])?;
    assert!(
        ended.stderr.contains("is not what its leaf says"),
        "{ended}"
    );
    an_unsigned_tail_is_refused_unless_it_is_asked_for(&desk, &lines)?;
    a_second_spelling_is_refused(&desk, &export)?;
    an_older_export_is_no_alarm(&desk, &export).await
}

/// Every checkpoint but the first is left out, and whoever did so wrote the entries anew.
fn an_unsigned_tail_is_refused_unless_it_is_asked_for(desk: &Desk, good: &[Line]) -> Result<()> {
    let is_note =
        |line: &Line| matches!(line, Line::Other(text) if text.starts_with("{\"checkpoint\""));
    let first = good.iter().position(is_note).context("no checkpoint")?;
    let mut kept = good.to_vec();
    let mut at = 0;
    kept.retain(|line| {
        at += 1;
        at - 1 <= first || !is_note(line)
    });
    let tail = entries(&kept).iter().filter(|at| **at > first).count();
    ensure!(tail > 1, "nothing to forge");
    let mut rewritten = kept.clone();
    for line in &mut rewritten[first..] {
        if let Line::Entry(entry) = line {
            *entry = entry.replace("operator/a", "operator/b");
        }
    }
    ensure!(
        spelled(&rewritten)? != spelled(&kept)?,
        "nothing was forged"
    );
    let cut = [&good[..first + 2], &good[good.len() - 1..]].concat();
    for (what, forged) in [
        ("rewritten", rewritten),
        ("hidden", kept.clone()),
        ("cut", cut),
    ] {
        let ended = script(desk, &spelled(&forged)?, &[])?;
        assert_eq!(ended.code, Some(1), "{what}: {ended}");
        assert!(ended.stderr.contains("signed by nobody"), "{what}: {ended}");
    }
    let accepts = |tail: usize| {
        let accepted = tail.to_string();
        script(desk, &spelled(&kept)?, &["--unsigned-tail", &accepted])
    };
    let accepted = accepts(tail)?;
    assert_eq!(accepted.code, Some(0), "{accepted}");
    assert!(accepted.stdout.contains("are not signed"), "{accepted}");
    assert_eq!(accepts(tail - 1)?.code, Some(1));
    Ok(())
}

/// Python takes `true` and `1.0` for 1, and base64 spells every entry a second time.
fn a_second_spelling_is_refused(desk: &Desk, export: &str) -> Result<()> {
    let count = entries(&lines(export)).len();
    let (_, entry) = export
        .lines()
        .find_map(|line| line.split_once(",\"entry\":"))
        .context("no entry")?;
    let entry = entry.strip_suffix('}').context("an entry ends its line")?;
    let raw: String = serde_json::from_str(entry)?;
    let encoded = BASE64_STANDARD.encode(raw);
    for (one, another) in [
        ("{\"index\":1,".to_owned(), "{\"index\":true,".to_owned()),
        ("{\"index\":2,".to_owned(), "{\"index\":2.0,".to_owned()),
        (
            format!("{{\"end\":{count}}}"),
            format!("{{\"end\":{count}.0}}"),
        ),
        (
            format!(",\"entry\":{entry}"),
            format!(",\"entry_base64\":\"{encoded}\""),
        ),
    ] {
        let forged = export.replacen(&one, &another, 1);
        ensure!(forged != export, "`{one}` is not in the export");
        let ended = script(desk, &forged, &[])?;
        assert_eq!(ended.code, Some(1), "{another}: {ended}");
    }
    Ok(())
}

/// Beside a newer checkpoint, unless it is said to be the later one.
async fn an_older_export_is_no_alarm(desk: &Desk, export: &str) -> Result<()> {
    desk.appliance.issue("bot", "later").await?;
    let auditor = desk.appliance.client("auditor")?;
    let newer: Checkpoint = auditor.get("/v1/audit/checkpoint").await?.ok()?;
    let file = desk.appliance.path("newer.txt");
    std::fs::write(&file, &newer.note)?;
    let kept = ["--checkpoint", file.to_str().context("a path")?];
    let older = script(desk, export, &kept)?;
    assert_eq!(older.code, Some(0), "{older}");
    assert!(older.stdout.contains("the export is older"), "{older}");
    let rolled_back = script(desk, export, &[&kept[..], &["--latest"]].concat())?;
    assert_eq!(rolled_back.code, Some(1), "{rolled_back}");
    assert!(rolled_back.stderr.contains("rolled back"), "{rolled_back}");
    Ok(())
}
