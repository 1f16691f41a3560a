//! Withdrawals that people release: held, approved on (software) keys, released once.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{AuditPage, ErrorCode, Request, SignedAnswer, Wallet};
use litesvm::LiteSVM;
use serde_json::{Value, json};
use softhsm_tests::client::{Client, Method, Reply};
use softhsm_tests::message::{self, system};
use softhsm_tests::{Appliance, Approver, Options, Shared};
use solana_hash::Hash;
use solana_message::{Message, VersionedMessage};
use solana_pubkey::Pubkey;
use solana_transaction::versioned::VersionedTransaction;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const SOL: u64 = 1_000_000_000;

const POLICY: &str = r#"
schema = 1
name = "withdrawals"

[groups.treasury]
approvers = ["alice", "bob", "carol"]

[groups.pair]
approvers = ["alice", "bob"]

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
max_amount = "12"

[[rules]]
name = "small"
when = { action = "withdrawal", asset = "SOL", max_amount = "1", destination = "cold" }
then = "allow"

[[rules]]
name = "large"
when = { action = "withdrawal", asset = "SOL", destination = "cold", over_amount = "1", max_amount = "6" }
then = { approve = { group = "treasury", quorum = 2, expires = "24h" } }

[[rules]]
name = "locked"
when = { action = "withdrawal", asset = "SOL", destination = "cold", over_amount = "6", max_amount = "8" }
then = { approve = { group = "pair", quorum = 1, time_lock = "2s", expires = "24h" } }

[[rules]]
name = "short"
when = { action = "withdrawal", asset = "SOL", destination = "cold", over_amount = "8" }
then = { approve = { group = "pair", quorum = 1, expires = "1s" } }
"#;

static SHARED: Shared = Shared::new();

struct Desk {
    appliance: Arc<Appliance>,
    bot: Client,
    operator: Client,
    wallet: Wallet,
    address: Pubkey,
}

async fn desk_on(appliance: Arc<Appliance>, user: &str) -> Result<Desk> {
    let gateway = appliance.client("gateway")?;
    let user = gateway.user(user).await?;
    let wallet = gateway.wallet(&user.id, None).await?;
    gateway.grant("bot", &wallet.id).await?;
    Ok(Desk {
        bot: appliance.client("bot")?,
        operator: appliance.client("operator-a")?,
        address: wallet.address.parse()?,
        wallet,
        appliance,
    })
}

async fn desk(user: &str) -> Result<Desk> {
    desk_on(SHARED.get(|| Options::policy(POLICY)).await?, user).await
}

impl Desk {
    /// Legacy message to the cold address under this blockhash.
    fn send(&self, lamports: u64, blockhash: u8) -> Vec<u8> {
        self.send_to(
            &COLD.parse().unwrap(),
            lamports,
            Hash::new_from_array([blockhash; 32]),
        )
    }

    fn send_to(&self, to: &Pubkey, lamports: u64, blockhash: Hash) -> Vec<u8> {
        let instructions = [system::transfer(&self.address, to, lamports)];
        Message::new_with_blockhash(&instructions, Some(&self.address), &blockhash).serialize()
    }

    /// Asks for a withdrawal that has to be held.
    async fn held(&self, key: &str, message: &[u8]) -> Result<SignedAnswer> {
        let reply = self.bot.sign(key, &self.wallet.id, message).await?;
        ensure!(reply.status == 202, "{}: {}", reply.status, reply.body);
        Ok(serde_json::from_value(reply.body)?)
    }

    async fn release(&self, key: &str, message: &[u8], request: &str) -> Result<Reply> {
        release_as(&self.bot, &self.wallet.id, key, message, request).await
    }

    async fn show(&self, request: &str) -> Result<Request> {
        let path = format!("/v1/requests/{request}");
        self.operator.get(&path).await?.ok()
    }
}

async fn release_as(
    bot: &Client,
    wallet: &str,
    key: &str,
    message: &[u8],
    request: &str,
) -> Result<Reply> {
    let body = json!({
        "wallet_id": wallet,
        "message": BASE64_STANDARD.encode(message),
        "approved_request_id": request,
    });
    bot.post_keyed("/v1/sign/solana", key, &body).await
}

fn refused(reply: Reply, code: ErrorCode, says: &str) {
    let problem = reply.problem().unwrap();
    assert_eq!(problem.code, code, "{problem:?}");
    assert!(problem.detail.contains(says), "{problem:?}");
}

