//! Act 1: a bot gets a certificate, a user gets a wallet.

use anyhow::Result;
use countersign_api::{IssuedCertificate, User, Wallet};
use softhsm_tests::Client;
use softhsm_tests::client::{key_and_csr, tls};

use crate::stage::{Account, Cast, Stage};

const BOT: &str = "momentum";

pub(crate) async fn act(stage: &mut Stage<'_>) -> Result<Cast> {
    stage.screen.title("1  Enrol a bot, make a wallet")?;
    let bot = enrol(stage).await?;
    let gateway = stage.client("gateway")?;
    let wallet = wallet(stage, &gateway, "user-1").await?;
    Ok(Cast {
        gateway,
        bot,
        bot_name: BOT,
        account: wallet,
    })
}

async fn enrol(stage: &mut Stage<'_>) -> Result<Client> {
    let operator = stage.client("operator-a")?;
    let (key, csr) = key_and_csr()?;
    stage
        .screen
        .say("the bot's host makes its TLS key itself; only a signing request leaves it")?;
    stage.screen.sent(
        "operator-a",
        &format!("POST /v1/pki/certificates — a bot named `{BOT}`, for a day"),
    )?;
    let issued: IssuedCertificate = operator.issue(&csr, "bot", BOT, Some("24h")).await?;
    stage.screen.yes(&format!(
        "{}, valid until {}, signed by a CA key inside the HSM",
        issued.certificate.spiffe_id, issued.certificate.not_after
    ))?;
    let identity = (issued.pem.as_bytes(), key.as_bytes());
    let tls = tls(stage.read("ca.pem")?.as_bytes(), Some(identity))?;
    Client::with_tls(&stage.url, tls)
}

/// A wallet of a new user, granted to the bot.
pub(crate) async fn wallet(
    stage: &mut Stage<'_>,
    gateway: &Client,
    external_id: &str,
) -> Result<Account> {
    stage.screen.sent(
        "gateway",
        &format!("POST /v1/users, /v1/wallets — `{external_id}`, a Solana wallet"),
    )?;
    let user: User = gateway.user(external_id).await?;
    let wallet: Wallet = gateway.wallet(&user.id, None).await?;
    stage
        .screen
        .yes(&format!("wallet {}, address {}", wallet.id, wallet.address))?;
    stage.screen.detail(&format!(
        "its key was made in the HSM ({} custody) and cannot be read out by anybody",
        wallet.custody
    ))?;
    let path = format!("POST /v1/grants — `{BOT}` may ask for signatures of it");
    stage.screen.sent("gateway", &path)?;
    let grant = gateway.grant(BOT, &wallet.id).await?;
    stage.screen.yes(&format!("grant {}", grant.id))?;
    Account::of(&wallet)
}
