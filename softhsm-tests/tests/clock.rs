//! A clock that lies behind what was recorded: withdrawals stop, trades go on, an operator
//! confirms, and none of it is forgotten by a restart.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use countersign_api::{ClockState, Status, Wallet};
use serde_json::{Value, json};
use softhsm_tests::client::Client;
use softhsm_tests::log::Fetched;
use softhsm_tests::swap::{Terms, usdc_for_sol};
use softhsm_tests::{Appliance, Options, message, program};
use solana_pubkey::Pubkey;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

const POLICY: &str = r#"
schema = 1
name = "clock"
[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]
[[limits]]
name = "out"
when = { action = "withdrawal", asset = "SOL" }
per = "wallet"
window = "1m"
max_amount = "3"
[[rules]]
name = "trades"
when = { action = "trade", program = ["jupiter-v6"] }
then = "allow"
[[rules]]
name = "to-cold"
when = { action = "withdrawal", destination = "cold" }
then = "allow"
"#;

async fn clock(operator: &Client) -> ClockState {
    let status: Status = operator.get("/v1/status").await.unwrap().ok().unwrap();
    status.clock
}

struct Asker {
    bot: Client,
    wallet: Wallet,
}

impl Asker {
    fn key(&self) -> Pubkey {
        self.wallet.address.parse().unwrap()
    }

    async fn withdraw(&self, key: &str) -> (u16, Value) {
        let message = message::transfer(&self.key(), &COLD.parse().unwrap(), 1_000_000_000);
        let reply = self.bot.sign(key, &self.wallet.id, &message).await.unwrap();
        (reply.status, reply.body)
    }

    async fn trade(&self, key: &str) {
        let trade = usdc_for_sol(&self.key(), Terms::MAINNET).unwrap();
        let message = message::legacy(&self.key(), &trade);
        self.bot
            .signed(key, &self.wallet.id, &message)
            .await
            .unwrap();
    }

    /// Pays the rent of somebody's account.
    async fn open_for_cold(&self, key: &str) -> (u16, Value) {
        let cold = COLD.parse().unwrap();
        let mint = Pubkey::new_from_array([9; 32]);
        let steps = message::token_transfer(&self.key(), &cold, &mint, 1, 6).unwrap();
        let message = message::legacy(&self.key(), &steps[..1]);
        let reply = self.bot.sign(key, &self.wallet.id, &message).await.unwrap();
        (reply.status, reply.body)
    }

    async fn stopped(&self, key: &str, direction: &str) {
        stopped(&self.withdraw(key).await, direction);
        let rent = self.open_for_cold(&format!("rent-{key}")).await;
        stopped(&rent, direction);
    }
}

fn stopped((status, body): &(u16, Value), direction: &str) {
    assert_eq!((*status, &body["code"]), (403, &json!("policy_denied")));
    assert_eq!(body["reasons"][0]["rule"], "clock", "{body}");
    let text = body["reasons"][0]["message"].as_str().unwrap();
    assert!(text.contains(&format!("went {direction} by")), "{text}");
    assert!(text.contains("countersign clock confirm"), "{text}");
}

async fn asker(appliance: &Appliance) -> Asker {
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    gateway.grant("bot", &wallet.id).await.unwrap();
    Asker {
        bot: appliance.client("bot").unwrap(),
        wallet,
    }
}

fn clock_check(appliance: &Appliance) -> (u16, bool) {
    let reply = appliance.operations("/readyz").unwrap();
    let body: Value = serde_json::from_str(&reply.body).unwrap();
    let checks = body["checks"].as_array().unwrap();
    let check = checks
        .iter()
        .find(|check| check["name"] == "clock")
        .unwrap();
    (reply.status, check["ok"] == true)
}

/// inv04: what rests on a clock that is not trusted is denied.
#[tokio::test]
async fn inv04_withdrawals_stop_until_an_operator_confirms_the_clock() {
    let policy = POLICY.replace("max_amount = \"3\"", "max_amount = \"6\"");
    let mut appliance = Appliance::running(&Options::policy(policy)).await.unwrap();
    let mut asker = asker(&appliance).await;
    assert_eq!(
        clock(&appliance.client("operator-a").unwrap()).await.state,
        "ok"
    );
    for key in ["1", "2", "3"] {
        assert_eq!(asker.withdraw(key).await.0, 200);
    }
    appliance.stop().await.unwrap();
    set_ahead(&mut appliance, -3_600);

    // Suspect, and again after another restart.
    for start in ["first", "second"] {
        appliance.start().await.unwrap();
        asker.bot = appliance.client("bot").unwrap();
        let operator = appliance.client("operator-a").unwrap();
        let state = clock(&operator).await;
        assert_eq!(state.state, "suspect", "{start}");
        assert_eq!(state.direction.as_deref(), Some("back"));
        assert!(state.time > state.clock && state.since.is_some());
        asker.stopped(&format!("stopped-{start}"), "back").await;
        asker.trade(&format!("trade-{start}")).await;
        assert_eq!(clock_check(&appliance), (503, false));
        let metrics = appliance.operations("/metrics").unwrap().body;
        assert!(metrics.contains("countersign_clock_suspect 1"), "{metrics}");
        if start == "first" {
            appliance.stop().await.unwrap();
        }
    }
    confirm(&mut appliance).await;

    // Time stands still, so what is spent now counts until the clock has caught up.
    asker.bot = appliance.client("bot").unwrap();
    let held = clock(&appliance.client("operator-a").unwrap()).await;
    assert!(held.time > held.clock, "{held:?}");
    for (key, wanted) in [("a", 200), ("b", 200), ("c", 200), ("d", 429)] {
        let (status, body) = asker.withdraw(key).await;
        assert_eq!(status, wanted, "{body}");
    }
    appliance.stop().await.unwrap();
    appliance.start().await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let again = clock(&operator).await;
    assert_eq!((again.state.as_str(), &again.time), ("ok", &held.time));
    logged(&appliance).await;
}

