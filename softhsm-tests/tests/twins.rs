//! Two appliances on one token, each with a copy of one database: each knows a part of what was signed
//! under a limit. The second one to start takes the token over, and the first one ends.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a failure is the test's; how long the first one signs is what is tested"
)]

use std::process::Command;
use std::time::{Duration, Instant};

use countersign_api::Wallet;
use serde_json::Value;
use softhsm_tests::swap::{Terms, usdc_for_sol};
use softhsm_tests::{Appliance, Client, Options, message, program};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const SOL: u64 = 1_000_000_000;

/// USDC that a wallet may trade within a day.
const LIMIT: u64 = 250;

/// USDC that the second one is asked for at a time.
const MUCH: u64 = 20;

/// What the documents say: `LOOK` and the time between two heads.
const BOUND: Duration = Duration::from_secs(6);

/// What a crowded machine may add to it.
const SLACK: Duration = Duration::from_secs(14);

/// After which the test gives up.
const LONGEST: Duration = Duration::from_secs(90);

fn policy() -> String {
    format!(
        r#"
schema = 1
name = "twins"
[destinations.cold]
solana = ["{COLD}"]
[[limits]]
name = "traded"
when = {{ action = "trade", asset = "USDC" }}
per = "wallet"
window = "24h"
max_amount = "{LIMIT}"
[[rules]]
name = "trades"
when = {{ action = "trade", program = ["jupiter-v6"] }}
then = "allow"
[[rules]]
name = "to-cold"
when = {{ action = "withdrawal", destination = "cold" }}
then = "allow"
"#
    )
}

async fn wallet(appliance: &Appliance) -> Wallet {
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    gateway.grant("bot", &wallet.id).await.unwrap();
    wallet
}

/// A trade of so many USDC; `None` where nobody answers.
async fn ask(bot: &Client, wallet: &Wallet, key: &str, usdc: u64) -> Option<u16> {
    let trader = wallet.address.parse().unwrap();
    let terms = Terms {
        quoted: usdc * 1_000_000,
        slippage_bps: 0,
        ..Terms::MAINNET
    };
    let trade = usdc_for_sol(&trader, terms).unwrap();
    let message = message::legacy(&trader, &trade);
    let reply = bot.sign(key, &wallet.id, &message).await;
    reply.ok().map(|reply| reply.status)
}

/// As a snapshot of the volume has it, taken while the appliance runs.
async fn snapshot(appliance: &Appliance, name: &str) -> std::path::PathBuf {
    let to = appliance.path(name);
    let options = SqliteConnectOptions::new().filename(appliance.path("countersign.db"));
    let mut file = options.connect().await.unwrap();
    let copy = format!("VACUUM INTO '{}'", to.display());
    sqlx::raw_sql(sqlx::AssertSqlSafe(copy))
        .execute(&mut file)
        .await
        .unwrap();
    file.close().await.unwrap();
    to
}

