//! Lookup tables: strict unless the policy says attested, and attested by anybody but a bot.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use anyhow::Result;
use countersign_api::{ErrorCode, LookupTable, Page, PendingChange};
use serde_json::json;
use softhsm_tests::client::{Client, Reply};
use softhsm_tests::message::BLOCKHASH;
use softhsm_tests::swap::{Terms, USDC, WRAPPED_SOL, usdc_for_sol};
use softhsm_tests::{Appliance, Approver, Options};
use solana_message::{AddressLookupTableAccount, VersionedMessage, v0};
use solana_pubkey::Pubkey;
use spl_associated_token_account_interface::address::get_associated_token_address;

const TABLE: Pubkey = Pubkey::new_from_array([0x71; 32]);

fn policy(mode: &str) -> String {
    format!(
        r#"
schema = 1
name = "tables"
{mode}
[groups.change]
approvers = ["alice", "bob", "carol"]
quorum = 2

[[rules]]
name = "dex-trades"
when = {{ action = "trade", program = "jupiter-v6", max_slippage_bps = 3000 }}
then = "allow"
"#
    )
}

const ATTESTED: &str = "[solana]\nlookup_tables = \"attested\"\n";

struct Desk {
    appliance: Appliance,
    operator: Client,
    gateway: Client,
    bot: Client,
    wallet: String,
    /// The wallet's two token accounts of the trade, as the table has them.
    entries: [Pubkey; 2],
    /// The trade, its token accounts named by the table alone.
    trade: Vec<u8>,
}

impl Desk {
    async fn new(policy: &str) -> Result<Self> {
        let appliance = Appliance::running(&Options::policy(policy)).await?;
        let gateway = appliance.client("gateway")?;
        let user = gateway.user("u").await?;
        let wallet = gateway.wallet(&user.id, None).await?;
        gateway.grant("bot", &wallet.id).await?;
        let trader: Pubkey = wallet.address.parse()?;
        let entries = [USDC, WRAPPED_SOL].map(|mint| get_associated_token_address(&trader, &mint));
        let table = AddressLookupTableAccount {
            key: TABLE,
            addresses: entries.to_vec(),
        };
        let instructions = usdc_for_sol(&trader, Terms::MAINNET)?;
        let message = v0::Message::try_compile(&trader, &instructions, &[table], BLOCKHASH)?;
        Ok(Self {
            operator: appliance.client("operator-a")?,
            bot: appliance.client("bot")?,
            gateway,
            appliance,
            wallet: wallet.id,
            entries,
            trade: VersionedMessage::V0(message).serialize(),
        })
    }

    async fn sign(&self, key: &str) -> Reply {
        self.bot.sign(key, &self.wallet, &self.trade).await.unwrap()
    }

    async fn refused(&self, key: &str, code: ErrorCode, says: &str) {
        refused(self.sign(key).await, code, says);
    }

