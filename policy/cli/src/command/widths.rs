//! Every list on a terminal of 80 columns, and in full.

use std::collections::BTreeSet;

use clap::{CommandFactory, Parser};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use super::tests::WALLET;
use super::{Cli, run};
use crate::exit::Exit;
use crate::session::tests::Double;

const ADDRESS: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const MINT: &str = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
const USER: &str = "usr_30313233343536373839616263646566";
const REQUEST: &str = "req_30313233343536373839616263646566";
const SPIFFE: &str = "spiffe://signer.desk-a.example/operator/alexandra-papadopoulou";
const AT: &str = "2026-11-21T12:34:56.123456Z";
const NAME: &str = "momentum on the long tail, second book (Zürich)";

/// Lists by their command line: the answers, what a terminal shows in full, and what `--wide` does.
struct Listing {
    line: &'static [&'static str],
    answers: Vec<Value>,
    always: Vec<&'static str>,
    wide: Vec<&'static str>,
}

fn page(item: Value) -> Vec<Value> {
    vec![json!({ "items": [item] })]
}

fn listing(
    line: &'static [&'static str],
    answers: Vec<Value>,
    always: &[&'static str],
    wide: &[&'static str],
) -> Listing {
    Listing {
        line,
        answers,
        always: always.to_vec(),
        wide: wide.to_vec(),
    }
}

fn policy() -> Value {
    let text = format!(
        "schema = 1\nname = \"desk\"\n[groups.the-treasury-of-desk-a]\n\
         approvers = [\"alexandra-papadopoulou\"]\nquorum = 1\ndelay = \"24h\"\n\
         [destinations.cold-storage-in-the-vault]\nsolana = [\"{ADDRESS}\"]\ncooldown = \"24h\"\n"
    );
    json!({
        "id": "pol_1", "name": "desk", "version": 3, "hash": "ab", "active": true,
        "created_at": AT, "text": text,
    })
}

fn approver() -> Value {
    json!({
        "id": "apr_30313233343536373839616263646566", "name": "alexandra-papadopoulou",
        "scheme": "solana-offchain-v0", "public_key": ADDRESS, "operator": "alexandra-papadopoulou",
        "groups": ["change", "the-treasury-of-desk-a"], "enrolled_at": AT, "removed_at": AT,
    })
}

fn of_people() -> Vec<Listing> {
    let certificate = json!({
        "id": "crt_30313233343536373839616263646566", "spiffe_id": SPIFFE, "not_before": AT,
        "not_after": AT, "revoked_at": AT,
    });
    let version = json!({
        "id": "pol_30313233343536373839616263646566", "name": "desk-a-with-cold-storage",
        "version": 117, "active": true, "created_at": AT,
        "hash": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    });
    let user = json!({
        "id": USER, "external_id": "telegram:5551234567:alexandra", "display_name": NAME,
        "tier": "professional", "created_at": AT,
    });
    vec![
        listing(
            &["approvers", "list"],
            page(approver()),
            &["apr_30313233343536373839616263646566", "9xQeWv…"],
            &[ADDRESS, "solana-offchain-v0", AT],
        ),
        listing(
            &["pki", "list"],
            page(certificate),
            &["crt_30313233343536373839616263646566", "papadopoulou"],
            &[SPIFFE, AT],
        ),
        listing(
            &["policy", "history"],
            page(version),
            &["117", "pol_30313233343536373839616263646566", "decides"],
            &[
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                AT,
            ],
        ),
        listing(
            &["users", "list"],
            page(user),
            &[USER],
            &[NAME, "professional", AT],
        ),
        listing(
            &["groups", "list"],
            vec![
                policy(),
                json!({ "items": [{
                "id": "apr_1", "name": "alexandra-papadopoulou", "scheme": "solana-offchain-v0",
                "public_key": ADDRESS, "groups": [], "enrolled_at": AT,
            }] }),
            ],
            &["24h"],
            &["the-treasury-of-desk-a", "alexandra-papadopoulou", ADDRESS],
        ),
        listing(
            &["destinations", "list"],
            vec![policy()],
            &[ADDRESS, "24h"],
            &["cold-storage-in-the-vault"],
        ),
    ]
}

fn of_wallets() -> Vec<Listing> {
    let wallet = json!({
        "id": WALLET, "user_id": USER, "venue": "hyperliquid", "environment": "mainnet",
        "address": ADDRESS, "key_type": "ed25519", "public_key": "00", "custody": "envelope",
        "status": "archived", "name": NAME,
        "created_at": AT,
    });
    let grant = json!({
        "id": "grt_30313233343536373839616263646566", "bot": "momentum-on-the-long-tail-2",
        "wallet_id": WALLET, "actions": ["trade", "fee", "withdrawal"], "created_at": AT,
    });
    let request = json!({
        "id": REQUEST, "kind": "registration_remove", "principal": "operator/alexandra-papadopoulou",
        "wallet_id": WALLET, "created_at": AT, "state": "consumed", "log_index": 12_345_678,
        "answer": null,
    });
    let limit = json!({
        "limit": "usdc-out-per-wallet-and-day", "scope": format!("wallet {WALLET}"), "unit": MINT,
        "max": "1250000.123456", "used": "1000000.654321", "held": "12500.5",
        "left": "237499.469135", "window": "24h", "frees_at": AT,
    });
    vec![
        listing(
            &["wallets", "list"],
            page(wallet),
            &[WALLET, "9xQeWv…", "archived"],
            &[USER, "hyperliquid", "mainnet", ADDRESS, "envelope", NAME],
        ),
        listing(
            &["grants", "list"],
            page(grant),
            &["grt_30313233343536373839616263646566"],
            &[
                "momentum-on-the-long-tail-2",
                WALLET,
                "trade, fee, withdrawal",
                AT,
            ],
        ),
        listing(
            &["requests", "list"],
            page(request),
            &[REQUEST, "padopoulou"],
            &["registration_remove", WALLET, "12345678", AT],
        ),
        listing(
            &["limits", "show", "--wallet", WALLET],
            page(limit),
            &["237499.469135", "1250000.123456"],
            &[
                "usdc-out-per-wallet-and-day",
                MINT,
                "1000000.654321",
                "12500.5",
                AT,
            ],
        ),
    ]
}

fn of_chains() -> Vec<Listing> {
    let venue = json!({
        "id": "ven_1", "slug": "hyperliquid", "kind": "exchange", "auth_fields": [],
        "features": ["spot", "perpetuals", "vaults", "sub-accounts"],
        "supported_assets": ["SOL", "BTC", "ETH", "USDC", "HYPE", "PURR"],
        "environments": ["mainnet", "testnet"], "enabled": true, "signable": false,
    });
    let registration = json!({
        "id": "reg_30313233343536373839616263646566", "request_id": REQUEST, "registered_at": AT,
        "registered": { "kind": "market", "market": ADDRESS, "base_mint": MINT, "quote_mint": MINT,
            "base_lot": 1_000_000, "quote_lot": 1, "taker_fee_bps": 25 },
    });
    let nonce = json!({
        "account": ADDRESS, "wallet_id": WALLET, "nonce": MINT, "slot": 312_345_678_u64,
        "held_by": REQUEST,
    });
    let table = json!({
        "address": ADDRESS, "length": 256, "addresses": [], "fed_at": AT,
        "fed_by": "gateway/lookup-tables-of-desk-a",
    });
    let price = json!({ "asset": MINT, "price_usd": "0.999812", "set_at": AT });
    vec![
        listing(
            &["venues", "list"],
            page(venue),
            &["hyperliquid"],
            &["spot, perpetuals, vaults"],
        ),
        listing(
            &["registrations", "list"],
            page(registration),
            &["reg_30313233343536373839616263646566"],
            &[ADDRESS, MINT, AT],
        ),
        listing(
            &["nonces", "list"],
            page(nonce),
            &[ADDRESS],
            &[WALLET, MINT, REQUEST],
        ),
        listing(
            &["tables", "list"],
            page(table),
            &[ADDRESS, "256"],
            &["gateway/lookup", AT],
        ),
        listing(&["prices", "list"], page(price), &["0.999812"], &[MINT, AT]),
    ]
}

fn all() -> Vec<Listing> {
    [of_people(), of_wallets(), of_chains()]
        .into_iter()
        .flatten()
        .collect()
}

/// What is printed on a terminal of 80 columns.
fn on_a_terminal(line: &[&str], answers: &[Value]) -> (String, String) {
    let line = std::iter::once("countersign").chain(line.iter().copied());
    let cli = Cli::try_parse_from(line).unwrap();
    let width = Some(80).filter(|_| !cli.wide);
    let double = Double::answering(answers.iter().map(|one| (200, one.clone())));
    let (exit, out, err) = double.run_within(width, false, |session| run(cli.command, session));
    assert_eq!(exit.unwrap(), Exit::Done, "{err}");
    (out, err)
}

fn widest(text: &str) -> usize {
    text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0)
}

