use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_intent::Address;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::command::tests::{WALLET, countersign};
use crate::exit::Exit;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const USER: &str = "usr_30313233343536373839616263646566";
const NOW: &str = "2026-11-21T12:00:00Z";
const ME: [u8; 32] = [7; 32];

/// Withdrawals of at most so many SOL to the cold address, and `more`.
fn policy(most: &str, more: &str) -> String {
    format!(
        "schema = 1\nname = \"desk\"\n[groups.treasury]\napprovers = [\"alice\", \"bob\"]\n\
         [destinations.cold]\nsolana = [\"{COLD}\"]\n[[rules]]\nname = \"out\"\n\
         when = {{ action = \"withdrawal\", asset = \"SOL\", destination = \"cold\", \
         max_amount = \"{most}\" }}\nthen = \"allow\"\n{more}"
    )
}

/// A legacy message that sends tenths of a SOL from the wallet to the cold address.
fn message(tenths: u64) -> Vec<u8> {
    let cold: Address = COLD.parse().unwrap();
    let mut bytes = vec![1, 0, 1, 3];
    for key in [ME, *cold.as_bytes(), [0; 32], [9; 32]] {
        bytes.extend(key);
    }
    bytes.extend([1, 2, 2, 0, 1, 12, 2, 0, 0, 0]);
    bytes.extend((tenths * 100_000_000).to_le_bytes());
    bytes
}

fn id(number: u64) -> String {
    format!("req_{number:016x}{:016x}", 7)
}

/// A request that was allowed and signed at this minute of the day.
fn request(number: u64, minute: u64, tenths: u64) -> Value {
    let message = message(tenths);
    json!({
        "id": id(number),
        "at": format!("2026-11-21T11:{minute:02}:00Z"),
        "principal": "bot/momentum",
        "wallet_id": WALLET,
        "decision": "allow",
        "outcome": "signed",
        "digest": hex::encode(Sha256::digest(&message)),
        "message": STANDARD.encode(&message),
    })
}

fn with(mut request: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

fn page(items: Vec<Value>, next: Option<u64>) -> Value {
    let wallet = json!({ "id": WALLET, "address": Address::new(ME).to_string(), "user_id": USER });
    let mut page = json!({
        "now": NOW, "items": items, "wallets": [wallet], "newest": 9, "first": 1,
    });
    if let Some(next) = next {
        page["next_cursor"] = json!(next.to_string());
    }
    page
}

fn active(text: &str) -> Value {
    json!({
        "id": "pol_1", "name": "desk", "version": 3, "hash": "ab", "active": true,
        "created_at": "2026-11-21T11:05:00Z", "text": text,
    })
}

/// Answers of the appliance: the active policy, the requests, and prices or log entries.
fn backtest(
    arguments: &[&str],
    new: &str,
    old: &str,
    pages: Vec<Value>,
    prices: Vec<Value>,
) -> (Exit, String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new.toml");
    std::fs::write(&file, new).unwrap();
    let mut pages = pages.into_iter();
    let mut answers = vec![active(old)];
    answers.extend(pages.next());
    answers.extend(prices);
    answers.push(json!({ "items": [] }));
    answers.extend(pages);
    let line = [&["policy", "backtest", file.to_str().unwrap()], arguments].concat();
    let (exit, out, err, calls) = countersign(&line, answers.into_iter().map(|one| (200, one)));
    assert_eq!(exit, Exit::Done, "{err}");
    let calls = calls.iter().map(|call| {
        let query = call
            .query
            .iter()
            .map(|(name, value)| format!(" {name}={value}"));
        call.path.clone() + &query.collect::<String>()
    });
    (exit, out, calls.collect())
}

fn value(new: &str, old: &str, pages: Vec<Value>) -> Value {
    let none = json!({ "items": [] });
    let (_, out, _) = backtest(&["--json", "--since", "1h"], new, old, pages, vec![none]);
    serde_json::from_str(&out).unwrap()
}

#[test]
fn a_stricter_policy_shows_what_it_would_stop() {
    let pages = vec![
        page(vec![request(1, 10, 5), request(2, 11, 20)], Some(2)),
        page(vec![request(3, 12, 5)], None),
    ];
    let none = vec![json!({ "items": [] })];
    let limited = "[[limits]]\nname = \"week\"\nwhen = { action = \"withdrawal\" }\nper = \"bot\"\n\
                   window = \"7d\"\nmax_count = 9\n";
    let (_, out, calls) = backtest(
        &["--since", "1h"],
        &policy("1", limited),
        &policy("3", ""),
        pages,
        none,
    );
    // An hour, and before it what fills the longest window.
    assert_eq!(calls[1], "/v1/requests/messages limit=500 since=169h");
    assert_eq!(calls[3], "/v1/registrations limit=500");
    assert_eq!(calls[4], "/v1/requests/messages limit=500 cursor=2");
    assert!(out.contains("1 decision would change"), "{out}");
    let told = format!("{}  allow -> deny\n", id(2));
    assert!(out.contains(&told), "{out}");
    assert!(out.contains("3 requests of the last 1h"), "{out}");
    let row = out
        .lines()
        .find(|line| line.starts_with("withdrawal"))
        .unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells, ["withdrawal", "SOL", "3", "1"]);
    let notes: Vec<&str> = out
        .lines()
        .skip_while(|line| !line.starts_with("note: "))
        .collect();
    assert!(
        notes.len() > 3 && notes.iter().all(|line| line.len() <= 80),
        "{out}"
    );
}