/// Asks for one USDC again and again until the appliance is gone; when each was signed.
async fn until_gone(bot: Client, wallet: Wallet) -> Vec<Instant> {
    let began = Instant::now();
    let mut signed = Vec::new();
    for number in 0.. {
        assert!(
            began.elapsed() < LONGEST,
            "it still runs, {} signed",
            signed.len()
        );
        match ask(&bot, &wallet, &format!("first-{number}"), 1).await {
            None => break,
            Some(200) => signed.push(Instant::now()),
            Some(429 | 503) => {}
            Some(other) => panic!("{other}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    signed
}

#[tokio::test(flavor = "multi_thread")]
async fn inv06_of_two_appliances_on_one_token_the_first_ends_within_the_bound() {
    let mut first = Appliance::running(&Options::policy(policy()))
        .await
        .unwrap();
    let wallet = wallet(&first).await;
    let bot = first.client("bot").unwrap();
    for number in 0..10 {
        let key = format!("before-{number}");
        assert_eq!(ask(&bot, &wallet, &key, 1).await, Some(200));
    }
    let copy = snapshot(&first, "snapshot.db").await;
    let mut second = first.twin(&copy).unwrap();
    let asking = tokio::spawn(until_gone(bot, wallet.clone()));
    second.start().await.unwrap();
    let since = Instant::now();
    let times = asking.await.unwrap();
    let late: Vec<Duration> = times
        .iter()
        .filter_map(|at| at.checked_duration_since(since))
        .collect();
    let last = late.last().copied().unwrap_or_default();
    println!(
        "of {} that the first one signed {} came after the second one listened, the last after {last:?}",
        times.len(),
        late.len()
    );
    assert!(last < BOUND + SLACK, "{last:?}");
    assert!(!times.is_empty(), "nothing was asked meanwhile");
    let signed = u64::try_from(times.len()).unwrap();
    assert!(first.wait().await.is_err(), "it ends as a failure");
    for words in [
        "another appliance uses this token",
        "restore.md",
        "countersignd: ",
    ] {
        assert!(first.log().contains(words), "{words}: {}", first.log());
    }
    // It does not come back.
    let again = first.refused().await.unwrap();
    assert!(
        again.stderr.contains("not those the token knows"),
        "{again}"
    );

    // All that both signed is the limit and what the first one signed within the bound.
    let bot = second.client("bot").unwrap();
    let mut both = 10 + signed;
    for number in 0.. {
        match ask(&bot, &wallet, &format!("second-{number}"), MUCH).await {
            Some(200) => both += MUCH,
            Some(429) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(both, LIMIT + signed);
    assert_eq!(second.operations("/readyz").unwrap().status, 200);
    second.stop().await.unwrap();
}

/// What leaves a wallet waits for the token, and that is the second one's from its start on.
#[tokio::test(flavor = "multi_thread")]
async fn inv06_of_two_appliances_on_one_token_the_first_lets_nothing_leave() {
    let mut first = Appliance::running(&Options::policy(policy()))
        .await
        .unwrap();
    let wallet = wallet(&first).await;
    let bot = first.client("bot").unwrap();
    let out = message::transfer(
        &wallet.address.parse().unwrap(),
        &COLD.parse().unwrap(),
        SOL,
    );
    bot.signed("before", &wallet.id, &out).await.unwrap();
    let copy = snapshot(&first, "snapshot.db").await;
    let mut second = first.twin(&copy).unwrap();
    second.start().await.unwrap();
    let late = bot.sign("late", &wallet.id, &out).await;
    assert!(
        late.as_ref().is_ok_and(|reply| reply.status == 503),
        "{late:?}"
    );
    assert!(first.wait().await.is_err(), "it ends as a failure");
    second.stop().await.unwrap();
}

/// What `deploy/runbooks/restore.md` does.
fn forget(appliance: &Appliance) {
    let mut tool = Command::new("pkcs11-tool");
    tool.args([
        "--module",
        &program::softhsm_module().unwrap().display().to_string(),
    ])
    .args(["--token-label", "countersign", "--login", "--pin"])
    .arg(softhsm_tests::appliance::PIN)
    .args([
        "--delete-object",
        "--type",
        "data",
        "--label",
        "countersign-anchor",
    ])
    .env("SOFTHSM2_CONF", appliance.path("softhsm2.conf"));
    let ended = program::run(&mut tool).unwrap();
    assert_eq!(ended.code, Some(0), "{ended}");
}

fn doctor(appliance: &Appliance) -> (Option<i32>, Value) {
    let mut doctor = appliance.countersignd();
    doctor.args(["doctor", "--json"]);
    let ended = program::run(&mut doctor).unwrap();
    (ended.code, serde_json::from_str(&ended.stdout).unwrap())
}

fn finding<'a>(report: &'a Value, check: &str) -> &'a Value {
    let mut findings = report["findings"].as_array().unwrap().iter();
    let found = findings.find(|one| one["check"] == check);
    found.unwrap_or_else(|| panic!("no `{check}`: {report}"))
}

/// Both started on a token without its memory; `doctor` and `status` tell of that.
#[tokio::test(flavor = "multi_thread")]
async fn two_that_find_no_memory_do_not_both_go_on_and_it_is_told() {
    let mut first = Appliance::running(&Options::policy(policy()))
        .await
        .unwrap();
    let wallet = wallet(&first).await;
    first.stop().await.unwrap();
    let (code, report) = doctor(&first);
    assert_eq!(finding(&report, "anchor")["ok"], true, "{code:?} {report}");
    let copy = snapshot(&first, "snapshot.db").await;
    let mut second = first.twin(&copy).unwrap();
    forget(&first);
    let (_, report) = doctor(&first);
    assert_eq!(finding(&report, "anchor")["warning"], true, "{report}");
    first.start().await.unwrap();
    let bot = first.client("bot").unwrap();
    let status = first.client("operator-a").unwrap().get("/v1/status").await;
    let warnings = status.unwrap().body["warnings"].to_string();
    assert!(
        warnings.contains("remembers nothing of the log"),
        "{warnings}"
    );
    // A copy of before is older than what the first one wrote at its start.
    let refused = second.refused().await.unwrap();
    assert!(refused.stderr.contains("the token remembers"), "{refused}");
    let (code, report) = doctor(&second);
    assert_eq!(code, Some(1), "{report}");
    let anchor = finding(&report, "anchor");
    assert_eq!(anchor["ok"], false, "{report}");
    assert!(
        anchor["detail"].to_string().contains("the token remembers"),
        "{report}"
    );

    forget(&second);
    second.start().await.unwrap();
    until_gone(bot, wallet).await;
    assert!(first.wait().await.is_err());
    second.stop().await.unwrap();
    let (_, report) = doctor(&second);
    let start = finding(&report, "anchor.start");
    assert_eq!(start["warning"], true, "{report}");
    second.start().await.unwrap();
    let status = second.client("operator-a").unwrap().get("/v1/status").await;
    let warnings = status.unwrap().body["warnings"].to_string();
    assert!(!warnings.contains("remembers"), "{warnings}");
}
