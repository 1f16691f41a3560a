//! What people do about requests, from the real command line, with Ledgers and against the real
//! appliance.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::fs;

use serde_json::Value;
use softhsm_tests::client::Method;
use softhsm_tests::ledger::{Buttons, Emulator, Keys, Ledger, Open, Press, Screen, Settings};
use softhsm_tests::program::{self, Ended};
use softhsm_tests::{Appliance, Approver, Options, message};
use solana_pubkey::Pubkey;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const SOL: u64 = 1_000_000_000;

const POLICY: &str = r#"
schema = 1
name = "desk"

[groups.treasury]
approvers = ["alice", "bob", "carol"]

[groups.change]
approvers = ["alice", "bob", "carol"]
quorum = 2
delay = "0s"

[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]

[[limits]]
name = "sol-out"
when = { action = "withdrawal", asset = "SOL" }
per = "wallet"
window = "24h"
max_amount = "50"

[[limits]]
name = "asks-per-bot"
when = { action = "withdrawal" }
per = "bot"
window = "1h"
max_count = 100

[[rules]]
name = "small"
when = { action = "withdrawal", asset = "SOL", destination = "cold", max_amount = "0.5" }
then = "allow"

[[rules]]
name = "large"
when = { action = "withdrawal", asset = "SOL", destination = "cold", over_amount = "0.5" }
then = { approve = { group = "treasury", quorum = 2, expires = "24h" } }
"#;

struct Desk {
    appliance: Appliance,
    wallet: String,
    address: Pubkey,
}

impl Desk {
    async fn open() -> Self {
        let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
        let gateway = appliance.client("gateway").unwrap();
        let user = gateway.user("u-1").await.unwrap();
        let wallet = gateway.wallet(&user.id, None).await.unwrap();
        gateway.grant("bot", &wallet.id).await.unwrap();
        Self {
            address: wallet.address.parse().unwrap(),
            wallet: wallet.id,
            appliance,
        }
    }

    fn run(&self, who: &str, arguments: &[&str]) -> Ended {
        program::run(self.appliance.countersign(who).args(arguments)).unwrap()
    }

    /// As operator a, with an exit code that has to come.
    fn ends(&self, code: i32, arguments: &[&str]) -> Ended {
        let ended = self.run("operator-a", arguments);
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended}");
        ended
    }

    /// As operator a, as JSON.
    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let ended = self.ends(code, &[&["--json"], arguments].concat());
        serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended}"))
    }

    /// The bot asks for a withdrawal, or uses the approval of one.
    fn withdraw(&self, lamports: u64, approved: Option<&str>) -> (Option<i32>, Value) {
        let file = self.appliance.path("message");
        let cold = COLD.parse().unwrap();
        fs::write(&file, message::transfer(&self.address, &cold, lamports)).unwrap();
        let mut line = vec!["--json", "sign", "solana", file.to_str().unwrap()];
        line.extend(["--wallet", &self.wallet]);
        if let Some(request) = approved {
            line.extend(["--approved-request", request]);
        }
        let ended = self.run("bot", &line);
        (
            ended.code,
            serde_json::from_str(&ended.stdout).unwrap_or_default(),
        )
    }

    fn held(&self, lamports: u64) -> String {
        let (code, answer) = self.withdraw(lamports, None);
        assert_eq!(code, Some(4), "{answer}");
        answer["request_id"].as_str().unwrap().to_owned()
    }

    /// Both of a quorum agree, on their Ledgers.
    fn agree(&self, request: &str) -> Value {
        for approver in [Approver::Alice, Approver::Bob] {
            let ledger = ledger(approver, Press::Approve);
            let address = ledger.address();
            self.ends(0, &["requests", "approve", request, "--ledger", &address]);
        }
        self.json(0, &["requests", "show", request])
    }
}

fn ledger(approver: Approver, press: Press) -> Emulator {
    let ledger = Ledger::new(
        Keys::Given(approver.secret()),
        Buttons::always(press),
        Settings::default(),
    );
    Emulator::listen("127.0.0.1:0", ledger).unwrap()
}

fn id(pending: &Value) -> String {
    pending["request_id"].as_str().unwrap().to_owned()
}

