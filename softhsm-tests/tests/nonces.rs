//! Durable nonces: registered by people, permitted by a rule, observed by a feeder; and what was
//! signed over one is held until it was seen to have advanced.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::time::Duration;

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{ErrorCode, LimitUse, Nonce, Page, PendingChange, Request};
use litesvm::LiteSVM;
use serde_json::json;
use softhsm_tests::client::{Client, Reply};
use softhsm_tests::message::system;
use softhsm_tests::{Appliance, Approver, Options};
use solana_account::Account;
use solana_hash::Hash;
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_transaction::versioned::VersionedTransaction;

const COLD: Pubkey = Pubkey::from_str_const("9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin");
const WARM: Pubkey = Pubkey::new_from_array([0x72; 32]);
const FAR: Pubkey = Pubkey::new_from_array([0x74; 32]);
const NONCE: Pubkey = Pubkey::new_from_array([0x73; 32]);
const SOL: u64 = 1_000_000_000;
const FIRST: [u8; 32] = [7; 32];

fn policy() -> String {
    format!(
        r#"
schema = 1
name = "nonces"

[groups.change]
approvers = ["alice", "bob", "carol"]
quorum = 2

[destinations.cold]
solana = ["{COLD}"]

[destinations.warm]
solana = ["{WARM}"]

[destinations.far]
solana = ["{FAR}"]

[[limits]]
name = "out"
when = {{ action = "withdrawal", asset = "SOL" }}
per = "wallet"
window = "2s"
max_amount = "5"

[[rules]]
name = "cold"
when = {{ action = "withdrawal", asset = "SOL", destination = "cold", durable_nonce = true }}
then = "allow"

[[rules]]
name = "far"
when = {{ action = "withdrawal", asset = "SOL", destination = "far", durable_nonce = true }}
then = {{ approve = {{ group = "change", quorum = 2, time_lock = "1s", expires = "1h" }} }}

[[rules]]
name = "warm"
when = {{ action = "withdrawal", asset = "SOL", destination = "warm" }}
then = "allow"
"#
    )
}

struct Desk {
    appliance: Appliance,
    operator: Client,
    gateway: Client,
    bot: Client,
    wallet: String,
    address: Pubkey,
}

impl Desk {
    async fn new() -> Result<Self> {
        let appliance = Appliance::running(&Options::policy(policy())).await?;
        let gateway = appliance.client("gateway")?;
        let user = gateway.user("u").await?;
        let wallet = gateway.wallet(&user.id, None).await?;
        gateway.grant("bot", &wallet.id).await?;
        Ok(Self {
            operator: appliance.client("operator-a")?,
            bot: appliance.client("bot")?,
            gateway,
            appliance,
            address: wallet.address.parse()?,
            wallet: wallet.id,
        })
    }

    async fn restart_after_kill(&mut self) {
        self.appliance.kill();
        self.appliance.start().await.unwrap();
        self.operator = self.appliance.client("operator-a").unwrap();
        self.gateway = self.appliance.client("gateway").unwrap();
        self.bot = self.appliance.client("bot").unwrap();
    }

    async fn register(&self) -> String {
        let body = json!({
            "kind": "nonce_account", "wallet_id": self.wallet, "account": NONCE.to_string(),
        });
        let reply = self
            .operator
            .post("/v1/registrations", &body)
            .await
            .unwrap();
        assert_eq!(reply.status, 202, "{}", reply.body);
        let change: PendingChange = serde_json::from_value(reply.body).unwrap();
        assert!(
            change.why.iter().any(|why| why.contains("do not expire")),
            "{change:?}"
        );
        let mut shown: Option<Request> = None;
        for person in [Approver::Alice, Approver::Bob] {
            shown = Some(
                person
                    .agrees(&self.operator, &change.request_id)
                    .await
                    .unwrap(),
            );
        }
        let id = shown.unwrap().result.unwrap()["registration_id"].clone();
        id.as_str().unwrap().to_owned()
    }

    async fn observe(&self, who: &Client, value: [u8; 32], slot: u64) -> Reply {
        let nonce = Pubkey::new_from_array(value).to_string();
        let body = json!({ "nonce": nonce, "slot": slot });
        who.post(&format!("/v1/nonces/{NONCE}"), &body)
            .await
            .unwrap()
    }

    /// Sends so many SOL, over the nonce.
    fn over(&self, value: [u8; 32], to: &Pubkey, sol: u64) -> Vec<u8> {
        let instructions = [
            system::advance_nonce_account(&NONCE, &self.address),
            system::transfer(&self.address, to, sol * SOL),
        ];
        let value = Hash::new_from_array(value);
        Message::new_with_blockhash(&instructions, Some(&self.address), &value).serialize()
    }