#[test]
fn the_active_policy_against_itself_changes_nothing() {
    let same = policy("1", "");
    let denied = json!({ "decision": "deny", "outcome": null });
    let pages = vec![page(
        vec![request(1, 10, 5), with(request(2, 11, 20), denied)],
        None,
    )];
    let value = value(&same, &same, pages);
    assert_eq!(value["changed"], 0);
    assert_eq!(value["decided_otherwise_then"]["by_this_policy"], 0);
    assert_eq!(value["outflow"][0]["was"], value["outflow"][0]["would_be"]);
    assert_eq!(value["outflow"][0]["was"]["most_in_a_day"], "0.5");
    assert_eq!(value["requests"], 2);
}

#[test]
fn what_was_not_signed_left_nothing() {
    let pages = vec![page(
        vec![
            with(request(1, 10, 5), json!({ "outcome": "refused" })),
            with(request(2, 11, 4), json!({ "outcome": "unknown" })),
        ],
        None,
    )];
    let value = value(&policy("1", ""), &policy("1", ""), pages);
    assert_eq!(value["outflow"][0]["was"]["total"], "0.4");
}

#[test]
fn what_cannot_be_judged_is_counted_and_told() {
    let mut forgotten = request(1, 10, 5);
    forgotten.as_object_mut().unwrap().remove("message");
    let altered = with(request(2, 11, 5), json!({ "digest": "00".repeat(32) }));
    let frozen = with(
        request(3, 12, 5),
        json!({ "decision": "deny", "halted": true, "outcome": null }),
    );
    let pages = vec![page(vec![forgotten, altered, frozen], None)];
    let value = value(&policy("9", ""), &policy("1", ""), pages);
    assert_eq!(value["requests"], 3);
    assert_eq!(value["not_kept"], 1);
    assert_eq!(value["altered"]["first"], json!([id(2)]));
    assert_eq!(
        value["decisions"],
        json!([{ "was": "halted", "would_be": "halted", "requests": 1 }])
    );
    assert_eq!(
        (&value["changed"], &value["outflow"]),
        (&json!(0), &json!([]))
    );
}

#[test]
fn what_was_decided_otherwise_then_is_told() {
    // Before the active policy began to decide, and after.
    let pages = vec![page(vec![request(1, 4, 20), request(2, 6, 20)], None)];
    let value = value(&policy("1", ""), &policy("1", ""), pages);
    let otherwise = &value["decided_otherwise_then"];
    assert_eq!(otherwise["by_earlier_policies"], 1);
    assert_eq!(otherwise["by_this_policy"], 1);
    assert_eq!(otherwise["first"][0]["request_id"], json!(id(2)));
    assert_eq!(otherwise["first"][0]["was"], "allow");
    assert_eq!(otherwise["first"][0]["would_be"], "deny");
    assert_eq!(value["changed"], 0);
}