    async fn signed(&self, key: &str) {
        let reply = self.sign(key).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
}

async fn feed(who: &Client, from: u16, entries: &[Pubkey]) -> Reply {
    let addresses: Vec<String> = entries.iter().map(ToString::to_string).collect();
    let body = json!({ "address": TABLE.to_string(), "from": from, "addresses": addresses });
    who.post("/v1/tables", &body).await.unwrap()
}

fn refused(reply: Reply, code: ErrorCode, says: &str) {
    let problem = reply.problem().unwrap();
    assert_eq!(problem.code, code, "{problem:?}");
    let whole = format!("{problem:?}");
    assert!(whole.contains(says), "{whole}");
}

#[tokio::test]
async fn a_table_counts_only_where_the_policy_says_attested() {
    let desk = Desk::new(&policy("")).await.unwrap();
    refused(
        feed(&desk.bot, 0, &desk.entries).await,
        ErrorCode::Forbidden,
        "role `bot`",
    );
    let fed: LookupTable = feed(&desk.gateway, 0, &desk.entries).await.ok().unwrap();
    assert_eq!((fed.length, fed.fed_by.as_str()), (2, "gateway/gateway"));
    // Strict: what a table holds is of no account.
    desk.refused("a", ErrorCode::Undecodable, "unresolved_account")
        .await;

    let body = json!({ "text": policy(ATTESTED) });
    let change = desk.operator.post("/v1/policies", &body).await.unwrap();
    assert_eq!(change.status, 202, "{}", change.body);
    let change: PendingChange = serde_json::from_value(change.body).unwrap();
    assert!(
        change.why.iter().any(|why| why.contains("lookup table")),
        "{change:?}"
    );
    for person in [Approver::Alice, Approver::Bob] {
        person
            .agrees(&desk.operator, &change.request_id)
            .await
            .unwrap();
    }
    desk.signed("b").await;
    // And back, on one word.
    let body = json!({ "text": policy("") });
    let tighter = desk.operator.post("/v1/policies", &body).await.unwrap();
    assert_eq!(tighter.status, 200, "{}", tighter.body);
    desk.refused("c", ErrorCode::Undecodable, "unresolved_account")
        .await;
}

#[tokio::test]
async fn what_was_not_observed_is_refused_and_what_was_stays() {
    let mut desk = Desk::new(&policy(ATTESTED)).await.unwrap();
    let [usdc, sol] = desk.entries;
    // Nobody fed it: as strict.
    desk.refused("a", ErrorCode::Undecodable, "unresolved_account")
        .await;
    assert_eq!(feed(&desk.gateway, 0, &[usdc]).await.status, 200);
    desk.refused("b", ErrorCode::Undecodable, "past the 1 entries")
        .await;
    let gap = feed(&desk.gateway, 2, &[sol]).await;
    refused(gap, ErrorCode::InvalidRequest, "1 entries of table");
    let grown: LookupTable = feed(&desk.gateway, 1, &[sol]).await.ok().unwrap();
    assert_eq!(grown.length, 2);
    desk.signed("c").await;
    assert_eq!(feed(&desk.operator, 0, &desk.entries).await.status, 200);

    desk.appliance.kill();
    desk.appliance.start().await.unwrap();
    desk.bot = desk.appliance.client("bot").unwrap();
    let auditor = desk.appliance.client("auditor").unwrap();
    desk.signed("d").await;
    let known = auditor.get(&format!("/v1/tables/{TABLE}")).await.unwrap();
    let known: LookupTable = known.ok().unwrap();
    assert_eq!(known.addresses, desk.entries.map(|one| one.to_string()));
    let listed: Page<LookupTable> = auditor.get("/v1/tables").await.unwrap().ok().unwrap();
    assert_eq!((listed.items.len(), listed.items[0].length), (1, 2));
}

#[tokio::test]
async fn a_wrong_table_is_refused_told_and_mended_by_an_operator() {
    let desk = Desk::new(&policy(ATTESTED)).await.unwrap();
    let [usdc, sol] = desk.entries;
    assert_eq!(feed(&desk.gateway, 0, &[sol, usdc]).await.status, 200);
    let reply = desk.sign("a").await;
    assert!(matches!(reply.status, 403 | 422), "{}", reply.body);
    let other = feed(&desk.gateway, 0, &desk.entries).await;
    refused(
        other,
        ErrorCode::AlreadyDecided,
        &format!("entry 0 of table `{TABLE}`"),
    );
    let metrics = desk.appliance.operations("/metrics").unwrap().body;
    assert!(
        metrics.contains("countersign_feeds_refused_total{feed=\"table\"} 1"),
        "{metrics}"
    );
    let entries = desk
        .operator
        .get("/v1/audit/entries?start=0&limit=500")
        .await
        .unwrap();
    let log = entries.body.to_string();
    assert!(
        log.contains("feed_refused") && log.contains("table_fed"),
        "{log}"
    );

    let path = format!("/v1/tables/{TABLE}");
    assert_eq!(desk.gateway.delete(&path).await.unwrap().status, 403);
    assert_eq!(desk.operator.delete(&path).await.unwrap().status, 204);
    desk.refused("b", ErrorCode::Undecodable, "unresolved_account")
        .await;
    let again = feed(&desk.gateway, 0, &desk.entries).await;
    refused(again, ErrorCode::Forbidden, "removed by an operator");
    assert_eq!(feed(&desk.operator, 0, &desk.entries).await.status, 200);
    desk.signed("c").await;
}