/// Both are connected: nothing is sent to either before somebody says which.
fn nothing_is_sent_to_either(desk: &Desk, request: &str, alice: &Emulator, bob: &Emulator) {
    let (first, second) = (alice.address(), bob.address());
    let commands = (alice.ledger().commands(), bob.ledger().commands());
    let both = [
        "requests",
        "approve",
        request,
        "--approver",
        "bob",
        "--ledger",
        &first,
        "--ledger",
        &second,
    ];
    let asked = desk.ends(2, &both);
    assert!(asked.stderr.contains("several Ledgers"), "{asked}");
    assert!(asked.stderr.contains(&first) && asked.stderr.contains(&second));
    assert_eq!(
        (alice.ledger().commands(), bob.ledger().commands()),
        commands
    );
}

#[tokio::test]
async fn two_ledgers_release_a_withdrawal() {
    let desk = Desk::open().await;
    let request = desk.held(5 * SOL);
    let listed = desk.ends(0, &["requests", "list", "--status", "pending"]);
    assert!(listed.stdout.contains(&request), "{listed}");
    let watched = desk.ends(4, &["requests", "watch", &request, "--for", "1s"]);
    assert!(watched.stdout.contains("Withdraw 5 SOL"), "{watched}");

    let (alice, bob) = (
        ledger(Approver::Alice, Press::Approve),
        ledger(Approver::Bob, Press::Approve),
    );
    let (first, second) = (alice.address(), bob.address());
    let dry = [
        "requests",
        "approve",
        &request,
        "--dry-run",
        "--ledger",
        &first,
    ];
    let text = desk.ends(0, &dry).stdout;
    assert!(
        text.starts_with(&format!("Withdraw 5 SOL\nto {COLD}\n")),
        "{text}"
    );
    assert!(alice.ledger().shown().is_empty());

    nothing_is_sent_to_either(&desk, &request, &alice, &bob);
    let one = [
        "requests",
        "approve",
        &request,
        "--approver",
        "bob",
        "--ledger",
        &second,
    ];
    let approved = desk.ends(0, &one);
    assert!(approved.stdout.contains(": 1 of 2 approvals"), "{approved}");
    assert!(approved.stderr.contains("-- page 2 of"), "{approved}");
    assert!(approved.stderr.contains("open `More`"), "{approved}");
    // Nobody reads it twice, and the device is not even asked for its key.
    let commands = bob.ledger().commands();
    let again = desk.ends(1, &one);
    assert!(again.stderr.contains("`bob` approved"), "{again}");
    assert_eq!(bob.ledger().commands(), commands);
    assert_eq!(
        bob.ledger().shown(),
        [Screen::Message(text.trim_end_matches('\n').to_owned())]
    );
    let (code, early) = desk.withdraw(5 * SOL, Some(&request));
    assert_eq!(code, Some(4), "{early}");

    let approved = desk.ends(0, &["requests", "approve", &request, "--ledger", &first]);
    assert!(approved.stdout.contains("approved"), "{approved}");
    let (code, more) = desk.withdraw(5 * SOL + 1, Some(&request));
    assert_eq!(code, Some(1), "{more}");
    let (code, released) = desk.withdraw(5 * SOL, Some(&request));
    assert_eq!(code, Some(0), "{released}");
    assert!(released["signature"].is_string());
    let shown = desk.json(0, &["requests", "show", &request]);
    assert_eq!(shown["state"], "consumed");
    let commands = alice.ledger().commands();
    let over = desk.ends(1, &["requests", "approve", &request, "--ledger", &first]);
    assert!(over.stderr.contains("nothing to approve"), "{over}");
    assert_eq!(alice.ledger().commands(), commands);
}

