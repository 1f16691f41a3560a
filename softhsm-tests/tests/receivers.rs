//! Who receives is the owner and the account, and rent for somebody else's account is SOL for them:
//! over mutual TLS, on a real token.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::sync::Arc;

use anyhow::Result;
use countersign_api::Decision;
use serde_json::{Value, json};
use softhsm_tests::client::Client;
use softhsm_tests::{Appliance, Options, Reply, Shared, message};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use spl_associated_token_account_interface::address::get_associated_token_address;
use spl_associated_token_account_interface::instruction::create_associated_token_account_idempotent;

const USDC: Pubkey = Pubkey::from_str_const("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v");
const BARRED: Pubkey = Pubkey::new_from_array([0xb1; 32]);
const WATCHED: Pubkey = Pubkey::new_from_array([0xb2; 32]);
const CAPPED: Pubkey = Pubkey::new_from_array([0xb3; 32]);
const UNLISTED: Pubkey = Pubkey::new_from_array([0xb4; 32]);

/// Denies, asks and counts by token accounts; `more` comes after the destinations.
fn policy(more: &str) -> String {
    let account = |owner: &Pubkey| get_associated_token_address(owner, &USDC);
    format!(
        r#"
schema = 1
name = "receivers"

[groups.treasury]
approvers = ["alice", "bob", "carol"]
[groups.change]
approvers = ["alice", "bob", "carol"]
quorum = 2

[destinations.barred]
solana = ["{}"]
[destinations.watched]
solana = ["{}"]
[destinations.capped]
solana = ["{}"]
{more}
[[limits]]
name = "capped"
when = {{ action = "withdrawal", asset = "USDC", destination = "capped" }}
per = "global"
window = "24h"
max_amount = "1"
[[limits]]
name = "sol-out"
when = {{ action = "withdrawal", asset = "SOL" }}
per = "wallet"
window = "24h"
max_amount = "0.01"

[[rules]]
name = "not-there"
when = {{ destination = "barred" }}
then = "deny"
[[rules]]
name = "asks"
when = {{ action = "withdrawal", destination = "watched" }}
then = {{ approve = {{ group = "treasury", quorum = 2 }} }}
[[rules]]
name = "anywhere"
when = {{ action = "withdrawal", destination = "any" }}
then = "allow"
"#,
        account(&BARRED),
        account(&WATCHED),
        account(&CAPPED)
    )
}

static SHARED: Shared = Shared::new();

struct Desk {
    _appliance: Arc<Appliance>,
    bot: Client,
    wallet: String,
    address: Pubkey,
}

async fn desk(user: &str, actions: Option<Value>) -> Result<Desk> {
    let appliance = SHARED.get(|| Options::policy(policy(""))).await?;
    let gateway = appliance.client("gateway")?;
    let user = gateway.user(user).await?;
    let wallet = gateway.wallet(&user.id, None).await?;
    let mut body = json!({ "bot": "bot", "wallet_id": wallet.id });
    if let Some(actions) = actions {
        body["actions"] = actions;
    }
    let granted = gateway.post("/v1/grants", &body).await?;
    assert_eq!(granted.status, 200, "{}", granted.body);
    Ok(Desk {
        bot: appliance.client("bot")?,
        address: wallet.address.parse()?,
        wallet: wallet.id,
        _appliance: appliance,
    })
}

impl Desk {
    fn pays(&self, to: &Pubkey, opens: bool) -> Vec<u8> {
        let all = message::token_transfer(&self.address, to, &USDC, 2_000_000, 6).unwrap();
        message::legacy(&self.address, &all[usize::from(!opens)..])
    }

    /// Accounts for eight mints of one stranger, who is paid nothing.
    fn opens(&self, owner: &Pubkey, count: u8) -> Vec<u8> {
        let open = |number| {
            let mint = Pubkey::new_from_array([number; 32]);
            let program = spl_token_interface::ID;
            create_associated_token_account_idempotent(&self.address, owner, &mint, &program)
        };
        let all: Vec<Instruction> = (1..=count).map(open).collect();
        message::legacy(&self.address, &all)
    }

