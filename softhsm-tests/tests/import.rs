//! Wallets whose keys were made outside, on the real programs and a real token.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use countersign_api::{ImportKey, User, Wallet};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use softhsm_tests::client::Client;
use softhsm_tests::log::Fetched;
use softhsm_tests::program::Ended;
use softhsm_tests::{Appliance, Options, message, program};

const POLICY: &str = r#"
schema = 1
name = "import"

[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]

[[rules]]
name = "small"
when = { action = "withdrawal", asset = "SOL", max_amount = "2", destination = "cold" }
then = "allow"
"#;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

fn options() -> Options {
    Options {
        import: true,
        ..Options::policy(POLICY)
    }
}

/// A key pair that was made outside, in the file of Solana's tools.
fn outside(appliance: &Appliance, name: &str, seed: u8) -> Result<(SigningKey, String)> {
    let pair = SigningKey::from_bytes(&[seed; 32]);
    let bytes = pair.to_keypair_bytes().to_vec();
    let path = appliance.path(name);
    fs::write(&path, serde_json::to_vec(&bytes)?)?;
    Ok((pair, path.to_string_lossy().into_owned()))
}

fn address(pair: &SigningKey) -> String {
    bs58::encode(pair.verifying_key()).into_string()
}

fn wallets(appliance: &Appliance, line: &[&str]) -> Result<Ended> {
    let mut command = appliance.countersign("gateway");
    program::run(command.args(["--json", "wallets"]).args(line))
}

fn wallet(ended: &Ended) -> Result<Wallet> {
    ensure!(ended.code == Some(0), "{ended}");
    Ok(serde_json::from_str(&ended.stdout)?)
}

async fn withdraws(appliance: &Appliance, key: &str, wallet: &Wallet) -> Result<()> {
    let bot = appliance.client("bot")?;
    let message = message::transfer(&wallet.address.parse()?, &COLD.parse()?, 1_000_000_000);
    bot.signed(key, &wallet.id, &message).await.map(drop)
}

async fn logged(appliance: &Appliance, kind: &str) -> Result<Vec<Value>> {
    let auditor = appliance.client("auditor")?;
    Fetched::from(&auditor).await?.of_kind(kind)
}

