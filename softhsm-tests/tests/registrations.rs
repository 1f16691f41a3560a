//! Accounts and markets that no message explains: people register them, one word takes them off.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use anyhow::Result;
use countersign_api::{ErrorCode, Page, PendingChange, Registration, Request};
use serde_json::{Value, json};
use softhsm_tests::client::{Client, Reply};
use softhsm_tests::log::Fetched;
use softhsm_tests::message::{legacy, system};
use softhsm_tests::swap::USDC;
use softhsm_tests::{Appliance, Approver, Options};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use spl_associated_token_account_interface::address::get_associated_token_address;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const ACCOUNT: Pubkey = Pubkey::new_from_array([0x61; 32]);
const TIPS: Pubkey = Pubkey::new_from_array([0x62; 32]);
const BONK: Pubkey = Pubkey::from_str_const("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263");
const MARKET: Pubkey = Pubkey::new_from_array([0x63; 32]);

const POLICY: &str = r#"
schema = 1
name = "registrations"

[groups.change]
approvers = ["alice", "bob", "carol"]
quorum = 2

[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]

[[rules]]
name = "usdc-to-cold"
when = { action = "withdrawal", asset = "USDC", destination = "cold", max_amount = "10" }
then = "allow"

[assets.BONK]
mint = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"
decimals = 5

[[rules]]
name = "order-books"
when = { action = "trade", program = ["phoenix", "openbook-v2"] }
then = "allow"

[[rules]]
name = "upkeep"
when = { action = ["fee", "housekeeping"], max_tip = "0.001 SOL" }
then = "allow"
"#;

struct Desk {
    appliance: Appliance,
    operator: Client,
    bot: Client,
}

impl Desk {
    async fn new() -> Result<Self> {
        let appliance = Appliance::running(&Options::policy(POLICY)).await?;
        Ok(Self {
            operator: appliance.client("operator-a")?,
            bot: appliance.client("bot")?,
            appliance,
        })
    }

    async fn wallet(&self, user: &str) -> Result<(String, Pubkey)> {
        let gateway = self.appliance.client("gateway")?;
        let user = gateway.user(user).await?;
        let wallet = gateway.wallet(&user.id, None).await?;
        gateway.grant("bot", &wallet.id).await?;
        Ok((wallet.id, wallet.address.parse()?))
    }

    async fn ask(&self, body: &Value) -> Result<Reply> {
        self.operator.post("/v1/registrations", body).await
    }

    /// Has it registered; answers its identifier and what people read.
    async fn register(&self, body: &Value) -> (String, String) {
        let reply = self.ask(body).await.unwrap();
        assert_eq!(reply.status, 202, "{}", reply.body);
        let change: PendingChange = serde_json::from_value(reply.body).unwrap();
        assert_eq!(change.kind, "registration_add");
        let (alice, bob) = (Approver::Alice, Approver::Bob);
        let shown = alice.agrees(&self.operator, &change.request_id).await;
        let text = shown.unwrap().text.unwrap();
        let shown: Request = bob
            .agrees(&self.operator, &change.request_id)
            .await
            .unwrap();
        assert_eq!(shown.state, "done", "{shown:?}");
        let id = shown.result.unwrap()["registration_id"].clone();
        (id.as_str().unwrap().to_owned(), text)
    }

    async fn listed(&self) -> Vec<Registration> {
        let reply = self.operator.get("/v1/registrations").await.unwrap();
        reply.ok::<Page<Registration>>().unwrap().items
    }

    async fn remove(&self, id: &str) -> u16 {
        let path = format!("/v1/registrations/{id}");
        self.operator.delete(&path).await.unwrap().status
    }

    async fn sign(&self, key: &str, wallet: &str, message: &[u8]) -> Reply {
        self.bot.sign(key, wallet, message).await.unwrap()
    }
}

/// Sends USDC to the cold address from a token account whose mint nothing names.
fn from_account(owner: &Pubkey) -> Vec<u8> {
    let cold = get_associated_token_address(&COLD.parse().unwrap(), &USDC);
    let transfer = Instruction {
        program_id: spl_token_interface::ID,
        accounts: vec![
            AccountMeta::new(ACCOUNT, false),
            AccountMeta::new(cold, false),
            AccountMeta::new_readonly(*owner, true),
        ],
        data: [&[3][..], &1_000_000_u64.to_le_bytes()].concat(),
    };
    legacy(owner, &[transfer])
}

