//! Withdrawals that a person's own key signs, beside the wallet's: `ledger_cosign = true`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use litesvm::LiteSVM;
use serde_json::{Value, json};
use softhsm_tests::client::{Client, Reply};
use softhsm_tests::ledger::{Buttons, Emulator, Keys, Ledger, Press, Screen, Settings};
use softhsm_tests::program::{self, Ended};
use softhsm_tests::{Appliance, Approver, Options};
use solana_hash::Hash;
use solana_message::compiled_instruction::CompiledInstruction;
use solana_message::{Message, MessageHeader};
use solana_pubkey::Pubkey;
use solana_transaction::versioned::VersionedTransaction;

const COLD: Pubkey = Pubkey::from_str_const("9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin");
const SOL: u64 = 1_000_000_000;

const POLICY: &str = r#"
schema = 1
name = "cosigned"

[groups.treasury]
approvers = ["alice", "bob", "carol"]

[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]

[[rules]]
name = "out"
when = { action = "withdrawal", asset = "SOL", destination = "cold" }
then = { approve = { group = "treasury", quorum = 2, ledger_cosign = true } }
"#;

struct Desk {
    appliance: Appliance,
    bot: Client,
    operator: Client,
    wallet: String,
    address: Pubkey,
}

impl Desk {
    async fn open() -> Self {
        let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
        let gateway = appliance.client("gateway").unwrap();
        let user = gateway.user("u-1").await.unwrap();
        let wallet = gateway.wallet(&user.id, None).await.unwrap();
        gateway.grant("bot", &wallet.id).await.unwrap();
        Self {
            bot: appliance.client("bot").unwrap(),
            operator: appliance.client("operator-a").unwrap(),
            address: wallet.address.parse().unwrap(),
            wallet: wallet.id,
            appliance,
        }
    }

    /// The same with a compute-budget instruction behind the transfer, which a Ledger does not take.
    fn message_with_budget_behind(&self, lamports: u64) -> Vec<u8> {
        let alice: Pubkey = Approver::Alice.public_key().parse().unwrap();
        let budget = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");
        let mut data = vec![2, 0, 0, 0];
        data.extend(lamports.to_le_bytes());
        let limit = vec![2, 0x40, 0x0d, 3, 0];
        let message = Message {
            header: MessageHeader {
                num_required_signatures: 2,
                num_readonly_signed_accounts: 1,
                num_readonly_unsigned_accounts: 2,
            },
            account_keys: vec![self.address, alice, COLD, Pubkey::default(), budget],
            recent_blockhash: Hash::new_from_array([3; 32]),
            instructions: vec![
                CompiledInstruction::new_from_raw_parts(3, data, vec![0, 2]),
                CompiledInstruction::new_from_raw_parts(4, limit, vec![]),
            ],
        };
        message.serialize()
    }

    /// The wallet pays and sends; alice has to sign too.
    fn message(&self, lamports: u64, blockhash: Hash) -> Vec<u8> {
        let alice: Pubkey = Approver::Alice.public_key().parse().unwrap();
        let mut data = vec![2, 0, 0, 0];
        data.extend(lamports.to_le_bytes());
        let header = MessageHeader {
            num_required_signatures: 2,
            num_readonly_signed_accounts: 1,
            num_readonly_unsigned_accounts: 1,
        };
        let message = Message {
            header,
            account_keys: vec![self.address, alice, COLD, Pubkey::default()],
            recent_blockhash: blockhash,
            instructions: vec![CompiledInstruction::new_from_raw_parts(3, data, vec![0, 2])],
        };
        message.serialize()
    }

    async fn held(&self) -> String {
        let message = self.message(SOL, Hash::new_from_array([1; 32]));
        let reply = self.bot.sign("ask", &self.wallet, &message).await.unwrap();
        assert_eq!(reply.status, 202, "{}", reply.body);
        reply.body["request_id"].as_str().unwrap().to_owned()
    }

    async fn agrees(&self, approvers: [Approver; 2], request: &str) {
        for approver in approvers {
            approver.agrees(&self.operator, request).await.unwrap();
        }
    }