/// Files below a directory that hold these bytes.
fn holding(directory: &Path, wanted: &[u8]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(holding(&path, wanted)?);
        } else if let Ok(bytes) = fs::read(&path)
            && bytes.windows(wanted.len()).any(|window| window == wanted)
        {
            found.push(path.display().to_string());
        }
    }
    Ok(found)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_key_signs_and_is_nowhere_to_be_read() -> Result<()> {
    let mut appliance = Appliance::running(&options()).await?;
    let gateway = appliance.client("gateway")?;
    let user = gateway.user("u").await?;
    let (pair, file) = outside(&appliance, "outside.json", 21)?;
    let line = ["import", "--user", &user.id, "--keypair", &file];
    let tried = wallets(&appliance, &[&line[..], &["--dry-run"]].concat())?;
    assert_eq!(tried.code, Some(0), "{tried}");
    let none = gateway.get("/v1/wallets").await?;
    assert_eq!(none.body["items"], json!([]), "{}", none.body);
    let told = wallets(&appliance, &line)?;
    assert!(told.stderr.contains("delete the old copies"), "{told}");
    let imported = wallet(&told)?;
    assert!(imported.imported);
    assert_eq!(imported.custody, "resident");
    assert_eq!(imported.address, address(&pair));

    let again = wallet(&wallets(&appliance, &line)?)?;
    assert_eq!(again.id, imported.id);
    gateway.grant("bot", &imported.id).await?;
    withdraws(&appliance, "one", &imported).await?;
    let verified = wallets(&appliance, &["verify", &imported.id])?;
    assert_eq!(verified.code, Some(0), "{verified}");

    let created = logged(&appliance, "wallet_created").await?;
    assert_eq!(created.len(), 1, "{created:?}");
    assert_eq!(created[0]["detail"]["imported"], json!(true));
    appliance.stop().await?;
    fs::remove_file(&file)?;
    for form in [
        pair.to_bytes().to_vec(),
        bs58::encode(pair.to_keypair_bytes()).into_vec(),
        hex::encode(pair.to_bytes()).into_bytes(),
        b"21,21,21,21,21".to_vec(),
    ] {
        assert_eq!(holding(appliance.root(), &form)?, [""; 0]);
    }
    appliance.start().await?;
    withdraws(&appliance, "two", &imported).await?;
    appliance.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_sealed_offline_is_imported_by_somebody_who_cannot_read_it() -> Result<()> {
    let mut appliance = Appliance::running(&Options {
        envelope: true,
        custody: "envelope",
        ..options()
    })
    .await?;
    let gateway = appliance.client("gateway")?;
    let user = gateway.user("u").await?;
    let (pair, file) = outside(&appliance, "outside.json", 22)?;
    let shown = wallets(&appliance, &["import-key"])?;
    let key: ImportKey = serde_json::from_str(&shown.stdout)?;
    let key_file = appliance.path("import-key.jwk").display().to_string();
    fs::write(&key_file, &shown.stdout)?;
    let doctored = program::run(appliance.countersignd().arg("doctor"))?;
    assert!(!doctored.stdout.contains("BAD  hsm"), "{doctored}");

    // No appliance is needed to seal.
    let seal = |kid: &str| {
        let mut command = appliance.countersign("nobody");
        let line = ["wallets", "seal", "--import-key", &key_file, "--kid", kid];
        program::run(
            command
                .args(line)
                .args(["--user", &user.id, "--keypair", &file]),
        )
    };
    let other = seal("another")?;
    assert_eq!(other.code, Some(2), "{other}");
    assert!(other.stderr.contains(&key.kid), "{other}");
    let sealed = seal(&key.kid)?;
    assert_eq!(sealed.code, Some(0), "{sealed}");
    let sealed_file = appliance.path("sealed.jwe").display().to_string();
    fs::write(&sealed_file, &sealed.stdout)?;

    let line = [
        "import",
        "--user",
        &user.id,
        "--sealed",
        &sealed_file,
        "--name",
        "old one",
    ];
    let imported = wallet(&wallets(&appliance, &line)?)?;
    assert_eq!(imported.address, address(&pair));
    assert_eq!(imported.custody, "envelope");
    assert_eq!(imported.name.as_deref(), Some("old one"));
    gateway.grant("bot", &imported.id).await?;
    withdraws(&appliance, "one", &imported).await?;
    appliance.stop().await?;
    appliance.start().await?;
    withdraws(&appliance, "two", &imported).await?;
    appliance.stop().await
}

struct Sealing<'a> {
    appliance: &'a Appliance,
    key_file: String,
}

impl Sealing<'_> {
    fn seal(&self, user: &User, pair: &str, more: &[&str]) -> Result<String> {
        let mut command = self.appliance.countersign("nobody");
        command.args(["wallets", "seal", "--import-key", &self.key_file]);
        command.args(["--user", &user.id, "--keypair", pair]);
        let ended = program::run(command.args(more))?;
        ensure!(ended.code == Some(0), "{ended}");
        Ok(ended.stdout.trim().to_owned())
    }
}

