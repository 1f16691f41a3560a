//! A wallet of the Ethereum virtual machine, its key in a real SoftHSM2: what is signed is read back by
//! an encoder of this file's own, and its sender recovered from the signature.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::sync::Arc;

use anyhow::Result;
use countersign_api::{Decision, EcdsaSignature, ErrorCode, SignatureAnswer, SignedAnswer, Wallet};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use serde_json::{Value, json};
use sha3::{Digest, Keccak256};
use softhsm_tests::client::{Client, Reply};
use softhsm_tests::{Appliance, Approver, Options, Shared};

const COLD: &str = "0x9858EfFD232B4033E47d90003D41EC34EcaEda94";
const STRANGER: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
/// 10^15 wei: 0.001 of the coin.
const MILLI: u128 = 1_000_000_000_000_000;
const GWEI: u128 = 1_000_000_000;

const POLICY: &str = r#"
schema = 1
name = "evm"

[venues.evm.chains.1]
name = "ethereum"

[assets.USDC]
evm = { 1 = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48" }
decimals = 6

[groups.treasury]
approvers = ["alice", "bob", "carol"]

[groups.change]
approvers = ["alice", "bob", "carol"]
quorum = 2
delay = "0s"

[destinations.cold]
evm = ["0x9858EfFD232B4033E47d90003D41EC34EcaEda94"]

[[rules]]
name = "small-to-cold"
when = { action = "withdrawal", venue = "evm", chain = 1, asset = ["ETH", "USDC"], destination = "cold", max_amount = "10", max_network_fee = "0.02 ETH" }
then = "allow"

[[rules]]
name = "upkeep"
when = { action = ["housekeeping", "fee"], venue = "evm", chain = 1, max_network_fee = "0.02 ETH" }
then = "allow"

[[rules]]
name = "large-to-cold"
when = { action = "withdrawal", venue = "evm", chain = 1, asset = "ETH", destination = "cold", over_amount = "10", max_network_fee = "0.02 ETH" }
then = { approve = { group = "treasury", quorum = 2, expires = "24h" } }
"#;

static SHARED: Shared = Shared::new();

struct Desk {
    appliance: Arc<Appliance>,
    bot: Client,
    wallet: Wallet,
}

async fn wallet(gateway: &Client, user: &str, body: Value) -> Result<Wallet> {
    let mut all = json!({ "user_id": user, "venue": "evm" });
    all.as_object_mut()
        .unwrap()
        .extend(body.as_object().unwrap().clone());
    gateway.post("/v1/wallets", &all).await?.ok()
}

async fn desk(user: &str) -> Result<Desk> {
    let appliance = SHARED.get(|| Options::policy(POLICY)).await?;
    let gateway = appliance.client("gateway")?;
    let user = gateway.user(user).await?;
    let wallet = wallet(&gateway, &user.id, json!({})).await?;
    gateway.grant("bot", &wallet.id).await?;
    Ok(Desk {
        bot: appliance.client("bot")?,
        wallet,
        appliance,
    })
}

/// The fields that differ between the transactions of these tests.
#[derive(Debug, Clone)]
struct Sent {
    chain: u64,
    nonce: u64,
    to: String,
    value: u128,
    data: Vec<u8>,
    fee: u128,
    tip: u128,
}

impl Sent {
    fn native(nonce: u64, value: u128) -> Self {
        Self {
            chain: 1,
            nonce,
            to: COLD.to_owned(),
            value,
            data: Vec::new(),
            fee: 30 * GWEI,
            tip: GWEI,
        }
    }

    /// A call of a function of two words.
    fn call(nonce: u64, to: &str, selector: &str, account: &str, amount: [u8; 32]) -> Self {
        let mut data = hex::decode(selector).unwrap();
        data.extend([0; 12]);
        data.extend(bytes(account));
        data.extend(amount);
        Self {
            to: to.to_owned(),
            data,
            ..Self::native(nonce, 0)
        }
    }

    fn json(&self) -> Value {
        json!({
            "type": "0x2",
            "chain_id": self.chain.to_string(),
            "nonce": self.nonce.to_string(),
            "to": self.to,
            "value": self.value.to_string(),
            "data": format!("0x{}", hex::encode(&self.data)),
            "gas": "60000",
            "max_fee_per_gas": self.fee.to_string(),
            "max_priority_fee_per_gas": self.tip.to_string(),
            "access_list": [],
        })
    }

    /// EIP-1559's list: `0x02` and RLP of the fields, with the signature or without.
    fn encoded(&self, signature: Option<&EcdsaSignature>) -> Vec<u8> {
        let mut fields = vec![
            number(self.chain.into()),
            number(self.nonce.into()),
            number(self.tip),
            number(self.fee),
            number(60_000),
            string(&bytes(&self.to)),
            number(self.value),
            string(&self.data),
            vec![0xc0],
        ];
        if let Some(EcdsaSignature { r, s, v }) = signature {
            fields.push(number((*v).into()));
            fields.push(string(trimmed(&bytes(r))));
            fields.push(string(trimmed(&bytes(s))));
        }
        let payload = fields.concat();
        [vec![2], header(0xc0, payload.len()), payload].concat()
    }
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.strip_prefix("0x").unwrap()).unwrap()
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

fn number(number: u128) -> Vec<u8> {
    string(trimmed(&number.to_be_bytes()))
}

fn string(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [one] if *one < 0x80 => vec![*one],
        _ => [header(0x80, bytes.len()), bytes.to_vec()].concat(),
    }
}

