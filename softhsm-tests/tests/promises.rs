//! Promises that need no appliance: what is decoded is what is signed, what cannot be judged is
//! denied, and there is no side door among the routes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use countersign_api::{Method, ROUTES};
use countersign_decode::solana::{Context, decode_message};
use countersign_intent::{Address, Principal, Role, Timestamp, UserId, WalletId};
use countersign_policy::usage::Window;
use countersign_policy::{Decision, Facts, LimitKey, WalletFacts, decide};
use proptest::prelude::*;
use softhsm_tests::message::{Version, compile, system};
use solana_hash::Hash;
use solana_pubkey::Pubkey;

fn transfer(version: Version, lamports: u64, blockhash: [u8; 32]) -> (Pubkey, Vec<u8>) {
    let payer = Pubkey::new_from_array([3; 32]);
    let cold: Pubkey = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"
        .parse()
        .unwrap();
    let instruction = system::transfer(&payer, &cold, lamports);
    let hash = Hash::new_from_array(blockhash);
    let message = compile(version, &payer, &[instruction], hash).unwrap();
    (payer, message.serialize())
}

proptest! {
    /// The decoder hands on the very bytes it read: nothing re-encodes them.
    #[test]
    fn inv02_what_policy_saw_is_what_is_signed(
        lamports in 1_u64..,
        blockhash: [u8; 32],
        version in prop::sample::select(Version::ALL.to_vec()),
    ) {
        let (payer, bytes) = transfer(version, lamports, blockhash);
        let wallet = Address::new(payer.to_bytes());
        let decoded = decode_message(&bytes, &Context::new(wallet)).unwrap();
        prop_assert_eq!(decoded.input.as_bytes(), bytes.as_slice());
        let signed = decoded.transaction.with_signature([9; 64]);
        prop_assert!(signed.windows(bytes.len()).any(|window| window == bytes.as_slice()));
    }
}

const PRICED: &str = r#"
schema = 1
name = "priced"

[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]

[assets.SOL]
reference_price_usd = { source = "operator", max_age = "24h" }

[[limits]]
name = "usd"
when = { action = "withdrawal", asset = "SOL" }
per = "wallet"
window = "24h"
max_usd = "1000"

[[rules]]
name = "out"
when = { action = "withdrawal", destination = "cold" }
then = "allow"
"#;

fn judge(windows: &Vec<(LimitKey, Window)>, prices: &[countersign_policy::Price]) -> Decision {
    let (payer, bytes) = transfer(Version::Legacy, 1_000_000_000, [1; 32]);
    let wallet = Address::new(payer.to_bytes());
    let decoded = decode_message(&bytes, &Context::new(wallet)).unwrap();
    let set = countersign_policy::parse(PRICED).unwrap();
    let bot = Principal::new(Role::Bot, "b").unwrap();
    let facts = Facts {
        now: Timestamp::parse("2026-11-21T00:00:00Z").unwrap(),
        principal: &bot,
        wallet: wallet_facts(),
        usage: windows,
        prices,
        added_destinations: &[],
        approvals: None,
    };
    decide(&set, &decoded.intent, &facts)
}

fn wallet_facts() -> WalletFacts<'static> {
    WalletFacts {
        id: WalletId::from_bytes([1; 16]),
        user: UserId::from_bytes([2; 16]),
        tier: None,
        limits: &[],
    }
}

fn windows() -> Vec<(LimitKey, Window)> {
    let (payer, bytes) = transfer(Version::Legacy, 1_000_000_000, [1; 32]);
    let wallet = Address::new(payer.to_bytes());
    let decoded = decode_message(&bytes, &Context::new(wallet)).unwrap();
    let set = countersign_policy::parse(PRICED).unwrap();
    let bot = Principal::new(Role::Bot, "b").unwrap();
    let keys = countersign_policy::limit_keys(&set, &decoded.intent, &bot, &wallet_facts());
    keys.into_iter()
        .map(|key| (key.clone(), Window::new(key.window())))
        .collect()
}

fn price(taken_at: &str) -> countersign_policy::Price {
    countersign_policy::Price {
        asset: countersign_intent::Asset::SOL,
        micro_usd: 150_000_000,
        taken_at: Timestamp::parse(taken_at).unwrap(),
    }
}

#[test]
fn inv04_what_cannot_be_judged_is_denied() {
    let fresh = [price("2026-11-20T12:00:00Z")];
    let stale = [price("2026-11-19T12:00:00Z")];
    assert!(matches!(judge(&windows(), &fresh), Decision::Allow(_)));
    assert!(
        matches!(judge(&windows(), &[]), Decision::Deny(_)),
        "without a price"
    );
    assert!(
        matches!(judge(&windows(), &stale), Decision::Deny(_)),
        "with a stale price"
    );
    assert!(
        matches!(judge(&Vec::new(), &fresh), Decision::Deny(_)),
        "without the usage so far"
    );
}

#[test]
fn inv10_no_route_signs_a_digest_or_raw_bytes() {
    let signing: Vec<&str> = ROUTES
        .iter()
        .filter(|route| route.path.contains("sign"))
        .map(|route| {
            assert_eq!(route.method, Method::Post);
            route.path
        })
        .collect();
    let known = ["/v1/sign/solana", "/v1/sign/solana/batch", "/v1/sign/evm"];
    assert_eq!(signing, known);
    let solana = [
        "approved_request_id",
        "message",
        "mints",
        "transaction",
        "wallet_id",
    ];
    let evm = [
        "approved_request_id",
        "transaction",
        "typed_data",
        "wallet_id",
    ];
    let document = countersign_api::document();
    for (body, known) in [("SignSolana", &solana[..]), ("SignEvm", &evm[..])] {
        let schema = &document["components"]["schemas"][body]["properties"];
        let mut fields: Vec<&String> = schema.as_object().unwrap().keys().collect();
        fields.sort();
        assert_eq!(
            fields, known,
            "a new field needs a look at what it lets a bot sign"
        );
    }
}