async fn refused(
    gateway: &Client,
    user: &User,
    sealed: &str,
    environment: &str,
) -> Result<(String, Option<String>, String)> {
    let body = json!({
        "user_id": user.id, "venue": "solana", "environment": environment, "sealed": sealed,
    });
    let problem = gateway.post("/v1/wallets/import", &body).await?.problem()?;
    Ok((
        problem.code.as_str().to_owned(),
        problem.field.clone(),
        problem.detail.clone(),
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_key_is_good_for_one_user_place_and_time() -> Result<()> {
    let mut appliance = Appliance::running(&options()).await?;
    let gateway = appliance.client("gateway")?;
    let (mine, theirs) = (gateway.user("mine").await?, gateway.user("theirs").await?);
    let (_, file) = outside(&appliance, "outside.json", 23)?;
    let shown = wallets(&appliance, &["import-key"])?;
    let key_file = appliance.path("import-key.jwk").display().to_string();
    fs::write(&key_file, &shown.stdout)?;
    let sealing = Sealing {
        appliance: &appliance,
        key_file,
    };
    let good = sealing.seal(&mine, &file, &[])?;
    let mut parts: Vec<&str> = good.split('.').collect();
    let turned: String = parts[1].chars().rev().collect();
    parts[1] = &turned;
    let altered = parts.join(".");
    for (user, sealed, environment, why) in [
        (&theirs, good.clone(), "mainnet", "`user_id`"),
        (&mine, good.clone(), "testnet", "`environment`"),
        (
            &mine,
            sealing.seal(&mine, &file, &["--good-for", "0s"])?,
            "mainnet",
            "good until",
        ),
        (
            &mine,
            sealing.seal(&mine, &file, &["--good-for", "8d"])?,
            "mainnet",
            "at most 7d",
        ),
        (&mine, altered, "mainnet", "does not open"),
        (
            &mine,
            "not.a.sealed.key".to_owned(),
            "mainnet",
            "five parts",
        ),
        (&mine, "x".repeat(5000), "mainnet", "4096"),
    ] {
        let (code, field, detail) = refused(&gateway, user, &sealed, environment).await?;
        assert_eq!(code, "invalid_request", "{why}: {detail}");
        assert_eq!(field.as_deref(), Some("sealed"), "{why}: {detail}");
        assert!(detail.contains(why), "{why}: {detail}");
    }

    let sealed_file = appliance.path("sealed.jwe").display().to_string();
    fs::write(&sealed_file, &good)?;
    let line = ["import", "--user", &mine.id, "--sealed", &sealed_file];
    let imported = wallet(&wallets(&appliance, &line)?)?;
    // Another user's, sealed anew; and another key of the same user.
    let stolen = sealing.seal(&theirs, &file, &[])?;
    let (code, field, _) = refused(&gateway, &theirs, &stolen, "mainnet").await?;
    assert_eq!(
        (code.as_str(), field.as_deref()),
        ("already_decided", Some("sealed"))
    );
    let (_, second) = outside(&appliance, "second.json", 24)?;
    let second = sealing.seal(&mine, &second, &[])?;
    let (code, field, detail) = refused(&gateway, &mine, &second, "mainnet").await?;
    assert_eq!(
        (code.as_str(), field.as_deref()),
        ("already_decided", Some("user_id"))
    );
    assert!(detail.contains(&imported.id), "{detail}");
    appliance.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn importing_is_off_until_the_operator_turns_it_on_and_adds_the_key() -> Result<()> {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await?;
    let gateway = appliance.client("gateway")?;
    let user = gateway.user("u").await?;
    let (code, _, detail) = refused(&gateway, &user, "a.b.c.d.e", "mainnet").await?;
    assert_eq!(code, "not_found");
    assert!(detail.contains("countersignd add-keys"), "{detail}");
    let running = program::run(appliance.countersignd().arg("add-keys"))?;
    assert_ne!(running.code, Some(0), "it runs: {running}");
    appliance.stop().await?;

    let path = appliance.path("countersignd.toml");
    let text = fs::read_to_string(&path)?.replace("import = false", "import = true");
    fs::write(&path, text)?;
    let ended = appliance.refused().await?;
    assert!(ended.stderr.contains("countersign-import"), "{ended}");
    assert!(ended.stderr.contains("add-keys"), "{ended}");
    let added = program::run(appliance.countersignd().args(["add-keys", "--json"]))?;
    ensure!(added.code == Some(0), "{added}");
    let added: Value = serde_json::from_str(&added.stdout)?;
    assert_eq!(added["keys"], json!(["countersign-import"]));
    let nothing = program::run(appliance.countersignd().arg("add-keys"))?;
    assert!(nothing.stdout.contains("nothing was missing"), "{nothing}");

    appliance.start().await?;
    let (pair, file) = outside(&appliance, "outside.json", 25)?;
    let imported = wallet(&wallets(
        &appliance,
        &["import", "--user", &user.id, "--keypair", &file],
    )?)?;
    assert_eq!(imported.address, address(&pair));
    let init = logged(&appliance, "init").await?;
    let last = init.last().context("no entry")?;
    assert_eq!(last["detail"]["added"], json!(["countersign-import"]));
    appliance.stop().await
}
