//! One client that takes what it can get, and what the others notice of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a failure is the test's, and so is the time it measures"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use countersign_api::Wallet;
use futures_util::StreamExt;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use softhsm_tests::client::{self, Client};
use softhsm_tests::{Appliance, Options, message};

const POLICY: &str = include_str!("../../deploy/dev/policy.toml");
const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const SOL: u64 = 1_000_000_000;

async fn wallet(appliance: &Appliance, bots: &[&str]) -> Wallet {
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    for bot in bots {
        gateway.grant(bot, &wallet.id).await.unwrap();
    }
    wallet
}

fn to_cold(wallet: &Wallet, lamports: u64) -> Vec<u8> {
    let payer = wallet.address.parse().unwrap();
    message::transfer(&payer, &COLD.parse().unwrap(), lamports)
}

/// A TLS connection each, kept open without a request.
async fn idle(appliance: &Appliance, who: &str, count: usize) -> Vec<Client> {
    let mut all = Vec::new();
    for _ in 0..count {
        let client = appliance.client(who).unwrap();
        // Its pool keeps the connection.
        let _full = client.get("/v1/venues").await;
        all.push(client);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_of_many_keep_nobody_from_freezing() {
    let mut options = Options::policy(POLICY);
    options.max_connections = 64;
    let appliance = Appliance::running(&options).await.unwrap();
    let mut all = Vec::new();
    for who in ["bot", "bot2", "gateway", "auditor"] {
        all.push(idle(&appliance, who, 20).await);
    }
    for who in ["risk", "operator-a", "operator-b"] {
        let began = Instant::now();
        let scope = json!({ "scope": { "bot": "bot" }, "reason": who });
        let client = appliance.client(who).unwrap();
        let frozen = client.post("/v1/freeze", &scope).await.unwrap();
        assert_eq!(frozen.status, 200, "{}", frozen.body);
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{:?}",
            began.elapsed()
        );
    }
}

/// Four principals with as many connections as one may have, each as its TLS handshake left it.
#[tokio::test(flavor = "multi_thread")]
async fn four_with_all_their_connections_keep_nobody_from_freezing() {
    let all = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: all,
        maximum: all,
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    let mut options = Options::policy(POLICY);
    options.max_connections = 1024;
    let appliance = Appliance::running(&options).await.unwrap();
    let mut held = Vec::new();
    for who in ["bot", "bot2", "gateway", "auditor"] {
        let tls = tokio_rustls::TlsConnector::from(Arc::new(tls(&appliance, who)));
        let connections = (0..256).map(|_| connection(&appliance, &tls));
        let opened = futures_util::stream::iter(connections).buffer_unordered(16);
        held.push(opened.collect::<Vec<_>>().await);
    }
    for (number, who) in ["risk", "operator-a", "operator-b"].iter().enumerate() {
        let began = Instant::now();
        let scope = json!({ "scope": { "bot": format!("b{number}") }, "reason": who });
        // A connection of its own each time.
        for _ in 0..3 {
            let client = appliance.client(who).unwrap();
            let frozen = client.post("/v1/freeze", &scope).await.unwrap();
            assert_eq!(frozen.status, 200, "{}", frozen.body);
        }
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{who}: {:?}",
            began.elapsed()
        );
    }
    let metrics = appliance.operations("/metrics").unwrap().body;
    let open = metrics
        .lines()
        .find_map(|line| line.strip_prefix("countersign_connections{listener=\"api\"} "));
    let open: f64 = open.unwrap().parse().unwrap();
    assert!((800.0..=1024.0).contains(&open), "{open} connections");
}

fn tls(appliance: &Appliance, who: &str) -> rustls::ClientConfig {
    let read = |name: String| std::fs::read(appliance.path(&name)).unwrap();
    let (certificate, key) = (read(format!("{who}.pem")), read(format!("{who}.key")));
    client::tls(&read("ca.pem".to_owned()), Some((&certificate, &key))).unwrap()
}

/// A connection over which nothing was asked yet.
async fn connection(
    appliance: &Appliance,
    tls: &tokio_rustls::TlsConnector,
) -> Option<tokio_rustls::client::TlsStream<tokio::net::TcpStream>> {
    let url = appliance.url().unwrap();
    let port = url.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
    let name = "localhost".try_into().unwrap();
    tls.connect(name, stream.unwrap()).await.ok()
}

