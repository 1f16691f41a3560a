//! Recorded requests of a real appliance, judged again by the real `countersign` under another
//! policy.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use anyhow::{Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{RecordedPage, Wallet};
use serde_json::{Value, json};
use softhsm_tests::message;
use softhsm_tests::program;
use softhsm_tests::swap::{Terms, USDC, usdc_for_sol};
use softhsm_tests::{Appliance, Approver, Options};
use solana_hash::Hash;
use solana_message::Message;
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
delay = "24h"

[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]

[[limits]]
name = "sol-out"
when = { action = "withdrawal", asset = "SOL" }
per = "wallet"
window = "24h"
max_amount = "5"

[[rules]]
name = "trades"
when = { action = "trade", program = "jupiter-v6", max_slippage_bps = 3000 }
then = "allow"

[[rules]]
name = "small"
when = { action = "withdrawal", asset = "SOL", max_amount = "1", destination = "cold" }
then = "allow"

[[rules]]
name = "large"
when = { action = "withdrawal", asset = "SOL", destination = "cold", over_amount = "1" }
then = { approve = { group = "treasury", quorum = 2, expires = "24h" } }
"#;

struct Desk {
    appliance: Appliance,
    wallet: Wallet,
    address: Pubkey,
}

impl Desk {
    async fn new() -> Result<Self> {
        let appliance = Appliance::running(&Options::policy(POLICY)).await?;
        let gateway = appliance.client("gateway")?;
        let user = gateway.user("backtest").await?;
        let wallet = gateway.wallet(&user.id, None).await?;
        gateway.grant("bot", &wallet.id).await?;
        Ok(Self {
            address: wallet.address.parse()?,
            wallet,
            appliance,
        })
    }

    fn send(&self, to: &str, lamports: u64, blockhash: u8) -> Vec<u8> {
        let to: Pubkey = to.parse().unwrap();
        let instructions = [message::system::transfer(&self.address, &to, lamports)];
        let blockhash = Hash::new_from_array([blockhash; 32]);
        Message::new_with_blockhash(&instructions, Some(&self.address), &blockhash).serialize()
    }

    /// Asks, and answers the request with what was decided.
    async fn ask(&self, key: &str, body: Value) -> Result<(String, String)> {
        let bot = self.appliance.client("bot")?;
        let reply = bot.post_keyed("/v1/sign/solana", key, &body).await?;
        let word = match reply.status {
            200 => "allow",
            202 => "approval_required",
            403 | 429 => "deny",
            other => anyhow::bail!("{other}: {}", reply.body),
        };
        let id = reply.body["request_id"].as_str().unwrap_or_default();
        ensure!(id.starts_with("req_"), "{}", reply.body);
        Ok((id.to_owned(), word.to_owned()))
    }

    fn body(&self, message: &[u8]) -> Value {
        json!({ "wallet_id": self.wallet.id, "message": BASE64_STANDARD.encode(message) })
    }

    /// What `policy backtest` says of a policy, as JSON and for people.
    fn backtest(&self, policy: &str) -> (Value, String) {
        let file = self.appliance.path("tried.toml");
        std::fs::write(&file, policy).unwrap();
        let run = |more: &[&str]| {
            let mut command = self.appliance.countersign("auditor");
            command.args(["policy", "backtest", "--since", "30d"]);
            let ended = program::run(command.args(more).arg(&file)).unwrap();
            assert_eq!(ended.code, Some(0), "{ended}");
            ended.stdout
        };
        (serde_json::from_str(&run(&["--json"])).unwrap(), run(&[]))
    }
}

impl Desk {
    /// What `policy explain` says of a request, as JSON and for people.
    fn explain(&self, who: &str, id: &str) -> (Value, String) {
        let run = |more: &[&str]| {
            let mut command = self.appliance.countersign(who);
            command.args(["policy", "explain", id]).args(more);
            let ended = program::run(&mut command).unwrap();
            assert_eq!(ended.code, Some(0), "{ended}");
            ended
        };
        let told = run(&[]);
        let value = serde_json::from_str(&run(&["--json"]).stdout).unwrap();
        (value, format!("{}{}", told.stdout, told.stderr))
    }
}

