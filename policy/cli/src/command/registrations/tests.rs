use serde_json::{Value, json};

use crate::command::tests::{WALLET, countersign, tried};
use crate::exit::Exit;

const A: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const MINT: &str = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
const ID: &str = "rgn_30313233343536373839616263646566";

const TOKEN_ACCOUNT: [&str; 9] = [
    "registrations",
    "add",
    "token-account",
    "--wallet",
    WALLET,
    "--account",
    A,
    "--mint",
    MINT,
];

fn body(call: &crate::client::Call) -> Value {
    serde_json::from_slice(call.body.as_ref().unwrap()).unwrap()
}

#[test]
fn a_registration_waits_for_people() {
    let pending = json!({
        "request_id": "req_1", "decision": "approval_required", "kind": "registration_add",
        "group": "change", "quorum": 2, "opens_at": "a", "expires_at": "b",
        "why": ["Register token account"], "log_index": 7,
    });
    let (exit, out, _, calls) = countersign(&TOKEN_ACCOUNT, [(202, pending)]);
    assert_eq!(exit, Exit::NeedsApproval);
    assert!(out.contains("Register token account"), "{out}");
    assert_eq!(calls[0].path, "/v1/registrations");
    let sent = json!({
        "kind": "token_account", "wallet_id": WALLET, "account": A, "mint": MINT,
    });
    assert_eq!(body(&calls[0]), sent);
}

#[test]
fn registrations_can_be_tried() {
    let market = [
        "registrations",
        "add",
        "market",
        "--market",
        A,
        "--base-mint",
        MINT,
        "--quote-mint",
        A,
        "--base-lot",
        "100",
        "--quote-lot",
        "1",
        "--taker-fee-bps",
        "10",
    ];
    let remove = ["registrations", "remove", ID];
    for (line, path, says) in [
        (&TOKEN_ACCOUNT[..], "/v1/registrations", "\"mint\":"),
        (&market[..], "/v1/registrations", "\"base_lot\":100"),
        (&remove[..], "/v1/registrations/rgn_", ""),
    ] {
        let (_, call) = tried(line, []);
        assert!(call.path.starts_with(path), "{}", call.path);
        let body = call.body.unwrap_or_default();
        assert!(String::from_utf8(body).unwrap().contains(says));
    }
}

#[test]
fn what_is_registered_is_listed() {
    let one = |registered: Value| {
        json!({
            "id": ID, "registered": registered, "request_id": "req_1", "registered_at": "c",
        })
    };
    let items = json!([
        one(json!({"kind": "token_account", "wallet_id": WALLET, "account": A, "mint": MINT})),
        one(json!({"kind": "tip_account", "account": A})),
        one(json!({
            "kind": "market", "market": A, "base_mint": MINT, "quote_mint": A,
            "base_lot": 100, "quote_lot": 1, "taker_fee_bps": 10,
        })),
    ]);
    let page = json!({ "items": items, "next_cursor": null });
    let (exit, out, ..) = countersign(&["registrations", "list"], [(200, page)]);
    assert_eq!(exit, Exit::Done);
    for said in ["token account", "tip account", "10 bps", WALLET] {
        assert!(out.contains(said), "{said}: {out}");
    }
}

#[test]
fn what_is_no_address_is_not_sent() {
    let line = [
        "countersign",
        "registrations",
        "add",
        "tip-account",
        "--account",
        "x",
    ];
    assert!(<crate::command::Cli as clap::Parser>::try_parse_from(line).is_err());
}

#[test]
fn taking_off_says_so() {
    let (exit, out, _, calls) = countersign(&["registrations", "remove", ID], [(204, Value::Null)]);
    assert_eq!(exit, Exit::Done);
    assert!(out.contains("removed rgn_"), "{out}");
    assert_eq!(calls[0].path, format!("/v1/registrations/{ID}"));
}