    async fn sign(&self, key: &str, bytes: &[u8]) -> Reply {
        self.bot.sign(key, &self.wallet, bytes).await.unwrap()
    }
}

fn detail(reply: &Reply) -> &str {
    reply.body["detail"].as_str().unwrap()
}

/// One CreateIdempotent, which proves the owner, turned each of these into a signature.
#[tokio::test]
async fn naming_the_owner_escapes_no_rule_about_the_account() {
    let desk = desk("receivers", None).await.unwrap();
    for (to, status, code) in [
        (BARRED, 403, "policy_denied"),
        (WATCHED, 202, ""),
        (CAPPED, 429, "limit_exceeded"),
        (UNLISTED, 200, ""),
    ] {
        for opens in [false, true] {
            let key = format!("{to}-{opens}");
            let answer = desk.sign(&key, &desk.pays(&to, opens)).await;
            assert_eq!(answer.status, status, "{opens}: {}", answer.body);
            if !code.is_empty() {
                assert_eq!(answer.code(), code, "{}", answer.body);
            }
        }
    }
}

/// The decoder proves owners by the addresses that the policy names, used or not.
#[tokio::test]
async fn an_owner_cannot_be_added_by_one_operator_alone() {
    let appliance = Appliance::running(&Options::policy(policy("")))
        .await
        .unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let more = format!("[destinations.unused]\nsolana = [\"{BARRED}\"]\n");
    let body = json!({ "text": policy(&more) });
    let held = operator.post("/v1/policies", &body).await.unwrap();
    assert_eq!(held.status, 202, "{}", held.body);
    let told = format!("destination `unused` gains {BARRED}");
    assert!(held.body.to_string().contains(&told), "{}", held.body);
    let active = operator.get("/v1/policies/active").await.unwrap();
    assert_eq!(active.body["version"], 1, "{}", active.body);
}

#[tokio::test]
async fn rent_for_strangers_needs_the_grant_and_counts_as_sol() {
    for (user, actions) in [("rent-trades", json!(["trade"])), ("rent-none", json!([]))] {
        let desk = desk(user, Some(actions)).await.unwrap();
        let refused = desk.sign(user, &desk.opens(&UNLISTED, 8)).await;
        assert_eq!((refused.status, refused.code()), (403, "policy_denied"));
        assert!(
            detail(&refused).contains("not `withdrawal`"),
            "{}",
            refused.body
        );
    }
    let desk = desk("rent-out", Some(json!(["withdrawal"]))).await.unwrap();
    let asked = desk.opens(&UNLISTED, 8);
    let shown = desk.bot.dry_run(&desk.wallet, &asked).await.unwrap();
    assert_eq!(shown.decision, Decision::Deny);
    let told = format!(", received by {UNLISTED}");
    let is_rent = |one: &String| one.starts_with("rent up to 0.00203928 SOL for ");
    assert!(
        shown
            .effects
            .iter()
            .any(|one| is_rent(one) && one.ends_with(&told)),
        "{:?}",
        shown.effects
    );
    let over = desk.sign("eight", &asked).await;
    assert_eq!((over.status, over.code()), (429, "limit_exceeded"));
    let told = "limit `sol-out`: limit 0.01 SOL per 24h, used 0, asked 0.01631424";
    assert!(detail(&over).contains(told), "{}", over.body);
    assert_eq!(
        desk.sign("four", &desk.opens(&UNLISTED, 4)).await.status,
        200
    );
    let over = desk.sign("once-more", &desk.opens(&UNLISTED, 4)).await;
    assert!(
        detail(&over).contains("used 0.00815712, asked 0.00815712"),
        "{}",
        over.body
    );
}

/// A grant of nothing brings nothing, upkeep and fees included.
#[tokio::test]
async fn a_grant_of_nothing_pays_no_upkeep() {
    let desk = desk("upkeep-none", Some(json!([]))).await.unwrap();
    let own = desk.opens(&desk.address, 1);
    let refused = desk.sign("own", &own).await;
    assert_eq!((refused.status, refused.code()), (403, "policy_denied"));
    assert!(
        detail(&refused).contains("the bot's grant"),
        "{}",
        refused.body
    );
}
