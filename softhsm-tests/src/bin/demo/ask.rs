//! Asks for signatures, shows question and answer, and insists on the expected one.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{ErrorCode, Problem, Reason, SignedAnswer};
use softhsm_tests::Reply;
use solana_message::VersionedMessage;
use solana_transaction::versioned::VersionedTransaction;

use crate::stage::{Account, Cast, Stage};

/// What came back for a message that was signed.
pub(crate) struct Signed {
    pub(crate) answer: SignedAnswer,
    /// The transaction as it came, ready to be sent.
    pub(crate) transaction: VersionedTransaction,
}

impl Stage<'_> {
    /// Asks for a signature that policy gives.
    ///
    /// # Errors
    /// Anything but a signature over exactly this message.
    pub(crate) async fn signed(
        &mut self,
        cast: &Cast,
        what: &str,
        message: &VersionedMessage,
    ) -> Result<Signed> {
        let answer: SignedAnswer = self.ask(cast, what, message).await?.ok()?;
        let signed = Signed {
            transaction: transaction(&answer, message)?,
            answer,
        };
        let SignedAnswer {
            rule, log_index, ..
        } = &signed.answer;
        self.screen.back(&format!(
            "200 allow, by rule `{}`; recorded as entry {log_index} of the log before the HSM \
             was asked",
            rule.as_deref().unwrap_or_default()
        ))?;
        let signature = signed.answer.signature_text().unwrap_or_default();
        self.screen.detail(&format!("signature {signature}"))?;
        Ok(signed)
    }

    /// Asks for a signature that is refused.
    ///
    /// # Errors
    /// Anything but a refusal with this code.
    pub(crate) async fn refused(
        &mut self,
        cast: &Cast,
        what: &str,
        message: &VersionedMessage,
        code: ErrorCode,
    ) -> Result<Problem> {
        let problem = self.ask(cast, what, message).await?.problem()?;
        self.show_refusal(&problem, code)?;
        Ok(problem)
    }

    /// Shows a refusal and its reasons.
    ///
    /// # Errors
    /// It has another code.
    pub(crate) fn show_refusal(&mut self, problem: &Problem, code: ErrorCode) -> Result<()> {
        ensure!(
            problem.code == code,
            "expected `{code}`, got `{}`: {}",
            problem.code,
            problem.detail
        );
        self.screen
            .no(&format!("{} {code}: {}", problem.status, problem.title))?;
        if problem.reasons.is_empty() {
            self.screen.detail(&problem.detail)?;
        }
        for reason in &problem.reasons {
            self.screen.detail(&because(reason))?;
        }
        if let Some(at) = &problem.retry_after {
            self.screen.detail(&format!("retry after {at}"))?;
        }
        Ok(())
    }

    /// Sends the request under a key of its own.
    ///
    /// # Errors
    /// No whole answer came.
    pub(crate) async fn ask(
        &mut self,
        cast: &Cast,
        what: &str,
        message: &VersionedMessage,
    ) -> Result<Reply> {
        let question = format!("POST /v1/sign/solana — {what}");
        self.screen.sent(cast.bot_name, &question)?;
        let Account { id, .. } = &cast.account;
        cast.bot.sign(&new_key()?, id, &message.serialize()).await
    }
}

fn because(reason: &Reason) -> String {
    format!("because {}", reason.message)
}

/// The transaction of an answer, which has to hold the message that was sent.
///
/// # Errors
/// It does not, or it is none.
pub(crate) fn transaction(
    answer: &SignedAnswer,
    message: &VersionedMessage,
) -> Result<VersionedTransaction> {
    let encoded = answer.transaction.as_deref();
    let bytes = BASE64_STANDARD.decode(encoded.context("an answer without transaction")?)?;
    let transaction: VersionedTransaction = wincode::deserialize_exact(&bytes)?;
    if transaction.message != *message {
        bail!("the signed transaction holds another message than the one sent");
    }
    let first = transaction.signatures.first().map(ToString::to_string);
    ensure!(
        first.as_deref() == answer.signature_text(),
        "two signatures in one answer"
    );
    Ok(transaction)
}

/// An idempotency key.
///
/// # Errors
/// No random numbers.
pub(crate) fn new_key() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("no random numbers")?;
    Ok(bs58::encode(bytes).into_string())
}