/// However much one bot has waiting, another's request passes all of it but what acts already.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_that_wait_are_passed_by_anothers_one() {
    const GREEDY: usize = 16 * 63;
    /// Of each principal so many act at once.
    const ACTING: usize = 256;
    let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let wallet = wallet(&appliance, &["bot", "bot2"]).await;
    let modest = appliance.client("bot2").unwrap();
    let bytes = to_cold(&wallet, 1);
    modest.signed("before", &wallet.id, &bytes).await.unwrap();
    let mut greedy = Vec::new();
    for _ in 0..16 {
        let mut tls = tls(&appliance, "bot");
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let client = Client::with_tls(&appliance.url().unwrap(), tls).unwrap();
        // All that it sends afterwards shares this connection.
        client.get("/v1/wallets").await.unwrap();
        greedy.push(client);
    }
    let mut flights = tokio::task::JoinSet::new();
    for (connection, client) in greedy.iter().enumerate() {
        for number in 0..63 {
            let (client, id) = (client.clone(), wallet.id.clone());
            let bytes = to_cold(&wallet, 1_000 + number);
            flights.spawn(async move {
                let key = format!("g{connection}-{number}");
                client.sign(&key, &id, &bytes).await.unwrap().status
            });
        }
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let bytes = to_cold(&wallet, 2);
    let one = modest.signed("one", &wallet.id, &bytes).await;
    let request = one.unwrap().request_id;
    let statuses = flights.join_all().await;
    assert!(statuses.iter().all(|status| *status == 200));

    let auditor = appliance.client("auditor").unwrap();
    let log = softhsm_tests::log::Fetched::from(&auditor).await.unwrap();
    let log = log.parsed().unwrap();
    let at = |kind: &str| {
        let is = |entry: &serde_json::Value| entry["kind"] == kind && entry["request"] == *request;
        log.iter().position(is).unwrap()
    };
    let (reserved, signed) = (at("sign_reserved"), at("sign_outcome"));
    let outcomes = |part: &[serde_json::Value]| {
        let outcomes = part.iter().filter(|entry| entry["kind"] == "sign_outcome");
        outcomes.count()
    };
    let before = outcomes(&log[reserved..signed]);
    let after = outcomes(&log[signed..]);
    // A few more take up places that are given back before its own is looked at.
    let bound = ACTING + ACTING / 8;
    assert!(before <= bound, "{before} of {GREEDY} came first");
    assert!(after > GREEDY / 4, "only {after} were left: nothing waited");
}

