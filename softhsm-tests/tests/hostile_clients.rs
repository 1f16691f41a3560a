//! Peers that do not keep to the rules: noise and silence at the door, old TLS, oversized
//! headers, and bodies that no bot would send. The appliance answers everybody else meanwhile.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::Wallet;
use ed25519_dalek::{Signature, VerifyingKey};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};
use softhsm_tests::client::{Client, Method, tls};
use softhsm_tests::{Appliance, Options, Reply, Shared, message};
use solana_pubkey::Pubkey;

const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

const POLICY: &str = r#"
schema = 1
name = "hostile"
[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]
[[rules]]
name = "small-to-cold"
when = { action = "withdrawal", asset = "SOL", max_amount = "1", destination = "cold" }
then = "allow"
"#;

/// Bodies tried by the fuzz test.
const CASES: u32 = 400;

static SHARED: Shared = Shared::new();

async fn wallet(appliance: &Appliance, user: &str) -> Result<Wallet> {
    let gateway = appliance.client("gateway")?;
    let user = gateway.user(user).await?;
    let wallet = gateway.wallet(&user.id, None).await?;
    gateway.grant("bot", &wallet.id).await?;
    Ok(wallet)
}

fn to_cold(wallet: &Wallet) -> Result<Vec<u8>> {
    Ok(message::transfer(
        &wallet.address.parse()?,
        &COLD.parse::<Pubkey>()?,
        1_000,
    ))
}

fn address(appliance: &Appliance) -> Result<String> {
    Ok(appliance.url()?.replace("https://", ""))
}

fn connect(appliance: &Appliance) -> Result<TcpStream> {
    let stream = TcpStream::connect(address(appliance)?)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.set_write_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

#[tokio::test]
async fn only_tls_1_3_with_a_hybrid_key_exchange_is_spoken() {
    let appliance = SHARED.get(|| Options::policy(POLICY)).await.unwrap();
    let file = |name: &str| std::fs::read(appliance.path(name)).unwrap();
    let config = tls(&file("ca.pem"), Some((&file("bot.pem"), &file("bot.key")))).unwrap();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = connect(&appliance).unwrap();
    while client.is_handshaking() {
        client.complete_io(&mut stream).unwrap();
    }
    assert_eq!(
        client.protocol_version(),
        Some(rustls::ProtocolVersion::TLSv1_3)
    );
    let group = client
        .negotiated_key_exchange_group()
        .map(|group| group.name());
    assert_eq!(group, Some(rustls::NamedGroup::X25519MLKEM768));
    assert_eq!(client.peer_certificates().map(<[_]>::len), Some(1));

    // RFC 5246: a hello of TLS 1.2 is answered with a fatal alert and nothing else.
    let mut stream = connect(&appliance).unwrap();
    stream.write_all(&old_hello()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(
        matches!(answer.as_slice(), [0x15, 3, _, 0, 2, 2, _]),
        "{answer:02x?}"
    );
}

/// A refusal does not come before the body: the connection would be closed at its next request.
#[tokio::test]
async fn after_a_refusal_the_connection_serves_on() {
    let appliance = SHARED.get(|| Options::policy(POLICY)).await.unwrap();
    let file = |name: &str| std::fs::read(appliance.path(name)).unwrap();
    let config = tls(&file("ca.pem"), Some((&file("bot.pem"), &file("bot.key")))).unwrap();
    let config = Arc::new(config);
    for (refused, status) in [
        ("POST /v1/users", "403"),
        ("POST /v1/sign/solana?nonsense=1", "400"),
        ("POST /v1/nothing", "404"),
        ("PUT /v1/users", "405"),
    ] {
        let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
        let client = rustls::ClientConnection::new(Arc::clone(&config), name).unwrap();
        let mut stream = rustls::StreamOwned::new(client, connect(&appliance).unwrap());
        write!(
            stream,
            "{refused} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n"
        )
        .unwrap();
        stream.flush().unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let next = "GET /v1/venues HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        write!(stream, "{{}}{next}").unwrap();
        stream.flush().unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).unwrap();
        let first = format!("HTTP/1.1 {status} ");
        assert!(answers.starts_with(&first), "{refused}: {answers}");
        assert!(answers.contains("HTTP/1.1 200 OK"), "{refused}: {answers}");
    }
}

/// A client that hangs up while its change is being written has not stopped it half way: what was
/// committed is what the sign path goes by, and the rows still have the MACs that memory expects.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_client_hangs_up_is_finished() {
    let appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let wallet = wallet(&appliance, "hangs-up").await.unwrap();
    let (operator, bot) = (
        appliance.client("operator-a").unwrap(),
        appliance.client("bot").unwrap(),
    );
    let file = |name: &str| std::fs::read(appliance.path(name)).unwrap();
    let identity = (file("operator-a.pem"), file("operator-a.key"));
    let config = tls(&file("ca.pem"), Some((&identity.0, &identity.1))).unwrap();
    let config = Arc::new(config);
    let message = to_cold(&wallet).unwrap();
    for round in 0..60_u64 {
        let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
        let client = rustls::ClientConnection::new(Arc::clone(&config), name).unwrap();
        let mut stream = rustls::StreamOwned::new(client, connect(&appliance).unwrap());
        let verb = if round % 2 == 0 { "pause" } else { "resume" };
        let id = &wallet.id;
        write!(
            stream,
            "POST /v1/wallets/{id}/{verb} HTTP/1.1\r\nhost: localhost\r\n\
             idempotency-key: {round}\r\ncontent-length: 0\r\n\r\n"
        )
        .unwrap();
        stream.flush().unwrap();
        tokio::time::sleep(Duration::from_micros(round % 12 * 250)).await;
        drop(stream);
        tokio::time::sleep(Duration::from_millis(60)).await;
        let state = async || -> Wallet {
            let row = operator.get(&format!("/v1/wallets/{id}")).await.unwrap();
            row.ok().unwrap()
        };
        let row = state().await;
        let signed = bot.sign(&format!("round-{round}"), id, &message).await;
        let signed = signed.unwrap();
        let expected = match row.status {
            countersign_api::WalletStatus::Active => "",
            _ => "wallet_paused",
        };
        // On a busy machine the change may come to its end between the two.
        if state().await.status == row.status {
            assert_eq!(signed.code(), expected, "{round}: {}", signed.body);
        }
    }
}