    async fn release(&self, key: &str, field: &str, bytes: &[u8], request: &str) -> Reply {
        let body = json!({
            "wallet_id": self.wallet, field: BASE64_STANDARD.encode(bytes),
            "approved_request_id": request,
        });
        let path = "/v1/sign/solana";
        self.bot.post_keyed(path, key, &body).await.unwrap()
    }

    /// `countersign requests cosign` as operator a, with alice's Ledger.
    fn cosign(&self, request: &str, message: &[u8], ledger: &Emulator, out: &str) -> Ended {
        self.cosign_with(request, message, ledger, out, &[])
    }

    fn cosign_with(
        &self,
        request: &str,
        message: &[u8],
        ledger: &Emulator,
        out: &str,
        more: &[&str],
    ) -> Ended {
        let file = self.appliance.path("fresh-message");
        fs::write(&file, BASE64_STANDARD.encode(message)).unwrap();
        let out = self.appliance.path(out);
        let line = [
            "requests",
            "cosign",
            request,
            file.to_str().unwrap(),
            "--ledger",
            &ledger.address(),
            "--out",
            out.to_str().unwrap(),
        ]
        .map(str::to_owned);
        let mut command = self.appliance.countersign("operator-a");
        program::run(command.args(line).args(more)).unwrap()
    }
}

fn ledger(approver: Approver, press: Press) -> Emulator {
    let keys = Keys::Given(approver.secret());
    let ledger = Ledger::new(keys, Buttons::always(press), Settings::default());
    Emulator::listen("127.0.0.1:0", ledger).unwrap()
}

fn waits_for_the_device(reply: &Reply) {
    assert_eq!(reply.status, 202, "{}", reply.body);
    let why = reply.body["reasons"][0]["message"].as_str().unwrap();
    assert!(why.contains("inside the transaction"), "{why}");
}

/// A transaction whose second slot has this signature.
fn with_second(signature: &str, message: &[u8]) -> Vec<u8> {
    let signature = bs58::decode(signature).into_vec().unwrap();
    [&[2][..], &[0; 64], &signature, message].concat()
}

#[tokio::test]
async fn the_ledgers_signature_is_in_the_transaction_before_the_wallets() {
    let desk = Desk::open().await;
    let request = desk.held().await;
    desk.agrees([Approver::Alice, Approver::Bob], &request)
        .await;
    let path = format!("/v1/requests/{request}");
    let shown: Value = desk.operator.get(&path).await.unwrap().ok().unwrap();
    assert!(
        shown["missing"][0]
            .as_str()
            .unwrap()
            .contains("inside the transaction")
    );

    let mut svm = LiteSVM::new();
    svm.airdrop(&desk.address, 5 * SOL).unwrap();
    let fresh = desk.message(SOL, svm.latest_blockhash());
    let bare = desk.release("bare", "message", &fresh, &request).await;
    waits_for_the_device(&bare);
    for (key, signature) in [
        ("another-key", Approver::Bob.sign(&fresh)),
        ("other-bytes", Approver::Alice.sign(&fresh[1..])),
        ("text-alone", Approver::Alice.sign(b"text")),
    ] {
        let forged = with_second(&signature, &fresh);
        let forged = desk.release(key, "transaction", &forged, &request).await;
        waits_for_the_device(&forged);
    }

    let alice = ledger(Approver::Alice, Press::Approve);
    let cosigned = desk.cosign(&request, &fresh, &alice, "cosigned");
    assert_eq!(cosigned.code, Some(0), "{cosigned}");
    let wallet = desk.address.to_string();
    assert_eq!(
        alice.ledger().shown(),
        [Screen::Transfer {
            lamports: SOL,
            recipient: COLD.to_string(),
            sender: Some(wallet.clone()),
            fee_payer: Some(wallet),
        }]
    );
    let text = fs::read_to_string(desk.appliance.path("cosigned")).unwrap();
    let transaction = BASE64_STANDARD.decode(text.trim()).unwrap();
    let released = desk
        .release("go", "transaction", &transaction, &request)
        .await;
    assert_eq!(released.status, 200, "{}", released.body);
    let signed = released.body["transaction"].as_str().unwrap();
    let signed = BASE64_STANDARD.decode(signed).unwrap();
    let signed: VersionedTransaction = wincode::deserialize_exact(&signed).unwrap();
    svm.send_transaction(signed).unwrap();
    assert_eq!(svm.get_balance(&COLD), Some(SOL));
}