fn refused(reply: Reply, code: ErrorCode, says: &str) {
    let problem = reply.problem().unwrap();
    assert_eq!(problem.code, code, "{problem:?}");
    let whole = format!("{problem:?}");
    assert!(whole.contains(says), "{whole}");
}

fn token_account(wallet: &str) -> Value {
    json!({
        "kind": "token_account", "wallet_id": wallet, "account": ACCOUNT.to_string(),
        "mint": USDC.to_string(),
    })
}

#[tokio::test]
async fn a_token_account_counts_for_its_wallet_while_it_is_registered() {
    let mut desk = Desk::new().await.unwrap();
    let (wallet, address) = desk.wallet("u").await.unwrap();
    let (other, other_address) = desk.wallet("v").await.unwrap();
    let message = from_account(&address);
    let before = desk.sign("a", &wallet, &message).await;
    refused(before, ErrorCode::Undecodable, "unproven_account");

    let (id, text) = desk.register(&token_account(&wallet)).await;
    let told = format!("Register token account {ACCOUNT}\nas belonging to {address}\n");
    assert!(text.starts_with(&told), "{text}");
    let signed = desk.sign("b", &wallet, &message).await;
    assert_eq!(signed.status, 200, "{}", signed.body);
    let elsewhere = desk.sign("c", &other, &from_account(&other_address)).await;
    refused(elsewhere, ErrorCode::Undecodable, "unproven_account");
    let twice = desk.ask(&token_account(&other)).await.unwrap();
    refused(twice, ErrorCode::AlreadyDecided, "registered already");

    desk.appliance.stop().await.unwrap();
    desk.appliance.start().await.unwrap();
    desk.operator = desk.appliance.client("operator-a").unwrap();
    desk.bot = desk.appliance.client("bot").unwrap();
    let signed = desk.sign("d", &wallet, &message).await;
    assert_eq!(signed.status, 200, "{}", signed.body);
    assert_eq!(desk.listed().await[0].id, id);

    assert_eq!(desk.remove(&id).await, 204);
    let after = desk.sign("e", &wallet, &message).await;
    refused(after, ErrorCode::Undecodable, "unproven_account");
    assert!(desk.listed().await.is_empty());
    // What was signed before stays answered.
    assert_eq!(desk.sign("b", &wallet, &message).await.status, 200);
    // It can be registered again, for another wallet too.
    desk.register(&token_account(&other)).await;
    let signed = desk.sign("f", &other, &from_account(&other_address)).await;
    assert_eq!(signed.status, 200, "{}", signed.body);
}

fn close(account: Pubkey, owner: &Pubkey) -> Instruction {
    Instruction {
        program_id: spl_token_interface::ID,
        accounts: vec![
            AccountMeta::new(account, false),
            AccountMeta::new(*owner, false),
            AccountMeta::new_readonly(*owner, true),
        ],
        data: vec![9],
    }
}

/// Whoever has the key of a registered account could open it as their own once it is closed. So no message
/// that ends it is signed while it is registered, whatever stands beside the close.
#[tokio::test]
async fn what_could_end_a_registered_account_is_refused_while_it_is_registered() {
    let mut desk = Desk::new().await.unwrap();
    let (wallet, address) = desk.wallet("u").await.unwrap();
    let (id, _) = desk.register(&token_account(&wallet)).await;
    let hand_over = Instruction {
        program_id: spl_token_interface::ID,
        accounts: vec![
            AccountMeta::new(ACCOUNT, false),
            AccountMeta::new_readonly(address, true),
        ],
        // SetAuthority: the account's owner, to the tip account.
        data: [&[6, 2, 1][..], &TIPS.to_bytes()].concat(),
    };
    let to_self = system::transfer(&address, &address, 1);
    let own = get_associated_token_address(&address, &BONK);
    let endings = [
        vec![close(ACCOUNT, &address)],
        vec![to_self.clone(), close(ACCOUNT, &address)],
        vec![close(ACCOUNT, &address), close(own, &address)],
        vec![hand_over],
    ];
    for round in 0..2 {
        for (number, steps) in endings.iter().enumerate() {
            let message = legacy(&address, steps);
            let reply = desk
                .sign(&format!("{round}-{number}"), &wallet, &message)
                .await;
            assert_ne!(reply.status, 200, "{number}: {}", reply.body);
            assert!(
                number == 3
                    || reply
                        .body
                        .to_string()
                        .contains("closes a registered token account"),
                "{number}: {}",
                reply.body
            );
        }
        // It is registered still, and counts.
        assert_eq!(desk.listed().await[0].id, id);
        let key = format!("{round}-still");
        let signed = desk.sign(&key, &wallet, &from_account(&address)).await;
        assert_eq!(signed.status, 200, "{}", signed.body);
        desk.appliance.kill();
        desk.appliance.start().await.unwrap();
        desk.operator = desk.appliance.client("operator-a").unwrap();
        desk.bot = desk.appliance.client("bot").unwrap();
    }
    // Nobody else could open an account that is derived from the wallet.
    let signed = desk
        .sign("own", &wallet, &legacy(&address, &[close(own, &address)]))
        .await;
    assert_eq!(signed.status, 200, "{}", signed.body);
    // Taken off the register it is unknown: nothing can be done with it any more.
    assert_eq!(desk.remove(&id).await, 204);
    desk.appliance.kill();
    desk.appliance.start().await.unwrap();
    desk.bot = desk.appliance.client("bot").unwrap();
    let ended = desk.sign("ended", &wallet, &from_account(&address)).await;
    refused(ended, ErrorCode::Undecodable, "unproven_account");
}