#[tokio::test]
async fn two_of_three_release_a_withdrawal_once() {
    let desk = desk("two-of-three").await.unwrap();
    let first = desk.send(5 * SOL, 1);
    let pending = desk.held("ask", &first).await.unwrap();
    assert_eq!(pending.group.as_deref(), Some("treasury"));
    let id = pending.request_id.clone();
    // The same question under the same key has the same answer.
    assert_eq!(desk.held("ask", &first).await.unwrap().request_id, id);

    let fresh = desk.send(5 * SOL, 2);
    let early = desk.release("early", &fresh, &id).await.unwrap();
    assert_eq!(early.status, 202, "{}", early.body);
    assert_eq!(early.body["request_id"], json!(id));
    assert!(
        early.body["reasons"][0]["message"]
            .as_str()
            .unwrap()
            .contains("needs 2 approvals, 0 count")
    );

    let alice = Approver::Alice;
    let (text, signature) = alice.read_and_sign(&desk.operator, &id).await.unwrap();
    let hand_in = || alice.hand_in(&desk.operator, &id, &text.scheme, &signature);
    let shown: Request = hand_in().await.unwrap().ok().unwrap();
    assert_eq!(shown.state, "pending");
    let read = shown.text.unwrap();
    assert_eq!(read, text.text);
    assert!(
        read.starts_with(&format!(
            "Withdraw 5 SOL\nto {COLD}\nfrom {}\n",
            desk.address
        )),
        "{read}"
    );
    assert!(
        read.contains(&id) && read.contains(&desk.wallet.id),
        "{read}"
    );
    // Twice the same person is one person, and is not given it to read again.
    let again = alice.text(&desk.operator, &id).await.unwrap();
    refused(again, ErrorCode::AlreadyDecided, "`alice` approved");
    let shown: Request = hand_in().await.unwrap().ok().unwrap();
    assert_eq!(
        (shown.state.as_str(), shown.asks[0].counted),
        ("pending", 1)
    );
    let half = desk.release("half", &fresh, &id).await.unwrap();
    assert_eq!(half.status, 202, "{}", half.body);
    let shown = Approver::Bob.agrees(&desk.operator, &id).await.unwrap();
    assert_eq!((shown.state.as_str(), shown.missing.len()), ("approved", 0));

    let released: SignedAnswer = desk.release("go", &fresh, &id).await.unwrap().ok().unwrap();
    assert!(released.signature.is_some());
    assert_eq!(desk.show(&id).await.unwrap().state, "consumed");
    // The same request again is answered the same; any other is not.
    let again: SignedAnswer = desk.release("go", &fresh, &id).await.unwrap().ok().unwrap();
    assert_eq!(again.signature, released.signature);
    let third = desk
        .release("third", &desk.send(5 * SOL, 3), &id)
        .await
        .unwrap();
    refused(third, ErrorCode::AlreadyDecided, "was used already");
    let late = Approver::Carol.approve(&desk.operator, &id).await.unwrap();
    refused(late, ErrorCode::AlreadyDecided, "was used already");
}

#[tokio::test]
async fn what_was_approved_is_what_is_released() {
    let desk = desk("same-intent").await.unwrap();
    let id = desk
        .held("ask", &desk.send(2 * SOL, 1))
        .await
        .unwrap()
        .request_id;
    for approver in [Approver::Alice, Approver::Bob] {
        approver.agrees(&desk.operator, &id).await.unwrap();
    }
    let more = desk
        .release("more", &desk.send(2 * SOL + 1, 2), &id)
        .await
        .unwrap();
    refused(more, ErrorCode::PolicyDenied, "does not mean what");
    let elsewhere = desk.send_to(&Pubkey::new_unique(), 2 * SOL, message::BLOCKHASH);
    let elsewhere = desk.release("elsewhere", &elsewhere, &id).await.unwrap();
    refused(elsewhere, ErrorCode::PolicyDenied, "does not mean what");
    // Another wallet of the same bot, and another bot, do not even see it.
    let other = desk_on(Arc::clone(&desk.appliance), "same-intent-2")
        .await
        .unwrap();
    let foreign = other
        .release("foreign", &other.send(2 * SOL, 2), &id)
        .await
        .unwrap();
    refused(foreign, ErrorCode::NotFound, "held");
    let gateway = desk.appliance.client("gateway").unwrap();
    gateway.grant("bot2", &desk.wallet.id).await.unwrap();
    let bot2 = desk.appliance.client("bot2").unwrap();
    let stolen = release_as(
        &bot2,
        &desk.wallet.id,
        "stolen",
        &desk.send(2 * SOL, 2),
        &id,
    )
    .await
    .unwrap();
    refused(stolen, ErrorCode::NotFound, "held");
    // None of this used it up.
    let released = desk
        .release("go", &desk.send(2 * SOL, 9), &id)
        .await
        .unwrap();
    assert_eq!(released.status, 200, "{}", released.body);
}

