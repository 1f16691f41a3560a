//! The main job, end to end: enrol, grant, sign, refuse; over mutual TLS, on a real token, with
//! a real virtual machine as the judge of the signatures.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{Decision, ErrorCode, Request, SignBatchAnswer, SignedAnswer, Wallet};
use countersign_intent::Timestamp;
use ed25519_dalek::{Signature, VerifyingKey};
use futures_util::future::join_all;
use litesvm::LiteSVM;
use serde_json::json;
use softhsm_tests::client::{Client, sign_body};
use softhsm_tests::message::{self, Version};
use softhsm_tests::{Appliance, Options, Shared};
use solana_keypair::Keypair;
use solana_message::VersionedMessage;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const SOL: u64 = 1_000_000_000;

/// Two SOL per wallet in eight seconds: short enough to see a limit heal.
const POLICY: &str = r#"
schema = 1
name = "main-job"

[groups.treasury]
approvers = ["alice", "bob", "carol"]

[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]

[[limits]]
name = "sol-out"
when = { action = "withdrawal", asset = "SOL" }
per = "wallet"
window = "8s"
max_amount = "2"

[[rules]]
name = "small-to-cold"
when = { action = "withdrawal", asset = "SOL", max_amount = "1", destination = "cold", allow_cosigners = true }
then = "allow"

[[rules]]
name = "large-to-cold"
when = { action = "withdrawal", asset = "SOL", destination = "cold", over_amount = "1" }
then = { approve = { group = "treasury", quorum = 2, expires = "24h" } }
"#;

static SHARED: Shared = Shared::new();

struct Desk {
    appliance: Arc<Appliance>,
    gateway: Client,
    bot: Client,
    wallet: Wallet,
    address: Pubkey,
    cold: Pubkey,
}

/// A user with a wallet granted to `bot`.
async fn desk(user: &str) -> Result<Desk> {
    let appliance = SHARED.get(|| Options::policy(POLICY)).await?;
    let gateway = appliance.client("gateway")?;
    let user = gateway.user(user).await?;
    let wallet = gateway.wallet(&user.id, None).await?;
    gateway.grant("bot", &wallet.id).await?;
    Ok(Desk {
        bot: appliance.client("bot")?,
        address: wallet.address.parse()?,
        cold: COLD.parse()?,
        gateway,
        wallet,
        appliance,
    })
}

impl Desk {
    fn to_cold(&self, lamports: u64) -> Vec<u8> {
        message::transfer(&self.address, &self.cold, lamports)
    }

    async fn sign(&self, key: &str, message: &[u8]) -> Result<softhsm_tests::Reply> {
        self.bot.sign(key, &self.wallet.id, message).await
    }

    async fn signed(&self, key: &str, message: &[u8]) -> Result<SignedAnswer> {
        self.bot.signed(key, &self.wallet.id, message).await
    }

    fn verify(&self, answer: &SignedAnswer, message: &[u8]) -> Result<[u8; 64]> {
        let signature = signature(answer)?;
        VerifyingKey::from_bytes(&self.address.to_bytes())?
            .verify_strict(message, &Signature::from_bytes(&signature))?;
        Ok(signature)
    }
}

fn signature(answer: &SignedAnswer) -> Result<[u8; 64]> {
    let text = answer.signature_text().context("no signature")?;
    bs58::decode(text)
        .into_vec()?
        .try_into()
        .map_err(|_| anyhow::anyhow!("expected 64 bytes of signature, got `{text}`"))
}

fn transaction(answer: &SignedAnswer) -> Result<Vec<u8>> {
    let text = answer.transaction.as_deref().context("no transaction")?;
    Ok(BASE64_STANDARD.decode(text)?)
}

fn execute(
    svm: &mut LiteSVM,
    message: VersionedMessage,
    signatures: &[[u8; 64]],
) -> Result<(), String> {
    let transaction = VersionedTransaction {
        signatures: signatures.iter().map(|one| (*one).into()).collect(),
        message,
    };
    svm.send_transaction(transaction)
        .map(drop)
        .map_err(|failed| format!("{:?}: {:?}", failed.err, failed.meta.logs))
}

