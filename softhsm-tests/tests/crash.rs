//! A killed process loses no audit entry and overspends no limit. The appliance is killed as a
//! power failure would, at random moments under load, and started on what it left.
//!
//! `COUNTERSIGN_CRASH_ROUNDS` sets how often.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use countersign_api::{SignedAnswer, Wallet};
use countersign_intent::Timestamp;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use softhsm_tests::client::Client;
use softhsm_tests::log::{Fetched, Follower};
use softhsm_tests::{Appliance, Options, message};
use solana_pubkey::Pubkey;

/// Rounds unless told.
const ROUNDS: u32 = 200;

/// Bots that ask at the same time.
const BOTS: usize = 4;

/// Wallets they share.
const WALLETS: usize = 3;

/// The limit of the policy below.
const MAX_LAMPORTS: u64 = 5_000_000_000;
const WINDOW_MICROS: i64 = 3_000_000;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

const POLICY: &str = r#"
schema = 1
name = "crash"
[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]
[[limits]]
name = "sol-out"
when = { action = "withdrawal", asset = "SOL" }
per = "wallet"
window = "3s"
max_amount = "5"
[[rules]]
name = "to-cold"
when = { action = "withdrawal", destination = "cold" }
then = "allow"
"#;

/// One request, the same on every try.
#[derive(Debug, Clone)]
struct Asked {
    key: String,
    wallet: usize,
    message: Vec<u8>,
}

/// What the bots asked and were told, over all rounds.
#[derive(Debug, Default)]
struct Book {
    next: u64,
    /// Asked and not answered: to be asked again.
    open: Vec<Asked>,
    signed: Vec<(Asked, SignedAnswer)>,
    /// Log index and request of every refusal.
    refused: Vec<(u64, String)>,
    /// By SHA-256 of the message.
    lamports: HashMap<String, (usize, u64)>,
}

struct Desk {
    appliance: Appliance,
    wallets: Vec<(Wallet, Pubkey)>,
    book: Arc<Mutex<Book>>,
    log: Follower,
    /// How often the token was put back.
    mended: u32,
}

fn random(below: u64) -> Result<u64> {
    let number = getrandom::u64().map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(number % below)
}

impl Desk {
    async fn open() -> Result<Self> {
        let options = Options {
            // The token's memory of the log is written as often as can be.
            anchor_every: "1s",
            ..Options::policy(POLICY)
        };
        let appliance = Appliance::running(&options).await?;
        let gateway = appliance.client("gateway")?;
        let mut wallets = Vec::new();
        for number in 0..WALLETS {
            let user = gateway.user(&format!("user-{number}")).await?;
            let wallet = gateway.wallet(&user.id, None).await?;
            gateway.grant("bot", &wallet.id).await?;
            let address = wallet.address.parse()?;
            wallets.push((wallet, address));
        }
        Ok(Self {
            appliance,
            wallets,
            book: Arc::default(),
            log: Follower::default(),
            mended: 0,
        })
    }

    fn next(&self) -> Result<Asked> {
        let lamports = 1 + random(900_000_000)?;
        let wallet = usize::try_from(random(WALLETS as u64)?)?;
        let cold: Pubkey = COLD.parse()?;
        let message = message::transfer(&self.wallets[wallet].1, &cold, lamports);
        let mut book = self.book.lock().ok().context("the book")?;
        book.next += 1;
        let asked = Asked {
            key: format!("crash-{}", book.next),
            wallet,
            message,
        };
        let digest = hex(&Sha256::digest(&asked.message));
        book.lamports.insert(digest, (wallet, lamports));
        Ok(asked)
    }