/// The places are those of the requests that wait, not of the process that counts them.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_people_counts_over_a_restart() {
    let mut options = Options::policy(POLICY);
    options.share = "pending = 3";
    let mut appliance = Appliance::running(&options).await.unwrap();
    let wallet = wallet(&appliance, &["bot", "bot2"]).await;
    let mut held = Vec::new();
    for number in 0..3 {
        let bot = appliance.client("bot").unwrap();
        let bytes = to_cold(&wallet, 2 * SOL + number);
        let reply = bot.sign(&format!("k{number}"), &wallet.id, &bytes).await;
        let reply = reply.unwrap();
        assert_eq!(reply.status, 202, "{}", reply.body);
        held.push(reply.body["request_id"].as_str().unwrap().to_owned());
    }
    for (round, rejected) in held.iter().take(2).enumerate() {
        appliance.kill();
        appliance.start().await.unwrap();
        let bot = appliance.client("bot").unwrap();
        let ask = async |key: String| {
            let bytes = to_cold(&wallet, 3 * SOL);
            bot.sign(&key, &wallet.id, &bytes).await.unwrap()
        };
        let full = ask(format!("full-{round}")).await;
        assert_eq!(full.code(), "limit_exceeded", "{}", full.body);
        assert_eq!(full.body["reasons"][0]["rule"], "share.pending");
        let other = appliance.client("bot2").unwrap();
        let bytes = to_cold(&wallet, 3 * SOL);
        let other = other.sign(&format!("o{round}"), &wallet.id, &bytes).await;
        assert_eq!(other.unwrap().status, 202);
        // What was rejected counts no more, not after the next restart either.
        let operator = appliance.client("operator-a").unwrap();
        let path = format!("/v1/requests/{rejected}/reject");
        let reply = operator.post(&path, &json!({})).await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        if round == 0 {
            appliance.kill();
            appliance.start().await.unwrap();
        }
        let bot = appliance.client("bot").unwrap();
        let bytes = to_cold(&wallet, 4 * SOL);
        let room = bot.sign(&format!("room-{round}"), &wallet.id, &bytes).await;
        assert_eq!(room.unwrap().status, 202);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_people_is_bounded_for_each_bot() {
    let mut options = Options::policy(POLICY);
    options.share = "pending = 5";
    let appliance = Appliance::running(&options).await.unwrap();
    let wallet = wallet(&appliance, &["bot", "bot2"]).await;
    let (bot, other) = (
        appliance.client("bot").unwrap(),
        appliance.client("bot2").unwrap(),
    );
    let all = (0..8_u64).map(|number| {
        let (bot, id) = (bot.clone(), wallet.id.clone());
        let bytes = to_cold(&wallet, 2 * SOL + number);
        async move { bot.sign(&format!("k{number}"), &id, &bytes).await.unwrap() }
    });
    let replies = futures_util::future::join_all(all).await;
    let held = replies.iter().filter(|reply| reply.status == 202).count();
    assert_eq!(held, 5);
    let full = replies.iter().find(|reply| reply.status != 202).unwrap();
    assert_eq!(
        (full.status, full.code()),
        (429, "limit_exceeded"),
        "{}",
        full.body
    );
    assert_eq!(
        full.body["reasons"][0]["rule"], "share.pending",
        "{}",
        full.body
    );
    assert!(full.body["retry_after"].is_string(), "{}", full.body);
    assert!(full.retry_after.is_some());
    // Others', and what is allowed, are not concerned.
    let of_other = other
        .sign("o", &wallet.id, &to_cold(&wallet, 3 * SOL))
        .await;
    assert_eq!(of_other.unwrap().status, 202);
    bot.signed("small", &wallet.id, &to_cold(&wallet, 1_000))
        .await
        .unwrap();
    // A rejection makes room, and a retry is answered as before.
    let first = replies.iter().find(|reply| reply.status == 202).unwrap();
    let id = first.body["request_id"].as_str().unwrap();
    let operator = appliance.client("operator-a").unwrap();
    let path = format!("/v1/requests/{id}/reject");
    let rejected = operator.post(&path, &json!({})).await.unwrap();
    assert_eq!(rejected.status, 200, "{}", rejected.body);
    let again = bot
        .sign("again", &wallet.id, &to_cold(&wallet, 4 * SOL))
        .await;
    assert_eq!(again.unwrap().status, 202);
}

/// As many dry runs as it can send, over many connections, until told to stop.
async fn flood(appliance: &Appliance, wallet: &Wallet, stop: &Arc<AtomicBool>) -> u64 {
    let clients = (0..32).map(|_| appliance.client("bot2").unwrap());
    let all = clients.map(|client| {
        let (stop, id, bytes) = (Arc::clone(stop), wallet.id.clone(), to_cold(wallet, 1));
        tokio::spawn(async move {
            let mut answered = 0;
            while !stop.load(Ordering::Relaxed) {
                let body = softhsm_tests::client::sign_body(&id, &bytes);
                let reply = client.post("/v1/sign/solana?dry_run=true", &body).await;
                answered += u64::from(reply.unwrap().status == 200);
            }
            answered
        })
    });
    let done = futures_util::future::join_all(all.collect::<Vec<_>>()).await;
    done.into_iter().map(Result::unwrap).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_runs_come_at_a_pace_and_fill_no_log() {
    let mut options = Options::policy(POLICY);
    options.share = "unsigned_per_second = 20";
    let appliance = Appliance::running(&options).await.unwrap();
    let wallet = wallet(&appliance, &["bot", "bot2"]).await;
    let bot = appliance.client("bot").unwrap();
    let (began, stop) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let stopping = Arc::clone(&stop);
    let signing = async {
        // Signatures have no rate.
        for number in 0..120_u64 {
            let bytes = to_cold(&wallet, 1_000 + number);
            bot.signed(&format!("s{number}"), &wallet.id, &bytes)
                .await
                .unwrap();
        }
        tokio::time::sleep(Duration::from_secs(4).saturating_sub(began.elapsed())).await;
        stopping.store(true, Ordering::Relaxed);
    };
    let (answered, ()) =
        futures_util::future::join(flood(&appliance, &wallet, &stop), signing).await;
    let most = 80 + 20 * (began.elapsed().as_secs() + 2);
    assert!((80..=most).contains(&answered), "{answered} of {most}");
    let auditor = appliance.client("auditor").unwrap();
    let entries = softhsm_tests::log::Fetched::from(&auditor).await.unwrap();
    let logged = entries.of_kind("sign_dry_run").unwrap().len();
    assert_eq!(u64::try_from(logged).unwrap(), answered);
}

/// Half of a bot's signatures take at most this many times as long beside one that asks for dry runs as fast
/// as it can: fifty-four, before they came at a pace.
const SLOWER: u32 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn dry_runs_of_one_do_not_hold_up_another() {
    let mut options = Options::policy(POLICY);
    // A debug build does not get as far as the usual thousand.
    options.share = "unsigned_per_second = 20";
    let appliance = Appliance::running(&options).await.unwrap();
    let wallet = wallet(&appliance, &["bot", "bot2"]).await;
    let bot = appliance.client("bot").unwrap();
    let median = async |name: &str| {
        let mut took = Vec::new();
        for number in 0..60_u64 {
            let bytes = to_cold(&wallet, 1_000 + number);
            let began = Instant::now();
            bot.signed(&format!("{name}{number}"), &wallet.id, &bytes)
                .await
                .unwrap();
            took.push(began.elapsed());
        }
        took.sort();
        took[took.len() / 2]
    };
    let alone = median("alone").await;
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    let signing = async {
        // The burst that is free is over by then.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let beside = median("beside").await;
        stopping.store(true, Ordering::Relaxed);
        beside
    };
    let (answered, beside) =
        futures_util::future::join(flood(&appliance, &wallet, &stop), signing).await;
    assert!(beside < alone * SLOWER, "{beside:?} instead of {alone:?}");
    let auditor = appliance.client("auditor").unwrap();
    let log = softhsm_tests::log::Fetched::from(&auditor).await.unwrap();
    assert_eq!(log.of_kind("sign_dry_run").unwrap().len() as u64, answered);
}

/// Requests that cannot be read, and those that are refused, are no way around it.
#[tokio::test(flavor = "multi_thread")]
async fn refusals_come_at_the_same_pace() {
    let mut options = Options::policy(POLICY);
    options.share = "unsigned_per_second = 10";
    options.max_connections = 1024;
    let appliance = Appliance::running(&options).await.unwrap();
    let wallet = wallet(&appliance, &["bot", "bot2"]).await;
    let began = Instant::now();
    for who in ["bot", "bot2"] {
        let mut paced = 0;
        for round in 0..6 {
            // What is refused is known afterwards, so what is under way at once gets through.
            let all = (0..30_u64).map(|number| {
                let client = appliance.client(who).unwrap();
                let id = wallet.id.clone();
                async move {
                    let bytes = if who == "bot" { &b"x"[..] } else { b"" };
                    let key = format!("k{round}-{number}");
                    client.sign(&key, &id, bytes).await.unwrap().status
                }
            });
            let statuses = futures_util::future::join_all(all).await;
            paced += statuses.iter().filter(|status| **status == 429).count();
        }
        assert!(paced > 30, "{who}: {paced}");
    }
    let auditor = appliance.client("auditor").unwrap();
    let entries = softhsm_tests::log::Fetched::from(&auditor).await.unwrap();
    let logged = entries.of_kind("sign_errored").unwrap().len();
    let most = usize::try_from(2 * (40 + 30 + 10 * (began.elapsed().as_secs() + 2))).unwrap();
    assert!(logged <= most, "{logged} of {most}");
}