#[tokio::test]
async fn a_signed_transfer_is_executed_by_a_real_vm() {
    let desk = desk("executed").await.unwrap();
    let mut svm = LiteSVM::new();
    svm.airdrop(&desk.address, 3 * SOL).unwrap();
    for version in [Version::Legacy, Version::V0] {
        let instruction = message::system::transfer(&desk.address, &desk.cold, SOL / 4);
        let compiled = message::compile(
            version,
            &desk.address,
            &[instruction],
            svm.latest_blockhash(),
        )
        .unwrap();
        let bytes = compiled.serialize();
        let answer = desk
            .signed(&format!("execute-{version:?}"), &bytes)
            .await
            .unwrap();
        assert_eq!(answer.decision, Decision::Allow);
        assert_eq!(answer.rule.as_deref(), Some("small-to-cold"));
        assert_eq!(answer.address, Some(desk.wallet.address.clone()));
        let signature = desk.verify(&answer, &bytes).unwrap();
        let expected = message::transaction(version, &[signature], &bytes).unwrap();
        assert_eq!(transaction(&answer).unwrap(), expected);
        let before = svm.get_balance(&desk.cold).unwrap_or_default();
        let mut forged = signature;
        forged[9] ^= 1;
        assert!(execute(&mut svm, compiled.clone(), &[forged]).is_err());
        execute(&mut svm, compiled, &[signature]).unwrap();
        assert_eq!(svm.get_balance(&desk.cold).unwrap(), before + SOL / 4);
    }
}

#[tokio::test]
async fn a_version_1_message_is_signed() {
    let desk = desk("version-1").await.unwrap();
    let instruction = message::system::transfer(&desk.address, &desk.cold, 1_000);
    let compiled = message::compile(
        Version::V1,
        &desk.address,
        &[instruction],
        message::BLOCKHASH,
    )
    .unwrap();
    let bytes = compiled.serialize();
    let answer = desk.signed("v1", &bytes).await.unwrap();
    let signature = desk.verify(&answer, &bytes).unwrap();
    let expected = message::transaction(Version::V1, &[signature], &bytes).unwrap();
    assert_eq!(transaction(&answer).unwrap(), expected);
}

#[tokio::test]
async fn a_user_has_one_wallet_at_a_venue_however_often_it_is_asked_for() {
    let desk = desk("once").await.unwrap();
    let user = desk.gateway.user("once").await.unwrap();
    assert_eq!(user.id, desk.wallet.user_id);
    for _ in 0..3 {
        let again = desk.gateway.wallet(&user.id, None).await.unwrap();
        assert_eq!(
            (again.id, again.address),
            (desk.wallet.id.clone(), desk.wallet.address.clone())
        );
    }
    let asked = (0..8).map(|_| desk.gateway.user("at the same time"));
    let users: Vec<String> = join_all(asked)
        .await
        .into_iter()
        .map(|user| user.unwrap().id)
        .collect();
    assert!(users.iter().all(|id| *id == users[0]), "{users:?}");
    let asked = (0..8).map(|_| desk.gateway.wallet(&users[0], None));
    let wallets: Vec<Wallet> = join_all(asked)
        .await
        .into_iter()
        .map(|wallet| wallet.unwrap())
        .collect();
    assert!(
        wallets.iter().all(|wallet| wallet.id == wallets[0].id),
        "{wallets:?}"
    );
    assert_eq!(wallets[0].custody, "resident");
}

#[tokio::test]
async fn inv07_the_same_key_gives_the_same_answer_and_other_content_is_a_conflict() {
    let desk = desk("keys").await.unwrap();
    let message = desk.to_cold(1_000);
    let first = desk.signed("key-1", &message).await.unwrap();
    for _ in 0..3 {
        let again = desk.signed("key-1", &message).await.unwrap();
        assert_eq!(again.signature, first.signature);
        assert_eq!(again.request_id, first.request_id);
        assert_eq!(again.log_index, first.log_index);
    }
    let other = desk.sign("key-1", &desk.to_cold(1_001)).await.unwrap();
    assert_eq!(other.status, 409);
    let problem = other.problem().unwrap();
    assert_eq!(problem.code, ErrorCode::IdempotencyConflict);
    assert_eq!(problem.request_id, Some(first.request_id));
    // A denial is remembered too.
    let stranger = message::transfer(&desk.address, &Pubkey::new_unique(), 1_000);
    let denied = desk
        .sign("key-2", &stranger)
        .await
        .unwrap()
        .problem()
        .unwrap();
    let again = desk
        .sign("key-2", &stranger)
        .await
        .unwrap()
        .problem()
        .unwrap();
    assert_eq!(denied, again);
}