/// A day at the desk: ids of the trades, a small withdrawal, a large one and its release, a theft,
/// one more than the limit takes, and one while the wallet is frozen.
async fn day(desk: &Desk) -> Vec<(String, String)> {
    let mut asked = Vec::new();
    let trade = |quoted| {
        let terms = Terms {
            quoted,
            ..Terms::MAINNET
        };
        message::legacy(&desk.address, &usdc_for_sol(&desk.address, terms).unwrap())
    };
    let hint = |message: &[u8]| {
        let mut body = desk.body(message);
        body["mints"] = json!([USDC.to_string()]);
        body
    };
    asked.push(desk.ask("trade-1", hint(&trade(10_000))).await.unwrap());
    asked.push(desk.ask("trade-2", hint(&trade(20_000))).await.unwrap());
    let small = desk.send(COLD, SOL, 1);
    asked.push(desk.ask("small", desk.body(&small)).await.unwrap());
    let large = desk.send(COLD, 3 * SOL, 2);
    let held = desk.ask("large", desk.body(&large)).await.unwrap();
    let operator = desk.appliance.client("operator-a").unwrap();
    for approver in [Approver::Alice, Approver::Bob] {
        approver.agrees(&operator, &held.0).await.unwrap();
    }
    let mut release = desk.body(&desk.send(COLD, 3 * SOL, 3));
    release["approved_request_id"] = json!(held.0);
    asked.push(held);
    asked.push(desk.ask("release", release).await.unwrap());
    let thief = Pubkey::new_from_array([0x66; 32]).to_string();
    let theft = desk.send(&thief, SOL / 2, 4);
    asked.push(desk.ask("theft", desk.body(&theft)).await.unwrap());
    let over = desk.send(COLD, 11 * SOL / 10, 5);
    asked.push(desk.ask("over", desk.body(&over)).await.unwrap());
    let freeze = json!({ "scope": { "wallet": desk.wallet.id }, "reason": "test" });
    let frozen = operator.post("/v1/freeze", &freeze).await.unwrap();
    assert_eq!(frozen.status, 200, "{}", frozen.body);
    let late = desk.send(COLD, SOL / 10, 6);
    asked.push(desk.ask("late", desk.body(&late)).await.unwrap());
    let words: Vec<&str> = asked.iter().map(|(_, word)| word.as_str()).collect();
    assert_eq!(
        words,
        [
            "allow",
            "allow",
            "allow",
            "approval_required",
            "allow",
            "deny",
            "deny",
            "deny"
        ]
    );
    asked
}

fn changes(value: &Value) -> Vec<(&str, &str, &str)> {
    let all = value["changes"].as_array().unwrap().iter();
    all.map(|one| {
        let text = |name: &str| one[name].as_str().unwrap();
        (text("request_id"), text("was"), text("would_be"))
    })
    .collect()
}

/// Most SOL withdrawn within a day, before and after.
fn most(value: &Value) -> (&str, &str) {
    let mut flows = value["outflow"].as_array().unwrap().iter();
    let flow = flows
        .find(|flow| flow["action"] == "withdrawal" && flow["asset"] == "SOL")
        .unwrap();
    let most = |which: &str| flow[which]["most_in_a_day"].as_str().unwrap();
    (most("was"), most("would_be"))
}