/// Lets the appliance see a wall clock that is so many seconds ahead of this machine's, or behind.
fn set_ahead(appliance: &mut Appliance, seconds: i32) {
    let library = appliance.path("ahead.so");
    if !library.exists() {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clock/ahead.c");
        let mut compiler = std::process::Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o"]).arg(&library);
        let built = program::run(compiler.args([source, "-ldl"])).unwrap();
        assert_eq!(built.code, Some(0), "{built}");
    }
    appliance.set_environment(vec![
        ("LD_PRELOAD".to_owned(), library.into_os_string()),
        ("AHEAD".to_owned(), seconds.to_string().into()),
    ]);
}

/// inv04: setting the clock while nobody looks makes no limit heal.
#[tokio::test]
async fn inv04_a_clock_set_forward_while_it_was_stopped_is_noticed() {
    let policy = POLICY.replace("window = \"1m\"", "window = \"10m\"");
    let mut appliance = Appliance::running(&Options::policy(policy)).await.unwrap();
    let mut asker = asker(&appliance).await;
    for key in ["1", "2", "3"] {
        assert_eq!(asker.withdraw(key).await.0, 200);
    }
    assert_eq!(asker.withdraw("4").await.0, 429);
    // An ordinary restart, and one after a kill, trust the clock.
    appliance.stop().await.unwrap();
    appliance.start().await.unwrap();
    appliance.kill();
    appliance.start().await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    assert_eq!(clock(&operator).await.state, "ok");

    // Twenty minutes ahead, a window of ten looks healed.
    appliance.stop().await.unwrap();
    set_ahead(&mut appliance, 1_200);
    appliance.start().await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let state = clock(&operator).await;
    assert_eq!(state.state, "suspect");
    assert_eq!(state.direction.as_deref(), Some("forward"));
    assert!(state.clock > state.time, "{state:?}");
    asker.bot = appliance.client("bot").unwrap();
    asker.stopped("ahead", "forward").await;
    asker.trade("trade").await;
    assert_eq!(clock_check(&appliance), (503, false));

    // The operator has the machine's clock set right, and says so; the limit is as it was.
    appliance.stop().await.unwrap();
    appliance.set_environment(Vec::new());
    appliance.start().await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    assert_eq!(clock(&operator).await.state, "suspect");
    let confirmed = operator
        .post("/v1/clock/confirm", &json!({}))
        .await
        .unwrap();
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    asker.bot = appliance.client("bot").unwrap();
    assert_eq!(clock(&operator).await.state, "ok");
    let (status, body) = asker.withdraw("5").await;
    assert_eq!(status, 429, "{body}");
    // What was confirmed is what the next start holds the clock against.
    appliance.stop().await.unwrap();
    appliance.start().await.unwrap();
    let operator = appliance.client("operator-a").unwrap();
    assert_eq!(clock(&operator).await.state, "ok");
}

async fn confirm(appliance: &mut Appliance) {
    let mut shown = appliance.countersign("operator-a");
    let shown = program::run(shown.arg("status")).unwrap();
    assert!(shown.stdout.contains("SUSPECT since"), "{shown}");
    // An operator whose own clock says something else confirms nothing.
    let mut wrong = appliance.countersign("operator-a");
    wrong.args(["clock", "confirm", "--time", "2020-01-01T00:00:00Z"]);
    let wrong = program::run(&mut wrong).unwrap();
    assert_eq!(wrong.code, Some(2), "{wrong}");
    assert!(wrong.stderr.contains("set that clock first"), "{wrong}");
    let operator = appliance.client("operator-a").unwrap();
    assert_eq!(clock(&operator).await.state, "suspect");
    let risk = appliance.client("risk").unwrap();
    let refused = risk.post("/v1/clock/confirm", &json!({})).await.unwrap();
    assert_eq!(refused.code(), "forbidden");
    let state = clock(&operator).await;
    let mut confirmed = appliance.countersign("operator-a");
    confirmed.args(["clock", "confirm", "--time", &state.clock]);
    let confirmed = program::run(&mut confirmed).unwrap();
    assert_eq!(confirmed.code, Some(0), "{confirmed}");
    assert!(
        confirmed.stdout.contains("time stands still"),
        "{confirmed}"
    );
    assert_eq!(clock(&operator).await.state, "ok");
}

/// Who confirmed, and both clocks.
async fn logged(appliance: &Appliance) {
    let auditor = appliance.client("auditor").unwrap();
    let fetched = Fetched::from(&auditor).await.unwrap();
    let entries = fetched.parsed().unwrap();
    let clock: Vec<&Value> = entries
        .iter()
        .filter(|entry| entry["kind"] == "clock")
        .collect();
    assert_eq!(clock.len(), 2, "{clock:?}");
    assert_eq!(clock[0]["actor"], "system");
    assert_eq!(clock[0]["detail"]["state"], "suspect");
    assert_eq!(clock[0]["detail"]["direction"], "back");
    assert!(clock[1]["actor"].as_str().unwrap().ends_with("/operator/a"));
    assert_eq!(clock[1]["detail"]["state"], "confirmed");
    let (time, clock) = (&clock[1]["detail"]["time"], &clock[1]["detail"]["clock"]);
    assert!(time.as_str().unwrap() > clock.as_str().unwrap());
    fetched.verify(&[]).unwrap();
}