#[tokio::test]
async fn one_rejection_ends_it() {
    let desk = desk("rejected").await.unwrap();
    let id = desk
        .held("ask", &desk.send(2 * SOL, 1))
        .await
        .unwrap()
        .request_id;
    for approver in [Approver::Alice, Approver::Bob] {
        approver.agrees(&desk.operator, &id).await.unwrap();
    }
    let path = format!("/v1/requests/{id}/reject");
    let body = json!({ "approver_id": "mallory" });
    let nobody = desk.operator.post(&path, &body).await.unwrap();
    refused(nobody, ErrorCode::NotFound, "mallory");
    let body = json!({ "approver_id": "carol", "reason": "not today" });
    let shown: Request = desk
        .operator
        .post(&path, &body)
        .await
        .unwrap()
        .ok()
        .unwrap();
    assert_eq!(shown.state, "rejected");
    assert_eq!(
        shown.rejection.unwrap().reason.as_deref(),
        Some("not today")
    );
    let release = desk
        .release("go", &desk.send(2 * SOL, 2), &id)
        .await
        .unwrap();
    refused(release, ErrorCode::AlreadyDecided, "`carol` rejected it");
    let approve = Approver::Alice.approve(&desk.operator, &id).await.unwrap();
    refused(approve, ErrorCode::AlreadyDecided, "rejected");
}

#[tokio::test]
async fn an_operator_rejects_in_their_own_name_and_without_a_body() {
    let desk = desk("rejected by an operator").await.unwrap();
    for (key, body) in [("none", String::new()), ("empty", "{}".to_owned())] {
        let id = desk.held(key, &desk.send(2 * SOL, 1)).await.unwrap();
        let id = id.request_id;
        let path = format!("/v1/requests/{id}/reject");
        let bot = desk.bot.post(&path, &json!({})).await.unwrap();
        refused(bot, ErrorCode::Forbidden, "operator");
        let headers = &[("idempotency-key", key)];
        let reply = desk
            .operator
            .send(Method::POST, &path, headers, body.into_bytes())
            .await
            .unwrap();
        let shown: Request = reply.ok().unwrap();
        assert_eq!(shown.state, "rejected");
        assert_eq!(shown.rejection.unwrap().approver, "operator/a");
        let go = format!("go {key}").replace(' ', "-");
        let release = desk
            .release(&go, &desk.send(2 * SOL, 2), &id)
            .await
            .unwrap();
        refused(
            release,
            ErrorCode::AlreadyDecided,
            "`operator/a` rejected it",
        );
    }
}

#[tokio::test]
async fn time_locks_hold_and_asks_lapse() {
    let desk = desk("times").await.unwrap();
    let locked = desk
        .held("locked", &desk.send(7 * SOL, 1))
        .await
        .unwrap()
        .request_id;
    let shown = Approver::Alice
        .agrees(&desk.operator, &locked)
        .await
        .unwrap();
    assert_eq!(shown.state, "approved");
    let early = desk
        .release("early", &desk.send(7 * SOL, 2), &locked)
        .await
        .unwrap();
    assert_eq!(early.status, 202, "{}", early.body);
    assert!(
        early.body.to_string().contains("time lock"),
        "{}",
        early.body
    );
    let short = desk
        .held("short", &desk.send(9 * SOL, 1))
        .await
        .unwrap()
        .request_id;
    Approver::Bob.agrees(&desk.operator, &short).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let lapsed = desk
        .release("lapsed", &desk.send(9 * SOL, 2), &short)
        .await
        .unwrap();
    refused(lapsed, ErrorCode::Expired, "expired");
    let late = Approver::Alice
        .approve(&desk.operator, &short)
        .await
        .unwrap();
    refused(late, ErrorCode::Expired, "expired");
    let open = desk
        .release("open", &desk.send(7 * SOL, 3), &locked)
        .await
        .unwrap();
    assert_eq!(open.status, 200, "{}", open.body);
}