fn header(base: u8, length: usize) -> Vec<u8> {
    if length < 56 {
        return vec![base + u8::try_from(length).unwrap()];
    }
    let length = length.to_be_bytes();
    let length = trimmed(&length);
    let first = base + 55 + u8::try_from(length.len()).unwrap();
    [&[first], length].concat()
}

fn keccak(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// The address that a signature over a digest is of.
fn signer(digest: &[u8; 32], signature: &EcdsaSignature) -> String {
    let scalars = [bytes(&signature.r), bytes(&signature.s)].concat();
    let parsed = Signature::from_slice(&scalars).unwrap();
    assert!(parsed.normalize_s().is_none(), "s is in the upper half");
    let odd = match signature.v {
        0 | 27 => 0,
        1 | 28 => 1,
        v => panic!("v is {v}"),
    };
    let recovery = RecoveryId::from_byte(odd).unwrap();
    let key = VerifyingKey::recover_from_prehash(digest, &parsed, recovery).unwrap();
    let hash = keccak(&key.to_encoded_point(false).as_bytes()[1..]);
    format!("0x{}", hex::encode(&hash[12..]))
}

fn ecdsa(answer: &SignedAnswer) -> &EcdsaSignature {
    match &answer.signature {
        Some(SignatureAnswer::Ecdsa(signature)) => signature,
        other => panic!("expected r, s and v, got {other:?}"),
    }
}

impl Desk {
    async fn ask(&self, key: &str, transaction: &Value) -> Result<Reply> {
        let body = json!({ "wallet_id": self.wallet.id, "transaction": transaction });
        self.bot.post_keyed("/v1/sign/evm", key, &body).await
    }

    async fn refused(&self, key: &str, sent: &Sent, says: &str) {
        let reply = self.ask(key, &sent.json()).await.unwrap();
        let problem = reply.problem().unwrap();
        assert!(
            [ErrorCode::PolicyDenied, ErrorCode::Undecodable].contains(&problem.code),
            "{problem:?}"
        );
        assert!(
            problem.detail.contains(says),
            "expected `{says}`: {problem:?}"
        );
    }

    /// Signs, and holds all of the answer against what was asked for.
    async fn signed(&self, key: &str, sent: &Sent) -> SignedAnswer {
        let answer: SignedAnswer = self.ask(key, &sent.json()).await.unwrap().ok().unwrap();
        self.check(sent, &answer);
        answer
    }

    fn check(&self, sent: &Sent, answer: &SignedAnswer) {
        let signature = ecdsa(answer);
        let digest = keccak(&sent.encoded(None));
        assert_eq!(
            signer(&digest, signature),
            self.wallet.address.to_ascii_lowercase()
        );
        let raw = bytes(answer.transaction.as_deref().unwrap());
        assert_eq!(
            hex::encode(&raw),
            hex::encode(sent.encoded(Some(signature)))
        );
        let hash = format!("0x{}", hex::encode(keccak(&raw)));
        assert_eq!(answer.hash.as_deref(), Some(hash.as_str()));
        assert_eq!(answer.address.as_ref(), Some(&self.wallet.address));
    }
}

#[tokio::test]
async fn a_transfer_is_signed_by_a_key_that_never_leaves_the_token() {
    let desk = desk("transfers").await.unwrap();
    assert_eq!(desk.wallet.key_type, "secp256k1");
    let point = hex::decode(&desk.wallet.public_key).unwrap();
    let address = format!("0x{}", hex::encode(&keccak(&point[1..])[12..]));
    assert_eq!(desk.wallet.address.to_ascii_lowercase(), address);

    let sent = Sent::native(0, 5 * MILLI);
    let first = desk.signed("first", &sent).await;
    assert_eq!(first.rule.as_deref(), Some("small-to-cold"));
    // Unsigned raw bytes are the same question; the same key gets the very same answer.
    let again: SignedAnswer = desk.ask("first", &sent.json()).await.unwrap().ok().unwrap();
    assert_eq!(
        (&again.signature, &again.transaction, again.request_id),
        (&first.signature, &first.transaction, first.request_id)
    );

    let mut million = [0; 32];
    million[29..].copy_from_slice(&[0x0f, 0x42, 0x40]);
    let token = Sent::call(1, USDC, "a9059cbb", COLD, million);
    desk.signed("token", &token).await;

    let raw = Sent::native(2, MILLI);
    let text = json!(format!("0x{}", hex::encode(raw.encoded(None))));
    let answer: SignedAnswer = desk.ask("raw", &text).await.unwrap().ok().unwrap();
    desk.check(&raw, &answer);
}

#[tokio::test]
async fn over_one_nonce_nothing_else_is_signed_but_a_higher_bid_or_a_cancel() {
    let desk = desk("nonces").await.unwrap();
    let first = Sent::native(7, 5 * MILLI);
    let held = desk.signed("first", &first).await.request_id;
    let other = Sent::native(7, 6 * MILLI);
    desk.refused("other", &other, &held).await;
    desk.refused("other-again", &other, "use the next nonce")
        .await;
    desk.refused("same", &first, "a tenth more").await;
    let higher = |fee, tip| Sent {
        fee,
        tip,
        ..first.clone()
    };
    desk.refused("fee-alone", &higher(33 * GWEI, GWEI), "1100000000 wei")
        .await;
    desk.signed("replaced", &higher(33 * GWEI, GWEI / 10 * 11))
        .await;
    let cancel = Sent {
        to: desk.wallet.address.clone(),
        value: 0,
        ..higher(40 * GWEI, 2 * GWEI)
    };
    desk.signed("cancelled", &cancel).await;
    // Another wallet's nonces are its own.
    let neighbour = self::desk("nonces-of-another").await.unwrap();
    neighbour
        .signed("neighbour", &Sent::native(7, 6 * MILLI))
        .await;
    desk.refused("still", &other, "means something else").await;
}

#[tokio::test]
async fn what_is_not_understood_or_not_permitted_is_refused_by_name() {
    let desk = desk("refusals").await.unwrap();
    let elsewhere = Sent {
        chain: 137,
        ..Sent::native(0, MILLI)
    };
    desk.refused("chain", &elsewhere, "137").await;
    let stranger = Sent {
        to: STRANGER.to_owned(),
        ..Sent::native(0, MILLI)
    };
    desk.refused("stranger", &stranger, "no rule").await;
    let unknown = Sent::call(0, USDC, "deadbeef", COLD, [0; 32]);
    desk.refused("selector", &unknown, "0xdeadbeef").await;
    let unlimited = Sent::call(0, USDC, "095ea7b3", STRANGER, [0xff; 32]);
    desk.refused("approve", &unlimited, "no rule").await;
    let fee = Sent {
        fee: 1_000_000 * GWEI,
        ..Sent::native(0, MILLI)
    };
    desk.refused("fee", &fee, "fee").await;
    // None of them used up the nonce.
    desk.signed("good", &Sent::native(0, MILLI)).await;
}

#[tokio::test]
async fn a_dry_run_decides_and_uses_up_nothing() {
    let desk = desk("dry").await.unwrap();
    let sent = Sent::native(3, MILLI);
    let body = json!({ "wallet_id": desk.wallet.id, "transaction": sent.json() });
    let operator = desk.appliance.client("operator-a").unwrap();
    for client in [&desk.bot, &operator] {
        let reply = client.post("/v1/sign/evm?dry_run=true", &body).await;
        let tried: SignedAnswer = reply.unwrap().ok().unwrap();
        assert_eq!((tried.decision, tried.signature), (Decision::Allow, None));
    }
    desk.signed("for-real", &sent).await;
}

#[tokio::test]
async fn people_release_what_is_more_than_a_bot_may_send() {
    let desk = desk("held").await.unwrap();
    let large = Sent::native(0, 11_000 * MILLI);
    let reply = desk.ask("ask", &large.json()).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.body);
    let pending: SignedAnswer = serde_json::from_value(reply.body).unwrap();
    let id = pending.request_id;
    let operator = desk.appliance.client("operator-a").unwrap();
    for approver in [Approver::Alice, Approver::Bob] {
        approver.agrees(&operator, &id).await.unwrap();
    }
    // The nonce may be a fresh one: what was agreed to is what it does.
    let fresh = Sent {
        nonce: 1,
        ..large.clone()
    };
    let body = json!({
        "wallet_id": desk.wallet.id,
        "transaction": fresh.json(),
        "approved_request_id": id,
    });
    let reply = desk.bot.post_keyed("/v1/sign/evm", "go", &body).await;
    let released: SignedAnswer = reply.unwrap().ok().unwrap();
    desk.check(&fresh, &released);
}