/// A `ClientHello` of TLS 1.2 with one cipher suite and no extension (RFC 5246 §7.4.1.2).
fn old_hello() -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend([0x5a; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
    let mut handshake = vec![1, 0, 0, u8::try_from(hello.len()).unwrap_or_default()];
    handshake.extend(hello);
    let mut record = vec![
        0x16,
        3,
        1,
        0,
        u8::try_from(handshake.len()).unwrap_or_default(),
    ];
    record.extend(handshake);
    record
}

#[tokio::test]
async fn noise_and_silence_at_the_door_keep_nobody_out() {
    let appliance = SHARED.get(|| Options::policy(POLICY)).await.unwrap();
    let wallet = wallet(&appliance, "noise").await.unwrap();
    let mut silent = Vec::new();
    for number in 0..60 {
        let mut stream = connect(&appliance).unwrap();
        match number % 3 {
            0 => {}
            1 => stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap(),
            _ => stream
                .write_all(&[0x16, 3, 1, 0xff, 0xff, 1, 2, 3])
                .unwrap(),
        }
        silent.push(stream);
    }
    let bot = appliance.client("bot").unwrap();
    let message = to_cold(&wallet).unwrap();
    bot.signed("meanwhile", &wallet.id, &message).await.unwrap();
    // Each of them is closed within the bound on handshakes.
    let closed = tokio::task::spawn_blocking(move || {
        for mut stream in silent {
            let mut rest = Vec::new();
            match stream.read_to_end(&mut rest) {
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
                Err(error) => panic!("it is kept open: {error}"),
            }
        }
    });
    closed.await.unwrap();
    let metrics = appliance.operations("/metrics").unwrap().body;
    assert!(
        metrics.contains("countersign_handshake_failures_total"),
        "{metrics}"
    );
    assert!(metrics.contains("countersign_timeouts_total"), "{metrics}");
    bot.signed("afterwards", &wallet.id, &message)
        .await
        .unwrap();
}

/// Idle connections make room for newer ones; there are never more than configured for long.
#[tokio::test]
async fn more_connections_than_configured_are_closed_and_everybody_is_served() {
    let options = Options {
        max_connections: 6,
        ..Options::policy(POLICY)
    };
    let appliance = Appliance::running(&options).await.unwrap();
    let mut held = Vec::new();
    for who in ["bot", "bot2", "gateway", "auditor"].repeat(4) {
        let client = appliance.client(who).unwrap();
        assert_eq!(client.get("/v1/status").await.unwrap().status, 200, "{who}");
        held.push(client);
    }
    let open = || {
        let metrics = appliance.operations("/metrics").unwrap().body;
        let name = "countersign_connections{listener=\"api\"} ";
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().parse::<u32>().unwrap()
    };
    for _ in 0..200 {
        if open() <= 6 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(open() <= 6, "{}", open());
    for client in &held {
        assert_eq!(client.get("/v1/status").await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn headers_have_a_bound() {
    let appliance = SHARED.get(|| Options::policy(POLICY)).await.unwrap();
    let bot = appliance.client("bot").unwrap();
    let long = "x".repeat(32 * 1024);
    let headers = [("x-long", long.as_str())];
    let reply = bot
        .send(Method::GET, "/v1/status", &headers, Vec::new())
        .await;
    assert!(
        reply.as_ref().map_or(true, |reply| reply.status == 431),
        "{reply:?}"
    );
    let many: Vec<(String, String)> = (0..200)
        .map(|n| (format!("x-{n}"), "y".to_owned()))
        .collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let reply = bot.send(Method::GET, "/v1/status", &many, Vec::new()).await;
    assert!(
        reply.as_ref().map_or(true, |reply| reply.status == 431),
        "{reply:?}"
    );
    assert_eq!(bot.get("/v1/status").await.unwrap().status, 200);
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        proptest::collection::vec(any::<u8>(), 0..200)
            .prop_map(|bytes| BASE64_STANDARD.encode(bytes).into()),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("[a-z_]{1,12}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// A body near a good one, or nowhere near.
fn body(wallet: String, good: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let flipped = {
        let (wallet, good) = (wallet.clone(), good.clone());
        proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4).prop_map(
            move |flips| {
                let mut bytes = good.clone();
                for (at, value) in flips {
                    let at = at.index(bytes.len());
                    bytes[at] = value;
                }
                json!({ "wallet_id": wallet, "message": BASE64_STANDARD.encode(bytes) })
                    .to_string()
                    .into_bytes()
            },
        )
    };
    let whole = json!({ "wallet_id": wallet, "message": BASE64_STANDARD.encode(&good) });
    let field = [
        "wallet_id",
        "message",
        "transaction",
        "mints",
        "approved_request_id",
        "other",
    ];
    let replaced = {
        let whole = whole.clone();
        (prop::sample::select(field.to_vec()), anything()).prop_map(move |(field, value)| {
            let mut body = whole.clone();
            body[field] = value;
            body.to_string().into_bytes()
        })
    };
    let text = whole.to_string().into_bytes();
    let cut =
        any::<prop::sample::Index>().prop_map(move |at| text[..at.index(text.len())].to_vec());
    prop_oneof![
        4 => flipped,
        4 => replaced,
        1 => cut,
        1 => anything().prop_map(|value| value.to_string().into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 0..300),
    ]
}

/// Whatever was sent, the answer is one of the contract's; and if it is a signature, it is over a
/// small transfer to the cold address.
fn check(wallet: &Wallet, sent: &[u8], reply: Reply) -> Result<()> {
    ensure!(reply.status < 500, "{}: {}", reply.status, reply.body);
    if reply.status != 200 {
        let problem = reply.problem()?;
        ensure!(
            !problem.detail.contains("::"),
            "an inner name: {}",
            problem.detail
        );
        return Ok(());
    }
    let sent: Value = serde_json::from_slice(sent)?;
    let bytes = BASE64_STANDARD.decode(sent["message"].as_str().context("a message")?)?;
    let signature = reply.body["signature"].as_str().context("a signature")?;
    let signature: [u8; 64] = bs58::decode(signature)
        .into_vec()?
        .try_into()
        .map_err(|_| anyhow::anyhow!("64 bytes"))?;
    let key = wallet.address.parse::<Pubkey>()?.to_bytes();
    VerifyingKey::from_bytes(&key)?.verify_strict(&bytes, &Signature::from_bytes(&signature))?;
    let cold: Pubkey = COLD.parse()?;
    let small = (1..=1_000_000_000_u64).contains(&lamports(&bytes)?);
    ensure!(
        small && bytes.windows(32).any(|part| part == cold.to_bytes()),
        "{bytes:02x?}"
    );
    Ok(())
}

/// Of the one System transfer (instruction 2) that the message holds.
fn lamports(bytes: &[u8]) -> Result<u64> {
    let data = bytes.len().checked_sub(12).context("too short")?;
    ensure!(bytes[data..data + 4] == [2, 0, 0, 0], "expected a transfer");
    Ok(u64::from_le_bytes(bytes[data + 4..].try_into()?))
}

#[test]
fn whatever_is_sent_the_answer_is_one_of_the_contract() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (appliance, wallet, bot) = runtime.block_on(async {
        let appliance = SHARED.get(|| Options::policy(POLICY)).await.unwrap();
        let wallet = wallet(&appliance, "fuzz").await.unwrap();
        let bot: Client = appliance.client("bot").unwrap();
        (appliance, wallet, bot)
    });
    let good = to_cold(&wallet).unwrap();
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let number = std::cell::Cell::new(0_u32);
    TestRunner::new(config)
        .run(&body(wallet.id.clone(), good), |body| {
            number.set(number.get() + 1);
            let key = format!("fuzz-{}", number.get());
            let headers = [("idempotency-key", key.as_str())];
            let path = "/v1/sign/solana";
            let reply = runtime.block_on(bot.send(Method::POST, path, &headers, body.clone()));
            reply
                .and_then(|reply| check(&wallet, &body, reply))
                .map_err(|error| TestCaseError::fail(format!("{error:#}")))
        })
        .unwrap();
    assert!(
        !appliance.log().contains("panicked"),
        "{}",
        appliance.last_words()
    );
    runtime.block_on(async {
        let message = to_cold(&wallet).unwrap();
        bot.signed("still-there", &wallet.id, &message)
            .await
            .unwrap();
    });
}