#[test]
fn every_list_fits_80_columns() {
    for one in all() {
        let (out, err) = on_a_terminal(one.line, &one.answers);
        assert!(
            widest(&out) <= 80 && widest(&err) <= 80,
            "{:?}\n{out}{err}",
            one.line
        );
        for text in one.always {
            assert!(
                out.contains(text),
                "{:?} without `{text}`:\n{out}",
                one.line
            );
        }
        let cut = out.contains('…') || (one.wide.contains(&AT) && !out.contains(AT));
        assert_eq!(
            cut || err.contains("no room"),
            err.contains("`--wide`"),
            "{:?}\n{out}{err}",
            one.line
        );
    }
}

#[test]
fn wide_shows_every_list_in_full_a_row_a_line() {
    for one in all() {
        let line = [one.line, &["--wide"]].concat();
        let (out, err) = on_a_terminal(&line, &one.answers);
        for text in one
            .always
            .iter()
            .chain(&one.wide)
            .filter(|text| !text.contains('…'))
        {
            assert!(out.contains(text), "{line:?} without `{text}`:\n{out}");
        }
        assert_eq!((out.lines().count(), err.as_str()), (2, ""), "{out}");
    }
}

/// Paths of commands that list.
fn lists(command: &clap::Command, path: &[String], found: &mut BTreeSet<String>) {
    for verb in command.get_subcommands() {
        let path: Vec<String> = [path, &[verb.get_name().to_owned()]].concat();
        if matches!(verb.get_name(), "list" | "history") {
            found.insert(path.join(" "));
        }
        lists(verb, &path, found);
    }
}