#[tokio::test]
async fn wallets_of_a_user_are_told_apart_by_name() {
    let desk = desk("named").await.unwrap();
    let gateway = desk.appliance.client("gateway").unwrap();
    let user = desk.wallet.user_id.as_str();
    let first = wallet(&gateway, user, json!({})).await.unwrap();
    assert_eq!(first.id, desk.wallet.id);
    let named = |name: &str| wallet(&gateway, user, json!({ "name": name }));
    let (a, again, b) = (
        named("a").await.unwrap(),
        named("a").await.unwrap(),
        named("b").await,
    );
    let b = b.unwrap();
    assert_eq!(a.id, again.id);
    assert!(a.id != b.id && a.id != first.id && a.address != b.address);
    // A limit that would count nothing here is not taken.
    let limits = json!([{ "name": "daily", "action": "withdrawal", "asset": "USDC", "window": "24h",
        "max_amount": "0.5" }]);
    let body = json!({ "user_id": user, "venue": "evm", "name": "c", "limits": limits });
    let refused = gateway.post("/v1/wallets", &body).await.unwrap();
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!(refused.body["field"], "limits[0].asset");
    // A wallet signs for its own venue alone.
    let solana = gateway.wallet(user, None).await.unwrap();
    gateway.grant("bot", &solana.id).await.unwrap();
    let body = json!({ "wallet_id": solana.id, "transaction": Sent::native(0, MILLI).json() });
    let reply = desk
        .bot
        .post_keyed("/v1/sign/evm", "elsewhere", &body)
        .await;
    let problem = reply.unwrap().problem().unwrap();
    assert!(problem.detail.contains("one of `solana`"), "{problem:?}");
}