    fn plain(&self, sol: u64) -> Vec<u8> {
        softhsm_tests::message::transfer(&self.address, &COLD, sol * SOL)
    }

    async fn sign(&self, key: &str, message: &[u8]) -> Reply {
        self.bot.sign(key, &self.wallet, message).await.unwrap()
    }

    async fn out(&self) -> LimitUse {
        let path = format!("/v1/limits?wallet_id={}", self.wallet);
        let page: Page<LimitUse> = self.operator.get(&path).await.unwrap().ok().unwrap();
        page.items[0].clone()
    }

    async fn known(&self) -> Nonce {
        let page: Page<Nonce> = self.operator.get("/v1/nonces").await.unwrap().ok().unwrap();
        page.items[0].clone()
    }
}

fn refused(reply: Reply, code: ErrorCode, says: &str) {
    let problem = reply.problem().unwrap();
    assert_eq!(problem.code, code, "{problem:?}");
    let whole = format!("{problem:?}");
    assert!(whole.contains(says), "{whole}");
}

/// A chain on which the wallet has a nonce account.
fn chain(owner: &Pubkey) -> LiteSVM {
    let mut svm = LiteSVM::new()
        .with_sigverify(true)
        .with_blockhash_check(true);
    svm.airdrop(owner, 100 * SOL).unwrap();
    svm.airdrop(&COLD, SOL).unwrap();
    // Version and state, authority, the nonce, the fee.
    let state: [&[u8]; 5] = [
        &[1, 0, 0, 0],
        &[1, 0, 0, 0],
        owner.as_ref(),
        &FIRST,
        &5_000_u64.to_le_bytes(),
    ];
    let account = Account {
        lamports: SOL,
        data: state.concat(),
        owner: Pubkey::default(),
        executable: false,
        rent_epoch: u64::MAX,
    };
    svm.set_account(NONCE, account).unwrap();
    svm
}

fn nonce_on(svm: &LiteSVM) -> [u8; 32] {
    svm.get_account(&NONCE).unwrap().data[40..72]
        .try_into()
        .unwrap()
}

fn send(svm: &mut LiteSVM, transaction: &str) -> Result<(), String> {
    let bytes = BASE64_STANDARD.decode(transaction).unwrap();
    let transaction: VersionedTransaction = wincode::deserialize_exact(&bytes).unwrap();
    let sent = svm.send_transaction(transaction);
    sent.map(drop).map_err(|failed| format!("{failed:?}"))
}

#[tokio::test]
async fn a_nonce_takes_people_a_rule_and_a_feeder() {
    let desk = Desk::new().await.unwrap();
    let message = desk.over(FIRST, &COLD, 3);
    let unregistered = desk.sign("a", &message).await;
    refused(unregistered, ErrorCode::PolicyDenied, "unregistered_nonce");
    let nobodys = desk.observe(&desk.gateway, FIRST, 10).await;
    assert_eq!(nobodys.status, 404, "{}", nobodys.body);

    let id = desk.register().await;
    let unobserved = desk.sign("b", &message).await;
    refused(unobserved, ErrorCode::PolicyDenied, "was not observed yet");
    assert_eq!(desk.observe(&desk.bot, FIRST, 10).await.status, 403);
    let observed = desk.observe(&desk.gateway, FIRST, 10).await;
    assert_eq!(observed.status, 200, "{}", observed.body);
    // A rule that says nothing of nonces does not permit one.
    let warm = desk.sign("c", &desk.over(FIRST, &WARM, 1)).await;
    refused(warm, ErrorCode::PolicyDenied, "durable_nonce = true");
    let other = desk.sign("d", &desk.over([8; 32], &COLD, 1)).await;
    refused(other, ErrorCode::PolicyDenied, "not the one that");

    let signed = desk.bot.signed("e", &desk.wallet, &message).await.unwrap();
    let second = desk.sign("f", &desk.over(FIRST, &COLD, 1)).await;
    refused(second, ErrorCode::PolicyDenied, &signed.request_id);
    let again = desk.bot.signed("e", &desk.wallet, &message).await.unwrap();
    assert_eq!(
        (again.signature, again.transaction),
        (signed.signature, signed.transaction)
    );

    let path = format!("/v1/registrations/{id}");
    assert_eq!(desk.operator.delete(&path).await.unwrap().status, 204);
    let after = desk.sign("g", &message).await;
    refused(after, ErrorCode::PolicyDenied, "unregistered_nonce");
    // What is held under it can end all the same.
    assert_eq!(desk.known().await.wallet_id, None);
    assert_eq!(desk.observe(&desk.operator, [9; 32], 20).await.status, 200);
    assert_eq!(desk.known().await.held_by, None);
}