    /// One bot, until the appliance is gone.
    async fn ask_until_killed(&self, bot: Client) -> Result<()> {
        loop {
            let again = self.book.lock().ok().context("the book")?.open.pop();
            let asked = match again {
                Some(asked) => asked,
                None => self.next()?,
            };
            let wallet = &self.wallets[asked.wallet].0.id;
            let reply = bot.sign(&asked.key, wallet, &asked.message).await;
            let mut book = self.book.lock().ok().context("the book")?;
            let Ok(reply) = reply else {
                book.open.push(asked);
                return Ok(());
            };
            match reply.status {
                200 => book.signed.push((asked, reply.ok()?)),
                429 => {
                    let problem = reply.problem()?;
                    let index = problem.log_index.context("a refusal is logged")?;
                    book.refused
                        .push((index, problem.request_id.unwrap_or_default()));
                }
                _ => anyhow::bail!("{}: {}", reply.status, reply.body),
            }
        }
    }

    /// Administrative writes beside the bots: rows under one seal.
    async fn administer_until_killed(&self, gateway: Client) -> Result<()> {
        for number in 0.. {
            let user = json!({ "external_id": format!("beside-{}", random(1 << 40)?) });
            if gateway.post("/v1/users", &user).await.is_err() {
                break;
            }
            ensure!(number < 10_000, "the appliance was not killed");
        }
        Ok(())
    }

    /// Load, a kill at a random moment, and a start that is sometimes killed too.
    async fn round(&mut self, number: u32) -> Result<()> {
        let bot = self.appliance.client("bot")?;
        let gateway = self.appliance.client("gateway")?;
        let pid = self.appliance.pid().context("it runs")?;
        let moment = Duration::from_micros(random(120_000)?);
        let kill = async {
            tokio::time::sleep(moment).await;
            softhsm_tests::program::kill(pid)
        };
        let bots = (0..BOTS).map(|_| self.ask_until_killed(bot.clone()));
        let bots = futures_util::future::join_all(bots);
        let (killed, asked, administered) =
            tokio::join!(kill, bots, self.administer_until_killed(gateway));
        killed?;
        administered?;
        asked.into_iter().collect::<Result<Vec<()>>>()?;
        self.appliance.kill();
        if number % 8 == 7 {
            self.killed_start().await?;
        }
        self.appliance.start().await
    }

    /// A start that is killed before it listens, or just after.
    ///
    /// SoftHSM2 2.6.1 empties `token.object` and writes it again at every login, so a kill in
    /// between loses the whole token, and that is no doing of the appliance. A login changes
    /// nothing in it but a flag: what was there before is put back.
    async fn killed_start(&mut self) -> Result<()> {
        let tokens = self.appliance.path("tokens");
        let token = fs::read_dir(tokens)?.next().context("a token")??;
        let object = token.path().join("token.object");
        let before = fs::read(&object)?;
        let patience = Duration::from_micros(random(400_000)?);
        let _not_yet = tokio::time::timeout(patience, self.appliance.start()).await;
        self.appliance.kill();
        if fs::read(&object)?.len() != before.len() {
            fs::write(&object, before)?;
            self.mended += 1;
        }
        Ok(())
    }

    /// Everything that was answered is still so, and no window is overspent.
    async fn check(&mut self) -> Result<()> {
        let auditor = self.appliance.client("auditor")?;
        let bot = self.appliance.client("bot")?;
        let new = self.log.follow(&auditor).await?;
        let (signed, refused) = {
            let mut book = self.book.lock().ok().context("the book")?;
            (
                std::mem::take(&mut book.signed),
                std::mem::take(&mut book.refused),
            )
        };
        for (index, request) in &refused {
            self.logged(*index, request, "sign_denied")?;
        }
        for (asked, answer) in &signed {
            self.logged(answer.log_index, &answer.request_id, "sign_reserved")?;
            self.verify(asked, answer)?;
        }
        for (asked, answer) in signed.iter().rev().take(3) {
            let wallet = &self.wallets[asked.wallet].0.id;
            let again = bot.signed(&asked.key, wallet, &asked.message).await?;
            ensure!(
                again.signature == answer.signature,
                "{} was signed anew",
                asked.key
            );
            ensure!(again.request_id == answer.request_id);
        }
        self.windows(new)
    }

