//! `countersign wallets seal`: a key sealed to the appliance, offline.

use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use countersign_api::{ImportKey, SealedHeader};
use countersign_intent::{Span, UserId};
use ed25519_dalek::SigningKey;
use serde_json::json;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::failure::{Failure, Outcome};
use crate::session::Session;
use crate::{input, keypair};

const MAX_IMPORT_KEY: u64 = 16 * 1024;

/// Arguments of `wallets seal`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The appliance's import key, as `wallets import-key --json` prints it
    #[arg(long, value_name = "FILE")]
    import_key: PathBuf,
    /// The key to seal: a Solana JSON keypair, or 64 bytes in base58; `-` for standard input
    #[arg(long, value_name = "FILE")]
    keypair: PathBuf,
    #[command(flatten)]
    purpose: Purpose,
}

/// Who may import the sealed key, where and until when.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Purpose {
    /// The user it is for, `usr_…`
    #[arg(long, value_name = "USER_ID")]
    pub user: UserId,
    /// Slug of the venue
    #[arg(long, default_value = "solana")]
    pub venue: String,
    /// `mainnet` or `testnet`
    #[arg(long, default_value = "mainnet")]
    pub environment: String,
    /// How long it may be imported after the import key was fetched, at most 7d
    #[arg(long, value_name = "TIME", default_value = "24h")]
    pub good_for: Span,
    /// Refuse an import key with another `kid` than this; `countersignd doctor` shows it
    #[arg(long, value_name = "KID")]
    pub kid: Option<String>,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let key = read_import_key(&arguments.import_key)?;
    let pair = keypair::read(&arguments.keypair)?;
    let sealed = seal(&key, &pair, &arguments.purpose)?;
    let value = json!({ "sealed": sealed, "address": address(&pair), "kid": key.kid });
    session.show(&value, |out| out.line(sealed.clone()));
    Ok(crate::exit::Exit::Done)
}

fn read_import_key(path: &Path) -> Result<ImportKey, Failure> {
    let text = input::read_text(path, MAX_IMPORT_KEY)?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!(
            "expected the import key in `{}`, as `wallets import-key --json` prints it: {error}",
            path.display()
        ))
    })
}

/// The address of a key pair.
pub(super) fn address(pair: &SigningKey) -> String {
    bs58::encode(pair.verifying_key()).into_string()
}

/// Seals a key pair as `POST /v1/wallets/import` takes it.
///
/// # Errors
/// An import key that is none, has another thumbprint than it says or than was asked for.
pub(super) fn seal(
    key: &ImportKey,
    pair: &SigningKey,
    purpose: &Purpose,
) -> Result<String, Failure> {
    let recipient = recipient(key, purpose.kid.as_deref())?;
    let mut content_key = Zeroizing::new([0_u8; 32]);
    let mut nonce = [0_u8; 12];
    for bytes in [content_key.as_mut_slice(), &mut nonce] {
        getrandom::fill(bytes)
            .map_err(|error| Failure::usage(format!("no random numbers: {error}")))?;
    }
    let header = BASE64_URL_SAFE_NO_PAD.encode(header(key, purpose)?);
    let encrypted_key = recipient
        .seal(&content_key)
        .map_err(|error| Failure::usage(error.to_string()))?;
    let failed = |_| Failure::usage("the key could not be sealed; report this");
    let cipher = UnboundKey::new(&AES_256_GCM, content_key.as_slice()).map_err(failed)?;
    let mut content = Zeroizing::new(pair.to_keypair_bytes());
    let tag = LessSafeKey::new(cipher)
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(header.as_bytes()),
            content.as_mut_slice(),
        )
        .map_err(failed)?;
    let parts = [
        encrypted_key.as_slice(),
        &nonce,
        content.as_slice(),
        tag.as_ref(),
    ];
    let parts = parts.map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    Ok(format!("{header}.{}", parts.join(".")))
}

fn recipient(
    key: &ImportKey,
    expected: Option<&str>,
) -> Result<countersign_hsm::ImportKey, Failure> {
    let (n, e) = (&key.n, &key.e);
    let members = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
    let kid = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(members));
    if kid != key.kid {
        return Err(Failure::usage(format!(
            "the import key says `kid` {}, its thumbprint is {kid}; fetch it again",
            key.kid
        )));
    }
    if let Some(expected) = expected
        && expected != kid
    {
        return Err(Failure::usage(format!(
            "the import key is {kid}, expected {expected}: do not seal to it, and find out who \
             handed it out"
        )));
    }
    let part = |name: &str, text: &str| {
        let decoded = BASE64_URL_SAFE_NO_PAD.decode(text);
        decoded.map_err(|error| Failure::usage(format!("`{name}` of the import key: {error}")))
    };
    countersign_hsm::ImportKey::new(part("n", n)?, part("e", e)?)
        .map_err(|error| Failure::usage(error.to_string()))
}

fn header(key: &ImportKey, purpose: &Purpose) -> Result<Vec<u8>, Failure> {
    let life = i64::try_from(purpose.good_for.micros() / 1_000_000).unwrap_or(i64::MAX);
    let header = SealedHeader {
        alg: "RSA-OAEP".to_owned(),
        enc: "A256GCM".to_owned(),
        kid: key.kid.clone(),
        user_id: purpose.user.to_string(),
        venue: purpose.venue.clone(),
        environment: purpose.environment.clone(),
        exp: key.iat.saturating_add(life),
    };
    serde_json::to_vec(&header).map_err(|error| Failure::usage(error.to_string()))
}