#[tokio::test]
async fn what_was_signed_is_held_past_its_window_until_the_nonce_advanced() {
    let mut desk = Desk::new().await.unwrap();
    desk.register().await;
    assert_eq!(desk.observe(&desk.gateway, FIRST, 10).await.status, 200);
    let message = desk.over(FIRST, &COLD, 3);
    let signed = desk.bot.signed("a", &desk.wallet, &message).await.unwrap();
    assert_eq!(
        desk.known().await.held_by.as_deref(),
        Some(signed.request_id.as_str())
    );

    // Longer than the window: it could still be sent, so it still counts.
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    let used = desk.out().await;
    assert_eq!((used.used.as_str(), used.held.as_deref()), ("3", Some("3")));
    let over = desk.sign("b", &desk.plain(3)).await;
    refused(over, ErrorCode::LimitExceeded, "used 3");
    desk.restart_after_kill().await;
    refused(
        desk.sign("c", &desk.plain(3)).await,
        ErrorCode::LimitExceeded,
        "used 3",
    );
    let same = desk.observe(&desk.gateway, FIRST, 11).await;
    assert_eq!(same.status, 200, "{}", same.body);
    refused(
        desk.sign("d", &desk.plain(3)).await,
        ErrorCode::LimitExceeded,
        "used 3",
    );

    // And it is sent, as late as this.
    let mut svm = chain(&desk.address);
    let transaction = signed.transaction.unwrap();
    send(&mut svm, &transaction).unwrap();
    assert_eq!(svm.get_balance(&COLD), Some(4 * SOL));
    let next = nonce_on(&svm);
    assert_ne!(next, FIRST);
    assert!(send(&mut svm, &transaction).is_err());

    // From when that was observed it counts for one window more.
    assert_eq!(desk.observe(&desk.gateway, next, 20).await.status, 200);
    assert_eq!(desk.known().await.held_by, None);
    let used = desk.out().await;
    assert_eq!((used.used.as_str(), used.held.as_deref()), ("3", None));
    refused(
        desk.sign("e", &desk.plain(3)).await,
        ErrorCode::LimitExceeded,
        "used 3",
    );
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    let fits = desk.sign("f", &desk.plain(3)).await;
    assert_eq!(fits.status, 200, "{}", fits.body);

    let late = desk.observe(&desk.gateway, FIRST, 15).await;
    refused(
        late,
        ErrorCode::InvalidRequest,
        "observed at slot 20 already",
    );
    let metrics = desk.appliance.operations("/metrics").unwrap().body;
    assert!(
        metrics.contains("countersign_feeds_refused_total{feed=\"nonce\"} 1"),
        "{metrics}"
    );
    let log = desk
        .operator
        .get("/v1/audit/entries?start=0&limit=500")
        .await
        .unwrap();
    let log = log.body.to_string();
    assert!(
        log.contains("nonce_observed") && log.contains("feed_refused"),
        "{log}"
    );
}

/// What people approve over a nonce does not go stale: the bytes they were asked about are released
/// after any time lock, and land once.
#[tokio::test]
async fn the_bytes_that_were_approved_over_a_nonce_are_released_later() {
    let desk = Desk::new().await.unwrap();
    desk.register().await;
    assert_eq!(desk.observe(&desk.gateway, FIRST, 10).await.status, 200);
    let message = desk.over(FIRST, &FAR, 2);
    let held = desk.sign("ask", &message).await;
    assert_eq!(held.status, 202, "{}", held.body);
    let id = held.body["request_id"].as_str().unwrap();
    // Held is not signed: the nonce is free.
    assert_eq!(desk.known().await.held_by, None);
    for person in [Approver::Alice, Approver::Bob] {
        person.agrees(&desk.operator, id).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    let release = async |key: &str| {
        let body = json!({
            "wallet_id": desk.wallet, "message": BASE64_STANDARD.encode(&message),
            "approved_request_id": id,
        });
        let reply = desk.bot.post_keyed("/v1/sign/solana", key, &body).await;
        reply.unwrap()
    };
    let released = release("go").await;
    assert_eq!(released.status, 200, "{}", released.body);
    let known = desk.known().await;
    assert_eq!(
        known.held_by.as_deref(),
        released.body["request_id"].as_str()
    );
    assert_ne!(release("again").await.status, 200);
    let mut svm = chain(&desk.address);
    let transaction = released.body["transaction"].as_str().unwrap();
    send(&mut svm, transaction).unwrap();
    assert_eq!(svm.get_balance(&FAR), Some(2 * SOL));
    assert!(send(&mut svm, transaction).is_err(), "it landed twice");
}
