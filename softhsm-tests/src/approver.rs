//! The approvers of every throw-away appliance, with their software keys.

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{ApprovalText, Request};
use countersign_policy::approval::offchain;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::json;

use crate::TRUST_DOMAIN;
use crate::client::{Client, Reply};

/// Somebody with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approver {
    /// `alice`
    Alice,
    /// `bob`
    Bob,
    /// `carol`
    Carol,
}

impl Approver {
    /// Everybody whom `init` enrols.
    pub const ALL: [Self; 3] = [Self::Alice, Self::Bob, Self::Carol];

    /// The name in policies.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alice => "alice",
            Self::Bob => "bob",
            Self::Carol => "carol",
        }
    }

    /// The secret half of the key, for a Ledger that holds it.
    #[must_use]
    pub const fn secret(self) -> [u8; 32] {
        match self {
            Self::Alice => [0xa1; 32],
            Self::Bob => [0xb0; 32],
            Self::Carol => [0xca; 32],
        }
    }

    fn key(self) -> SigningKey {
        SigningKey::from_bytes(&self.secret())
    }

    /// Base58.
    #[must_use]
    pub fn public_key(self) -> String {
        bs58::encode(self.key().verifying_key().as_bytes()).into_string()
    }

    /// Signs bytes as a device does; base58.
    #[must_use]
    pub fn sign(self, message: &[u8]) -> String {
        bs58::encode(self.key().sign(message).to_bytes()).into_string()
    }

    /// Fetches the text, checks that its bytes are those of the text, and signs them.
    ///
    /// # Errors
    /// No text, or other bytes.
    pub async fn read_and_sign(
        self,
        operator: &Client,
        request: &str,
    ) -> Result<(ApprovalText, String)> {
        let text: ApprovalText = self.text(operator, request).await?.ok()?;
        self.sign_text(text)
    }

    /// What this approver is given to sign, or why nothing.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn text(self, operator: &Client, request: &str) -> Result<Reply> {
        let path = format!(
            "/v1/requests/{request}/approval-text?approver_id={}",
            self.name()
        );
        operator.get(&path).await
    }

    fn sign_text(self, text: ApprovalText) -> Result<(ApprovalText, String)> {
        let message = BASE64_STANDARD.decode(&text.message)?;
        let key = self.key().verifying_key().to_bytes();
        let own = offchain::message(TRUST_DOMAIN, &key, &text.text)?;
        ensure!(message == own, "the bytes are not those of the text");
        let signature = self.sign(&message);
        Ok((text, signature))
    }

    /// Hands in an approval and answers whatever comes; without a text to sign, what came instead.
    ///
    /// # Errors
    /// Other bytes than those of the text.
    pub async fn approve(self, operator: &Client, request: &str) -> Result<Reply> {
        let given = self.text(operator, request).await?;
        if given.status != 200 {
            return Ok(given);
        }
        let (text, signature) = self.sign_text(given.ok()?)?;
        self.hand_in(operator, request, &text.scheme, &signature)
            .await
    }

    /// Hands in a signature.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn hand_in(
        self,
        operator: &Client,
        request: &str,
        scheme: &str,
        signature: &str,
    ) -> Result<Reply> {
        let body = json!({
            "approver_id": self.name(), "scheme": scheme, "signature": signature,
        });
        let path = format!("/v1/requests/{request}/approvals");
        operator.post(&path, &body).await
    }

    /// Hands in an approval that has to be taken.
    ///
    /// # Errors
    /// It is not.
    pub async fn agrees(self, operator: &Client, request: &str) -> Result<Request> {
        let reply = self.approve(operator, request).await?;
        let shown = format!("{} {}", reply.status, reply.body);
        reply.ok().with_context(|| shown)
    }
}