#[tokio::test]
async fn a_no_on_the_device_or_in_the_group_is_a_no() {
    let desk = Desk::open().await;
    let request = desk.held(5 * SOL);
    let alice = ledger(Approver::Alice, Press::Reject);
    let address = alice.address();
    let approve = ["requests", "approve", &request, "--ledger", &address];
    let refused = desk.ends(1, &approve);
    assert!(
        refused.stderr.contains("refused on the Ledger"),
        "{refused}"
    );
    let shown = desk.json(0, &["requests", "show", &request]);
    assert_eq!(shown["asks"][0]["counted"], 0);

    alice.ledger().settings.locked = true;
    let locked = desk.ends(3, &approve);
    assert!(locked.stderr.contains("unlock it"), "{locked}");
    alice.ledger().settings.locked = false;
    let path = [&approve[..], &["--path", "44'/60'/0'"]].concat();
    desk.ends(2, &path);
    let stranger = Ledger::new(
        Keys::Seed(vec![1; 32]),
        Buttons::always(Press::Approve),
        Settings::default(),
    );
    let stranger = Emulator::listen("127.0.0.1:0", stranger).unwrap();
    let address = stranger.address();
    let unknown = desk.ends(2, &["requests", "approve", &request, "--ledger", &address]);
    assert!(
        unknown.stderr.contains("nobody is enrolled with"),
        "{unknown}"
    );
    assert!(stranger.ledger().shown().is_empty());

    let reject = [
        "requests",
        "reject",
        &request,
        "--approver",
        "carol",
        "--reason",
        "no",
    ];
    let rejected = desk.ends(0, &reject);
    assert!(
        rejected.stdout.contains("for carol (unsigned) at"),
        "{rejected}"
    );
    alice.ledger().press_with(Buttons::always(Press::Approve));
    desk.ends(1, &approve);
    desk.ends(1, &["requests", "watch", &request]);
    let (code, answer) = desk.withdraw(5 * SOL, Some(&request));
    assert_eq!(code, Some(1), "{answer}");
}

#[tokio::test]
async fn destinations_and_freezes_change_when_the_group_agrees() {
    let desk = Desk::open().await;
    let new = Pubkey::new_unique().to_string();
    let dry = desk.ends(4, &["destinations", "add", "cold", &new, "--dry-run"]);
    assert!(dry.stdout.contains("a loosening"), "{dry}");
    let pending = desk.json(4, &["destinations", "add", "cold", &new]);
    let listed = desk.ends(0, &["destinations", "list"]);
    assert!(!listed.stdout.contains(&new), "{listed}");
    assert_eq!(desk.agree(&id(&pending))["state"], "done");
    let listed = desk.ends(0, &["destinations", "list"]);
    assert!(listed.stdout.contains(&new), "{listed}");
    let tightened = desk.ends(0, &["destinations", "remove", "cold", &new]);
    assert!(tightened.stdout.contains("a tightening"), "{tightened}");
    let listed = desk.ends(0, &["destinations", "list"]);
    assert!(!listed.stdout.contains(&new), "{listed}");
    desk.ends(2, &["destinations", "remove", "cold", &new]);

    desk.ends(0, &["freeze", "wallet", &desk.wallet, "--reason", "drill"]);
    assert_eq!(desk.withdraw(SOL, None).0, Some(1));
    let pending = desk.json(4, &["unfreeze", "wallet", &desk.wallet]);
    assert_eq!(desk.withdraw(SOL, None).0, Some(1));
    assert_eq!(desk.agree(&id(&pending))["state"], "done");
    assert_eq!(desk.withdraw(SOL, None).0, Some(4));
}