#[test]
fn a_list_is_cut_where_it_was_asked_to_be() {
    let pages = || {
        vec![page(
            (1..6)
                .map(|number| request(number, 10 + number, 5))
                .collect(),
            None,
        )]
    };
    let none = || vec![json!({ "items": [] })];
    let arguments = ["--since", "1h", "--limit", "2"];
    let (_, out, _) = backtest(
        &arguments,
        &policy("0.1", ""),
        &policy("1", ""),
        pages(),
        none(),
    );
    assert!(out.contains("5 decisions would change"), "{out}");
    assert_eq!(out.matches("allow -> deny").count(), 2);
    assert!(out.contains("and 3 more; `--limit` lists them"), "{out}");
    // Before the time that is looked at: it fills windows and is not told.
    let (_, out, _) = backtest(
        &["--since", "47m"],
        &policy("0.1", ""),
        &policy("1", ""),
        pages(),
        none(),
    );
    assert!(out.contains("3 decisions would change"), "{out}");
}

#[test]
fn people_who_agreed_agree_again_and_nobody_else() {
    let asking = |quorum: u8| {
        policy(
            "1",
            &format!(
                "[[rules]]\nname = \"large\"\nwhen = {{ action = \"withdrawal\", destination = \"cold\", \
             over_amount = \"1\" }}\nthen = {{ approve = {{ group = \"treasury\", quorum = {quorum} }} }}\n"
            ),
        )
    };
    let held = json!({ "decision": "approval_required", "outcome": null });
    let consent = json!({ "consent": {
        "request_id": id(1),
        "asked_at": "2026-11-21T11:10:00Z",
        "given": [{ "approver": "alice", "given_at": "2026-11-21T11:11:00Z" }],
    }});
    let pages = vec![page(
        vec![
            with(request(1, 10, 20), held),
            with(request(2, 20, 20), consent),
        ],
        None,
    )];
    let value = value(&asking(2), &asking(1), pages);
    assert_eq!(value["decided_otherwise_then"]["by_this_policy"], 0);
    // The ask, and the release that one person's yes is not enough for.
    assert_eq!(value["changed"], 2);
    assert_eq!(value["changes"][0]["why"], json!(["asks 2 of `treasury`"]));
    assert_eq!(value["changes"][1]["was"], "allow");
    assert_eq!(value["changes"][1]["would_be"], "approval_required");
    assert_eq!(value["outflow"][0]["was"]["most_in_a_day"], "2");
    assert_eq!(value["outflow"][0]["would_be"]["most_in_a_day"], "0");
}

#[test]
fn dollars_are_counted_at_the_prices_of_the_time() {
    let dollars = "[assets.SOL]\nreference_price_usd = { source = \"operator\", max_age = \"24h\" }\n\
                   [[limits]]\nname = \"usd\"\nwhen = { action = \"withdrawal\" }\nper = \"wallet\"\n\
                   window = \"24h\"\nmax_usd = \"100\"\n";
    let price = |index: u64, minute: u64, usd: u64| {
        let at = format!("2026-11-21T11:{minute:02}:00.000000Z");
        let micros = countersign_intent::Timestamp::parse(&at).unwrap().micros();
        let detail = json!({ "asset": "SOL", "micro_usd": usd * 1_000_000, "set_at": micros });
        let entry = countersign_audit::Entry::new(
            countersign_audit::Stamp::from_unix_micros(micros).unwrap(),
            countersign_audit::Kind::PriceSet,
            countersign_audit::Actor::Caller {
                spiffe_id: "spiffe://desk/operator/a",
                certificate: "crt_0a",
            },
            countersign_audit::Detail::of(&detail).unwrap(),
        );
        let entry = String::from_utf8(entry.encode().unwrap()).unwrap();
        json!({ "index": index, "entry": entry })
    };
    let (first, second) = (price(0, 1, 100), price(1, 20, 200));
    let log = |items: Vec<Value>| json!({ "items": items, "size": 2 });
    // Two of ten requests at each price: 0.5 SOL are 50 dollars, then 100.
    let pages = vec![page(vec![request(1, 10, 5), request(2, 30, 5)], None)];
    let prices = vec![
        log(vec![first.clone()]),
        log(vec![second.clone()]),
        log(vec![first.clone()]),
        log(vec![first, second]),
    ];
    let (_, out, _) = backtest(
        &["--json", "--since", "1h"],
        &policy("1", dollars),
        &policy("1", ""),
        pages,
        prices,
    );
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["changed"], 1);
    let why = value["changes"][0]["why"][0].as_str().unwrap();
    assert!(
        why.contains("limit 100 USD per 24h, used 50, asked 100"),
        "{why}"
    );
}
