//! The token is away at a start, or full; file descriptors are too few.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a failure is the test's, and so is what it did not try"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use countersign_api::Wallet;
use serde_json::Value;
use softhsm_tests::swap::{Terms, usdc_for_sol};
use softhsm_tests::{Appliance, Client, Options, message, program};

const POLICY: &str = include_str!("../../deploy/dev/policy.toml");
const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

/// Changes the configuration.
fn reconfigure(appliance: &Appliance, from: &str, to: &str) {
    let path = appliance.path("countersignd.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

/// What `doctor` says of one check.
fn doctor(appliance: &Appliance, check: &str) -> (bool, String) {
    let report = program::run(appliance.countersignd().args(["doctor", "--json"])).unwrap();
    told(&report.stdout, check)
}

fn told(report: &str, check: &str) -> (bool, String) {
    let report: Value = serde_json::from_str(report).unwrap();
    let mut findings = report["findings"].as_array().unwrap().iter();
    let finding = findings.find(|finding| finding["check"] == check);
    let finding = finding.unwrap_or_else(|| panic!("no `{check}` in {report}"));
    let detail = finding["detail"].as_str().unwrap();
    (finding["ok"] == true, detail.to_owned())
}

/// What it is reached by may come up later than the appliance.
#[tokio::test]
async fn a_start_waits_for_a_token_that_is_away_for_some_seconds() {
    let mut appliance = Appliance::initialised(&Options::policy(POLICY)).unwrap();
    let (tokens, away) = (appliance.path("tokens"), appliance.path("away"));
    // Neither the directory, nor, in the other case, a token in it.
    for empty in [false, true] {
        fs::rename(&tokens, &away).unwrap();
        if empty {
            fs::create_dir(&tokens).unwrap();
        }
        let logged = appliance.log().len();
        let comes_back = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            if empty {
                fs::remove_dir(&tokens).unwrap();
            }
            fs::rename(&away, &tokens).unwrap();
        };
        let (started, ()) = tokio::join!(appliance.start(), comes_back);
        started.unwrap();
        let log = appliance.log().split_off(logged);
        assert!(log.contains("the start waits for the token"), "{log}");
        assert!(!log.contains("init`") && !log.contains("Pin"), "{log}");
        appliance.stop().await.unwrap();
    }
    let (well, pin) = doctor(&appliance, "hsm.pin");
    assert!(well && pin.contains("no wrong one"), "{pin}");
}

#[tokio::test]
async fn a_start_that_waits_for_its_token_can_be_stopped() {
    let mut appliance = Appliance::initialised(&Options::policy(POLICY)).unwrap();
    fs::rename(appliance.path("tokens"), appliance.path("away")).unwrap();
    let log = fs::File::create(appliance.path("waiting.log")).unwrap();
    let mut waiting = appliance.countersignd().stderr(log).spawn().unwrap();
    let said = || fs::read_to_string(appliance.path("waiting.log")).unwrap();
    for _ in 0..1_000 {
        if said().contains("the start waits for the token") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    program::terminate(waiting.id()).unwrap();
    let mut ended = None;
    for _ in 0..500 {
        ended = waiting.try_wait().unwrap();
        if ended.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let _ended_already = waiting.kill();
    assert!(ended.is_some_and(|status| status.success()), "{}", said());
    fs::rename(appliance.path("away"), appliance.path("tokens")).unwrap();
    // A wrong PIN is no reason to wait, nor to try it again.
    appliance.write_pin("not-the-pin\n").unwrap();
    let refused = appliance.refused().await.unwrap();
    assert!(refused.stderr.contains("PinIncorrect"), "{refused}");
    assert!(!refused.stderr.contains("waits"), "{refused}");
}

/// `limited` with at most so many file descriptors, whatever it does about it.
fn limited(appliance: &Appliance, descriptors: u32, arguments: &[&str]) -> program::Ended {
    let plain = appliance.countersignd();
    let mut command = Command::new("prlimit");
    command
        .arg(format!("--nofile={descriptors}:{descriptors}"))
        .arg(plain.get_program())
        .args(plain.get_args())
        .args(arguments);
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    program::run(&mut command).unwrap()
}

#[tokio::test]
async fn too_few_descriptors_for_the_connections_are_told_at_the_start_and_by_the_doctor() {
    let options = Options {
        max_connections: 1_000,
        ..Options::policy(POLICY)
    };
    let appliance = Appliance::initialised(&options).unwrap();
    let refused = limited(&appliance, 1_447, &[]);
    assert_eq!(refused.code, Some(1), "{refused}");
    let examined = limited(&appliance, 1_447, &["doctor", "--json"]);
    assert_eq!(examined.code, Some(1), "{examined}");
    let (well, detail) = told(&examined.stdout, "descriptors");
    assert!(!well, "{detail}");
    for text in [&refused.stderr, &detail] {
        for says in ["max_connections", "1448", "1447", "LimitNOFILE", "to 999"] {
            assert!(text.contains(says), "no `{says}` in {text}");
        }
    }
    let examined = limited(&appliance, 1_448, &["doctor", "--json"]);
    let (well, detail) = told(&examined.stdout, "descriptors");
    assert!(well && examined.code == Some(0), "{detail}");
}

/// A file system in memory, gone with this.
struct Small(PathBuf);

impl Small {
    /// `None` where this user may not mount.
    fn mount(at: &Path, kib: u32) -> Option<Self> {
        fs::create_dir(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={kib}k,mode=700")]);
        let ended = program::run(mount.arg("countersign-test").arg(at)).unwrap();
        (ended.code == Some(0)).then(|| Self(at.to_owned()))
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        use std::io::Write;
        let mut filler = fs::File::create(self.filler()).unwrap();
        while filler.write_all(&[0; 1024]).is_ok() {}
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _gone_already = program::run(Command::new("umount").arg("--lazy").arg(&self.0));
    }
}

struct Desk {
    appliance: Appliance,
    wallet: Wallet,
    bot: Client,
}

impl Desk {
    async fn withdraws(&self, key: &str) -> softhsm_tests::Reply {
        let payer = self.wallet.address.parse().unwrap();
        let message = message::transfer(&payer, &COLD.parse().unwrap(), 1_000);
        self.bot.sign(key, &self.wallet.id, &message).await.unwrap()
    }

    async fn trades(&self, key: &str) -> softhsm_tests::Reply {
        let payer = self.wallet.address.parse().unwrap();
        let terms = Terms {
            slippage_bps: 100,
            ..Terms::MAINNET
        };
        let message = message::legacy(&payer, &usdc_for_sol(&payer, terms).unwrap());
        self.bot.sign(key, &self.wallet.id, &message).await.unwrap()
    }

    /// The check `anchor`, once it is so.
    async fn anchored(&self, well: bool) -> String {
        for _ in 0..200 {
            let ready = self.appliance.operations("/readyz").unwrap().body;
            let ready: Value = serde_json::from_str(&ready).unwrap();
            let mut checks = ready["checks"].as_array().unwrap().iter();
            let anchor = checks.find(|check| check["name"] == "anchor").unwrap();
            if (anchor["ok"] == true) == well {
                return anchor["detail"].as_str().unwrap_or_default().to_owned();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!(
            "anchor did not become {well}: {}",
            self.appliance.last_words()
        );
    }
}

/// An appliance whose token lies in a small file system.
async fn desk_on(small: &Small, appliance: Appliance) -> Desk {
    let mut appliance = appliance;
    let mut copy = Command::new("cp");
    copy.arg("-a")
        .arg(appliance.path("tokens").join("."))
        .arg(&small.0);
    assert_eq!(program::run(&mut copy).unwrap().code, Some(0));
    let conf = appliance.path("softhsm2.conf");
    let text = fs::read_to_string(&conf).unwrap();
    let (old, new) = (appliance.path("tokens"), small.0.display().to_string());
    fs::write(&conf, text.replace(&old.display().to_string(), &new)).unwrap();
    fs::remove_dir_all(old).unwrap();
    reconfigure(
        &appliance,
        "anchor_every = '60s'",
        "anchor_every = '1s'\nanchor_grace = '8s'",
    );
    appliance.start().await.unwrap();
    appliance.issue_all().await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    gateway.grant("bot", &wallet.id).await.unwrap();
    let bot = appliance.client("bot").unwrap();
    Desk {
        appliance,
        wallet,
        bot,
    }
}

/// SoftHSM2 answers success and leaves a file of no bytes.
#[tokio::test(flavor = "multi_thread")]
async fn inv08_a_full_token_stops_withdrawals_and_forgets_no_log() {
    let appliance = Appliance::initialised(&Options::policy(POLICY)).unwrap();
    let Some(small) = Small::mount(&appliance.path("small"), 512) else {
        eprintln!("not tried: this user may not mount a file system");
        return;
    };
    let mut desk = desk_on(&small, appliance).await;
    desk.appliance.stop().await.unwrap();
    let old = desk.appliance.path("old");
    desk.appliance.copy_database(&old).unwrap();
    desk.appliance.start().await.unwrap();
    desk.bot = desk.appliance.client("bot").unwrap();
    for number in 0..3 {
        assert_eq!(desk.withdraws(&format!("w{number}")).await.status, 200);
    }
    // Long enough that the token remembers them.
    tokio::time::sleep(Duration::from_secs(3)).await;
    desk.anchored(true).await;

    small.fill();
    let before = desk.withdraws("full").await;
    assert_eq!(before.status, 200, "{}", before.body);
    let detail = desk.anchored(false).await;
    assert!(detail.contains("withdrawals stop 8 s after"), "{detail}");
    assert_eq!(desk.appliance.operations("/readyz").unwrap().status, 503);
    let mut denied = desk.withdraws("grace-0").await;
    for number in 1..120 {
        if denied.status != 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        denied = desk.withdraws(&format!("grace-{number}")).await;
    }
    assert_eq!(denied.code(), "policy_denied", "{}", denied.body);
    assert_eq!(
        denied.body["reasons"][0]["rule"], "anchor",
        "{}",
        denied.body
    );
    let trade = desk.trades("trade").await;
    assert_eq!(trade.status, 200, "{}", trade.body);
    an_older_database_is_refused(&mut desk, &old).await;

    fs::remove_file(small.filler()).unwrap();
    desk.appliance.start().await.unwrap();
    desk.bot = desk.appliance.client("bot").unwrap();
    desk.anchored(true).await;
    let again = desk.withdraws("room").await;
    assert_eq!(again.status, 200, "{}", again.body);
}

/// What the token remembered before it was full is there still.
async fn an_older_database_is_refused(desk: &mut Desk, old: &Path) {
    desk.appliance.kill();
    let present = desk.appliance.path("present");
    desk.appliance.copy_database(&present).unwrap();
    desk.appliance.restore_database(old).unwrap();
    let refused = desk.appliance.refused().await.unwrap();
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("the token remembers"), "{refused}");
    desk.appliance.restore_database(&present).unwrap();
}
