//! A user, a wallet and a grant over the API, and the requests of the loads.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_intent::Address;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

use crate::CONNECTIONS;
use crate::load::{Load, MakeBody, Target};
use crate::serving::Simulated;
use crate::trade::Trade;

const MEMO: Address = Address::from_literal("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");

/// TLS of a principal of the state directory.
pub(crate) fn tls(state: &Path, name: &str) -> Result<Arc<rustls::ClientConfig>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(state.join("ca.pem"))?)?;
    let chain = vec![CertificateDer::from_pem_file(
        state.join(format!("{name}.pem")),
    )?];
    let key = PrivateKeyDer::from_pem_file(state.join(format!("{name}.key")))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)?;
    Ok(Arc::new(config))
}

/// Asks the API once.
pub(crate) async fn call(state: &Path, name: &str, path: &str, body: Value) -> Result<Value> {
    let file = |ending: &str| std::fs::read(state.join(format!("{name}.{ending}")));
    let mut identity = file("pem")?;
    identity.extend(file("key")?);
    let ca = std::fs::read(state.join("ca.pem"))?;
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&ca)?])
        .identity(reqwest::Identity::from_pem(&identity)?)
        .build()?;
    let url = std::fs::read_to_string(state.join("url"))?;
    let answer = client
        .post(format!("{}{path}", url.trim()))
        .header("idempotency-key", format!("{:x}", getrandom::u64()?))
        .json(&body)
        .send()
        .await?;
    let status = answer.status();
    let value: Value = answer.json().await?;
    ensure!(status.is_success(), "{path}: {status}: {value}");
    Ok(value)
}

fn text<'v>(value: &'v Value, field: &str) -> Result<&'v str> {
    value
        .get(field)
        .and_then(Value::as_str)
        .with_context(|| format!("no `{field}` in {value}"))
}

/// A wallet the bot may use.
#[derive(Debug, Clone)]
pub(crate) struct Wallet {
    pub(crate) id: String,
    pub(crate) address: Address,
}

/// Makes wallet number `number`, granted to the bot.
pub(crate) async fn wallet(state: &Path, number: u64) -> Result<Wallet> {
    let user = json!({ "external_id": format!("bench-{number}") });
    let user = call(state, "gateway", "/v1/users", user).await?;
    let wallet = json!({ "user_id": text(&user, "id")?, "venue": "solana" });
    let wallet = call(state, "gateway", "/v1/wallets", wallet).await?;
    let id = text(&wallet, "id")?.to_owned();
    let grant = json!({ "bot": "bot", "wallet_id": id });
    call(state, "gateway", "/v1/grants", grant).await?;
    Ok(Wallet {
        address: text(&wallet, "address")?.parse()?,
        id,
    })
}

fn address(state: &Path, file: &str, scheme: &str) -> Result<String> {
    let url = std::fs::read_to_string(state.join(file))?;
    let host = url.trim().strip_prefix(scheme).context("another scheme")?;
    Ok(host.to_owned())
}

/// Messages with nothing but a memo, each with another blockhash: the least there is to sign.
pub(crate) async fn sign_target(state: &Path, number: u64) -> Result<Target> {
    let wallet = wallet(state, number).await?;
    target_of(state, vec![wallet])
}