#[tokio::test]
async fn a_wallet_that_is_not_yours_and_one_that_does_not_exist_look_the_same() {
    let desk = desk("not-yours").await.unwrap();
    let other = desk.appliance.client("bot2").unwrap();
    let message = desk.to_cold(1_000);
    let id = &desk.wallet.id;
    let mut unknown = id.clone().into_bytes();
    let last = unknown.last_mut().unwrap();
    *last = if *last == b'0' { b'1' } else { b'0' };
    let unknown = String::from_utf8(unknown).unwrap();
    let not_yours = other
        .sign("a", id, &message)
        .await
        .unwrap()
        .problem()
        .unwrap();
    let not_there = other
        .sign("b", &unknown, &message)
        .await
        .unwrap()
        .problem()
        .unwrap();
    for problem in [&not_yours, &not_there] {
        assert_eq!(problem.code, ErrorCode::NotFound);
        assert_eq!(problem.status, 404);
    }
    let same = |problem: &countersign_api::Problem, id: &str| problem.detail.replace(id, "…");
    assert_eq!(same(&not_yours, id), same(&not_there, &unknown));
    assert_eq!(not_yours.request_id, not_there.request_id);
    // Nor can it be seen.
    let seen = other.get(&format!("/v1/wallets/{id}")).await.unwrap();
    assert_eq!(seen.status, 404);
    let list = other.get("/v1/wallets").await.unwrap();
    assert_eq!(list.body["items"], json!([]));
    let mine = desk.bot.get(&format!("/v1/wallets/{id}")).await.unwrap();
    assert_eq!(mine.status, 200);
}

#[tokio::test]
async fn a_revoked_grant_stops_a_bot_at_once() {
    let desk = desk("revoked-grant").await.unwrap();
    let grant = desk.gateway.grant("bot", &desk.wallet.id).await.unwrap();
    desk.signed("before", &desk.to_cold(1)).await.unwrap();
    let gone = desk
        .gateway
        .delete(&format!("/v1/grants/{}", grant.id))
        .await
        .unwrap();
    assert_eq!(gone.status, 204);
    let refused = desk.sign("after", &desk.to_cold(2)).await.unwrap();
    assert_eq!((refused.status, refused.code()), (404, "not_found"));
    let seen = desk
        .bot
        .get(&format!("/v1/wallets/{}", desk.wallet.id))
        .await
        .unwrap();
    assert_eq!(seen.status, 404);
    desk.gateway.grant("bot", &desk.wallet.id).await.unwrap();
    desk.signed("again", &desk.to_cold(3)).await.unwrap();
}

#[tokio::test]
async fn a_grant_covers_the_actions_it_names() {
    let desk = desk("actions").await.unwrap();
    let body = json!({ "bot": "bot", "wallet_id": desk.wallet.id, "actions": ["trade"] });
    let narrowed = desk.gateway.post("/v1/grants", &body).await.unwrap();
    assert_eq!(narrowed.status, 200, "{}", narrowed.body);
    let refused = desk
        .sign("transfer", &desk.to_cold(1))
        .await
        .unwrap()
        .problem()
        .unwrap();
    assert_eq!(refused.code, ErrorCode::PolicyDenied);
    assert!(refused.detail.contains("withdrawal"), "{}", refused.detail);
}

#[tokio::test]
async fn a_paused_wallet_signs_nothing_until_resumed_and_an_archived_one_never() {
    let desk = desk("paused").await.unwrap();
    let act = |what: &str| {
        let path = format!("/v1/wallets/{}/{what}", desk.wallet.id);
        let gateway = desk.gateway.clone();
        async move { gateway.post(&path, &json!({})).await.unwrap() }
    };
    assert_eq!(act("pause").await.body["status"], "paused");
    let refused = desk.sign("paused", &desk.to_cold(1)).await.unwrap();
    assert_eq!((refused.status, refused.code()), (403, "wallet_paused"));
    assert_eq!(act("resume").await.body["status"], "active");
    desk.signed("resumed", &desk.to_cold(2)).await.unwrap();
    assert_eq!(act("archive").await.body["status"], "archived");
    let refused = desk.sign("archived", &desk.to_cold(3)).await.unwrap();
    assert_eq!((refused.status, refused.code()), (403, "wallet_paused"));
    assert_eq!(act("resume").await.status, 403);
}