#[tokio::test]
async fn a_signature_counts_for_its_text_its_key_and_its_scheme_alone() {
    let desk = desk("signatures").await.unwrap();
    let id = desk
        .held("ask", &desk.send(2 * SOL, 1))
        .await
        .unwrap()
        .request_id;
    let other = desk
        .held("other", &desk.send(3 * SOL, 1))
        .await
        .unwrap()
        .request_id;
    let operator = &desk.operator;
    let (text, of_other) = Approver::Alice
        .read_and_sign(operator, &other)
        .await
        .unwrap();
    let (_, of_bob) = Approver::Bob.read_and_sign(operator, &id).await.unwrap();
    let bare = Approver::Alice.sign(text.text.as_bytes());
    for wrong in [of_other.as_str(), &of_bob, &bare] {
        let reply = Approver::Alice
            .hand_in(operator, &id, &text.scheme, wrong)
            .await
            .unwrap();
        refused(reply, ErrorCode::InvalidRequest, "not this approver's");
    }
    let reply = Approver::Alice
        .hand_in(operator, &id, &text.scheme, "1111")
        .await
        .unwrap();
    refused(reply, ErrorCode::InvalidRequest, "expected 64 bytes");
    let (own, good) = Approver::Alice.read_and_sign(operator, &id).await.unwrap();
    let reply = Approver::Alice
        .hand_in(operator, &id, "eip191", &good)
        .await
        .unwrap();
    refused(reply, ErrorCode::InvalidRequest, "is enrolled with");
    assert_eq!(desk.show(&id).await.unwrap().approvals.len(), 0);
    // A tool that knows no application domain writes zeros.
    let mut plain = BASE64_STANDARD.decode(&own.message).unwrap();
    plain[17..49].fill(0);
    let plain = Approver::Alice.sign(&plain);
    let reply = Approver::Alice
        .hand_in(operator, &id, &text.scheme, &plain)
        .await
        .unwrap();
    assert_eq!(reply.status, 200, "{}", reply.body);
    // Carol is enrolled, but not in the group that is asked.
    let pair = desk
        .held("pair", &desk.send(7 * SOL, 1))
        .await
        .unwrap()
        .request_id;
    let reply = Approver::Carol.approve(operator, &pair).await.unwrap();
    refused(
        reply,
        ErrorCode::Forbidden,
        "is in no group that is asked: pair",
    );
    let none = operator
        .get(&format!(
            "/v1/requests/{id}/approval-text?approver_id=mallory"
        ))
        .await
        .unwrap();
    refused(none, ErrorCode::NotFound, "mallory");
}

#[tokio::test]
async fn of_two_releases_at_once_one_wins() {
    let desk = desk("race").await.unwrap();
    let id = desk
        .held("ask", &desk.send(2 * SOL, 1))
        .await
        .unwrap()
        .request_id;
    for approver in [Approver::Alice, Approver::Bob] {
        approver.agrees(&desk.operator, &id).await.unwrap();
    }
    let attempts = (0..8_u8).map(|number| {
        let (desk, id) = (&desk, &id);
        async move {
            let message = desk.send(2 * SOL, 100 + number);
            desk.release(&format!("race-{number}"), &message, id)
                .await
                .unwrap()
        }
    });
    let replies = futures_util::future::join_all(attempts).await;
    let signed = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(signed, 1, "{replies:?}");
    for reply in replies.into_iter().filter(|reply| reply.status != 200) {
        refused(reply, ErrorCode::AlreadyDecided, "was used already");
    }
}

#[tokio::test]
async fn inv10_limits_freezes_and_grants_hold_at_release() {
    let desk = desk("still-holds").await.unwrap();
    let operator = &desk.operator;
    let mut ids = Vec::new();
    for (key, sol) in [("a", 6), ("b", 5), ("c", 4)] {
        let id = desk
            .held(key, &desk.send(sol * SOL, 1))
            .await
            .unwrap()
            .request_id;
        for approver in [Approver::Alice, Approver::Bob] {
            approver.agrees(operator, &id).await.unwrap();
        }
        ids.push((sol, id));
    }
    let go = |n: usize, key: &'static str| {
        let (sol, id) = ids[n].clone();
        let message = desk.send(sol * SOL, 2);
        let desk = &desk;
        async move { desk.release(key, &message, &id).await.unwrap() }
    };
    assert_eq!(go(0, "first").await.status, 200);
    assert_eq!(go(1, "second").await.status, 200);
    // 11 of 12 SOL are used; people cannot say yes to more than the limit.
    refused(go(2, "third").await, ErrorCode::LimitExceeded, "12");
    assert_eq!(desk.show(&ids[2].1).await.unwrap().state, "approved");
    let scope = json!({ "scope": { "wallet": desk.wallet.id } });
    assert_eq!(
        operator.post("/v1/freeze", &scope).await.unwrap().status,
        200
    );
    refused(go(2, "frozen").await, ErrorCode::Frozen, "frozen by");
}