/// Transfers of one lamport to the cold address: each waits until the token remembers its entry.
pub(crate) async fn withdrawal_target(state: &Path, number: u64) -> Result<Target> {
    let cold: Address = std::fs::read_to_string(state.join("cold-address"))?
        .trim()
        .parse()?;
    let wallet = wallet(state, number).await?;
    let sample = target_of(state, vec![wallet.clone()])?;
    let body = move |number: u64| {
        let message = BASE64_STANDARD.encode(transfer(&wallet.address, &cold, number));
        format!(r#"{{"wallet_id":"{}","message":"{message}"}}"#, wallet.id)
    };
    Ok(Target {
        body: Arc::new(body),
        ..sample
    })
}

/// Memos, going round several wallets.
pub(crate) fn target_of(state: &Path, wallets: Vec<Wallet>) -> Result<Target> {
    let body = move |number: u64| {
        // Every connection goes its own way round.
        let (lane, round) = (number / 1_000_000_000, number % 1_000_000_000);
        let apart = wallets.len() / CONNECTIONS;
        let index = usize::try_from(lane).unwrap_or_default() * apart
            + usize::try_from(round).unwrap_or_default();
        let index = index % wallets.len();
        wallets.get(index).map_or_else(String::new, |wallet| {
            let encoded = BASE64_STANDARD.encode(memo(&wallet.address, number));
            format!(r#"{{"wallet_id":"{}","message":"{encoded}"}}"#, wallet.id)
        })
    };
    Ok(Target {
        address: address(state, "url", "https://")?,
        path: "/v1/sign/solana",
        tls: tls(state, "bot")?,
        body: Arc::new(body),
    })
}

/// Real trades of one wallet, each over another blockhash, held against prices.
pub(crate) async fn trade_target(state: &Path) -> Result<Target> {
    for (asset, price) in [("SOL", "150"), ("USDC", "1")] {
        let body = json!({ "asset": asset, "price_usd": price });
        call(state, "operator-a", "/v1/prices", body).await?;
    }
    let wallet = wallet(state, 0).await?;
    let sample = target_of(state, vec![wallet.clone()])?;
    Ok(Target {
        body: trades(&wallet)?,
        ..sample
    })
}

fn trades(wallet: &Wallet) -> Result<MakeBody> {
    let (id, trade) = (wallet.id.clone(), Trade::of(&wallet.address)?);
    Ok(Arc::new(move |number| {
        let message = BASE64_STANDARD.encode(trade.numbered(number));
        format!(r#"{{"wallet_id":"{id}","message":"{message}"}}"#)
    }))
}

/// The same trades, sent to the composite floor.
pub(crate) fn composite_target(state: &Path) -> Result<Target> {
    let wallet = Wallet {
        id: "wal_00000000000000000000000000000000".to_owned(),
        address: Address::new([1; 32]),
    };
    let sample = target_of(state, vec![wallet.clone()])?;
    Ok(Target {
        address: address(state, "noop-url", "https://")?,
        path: "/floor",
        body: trades(&wallet)?,
        ..sample
    })
}

/// A load of the no-op route on the same stack.
pub(crate) async fn noop_load(simulated: &Simulated) -> Result<Load> {
    let target = noop_target(simulated.directory()).await?;
    Load::open(target, simulated.pid()).await
}

/// A no-op route on the same stack.
pub(crate) async fn noop_target(state: &Path) -> Result<Target> {
    let sample = target_of(
        state,
        vec![Wallet {
            id: "wal_00000000000000000000000000000000".to_owned(),
            address: Address::new([1; 32]),
        }],
    )?;
    Ok(Target {
        address: address(state, "noop-url", "https://")?,
        path: "/noop",
        ..sample
    })
}

/// A legacy message that transfers one lamport.
fn transfer(from: &Address, to: &Address, number: u64) -> Vec<u8> {
    let instruction = [2, 2, 0, 1, 12, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    message(&[*from, *to, Address::new([0; 32])], number, &instruction)
}

/// A legacy message with a memo that the wallet signs.
pub(crate) fn memo(wallet: &Address, number: u64) -> Vec<u8> {
    message(&[*wallet, MEMO], number, b"\x01\x01\x00\x05bench")
}

/// The wallet pays and signs; the last account is the program.
fn message(accounts: &[Address], number: u64, instruction: &[u8]) -> Vec<u8> {
    let count = u8::try_from(accounts.len()).unwrap_or_default();
    let mut message = vec![1, 0, 1, count];
    for account in accounts {
        message.extend_from_slice(account.as_bytes());
    }
    let mut blockhash = [0x5a; 32];
    let unique = number.to_le_bytes();
    blockhash
        .iter_mut()
        .zip(unique)
        .for_each(|(to, from)| *to = from);
    message.extend_from_slice(&blockhash);
    message.push(1);
    message.extend_from_slice(instruction);
    message
}