#[tokio::test]
async fn a_tip_account_and_a_market_are_registered_for_everybody() {
    let desk = Desk::new().await.unwrap();
    let (wallet, address) = desk.wallet("u").await.unwrap();
    let tip = legacy(&address, &[system::transfer(&address, &TIPS, 500_000)]);
    let before = desk.sign("a", &wallet, &tip).await;
    refused(before, ErrorCode::PolicyDenied, "no rule permits");
    let body = json!({ "kind": "tip_account", "account": TIPS.to_string() });
    let (id, text) = desk.register(&body).await;
    assert!(
        text.starts_with(&format!("Register tip account {TIPS}\n")),
        "{text}"
    );
    let signed = desk.sign("b", &wallet, &tip).await;
    assert_eq!(signed.status, 200, "{}", signed.body);
    let large = legacy(&address, &[system::transfer(&address, &TIPS, 2_000_000)]);
    let over = desk.sign("c", &wallet, &large).await;
    refused(over, ErrorCode::PolicyDenied, "max_tip");
    assert_eq!(desk.remove(&id).await, 204);
    let after = desk.sign("d", &wallet, &tip).await;
    refused(after, ErrorCode::PolicyDenied, "no rule permits");

    let market = json!({
        "kind": "market", "market": MARKET.to_string(), "base_mint": USDC.to_string(),
        "quote_mint": TIPS.to_string(), "base_lot": 100, "quote_lot": 1, "taker_fee_bps": 10,
    });
    let (_, text) = desk.register(&market).await;
    assert!(
        text.contains("100 units a lot") && text.contains("taker fee 10 bps"),
        "{text}"
    );
    assert_eq!(desk.listed().await.len(), 1);
}

/// Slots of an order book's instruction: the pool's, except those given.
fn slots(count: u8, given: &[(usize, AccountMeta)]) -> Vec<AccountMeta> {
    let pool = |slot| AccountMeta::new(Pubkey::new_from_array([0x80 + slot; 32]), false);
    let mut slots: Vec<_> = (0..count).map(pool).collect();
    for (slot, account) in given {
        slots[*slot] = account.clone();
    }
    slots
}

/// Pays at most 2 USDC on Phoenix for 40 lots of BONK at least.
fn phoenix(trader: &Pubkey) -> Vec<u8> {
    let mut data = vec![0, 2, 0, 0];
    for lots in [0_u64, 2_000, 40, 0] {
        data.extend(lots.to_le_bytes());
    }
    data.extend([0; 21]);
    let given = [
        (2, AccountMeta::new(MARKET, false)),
        (3, AccountMeta::new_readonly(*trader, true)),
        (
            4,
            AccountMeta::new(get_associated_token_address(trader, &BONK), false),
        ),
        (
            5,
            AccountMeta::new(get_associated_token_address(trader, &USDC), false),
        ),
        (8, AccountMeta::new_readonly(spl_token_interface::ID, false)),
    ];
    let swap = Instruction {
        program_id: Pubkey::from_str_const("PhoeNiXZ8ByJGLkxNfZRnkUfjvmuYqLR89jjFHGqdXY"),
        accounts: slots(9, &given),
        data,
    };
    legacy(trader, &[swap])
}