#[tokio::test]
async fn a_cosigner_who_did_not_approve_the_text_does_not_count() {
    let desk = Desk::open().await;
    let request = desk.held().await;
    desk.agrees([Approver::Bob, Approver::Carol], &request)
        .await;
    let fresh = desk.message(SOL, Hash::new_from_array([2; 32]));
    let transaction = with_second(&Approver::Alice.sign(&fresh), &fresh);
    let early = desk
        .release("early", "transaction", &transaction, &request)
        .await;
    waits_for_the_device(&early);
    Approver::Alice
        .agrees(&desk.operator, &request)
        .await
        .unwrap();
    let released = desk
        .release("go", "transaction", &transaction, &request)
        .await;
    assert_eq!(released.status, 200, "{}", released.body);
}

#[tokio::test]
async fn a_device_that_refuses_or_holds_another_key_writes_nothing() {
    let desk = Desk::open().await;
    let request = desk.held().await;
    let fresh = desk.message(SOL, Hash::new_from_array([2; 32]));
    let refusing = ledger(Approver::Alice, Press::Reject);
    let refused = desk.cosign(&request, &fresh, &refusing, "out");
    assert_eq!(refused.code, Some(1), "{refused}");
    let bob = ledger(Approver::Bob, Press::Approve);
    let other = desk.cosign(&request, &fresh, &bob, "out");
    assert_eq!(other.code, Some(2), "{other}");
    assert!(bob.ledger().shown().is_empty());
    let more = desk.message(SOL + 1, Hash::new_from_array([2; 32]));
    let alice = ledger(Approver::Alice, Press::Approve);
    let more = desk.cosign(&request, &more, &alice, "out");
    assert_eq!(more.code, Some(1), "{more}");
    assert!(alice.ledger().shown().is_empty());
    assert!(!desk.appliance.path("out").exists());
}

#[tokio::test]
async fn a_hash_is_signed_only_where_that_is_written_and_is_printed_as_the_screen_shows_it() {
    let desk = Desk::open().await;
    let message = desk.message_with_budget_behind(SOL);
    let reply = desk.bot.sign("ask", &desk.wallet, &message).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.body);
    let request = reply.body["request_id"].as_str().unwrap().to_owned();
    let alice = ledger(Approver::Alice, Press::Approve);
    let off = desk.cosign(&request, &message, &alice, "off");
    assert_eq!(off.code, Some(1), "{off}");
    assert!(off.stderr.contains("put it first"), "{off}");

    alice.ledger().settings.blind_signing = true;
    let silent = desk.cosign(&request, &message, &alice, "silent");
    assert_eq!(silent.code, Some(1), "{silent}");
    assert!(silent.stderr.contains("--blind"), "{silent}");
    assert!(alice.ledger().shown().is_empty());
    let meant = desk.cosign_with(&request, &message, &alice, "meant", &["--blind"]);
    assert_eq!(meant.code, Some(0), "{meant}");
    let shown = alice.ledger().shown().to_vec();
    let [Screen::Unrecognized { hash }] = shown.as_slice() else {
        panic!("{shown:?}");
    };
    assert!(meant.stderr.contains(hash.as_str()), "{meant}");
}

#[tokio::test]
async fn a_message_that_no_member_signs_is_refused_when_it_is_asked() {
    let desk = Desk::open().await;
    let bare = softhsm_tests::message::transfer(&desk.address, &COLD, SOL);
    let reply = desk.bot.sign("ask", &desk.wallet, &bare).await.unwrap();
    let problem = reply.problem().unwrap();
    assert!(
        problem.detail.contains("names none as a signer"),
        "{problem:?}"
    );
    assert!(
        problem.detail.contains(&Approver::Alice.public_key()),
        "{problem:?}"
    );
}