#[tokio::test]
async fn a_dry_run_reserves_and_signs_nothing_and_is_logged() {
    let desk = desk("dry-run").await.unwrap();
    // Ten times half the limit: if anything were reserved, the third would be refused.
    for _ in 0..10 {
        let answer = desk
            .bot
            .dry_run(&desk.wallet.id, &desk.to_cold(SOL))
            .await
            .unwrap();
        assert_eq!(answer.decision, Decision::Allow);
        assert_eq!((answer.signature, answer.transaction), (None, None));
        assert!(!answer.effects.is_empty());
    }
    let stranger = message::transfer(&desk.address, &Pubkey::new_unique(), 1_000);
    let denied = desk.bot.dry_run(&desk.wallet.id, &stranger).await.unwrap();
    assert_eq!(denied.decision, Decision::Deny);
    assert!(!denied.reasons.is_empty());
    let operator = desk.appliance.client("operator-a").unwrap();
    let asks = operator
        .dry_run(&desk.wallet.id, &desk.to_cold(SOL + 1))
        .await
        .unwrap();
    assert_eq!(asks.decision, Decision::ApprovalRequired);
    assert_eq!(asks.group.as_deref(), Some("treasury"));
    let signs = operator
        .sign("operator", &desk.wallet.id, &desk.to_cold(1))
        .await
        .unwrap();
    assert_eq!((signs.status, signs.code()), (403, "forbidden"));
    let path = format!("/v1/audit/entries?start={}&limit=1", asks.log_index);
    let logged = operator.get(&path).await.unwrap();
    let entry = logged.body["items"][0]["entry"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(entry.contains("\"kind\":\"sign_dry_run\""), "{entry}");
    assert!(
        entry.contains(&asks.request_id) && entry.contains("operator/a"),
        "{entry}"
    );
}

#[tokio::test]
async fn a_used_up_limit_says_its_numbers_and_heals() {
    let desk = desk("limit").await.unwrap();
    desk.signed("one", &desk.to_cold(SOL)).await.unwrap();
    desk.signed("two", &desk.to_cold(SOL - 1)).await.unwrap();
    let refused = desk.sign("three", &desk.to_cold(SOL)).await.unwrap();
    assert_eq!(refused.status, 429);
    let wait = refused.retry_after.unwrap();
    assert!((1..=9).contains(&wait), "Retry-After: {wait}");
    let problem = refused.problem().unwrap();
    assert_eq!(problem.code, ErrorCode::LimitExceeded);
    assert_eq!(problem.reasons.len(), 1);
    let message = &problem.reasons[0].message;
    assert!(
        message.contains("sol-out")
            && message.contains("limit 2 SOL per 8s, used 1.999999999, asked 1"),
        "{message}"
    );
    let retry_after = Timestamp::parse(problem.retry_after.as_deref().unwrap()).unwrap();
    // A denial took nothing: what is left can still be had.
    desk.signed("last lamport", &desk.to_cold(1))
        .await
        .unwrap_err();
    desk.signed("last-lamport", &desk.to_cold(1)).await.unwrap();
    for attempt in 0..80 {
        let key = format!("again-{attempt}");
        let reply = desk.sign(&key, &desk.to_cold(SOL - 1)).await.unwrap();
        if reply.status == 200 {
            let answer: SignedAnswer = reply.ok().unwrap();
            let path = format!("/v1/requests/{}", answer.request_id);
            let request: Request = desk.bot.get(&path).await.unwrap().ok().unwrap();
            let at = Timestamp::parse(&request.created_at).unwrap();
            assert!(at >= retry_after, "allowed at {at}, before {retry_after}");
            return;
        }
        assert_eq!(reply.code(), "limit_exceeded");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("the limit did not heal");
}

#[tokio::test]
async fn a_batch_is_judged_in_order_with_its_limits_debited_together() {
    let desk = desk("batch").await.unwrap();
    let half = |count: u64| sign_body(&desk.wallet.id, &desk.to_cold(SOL / 2 - count));
    let mut items = vec![sign_body(&desk.wallet.id, &desk.to_cold(SOL + 1))];
    items.extend((0..6).map(half));
    items.push(sign_body(&desk.wallet.id, b"no message"));
    let nobody = Pubkey::new_unique();
    items.push(sign_body(
        &desk.wallet.id,
        &message::transfer(&desk.address, &nobody, 1),
    ));
    let not_mine = "wal_00000000000000000000000000000000";
    items.push(sign_body(not_mine, &desk.to_cold(1)));
    for (number, item) in items.iter_mut().enumerate() {
        item["idempotency_key"] = format!("batch-{number}").into();
    }
    let body = json!({ "items": items });
    let path = "/v1/sign/solana/batch";
    let reply = desk.bot.post(path, &body).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.body);
    let outcome = |result: &serde_json::Value| {
        let code = result["code"].as_str().or(result["decision"].as_str());
        code.unwrap_or_default().to_owned()
    };
    let outcomes: Vec<String> = reply.body["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(outcome)
        .collect();
    assert_eq!(
        outcomes,
        [
            "approval_required",
            "allow",
            "allow",
            "allow",
            "allow",
            "limit_exceeded",
            "limit_exceeded",
            "undecodable",
            "policy_denied",
            "not_found",
        ]
    );
    let answers: SignBatchAnswer = reply.clone().ok().unwrap();
    for (number, result) in answers.results.iter().skip(1).take(4).enumerate() {
        let countersign_api::BatchResult::Answer(answer) = result else {
            panic!("{result:?}");
        };
        desk.verify(answer, &desk.to_cold(SOL / 2 - number as u64))
            .unwrap();
    }
    // The same batch again signs nothing new.
    let again = desk.bot.post(path, &body).await.unwrap();
    let decided =
        |reply: &softhsm_tests::Reply| reply.body["results"].as_array().unwrap()[..9].to_vec();
    assert_eq!(decided(&again), decided(&reply));
}

#[tokio::test]
async fn a_batch_has_1_to_64_messages_with_a_key_each() {
    let desk = desk("full-batch").await.unwrap();
    let item = |number: u64| {
        let mut item = sign_body(&desk.wallet.id, &desk.to_cold(1 + number));
        item["idempotency_key"] = format!("full-{number}").into();
        item
    };
    let path = "/v1/sign/solana/batch";
    let full: Vec<_> = (0..64).map(item).collect();
    let reply = desk
        .bot
        .post(path, &json!({ "items": full }))
        .await
        .unwrap();
    let results = reply.body["results"].as_array().unwrap();
    assert_eq!(results.len(), 64);
    for (number, result) in results.iter().enumerate() {
        let answer: SignedAnswer = serde_json::from_value(result.clone()).unwrap();
        desk.verify(&answer, &desk.to_cold(1 + number as u64))
            .unwrap();
    }
    let too_many: Vec<_> = (0..65).map(item).collect();
    for (items, field) in [
        (vec![], "items"),
        (too_many, "items"),
        (vec![item(900), item(900)], "items[1].idempotency_key"),
        (
            vec![sign_body(&desk.wallet.id, &desk.to_cold(1))],
            "idempotency_key",
        ),
    ] {
        let refused = desk
            .bot
            .post(path, &json!({ "items": items }))
            .await
            .unwrap();
        let problem = refused.problem().unwrap();
        assert_eq!(
            problem.code,
            ErrorCode::InvalidRequest,
            "{}",
            problem.detail
        );
        assert!(
            problem
                .field
                .as_deref()
                .unwrap_or_default()
                .ends_with(field),
            "{problem:?}"
        );
    }
}

#[tokio::test]
async fn a_transaction_keeps_its_other_signatures() {
    let desk = desk("cosigned").await.unwrap();
    let mut svm = LiteSVM::new();
    let payer = Keypair::new();
    svm.airdrop(&payer.pubkey(), SOL).unwrap();
    svm.airdrop(&desk.address, SOL).unwrap();
    let instruction = message::system::transfer(&desk.address, &desk.cold, SOL / 2);
    let compiled = message::compile(
        Version::V0,
        &payer.pubkey(),
        &[instruction],
        svm.latest_blockhash(),
    )
    .unwrap();
    let bytes = compiled.serialize();
    let theirs: [u8; 64] = payer.sign_message(&bytes).into();
    let unsigned = message::transaction(Version::V0, &[theirs, [0; 64]], &bytes).unwrap();
    let body = json!({
        "wallet_id": desk.wallet.id,
        "transaction": BASE64_STANDARD.encode(&unsigned),
    });
    let reply = desk
        .bot
        .post_keyed("/v1/sign/solana", "cosigned", &body)
        .await
        .unwrap();
    let answer: SignedAnswer = reply.ok().unwrap();
    let ours = desk.verify(&answer, &bytes).unwrap();
    let expected = message::transaction(Version::V0, &[theirs, ours], &bytes).unwrap();
    assert_eq!(transaction(&answer).unwrap(), expected);
    execute(&mut svm, compiled, &[theirs, ours]).unwrap();
    assert_eq!(svm.get_balance(&desk.cold), Some(SOL / 2));
}

#[tokio::test]
async fn a_wrong_signature_of_another_signer_is_told() {
    let desk = desk("wrongly-cosigned").await.unwrap();
    let payer = Keypair::new();
    let transfer = message::system::transfer(&desk.address, &desk.cold, SOL / 2);
    let blockhash = LiteSVM::new().latest_blockhash();
    let compiled = message::compile(Version::V0, &payer.pubkey(), &[transfer], blockhash);
    let bytes = compiled.unwrap().serialize();
    let other: [u8; 64] = payer.sign_message(b"something else").into();
    for (key, theirs, status) in [
        ("wrong", other, 422),
        ("noise", [9; 64], 422),
        ("empty", [0; 64], 200),
    ] {
        let unsigned = message::transaction(Version::V0, &[theirs, [0; 64]], &bytes).unwrap();
        let body = json!({
            "wallet_id": desk.wallet.id,
            "transaction": BASE64_STANDARD.encode(&unsigned),
        });
        let reply = desk
            .bot
            .post_keyed("/v1/sign/solana", key, &body)
            .await
            .unwrap();
        assert_eq!(reply.status, status, "{key}");
        if status != 200 {
            let problem = reply.problem().unwrap();
            assert_eq!(problem.code, ErrorCode::Undecodable);
            assert!(
                problem.detail.contains(&payer.pubkey().to_string()),
                "{problem:?}"
            );
            assert!(problem.detail.contains("does not verify"), "{problem:?}");
        }
    }
}

type Refused = (&'static str, Vec<u8>, u16, &'static str, &'static str);

/// Messages that are never signed, with the status, code and words of their refusal.
#[allow(clippy::too_many_lines, reason = "a table")]
fn refused(desk: &Desk) -> Result<Vec<Refused>> {
    let mint = Pubkey::new_unique();
    let thief = Pubkey::new_unique();
    let me = &desk.address;
    let legacy = |instruction| message::legacy(me, &[instruction]);
    let mut trailing = desk.to_cold(5);
    trailing.push(0);
    let tokens = message::token_transfer(me, &thief, &mint, 5, 6)?;
    let drain = message::system::transfer(me, &thief, 90 * SOL);
    let beside = message::system::transfer(me, &desk.cold, 5);
    let whole = [&[1][..], &[0; 64], &desk.to_cold(5)].concat();
    let compressed = [&[0x1f, 0x8b][..], &desk.to_cold(5)].concat();
    Ok(vec![
        (
            "whole",
            whole,
            422,
            "undecodable",
            "send it as `transaction`",
        ),
        ("compressed", compressed, 422, "undecodable", "compressed"),
        ("nothing", vec![], 422, "undecodable", "byte"),
        ("noise", vec![0xff; 200], 422, "undecodable", "byte"),
        (
            "trailing byte",
            trailing,
            422,
            "undecodable",
            "end of the message",
        ),
        (
            "not a signer",
            message::transfer(&thief, &desk.cold, 5),
            422,
            "undecodable",
            "signature of wallet",
        ),
        (
            "unknown program",
            legacy(message::unknown_program(me)),
            422,
            "undecodable",
            "is not understood",
        ),
        (
            "to a stranger",
            message::transfer(me, &thief, 5),
            403,
            "policy_denied",
            "no rule",
        ),
        (
            "hidden drain",
            message::legacy(me, &[beside, drain]),
            403,
            "policy_denied",
            "90",
        ),
        (
            "tokens to a stranger",
            message::legacy(me, &tokens),
            403,
            "policy_denied",
            "no rule",
        ),
        (
            "hand over",
            legacy(message::set_authority(me, &mint, &thief)?),
            403,
            "policy_denied",
            "",
        ),
        (
            "delegate",
            legacy(message::approve(me, &mint, &thief, 5)?),
            403,
            "policy_denied",
            "",
        ),
        (
            "assign",
            legacy(message::system::assign(me, &thief)),
            403,
            "policy_denied",
            "",
        ),
    ])
}

#[tokio::test]
async fn inv03_what_is_not_understood_or_not_permitted_is_refused_by_name() {
    let desk = desk("refused").await.unwrap();
    let table = refused(&desk).unwrap();
    for (number, (name, bytes, status, code, says)) in table.into_iter().enumerate() {
        let reply = desk
            .sign(&format!("refused-{number}"), &bytes)
            .await
            .unwrap();
        assert_eq!(
            (reply.status, reply.code()),
            (status, code),
            "{name}: {}",
            reply.body
        );
        let problem = reply.problem().unwrap();
        assert!(problem.detail.contains(says), "{name}: {}", problem.detail);
        assert!(
            problem.request_id.is_some() && problem.log_index.is_some(),
            "{name}"
        );
        assert!(!problem.reasons.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_large_withdrawal_waits_for_people() {
    let desk = desk("large").await.unwrap();
    let reply = desk.sign("large", &desk.to_cold(SOL + 1)).await.unwrap();
    assert_eq!(reply.status, 202);
    assert_eq!(reply.body["decision"], "approval_required");
    assert_eq!(reply.body["group"], "treasury");
    assert_eq!(reply.body["quorum"], 2);
    assert!(reply.body["signature"].is_null());
    let path = format!(
        "/v1/requests/{}",
        reply.body["request_id"].as_str().unwrap()
    );
    let request: Request = desk.bot.get(&path).await.unwrap().ok().unwrap();
    assert_eq!(
        (request.state.as_str(), request.signature),
        ("pending", None)
    );
    let other = desk.appliance.client("bot2").unwrap();
    assert_eq!(other.get(&path).await.unwrap().status, 404);
}

#[tokio::test]
async fn a_freeze_stops_what_it_covers_and_is_shown() {
    let desk = desk("frozen").await.unwrap();
    let risk = desk.appliance.client("risk").unwrap();
    let scope = json!({ "scope": { "wallet": desk.wallet.id }, "reason": "drill" });
    let frozen = risk.post("/v1/freeze", &scope).await.unwrap();
    assert_eq!(frozen.body["recorded"], true, "{}", frozen.body);
    let refused = desk.sign("frozen", &desk.to_cold(1)).await.unwrap();
    assert_eq!((refused.status, refused.code()), (403, "frozen"));
    let status = risk.get("/v1/status").await.unwrap();
    let shown = status.body["freezes"].to_string();
    assert!(
        shown.contains(&desk.wallet.id) && shown.contains("drill"),
        "{shown}"
    );
}

#[tokio::test]
async fn envelope_custody_has_to_be_turned_on() {
    let off = desk("custody-off").await.unwrap();
    let user = off.gateway.user("custody-asked").await.unwrap();
    for custody in ["envelope", "wrapped", "paper"] {
        let body = json!({ "user_id": user.id, "venue": "solana", "custody": custody });
        let refused = off.gateway.post("/v1/wallets", &body).await.unwrap();
        let problem = refused.problem().unwrap();
        assert_eq!(
            problem.code,
            ErrorCode::InvalidRequest,
            "{custody}: {}",
            problem.detail
        );
        assert_eq!(problem.field.as_deref(), Some("custody"));
    }
    let options = Options {
        envelope: true,
        custody: "envelope",
        ..Options::policy(POLICY)
    };
    let appliance = Appliance::running(&options).await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let bot = appliance.client("bot").unwrap();
    for (user, custody, shown) in [("e", None, "envelope"), ("r", Some("resident"), "resident")] {
        let user = gateway.user(user).await.unwrap();
        let wallet = gateway.wallet(&user.id, custody).await.unwrap();
        assert_eq!(wallet.custody, shown);
        gateway.grant("bot", &wallet.id).await.unwrap();
        let address: Pubkey = wallet.address.parse().unwrap();
        let message = message::transfer(&address, &COLD.parse().unwrap(), 7);
        let answer = bot.signed(shown, &wallet.id, &message).await.unwrap();
        VerifyingKey::from_bytes(&address.to_bytes())
            .unwrap()
            .verify_strict(
                &message,
                &Signature::from_bytes(&signature(&answer).unwrap()),
            )
            .unwrap();
    }
}
