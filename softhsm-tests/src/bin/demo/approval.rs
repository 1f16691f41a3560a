//! Act 4: a withdrawal above the line waits for people.

use anyhow::{Context, Result, ensure};
use countersign_api::{Decision, SignedAnswer};
use softhsm_tests::message::system;

use crate::stage::{Cast, SOL, Stage};

pub(crate) async fn act(stage: &mut Stage<'_>, cast: &Cast) -> Result<()> {
    stage.screen.title("4  Hold a large withdrawal")?;
    let (wallet, cold) = (cast.account.address, stage.cold);
    let message = stage.message(&wallet, &[system::transfer(&wallet, &cold, 5 * SOL)])?;
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
    stage
        .screen
        .say("(approving it on Ledgers comes with a later release)")?;
    Ok(())
}