#[test]
fn no_list_is_forgotten() {
    let mut found = BTreeSet::new();
    lists(&Cli::command(), &[], &mut found);
    // Asks devices instead of the appliance; its table is like the others.
    found.remove("ledger list");
    found.insert("limits show".to_owned());
    let verbs = |line: &[&str]| line.iter().take(2).copied().collect::<Vec<_>>().join(" ");
    let tried: BTreeSet<String> = all().iter().map(|one| verbs(one.line)).collect();
    assert_eq!(tried, found);
}

#[test]
fn status_fits_and_what_people_compare_is_shown_in_full() {
    let status = json!({
        "version": "0.1.0", "phase": "degraded", "log_size": 9, "checkpoint_size": 8,
        "log_vkey": "desk-a.example/log+0123abcd+AaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPpQqRrSsTtUuVv",
        "policy_hash": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "you": SPIFFE,
        "checks": [{"name": "hsm.audit-log", "ok": false,
            "detail": "the token does not answer: it was taken out, or its session was closed"}],
        "clock": {"state": "suspect", "clock": AT, "time": AT, "since": AT, "direction": "forward",
            "by": "1h"},
        "freezes": [{"scope": {"wallet": WALLET}, "by": SPIFFE, "since": AT, "recorded": true,
            "reason": "five denials in a row within a minute, by the bot momentum"}],
    });
    let (out, _) = on_a_terminal(&["status"], &[status]);
    assert!(out.contains("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"));
    assert!(
        out.contains("AaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPpQqRrSsTtUuVv"),
        "{out}"
    );
    let table = out.split_once("\ncheck").unwrap().1;
    assert!(widest(table) <= 80, "{out}");
}

#[test]
fn a_request_to_approve_is_not_shortened() {
    let text = format!("Send 1.5 SOL to\n{ADDRESS}\nfrom {WALLET}");
    let request = json!({
        "id": REQUEST, "kind": "sign", "principal": SPIFFE, "wallet_id": WALLET, "created_at": AT,
        "state": "pending", "log_index": 7, "answer": null, "text": text,
        "asks": [{"group": "the-treasury-of-desk-a", "quorum": 2, "counted": 0,
            "approvers": ["alexandra-papadopoulou", "bob"], "rule": "withdrawals-to-cold",
            "opens_at": AT, "expires_at": AT}],
        "missing": ["2 approvals of `the-treasury-of-desk-a`"],
    });
    let (out, err) = on_a_terminal(&["requests", "show", REQUEST], &[request]);
    for line in text.lines() {
        assert!(out.contains(&format!("  {line}\n")), "{out}");
    }
    assert!(!out.contains('…') && err.is_empty(), "{out}{err}");
    assert!(out.contains(SPIFFE) && widest(&out) <= 80, "{out}");
}