#[tokio::test]
async fn the_log_tells_who_approved_and_what_was_used() {
    let desk = desk("told").await.unwrap();
    let id = desk
        .held("ask", &desk.send(2 * SOL, 1))
        .await
        .unwrap()
        .request_id;
    for approver in [Approver::Alice, Approver::Bob] {
        approver.agrees(&desk.operator, &id).await.unwrap();
    }
    let released: SignedAnswer = desk
        .release("go", &desk.send(2 * SOL, 2), &id)
        .await
        .unwrap()
        .ok()
        .unwrap();
    let auditor = desk.appliance.client("auditor").unwrap();
    let page: AuditPage = auditor
        .get("/v1/audit/entries?limit=500")
        .await
        .unwrap()
        .ok()
        .unwrap();
    let entries: Vec<Value> = page
        .items
        .iter()
        .map(|item| serde_json::from_str(&item.entry).unwrap())
        .collect();
    let about = |kind: &str, request: &str| {
        let found = entries
            .iter()
            .filter(|one| one["kind"] == kind && one["request"] == request);
        found.cloned().collect::<Vec<_>>()
    };
    let approvals = about("approval", &id);
    assert_eq!(approvals.len(), 2);
    let detail = &approvals[0]["detail"];
    assert_eq!(detail["approver"], "alice");
    assert!(detail["certificate"].as_str().unwrap().starts_with("crt_"));
    assert!(
        detail["text"]
            .as_str()
            .unwrap()
            .starts_with("Withdraw 2 SOL\n")
    );
    let reserved = about("sign_reserved", &released.request_id);
    assert_eq!(reserved[0]["detail"]["approved_request"], json!(id));
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let desk = desk_on(Arc::new(appliance), "restart").await.unwrap();
    let kept = desk
        .held("kept", &desk.send(2 * SOL, 1))
        .await
        .unwrap()
        .request_id;
    let used = desk
        .held("used", &desk.send(3 * SOL, 1))
        .await
        .unwrap()
        .request_id;
    for id in [&kept, &used] {
        for approver in [Approver::Alice, Approver::Carol] {
            approver.agrees(&desk.operator, id).await.unwrap();
        }
    }
    let message = desk.send(3 * SOL, 2);
    assert_eq!(
        desk.release("u", &message, &used).await.unwrap().status,
        200
    );
    let Desk {
        appliance,
        wallet,
        bot,
        operator,
        ..
    } = desk;
    drop((bot, operator));
    let mut appliance = Arc::into_inner(appliance).unwrap();
    appliance.stop().await.unwrap();
    appliance.start().await.unwrap();
    let desk = Desk {
        bot: appliance.client("bot").unwrap(),
        operator: appliance.client("operator-a").unwrap(),
        address: wallet.address.parse().unwrap(),
        wallet,
        appliance: Arc::new(appliance),
    };
    let again = desk
        .release("v", &desk.send(3 * SOL, 3), &used)
        .await
        .unwrap();
    refused(again, ErrorCode::AlreadyDecided, "was used already");
    let first = desk
        .release("k", &desk.send(2 * SOL, 3), &kept)
        .await
        .unwrap();
    assert_eq!(first.status, 200, "{}", first.body);
}

/// The whole story on a real virtual machine: what was released moves the money once.
#[tokio::test]
async fn a_released_withdrawal_moves_the_money() {
    let desk = desk("svm").await.unwrap();
    let mut svm = LiteSVM::new();
    svm.airdrop(&desk.address, 10 * SOL).unwrap();
    let cold: Pubkey = COLD.parse().unwrap();
    let asked = desk.send_to(&cold, 5 * SOL, svm.latest_blockhash());
    let id = desk.held("ask", &asked).await.unwrap().request_id;
    for approver in [Approver::Bob, Approver::Carol] {
        approver.agrees(&desk.operator, &id).await.unwrap();
    }
    svm.expire_blockhash();
    let fresh = desk.send_to(&cold, 5 * SOL, svm.latest_blockhash());
    let released: SignedAnswer = desk.release("go", &fresh, &id).await.unwrap().ok().unwrap();
    let signature: [u8; 64] = bs58::decode(released.signature_text().unwrap())
        .into_vec()
        .unwrap()
        .try_into()
        .unwrap();
    let instructions = [system::transfer(&desk.address, &cold, 5 * SOL)];
    let blockhash = svm.latest_blockhash();
    let message = Message::new_with_blockhash(&instructions, Some(&desk.address), &blockhash);
    let transaction = VersionedTransaction {
        signatures: vec![signature.into()],
        message: VersionedMessage::Legacy(message),
    };
    svm.send_transaction(transaction).unwrap();
    assert_eq!(svm.get_balance(&cold), Some(5 * SOL));
}