    fn logged(&self, index: u64, request: &str, kind: &str) -> Result<()> {
        let entry = self
            .log
            .entries
            .get(usize::try_from(index)?)
            .with_context(|| format!("{request} was answered, its entry {index} is lost"))?;
        ensure!(
            entry.contains(request) && entry.contains(kind),
            "expected {kind} of {request} at {index}, got {entry}"
        );
        Ok(())
    }

    fn verify(&self, asked: &Asked, answer: &SignedAnswer) -> Result<()> {
        let text = answer.signature_text().context("a signature")?;
        let signature: [u8; 64] = bs58::decode(text)
            .into_vec()?
            .try_into()
            .map_err(|_| anyhow::anyhow!("expected 64 bytes"))?;
        VerifyingKey::from_bytes(&self.wallets[asked.wallet].1.to_bytes())?
            .verify_strict(&asked.message, &Signature::from_bytes(&signature))?;
        Ok(())
    }

    /// What was reserved, and so all that was signed, stays within the limit in every window that
    /// ends in the new part of the log.
    fn windows(&self, new: usize) -> Result<()> {
        let book = self.book.lock().ok().context("the book")?;
        let mut spent: BTreeMap<usize, Vec<(i64, u64)>> = BTreeMap::new();
        // A window reaches back over no more entries than this.
        let from = new.saturating_sub(20_000);
        for (index, entry) in self.log.entries.iter().enumerate().skip(from) {
            if !entry.contains("\"kind\":\"sign_reserved\"") {
                continue;
            }
            let entry: Value = serde_json::from_str(entry)?;
            let digest = entry["digest"].as_str().context("a digest")?;
            let (wallet, lamports) = book.lamports.get(digest).context("nobody asked for this")?;
            let at = Timestamp::parse(entry["at"].as_str().context("a time")?)?.micros();
            let times = spent.entry(*wallet).or_default();
            times.push((at, *lamports));
            if index < new {
                continue;
            }
            let within = times
                .iter()
                .rev()
                .take_while(|(then, _)| at - then < WINDOW_MICROS);
            let sum: u64 = within.map(|(_, lamports)| lamports).sum();
            ensure!(
                sum <= MAX_LAMPORTS,
                "wallet {wallet}: {sum} lamports in the window that ends with entry {index}"
            );
        }
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn rounds() -> u32 {
    std::env::var("COUNTERSIGN_CRASH_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(ROUNDS)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inv01_inv06_killed_at_any_moment_nothing_is_lost_and_no_window_is_overspent() {
    let mut desk = Desk::open().await.unwrap();
    let rounds = rounds();
    for number in 0..rounds {
        let done = async {
            desk.round(number).await?;
            desk.check().await
        };
        if let Err(error) = done.await {
            panic!(
                "round {number} of {rounds}: {error:?}\n{}",
                desk.appliance.last_words()
            );
        }
    }
    let auditor = desk.appliance.client("auditor").unwrap();
    let fetched = Fetched::from(&auditor).await.unwrap();
    let report = fetched.verify(&[]).unwrap();
    assert_eq!(report.unsigned_tail, 0);
    let kind = |name: &str| {
        let kinds = report.kinds.iter();
        kinds
            .filter(|(kind, _)| kind.as_str() == name)
            .map(|(_, count)| *count)
            .sum::<u64>()
    };
    println!(
        "{rounds} rounds: {} entries, {} reserved, {} denied, {} users, {} starts, \
         {} tokens mended",
        report.entries,
        kind("sign_reserved"),
        kind("sign_denied"),
        kind("user_created"),
        kind("start"),
        desk.mended,
    );
    assert!(
        kind("sign_reserved") > u64::from(rounds),
        "the load was too small to mean anything"
    );
    assert!(kind("sign_denied") > 0, "the limit was never reached");
    assert!(kind("start") > u64::from(rounds));
    desk.appliance.stop().await.unwrap();
}
