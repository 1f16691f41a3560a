//! Act 4: a withdrawal above the line waits for people, who sign its text on their own keys.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{ApprovalText, Decision, ErrorCode, Request, SignedAnswer};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::json;
use softhsm_tests::message::system;
use softhsm_tests::{Client, Reply};
use solana_message::VersionedMessage;

use crate::ask::{new_key, transaction};
use crate::stage::{Cast, SOL, Stage, sol};

const AMOUNT: u64 = 5 * SOL;

/// Looks at the request until it may be released: far longer than the demo's time lock.
const LOOKS: u32 = 200;
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub(crate) async fn act(stage: &mut Stage<'_>, cast: &Cast) -> Result<()> {
    stage
        .screen
        .title("4  Hold a large withdrawal until people agree")?;
    let request = hold(stage, cast).await?;
    let operator = stage.client("operator-a")?;
    stage.screen.say(
        "two of the group sign exactly this text, each with a key of their own (here in files)",
    )?;
    approve(stage, &operator, &request, "alice", true).await?;
    let early = release(stage, cast, &request).await?.1;
    ensure!(early.status == 202, "{}: {}", early.status, early.body);
    stage
        .screen
        .no("202 approval required: one yes is not two")?;
    approve(stage, &operator, &request, "bob", false).await?;
    wait(stage, &operator, &request).await?;
    pay(stage, cast, &request).await?;
    let again = release(stage, cast, &request).await?.1.problem()?;
    stage.show_refusal(&again, ErrorCode::AlreadyDecided)
}

async fn hold(stage: &mut Stage<'_>, cast: &Cast) -> Result<String> {
    let message = message(stage, cast)?;
    let reply = stage
        .ask(cast, "5 SOL to the cold address", &message)
        .await?;
    ensure!(reply.status == 202, "{}: {}", reply.status, reply.body);
    let answer: SignedAnswer = serde_json::from_value(reply.body)?;
    ensure!(
        answer.decision == Decision::ApprovalRequired && answer.signature.is_none(),
        "held, but {answer:?}"
    );
    stage.screen.back(&format!(
        "202 approval required: {} of group `{}`, until {}",
        answer.quorum.context("no quorum")?,
        answer.group.as_deref().context("no group")?,
        answer.expires_at.as_deref().context("no expiry")?
    ))?;
    stage
        .screen
        .yes(&format!("{} waits; nothing was signed", answer.request_id))?;
    Ok(answer.request_id)
}

fn message(stage: &Stage<'_>, cast: &Cast) -> Result<VersionedMessage> {
    let (wallet, cold) = (cast.account.address, stage.cold);
    stage.message(&wallet, &[system::transfer(&wallet, &cold, AMOUNT)])
}

async fn approve(
    stage: &mut Stage<'_>,
    operator: &Client,
    request: &str,
    name: &str,
    show: bool,
) -> Result<()> {
    let path = format!("/v1/requests/{request}/approval-text?approver_id={name}");
    let text: ApprovalText = operator.get(&path).await?.ok()?;
    if show {
        for line in text.text.lines() {
            stage.screen.detail(line)?;
        }
    }
    let keypair: Vec<u8> = serde_json::from_str(&stage.read(&format!("approver-{name}.json"))?)?;
    let keypair: [u8; 64] = keypair.try_into().ok().context("no Solana keypair")?;
    let key = SigningKey::from_keypair_bytes(&keypair)?;
    let signature = key.sign(&BASE64_STANDARD.decode(&text.message)?);
    let body = json!({
        "approver_id": name,
        "scheme": text.scheme,
        "signature": bs58::encode(signature.to_bytes()).into_string(),
    });
    let question = format!("POST /v1/requests/{{id}}/approvals — the signature of {name}");
    stage.screen.sent("operator-a", &question)?;
    let path = format!("/v1/requests/{request}/approvals");
    let shown: Request = operator.post(&path, &body).await?.ok()?;
    let ask = shown.asks.first().context("nobody is asked")?;
    stage.screen.yes(&format!(
        "{} of {} of group `{}` agreed: {}",
        ask.counted, ask.quorum, ask.group, shown.state
    ))?;
    Ok(())
}

/// The time lock of the policy.
async fn wait(stage: &mut Stage<'_>, operator: &Client, request: &str) -> Result<()> {
    let path = format!("/v1/requests/{request}");
    for look in 0..LOOKS {
        let shown: Request = operator.get(&path).await?.ok()?;
        match shown.missing.first() {
            None => return Ok(()),
            Some(missing) if look == 0 => stage.screen.detail(missing)?,
            Some(_) => {}
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    anyhow::bail!("{request} is not released")
}

/// The same intent under a fresh blockhash, naming the request that people agreed to.
async fn release(
    stage: &mut Stage<'_>,
    cast: &Cast,
    request: &str,
) -> Result<(VersionedMessage, Reply)> {
    stage.chain.expire_blockhash();
    let message = message(stage, cast)?;
    let question =
        "POST /v1/sign/solana — the same again, a fresh blockhash, `approved_request_id`";
    stage.screen.sent(cast.bot_name, question)?;
    let body = json!({
        "wallet_id": cast.account.id,
        "message": BASE64_STANDARD.encode(message.serialize()),
        "approved_request_id": request,
    });
    let key = new_key()?;
    let reply = cast.bot.post_keyed("/v1/sign/solana", &key, &body).await?;
    Ok((message, reply))
}

async fn pay(stage: &mut Stage<'_>, cast: &Cast, request: &str) -> Result<()> {
    stage.chain.pay(&cast.account.address, AMOUNT + SOL)?;
    let (message, reply) = release(stage, cast, request).await?;
    let answer: SignedAnswer = reply.ok()?;
    stage.screen.back(&format!(
        "200 allow, by rule `{}`",
        answer.rule.as_deref().unwrap_or_default()
    ))?;
    let before = stage.chain.lamports(&stage.cold);
    stage.chain.must_run(transaction(&answer, &message)?)?;
    let after = stage.chain.lamports(&stage.cold);
    ensure!(after == before + AMOUNT, "{before} became {after}");
    stage.screen.yes(&format!(
        "on the VM, the cold address: {} → {}",
        sol(before),
        sol(after)
    ))?;
    Ok(())
}