#[tokio::test]
async fn people_come_and_go_with_their_ledgers() {
    let desk = Desk::open().await;
    let settings = Settings {
        open: Open::Ethereum,
        version: (1, 23, 0),
        ..Settings::default()
    };
    let dave = Ledger::new(
        Keys::Seed(vec![0xda; 32]),
        Buttons::always(Press::Approve),
        settings,
    );
    let dave = Emulator::listen("127.0.0.1:0", dave).unwrap();
    let address = dave.address();
    let enroll = ["ledger", "enroll", "--name", "dave", "--ledger", &address];
    let pending = desk.json(4, &enroll);
    assert_eq!(desk.agree(&id(&pending))["state"], "done");
    let listed = desk.ends(0, &["approvers", "list"]);
    assert!(listed.stdout.contains("eip191"), "{listed}");
    let pending = desk.json(4, &["groups", "add", "treasury", "dave"]);
    assert_eq!(desk.agree(&id(&pending))["state"], "done");
    let groups = desk.ends(0, &["groups", "list"]);
    assert!(!groups.stdout.contains("not enrolled"), "{groups}");

    let request = desk.held(5 * SOL);
    let approved = desk.ends(0, &["requests", "approve", &request, "--ledger", &address]);
    assert!(approved.stdout.contains(": 1 of 2 approvals"), "{approved}");
    let screens: Vec<String> = dave
        .ledger()
        .shown()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(screens[2].contains("Withdraw 5 SOL"), "{screens:?}");

    let dave_id = desk.json(0, &["approvers", "list"])["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "dave")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let pending = desk.json(4, &["approvers", "remove", &dave_id]);
    assert_eq!(desk.agree(&id(&pending))["state"], "done");
    let gone = desk.ends(2, &["requests", "approve", &request, "--ledger", &address]);
    assert!(gone.stderr.contains("nobody is enrolled with"), "{gone}");
    let shown = desk.json(0, &["requests", "show", &request]);
    assert_eq!(shown["asks"][0]["counted"], 0, "{shown}");
}

#[tokio::test]
async fn a_new_operator_is_agreed_to_and_collects_a_certificate() {
    let desk = Desk::open().await;
    let path = |name: &str| desk.appliance.path(name).to_str().unwrap().to_owned();
    let (key, pem) = (path("operator-d.key"), path("operator-d.pem"));
    let issue = [
        "pki",
        "issue",
        "--role",
        "operator",
        "--name",
        "d",
        "--key-out",
        &key,
    ];
    let pending = desk.json(4, &issue);
    let request = id(&pending);
    desk.ends(4, &["pki", "collect", &request, "--out", &pem]);
    assert_eq!(desk.agree(&request)["state"], "done");
    desk.ends(0, &["pki", "collect", &request, "--out", &pem]);
    let status = desk.run("operator-d", &["status"]);
    assert_eq!(status.code, Some(0), "{status}");
    assert!(status.stdout.contains("operator/d"), "{status}");
}

#[tokio::test]
async fn what_is_left_under_the_limits_is_told() {
    let desk = Desk::open().await;
    let shown = |arguments: &[&str]| desk.json(0, &[&["limits", "show"], arguments].concat());
    // Nothing of one wallet or one bot is told where none was asked about.
    assert_eq!(shown(&[])["items"].as_array().unwrap().len(), 0);
    let fresh = shown(&["--wallet", &desk.wallet, "--bot", "bot"]);
    let items = fresh["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{fresh}");
    assert_eq!(
        (&items[0]["left"], &items[0]["unit"]),
        (&"50".into(), &"SOL".into())
    );
    assert!(items[0].get("frees_at").is_none(), "{fresh}");

    assert_eq!(desk.withdraw(SOL / 4, None).0, Some(0));
    assert_eq!(desk.withdraw(SOL / 2, None).0, Some(0));
    let used = shown(&["--wallet", &desk.wallet, "--bot", "bot"]);
    let items = used["items"].as_array().unwrap();
    assert_eq!(
        (&items[0]["used"], &items[0]["left"]),
        (&"0.75".into(), &"49.25".into())
    );
    assert!(items[0]["frees_at"].is_string(), "{used}");
    assert_eq!(
        (&items[1]["used"], &items[1]["left"]),
        (&"2".into(), &"98".into())
    );
    let table = desk.ends(0, &["limits", "show", "--wallet", &desk.wallet]);
    let cells = |table: &str| table.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(cells(&table.stdout).contains("49.25 SOL"), "{table}");
    let gateway = desk.appliance.client("gateway").unwrap();
    let own = serde_json::json!({"limits": [{
        "name": "mine", "action": "withdrawal", "window": "24h", "asset": "SOL", "max_amount": "3",
    }]});
    let path = format!("/v1/wallets/{}", desk.wallet);
    let body = serde_json::to_vec(&own).unwrap();
    let patched = gateway.send(Method::PATCH, &path, &[], body).await.unwrap();
    assert_eq!(patched.status, 200, "{}", patched.body);
    assert_eq!(desk.withdraw(SOL / 8, None).0, Some(0));
    let table = desk.ends(0, &["limits", "show", "--wallet", &desk.wallet]);
    assert!(cells(&table.stdout).contains("2.875 SOL"), "{table}");
    let other = shown(&["--bot", "bot2"]);
    assert_eq!(other["items"][0]["used"], "0");
    desk.ends(
        2,
        &[
            "limits",
            "show",
            "--wallet",
            "wal_30313233343536373839616263646566",
        ],
    );
}