#[tokio::test]
async fn a_day_is_judged_again_under_other_policies() {
    let desk = Desk::new().await.unwrap();
    let asked = day(&desk).await;
    let id = |place: usize| asked[place].0.as_str();

    let (same, told) = desk.backtest(POLICY);
    assert_eq!(same["requests"], 8);
    assert_eq!(
        (&same["changed"], &same["not_kept"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(
        same["decided_otherwise_then"]["by_this_policy"], 0,
        "{same:#}"
    );
    assert_eq!(same["altered"]["requests"], 0);
    assert_eq!(most(&same), ("4", "4"));
    assert!(told.contains("no decision would change"), "{told}");

    // Fewer may be withdrawn without people, and one more has to agree: what was over the limit
    // is asked about now, because the large one leaves room.
    let stricter = POLICY
        .replace("max_amount = \"1\"", "max_amount = \"0.5\"")
        .replace("quorum = 2, expires", "quorum = 3, expires")
        .replace("max_slippage_bps = 3000", "max_slippage_bps = 100");
    let (stricter, told) = desk.backtest(&stricter);
    assert_eq!(
        changes(&stricter),
        [
            (id(0), "allow", "deny"),
            (id(1), "allow", "deny"),
            (id(2), "allow", "deny"),
            (id(3), "approval_required", "approval_required"),
            (id(4), "allow", "approval_required"),
            (id(6), "deny", "approval_required"),
        ]
    );
    assert_eq!(most(&stricter), ("4", "0"));
    assert!(
        told.contains(&format!("{}  allow -> deny", id(2))),
        "{told}"
    );
    assert!(told.contains("asks 3 of `treasury`"), "{told}");

    // Everything to the cold address without people, and more of it: the release would never have
    // been asked for, and the theft is one still.
    let looser = POLICY
        .replace("max_amount = \"5\"", "max_amount = \"50\"")
        .replace("max_amount = \"1\"", "max_amount = \"10\"")
        .replace("over_amount = \"1\"", "over_amount = \"10\"");
    let (looser, _) = desk.backtest(&looser);
    assert_eq!(
        changes(&looser),
        [
            (id(3), "approval_required", "allow"),
            (id(6), "deny", "allow")
        ]
    );
    assert_eq!(most(&looser), ("4", "5.1"));
}

#[tokio::test]
async fn what_was_asked_for_is_handed_out_in_pages() {
    let desk = Desk::new().await.unwrap();
    let asked = day(&desk).await;
    let auditor = desk.appliance.client("auditor").unwrap();
    let page = async |query: &str| -> RecordedPage {
        let path = format!("/v1/requests/messages{query}");
        auditor.get(&path).await.unwrap().ok().unwrap()
    };
    let all = page("?since=1h").await;
    let ids: Vec<&str> = all.items.iter().map(|item| item.id.as_str()).collect();
    let expected: Vec<&str> = asked.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, expected);
    assert!(all.items.iter().all(|item| item.message.is_some()));
    assert_eq!(all.items[0].mints, [USDC.to_string()]);
    let halted: Vec<bool> = all.items.iter().map(|item| item.halted).collect();
    assert_eq!(
        halted,
        [false, false, false, false, false, false, false, true]
    );
    let consent = all.items[4].consent.as_ref().unwrap();
    let who: Vec<&str> = consent
        .given
        .iter()
        .map(|one| one.approver.as_str())
        .collect();
    assert_eq!(
        (consent.request_id.as_str(), who),
        (expected[3], vec!["alice", "bob"])
    );
    assert_eq!(all.items[2].outcome.as_deref(), Some("signed"));
    assert_eq!(all.wallets.len(), 1);
    assert_eq!(all.wallets[0].address, desk.wallet.address);
    assert_eq!(all.next_cursor, None);

    let first = page("?limit=3").await;
    let cursor = first.next_cursor.unwrap();
    let second = page(&format!("?limit=3&cursor={cursor}")).await;
    assert_eq!(second.items[0].id, expected[3]);
    assert!(page("?since=0s").await.items.is_empty());
    for wrong in [
        "?since=x",
        "?cursor=x",
        "?cursor=-1",
        "?since=1h&cursor=1",
        "?limit=0",
        "?x=1",
    ] {
        let reply = auditor.get(&format!("/v1/requests/messages{wrong}")).await;
        assert_eq!(reply.unwrap().status, 400, "{wrong}");
    }
    // Messages are the bots' own, but a bot that was taken over should not get those of others.
    let bot = desk.appliance.client("bot").unwrap();
    let reply = bot.get("/v1/requests/messages").await.unwrap();
    assert_eq!(reply.code(), "forbidden");
}

#[tokio::test]
async fn a_decision_is_explained_as_it_was_and_as_it_would_be_now() {
    let desk = Desk::new().await.unwrap();
    let asked = day(&desk).await;
    let id = |place: usize| asked[place].0.as_str();

    // Over the limit: which rules did not apply and why, and the numbers of that moment.
    let (over, told) = desk.explain("auditor", id(6));
    assert_eq!(over["policy"]["version"], 1);
    assert_eq!(over["then"]["decision"], "deny", "{over:#}");
    assert_eq!(over["now"], Value::Null);
    assert_eq!(
        over["then"]["limits"][0]["numbers"],
        "limit 5 SOL per 24h, used 4, asked 1.1"
    );
    let small = "rule `small` does not apply: ";
    assert!(told.contains(small), "{told}");
    assert!(told.contains("limit `sol-out` EXCEEDED"), "{told}");
    assert!(told.contains("that policy still decides"), "{told}");

    // Nobody permits the theft, and each rule says why it does not.
    let (theft, _) = desk.explain("auditor", id(5));
    let rules = theft["then"]["effects"][0]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 3, "{theft:#}");
    for rule in rules {
        let says = rule["says"].as_str().unwrap();
        assert!(says.starts_with("does not apply: "), "{theft:#}");
    }

    // A stricter policy: what it allowed then, and denies now, by which rule and with what is used now.
    let stricter = POLICY.replace("max_amount = \"1\"", "max_amount = \"0.5\"");
    let operator = desk.appliance.client("operator-a").unwrap();
    let proposed = operator
        .post("/v1/policies", &json!({ "text": stricter }))
        .await
        .unwrap();
    assert_eq!(proposed.status, 200, "{}", proposed.body);
    let (small, told) = desk.explain("operator-a", id(2));
    assert_eq!(
        (
            &small["policy"]["version"],
            &small["now"]["policy"]["version"]
        ),
        (&json!(1), &json!(2))
    );
    assert_eq!(small["then"]["decision"], "allow", "{small:#}");
    assert_eq!(
        small["then"]["limits"][0]["numbers"],
        "limit 5 SOL per 24h, used 0, asked 1"
    );
    assert_eq!(small["now"]["would_be"]["decision"], "deny");
    assert_eq!(
        small["now"]["would_be"]["limits"][0]["numbers"],
        "limit 5 SOL per 24h, used 4, asked 1"
    );
    assert!(told.contains("decided under version 1"), "{told}");
    assert!(told.contains("under version 2 of the policy"), "{told}");

    // A freeze is no policy: what the policy would have said is told, and that it did not count.
    let (late, _) = desk.explain("auditor", id(7));
    assert_eq!(late["then"]["decision"], "allow", "{late:#}");
    let notes = late["notes"].to_string();
    assert!(notes.contains("answered `deny`"), "{notes}");

    // A bot sees its own request and nothing of the policy.
    let (value, told) = desk.explain("bot", id(6));
    assert_eq!(value["id"], json!(id(6)));
    assert!(told.contains("only operators and auditors"), "{told}");
}

#[tokio::test]
async fn without_its_message_a_decision_is_told_and_how_to_keep_messages() {
    let mut desk = Desk::new().await.unwrap();
    desk.appliance.stop().await.unwrap();
    let file = desk.appliance.path("countersignd.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, config + "\n[store]\nkeep_messages = \"0s\"\n").unwrap();
    desk.appliance.start().await.unwrap();
    let theft = desk.send(&Pubkey::new_from_array([0x66; 32]).to_string(), SOL, 1);
    let (id, word) = desk.ask("theft", desk.body(&theft)).await.unwrap();
    assert_eq!(word, "deny");
    let (value, told) = desk.explain("auditor", &id);
    assert_eq!(value["then"], Value::Null);
    assert_eq!(value["policy"]["version"], 1);
    assert!(told.contains("its message was not kept"), "{told}");
    assert!(told.contains("store.keep_messages"), "{told}");
    assert!(told.contains("no rule"), "{told}");
}