#[tokio::test]
async fn a_bot_that_is_denied_again_and_again_is_frozen() {
    let options = Options {
        freeze_after_denials: 3,
        ..Options::policy(POLICY)
    };
    let appliance = Appliance::running(&options).await.unwrap();
    let desk = desk_on(Arc::new(appliance), "streak").await.unwrap();
    let nowhere = desk.send_to(&Pubkey::new_unique(), SOL, message::BLOCKHASH);
    for key in ["a", "b"] {
        let denied = desk.bot.sign(key, &desk.wallet.id, &nowhere).await.unwrap();
        refused(denied, ErrorCode::PolicyDenied, "no rule permits");
    }
    let fine = desk.send(SOL, 1);
    assert!(desk.bot.signed("c", &desk.wallet.id, &fine).await.is_ok());
    for key in ["d", "e", "f"] {
        let denied = desk.bot.sign(key, &desk.wallet.id, &nowhere).await.unwrap();
        refused(denied, ErrorCode::PolicyDenied, "no rule permits");
    }
    let frozen = desk.bot.sign("g", &desk.wallet.id, &fine).await.unwrap();
    refused(frozen, ErrorCode::Frozen, "3 requests in a row were denied");
    // Another bot is not.
    let gateway = desk.appliance.client("gateway").unwrap();
    gateway.grant("bot2", &desk.wallet.id).await.unwrap();
    let bot2 = desk.appliance.client("bot2").unwrap();
    assert!(
        bot2.signed("a", &desk.wallet.id, &desk.send(SOL, 2))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_wallet_that_somebody_forges_agreement_for_is_frozen() {
    let options = Options {
        freeze_after_bad_signatures: 3,
        ..Options::policy(POLICY)
    };
    let appliance = Appliance::running(&options).await.unwrap();
    let desk = desk_on(Arc::new(appliance), "forged").await.unwrap();
    let held = desk.held("ask", &desk.send(5 * SOL, 1)).await.unwrap();
    let id = held.request_id.clone();
    let path = format!("/v1/requests/{id}/approvals");
    let forged = |signature: &str| json!({ "approver_id": "alice", "scheme": "solana-offchain-v0", "signature": signature });
    let other = Approver::Alice.sign(b"another text");
    for body in [forged(&other), forged("nonsense"), forged(&other)] {
        let reply = desk.operator.post(&path, &body).await.unwrap();
        refused(reply, ErrorCode::InvalidRequest, "");
    }
    // One that counts ends the streak; what is no signature at all is none of it.
    Approver::Bob.agrees(&desk.operator, &id).await.unwrap();
    for _ in 0..3 {
        let fine = desk.send(SOL, 1);
        let signed = desk.bot.sign("fine", &desk.wallet.id, &fine).await.unwrap();
        assert_eq!(signed.status, 200, "{}", signed.body);
        let reply = desk.operator.post(&path, &forged(&other)).await.unwrap();
        refused(reply, ErrorCode::InvalidRequest, "enrolled key");
    }
    let fine = desk.send(SOL, 2);
    let frozen = desk
        .bot
        .sign("frozen", &desk.wallet.id, &fine)
        .await
        .unwrap();
    let why = "3 approvals in a row had a signature that does not verify";
    refused(frozen, ErrorCode::Frozen, why);
    // Another wallet of the same bot is not.
    let gateway = desk.appliance.client("gateway").unwrap();
    let user = gateway.user("other").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    gateway.grant("bot", &wallet.id).await.unwrap();
    let address = wallet.address.parse().unwrap();
    let message = message::transfer(&address, &COLD.parse().unwrap(), SOL);
    assert!(desk.bot.signed("other", &wallet.id, &message).await.is_ok());
}