/// Buys at most 50 lots of BONK on OpenBook v2 for 2 USDC at most, at 40 quote lots or less.
fn openbook(trader: &Pubkey) -> Vec<u8> {
    let mut data = 0x032c_4703_1ac7_cb55_u64.to_be_bytes().to_vec();
    data.push(0);
    for number in [40_u64, 50, 2_000] {
        data.extend(number.to_le_bytes());
    }
    data.extend([1, 10]);
    let given = [
        (0, AccountMeta::new(*trader, true)),
        (1, AccountMeta::new(*trader, true)),
        (2, AccountMeta::new(MARKET, false)),
        (
            9,
            AccountMeta::new(get_associated_token_address(trader, &BONK), false),
        ),
        (
            10,
            AccountMeta::new(get_associated_token_address(trader, &USDC), false),
        ),
        (
            13,
            AccountMeta::new_readonly(spl_token_interface::ID, false),
        ),
        (14, AccountMeta::new_readonly(Pubkey::default(), false)),
    ];
    let take = Instruction {
        program_id: Pubkey::from_str_const("opnb2LAfJYbRMAHHvqjCwQxanZn7ReEHp1k81EohpZb"),
        accounts: slots(17, &given),
        data,
    };
    legacy(trader, &[take])
}

#[tokio::test]
async fn order_books_are_traded_on_registered_markets_only() {
    let desk = Desk::new().await.unwrap();
    let (wallet, address) = desk.wallet("u").await.unwrap();
    let trades = [
        ("phoenix", phoenix(&address)),
        ("openbook", openbook(&address)),
    ];
    for (key, message) in &trades {
        let before = desk.sign(key, &wallet, message).await;
        refused(before, ErrorCode::PolicyDenied, "is not registered");
    }
    let market = json!({
        "kind": "market", "market": MARKET.to_string(), "base_mint": BONK.to_string(),
        "quote_mint": USDC.to_string(), "base_lot": 100_000, "quote_lot": 1_000,
        "taker_fee_bps": 10,
    });
    let (id, _) = desk.register(&market).await;
    for (key, message) in &trades {
        let signed = desk.sign(&format!("{key}-2"), &wallet, message).await;
        assert_eq!(signed.status, 200, "{key}: {}", signed.body);
    }
    // What the log says was traded is in the market's lots.
    let auditor = desk.appliance.client("auditor").unwrap();
    let reserved = Fetched::from(&auditor).await.unwrap();
    let reserved = reserved.of_kind("sign_reserved").unwrap();
    let told: Vec<String> = reserved.iter().map(Value::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    for entry in &told {
        assert!(entry.contains("2 USDC"), "{entry}");
    }
    assert!(
        told[0].contains("at least 4000000 base units"),
        "{}",
        told[0]
    );
    // 2,000 quote lots pay, after a fee of 10 bps, for 49 base lots at 40.
    assert!(
        told[1].contains("at least 4900000 base units"),
        "{}",
        told[1]
    );
    assert_eq!(desk.remove(&id).await, 204);
    for (key, message) in &trades {
        let after = desk.sign(&format!("{key}-3"), &wallet, message).await;
        refused(after, ErrorCode::PolicyDenied, "is not registered");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_its_field() {
    let desk = Desk::new().await.unwrap();
    let (wallet, address) = desk.wallet("u").await.unwrap();
    let market = |base_lot: u64, fee: u16| {
        json!({
            "kind": "market", "market": MARKET.to_string(), "base_mint": USDC.to_string(),
            "quote_mint": TIPS.to_string(), "base_lot": base_lot, "quote_lot": 1,
            "taker_fee_bps": fee,
        })
    };
    let mut own = token_account(&wallet);
    own["account"] = json!(address.to_string());
    for (body, field) in [
        (market(0, 0), "base_lot"),
        (market(1, 10_001), "taker_fee_bps"),
        (json!({ "kind": "tip_account", "account": "x" }), "account"),
        (own, "account"),
    ] {
        let problem = desk.ask(&body).await.unwrap().problem().unwrap();
        assert_eq!(problem.field.as_deref(), Some(field), "{problem:?}");
    }
    let nobody = token_account("wal_00000000000000000000000000000000");
    refused(
        desk.ask(&nobody).await.unwrap(),
        ErrorCode::NotFound,
        "wallet",
    );
    let more = json!({ "kind": "tip_account", "account": COLD, "more": 1 });
    refused(
        desk.ask(&more).await.unwrap(),
        ErrorCode::InvalidRequest,
        "more",
    );
    assert_eq!(
        desk.remove("rgn_00000000000000000000000000000000").await,
        404
    );
}
