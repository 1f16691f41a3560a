//! The API as one of its clients sees it: mutual TLS 1.3, JSON, and nothing else.

mod declared;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{
    CreateWallet, Grant, IssueCertificate, IssuedCertificate, Problem, SignedAnswer, User, Wallet,
};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub use reqwest::Method;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The `Content-Type` header.
    pub content_type: String,
    /// The `Retry-After` header: whole seconds.
    pub retry_after: Option<u64>,
    /// The body; `null` where there is none or it is no JSON.
    pub body: Value,
}

impl Reply {
    /// The body of an answer with status 200.
    ///
    /// # Errors
    /// Another status, or a body of another shape.
    pub fn ok<T: DeserializeOwned>(self) -> Result<T> {
        ensure!(self.status == 200, "{}: {}", self.status, self.body);
        let text = self.body.to_string();
        serde_json::from_value(self.body).with_context(|| text)
    }

    /// The problem of an answer that is one, its status and media type checked.
    ///
    /// # Errors
    /// Another answer.
    pub fn problem(self) -> Result<Problem> {
        let shown = format!("{} {}: {}", self.status, self.content_type, self.body);
        ensure!(
            self.content_type == countersign_api::PROBLEM_JSON,
            "expected a problem, got {shown}"
        );
        let problem: Problem = serde_json::from_value(self.body).with_context(|| shown.clone())?;
        ensure!(problem.status == self.status, "{shown}");
        ensure!(!problem.detail.is_empty(), "{shown}");
        Ok(problem)
    }

    /// The stable code of a problem; empty for any other answer.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body
            .get("code")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// A client with one identity. Connections are kept alive and shared by its clones.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    /// A client with the certificate and key in these PEM files.
    ///
    /// # Errors
    /// Files that cannot be read or used.
    pub fn with_files(url: &str, ca: &Path, certificate: &Path, key: &Path) -> Result<Self> {
        let read = |path: &Path| {
            std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
        };
        let tls = tls(&read(ca)?, Some((&read(certificate)?, &read(key)?)))?;
        Self::with_tls(url, tls)
    }

    /// A client without a certificate.
    ///
    /// # Errors
    /// A CA that cannot be read.
    pub fn anonymous(url: &str, ca: &Path) -> Result<Self> {
        Self::with_tls(url, tls(&std::fs::read(ca)?, None)?)
    }

    /// A client with this TLS configuration.
    ///
    /// # Errors
    /// Nothing that happens with these settings.
    pub fn with_tls(url: &str, tls: rustls::ClientConfig) -> Result<Self> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()?;
        Ok(Self {
            http,
            url: url.to_owned(),
        })
    }

    /// Sends anything; what changes something under a new idempotency key, unless it has one.
    ///
    /// # Errors
    /// No whole answer came, or one that the table of routes does not have.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Reply> {
        let mut map = header_map(headers)?;
        if method != Method::GET && !map.contains_key(KEY) {
            map.insert(KEY, HeaderValue::from_str(&new_key()?)?);
        }
        if !body.is_empty() && !map.contains_key(CONTENT_TYPE) {
            map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        self.send_as_is(method, path, map, body).await
    }

    /// Sends exactly this.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn send_bare(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Reply> {
        self.send_as_is(method, path, header_map(headers)?, body)
            .await
    }

    async fn send_as_is(
        &self,
        method: Method,
        path: &str,
        map: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Reply> {
        let url = format!("{}{path}", self.url);
        let request = self
            .http
            .request(method.clone(), url)
            .headers(map)
            .body(body);
        let response = request.send().await?;
        let status = response.status().as_u16();
        let content_type = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after
            .map(|value| anyhow::Ok(value.to_str()?.parse()?))
            .transpose()?;
        let bytes = response.bytes().await?;
        let reply = Reply {
            status,
            content_type,
            retry_after,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        };
        declared::check(method.as_str(), path, &reply)?;
        Ok(reply)
    }

    /// `GET`.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn get(&self, path: &str) -> Result<Reply> {
        self.send(Method::GET, path, &[], Vec::new()).await
    }

    /// `POST` of a JSON body.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn post(&self, path: &str, body: &impl Serialize) -> Result<Reply> {
        let body = serde_json::to_vec(body)?;
        self.send(Method::POST, path, &[], body).await
    }

    /// `POST` of a JSON body under an idempotency key.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn post_keyed(&self, path: &str, key: &str, body: &impl Serialize) -> Result<Reply> {
        let headers = [(KEY, key)];
        let body = serde_json::to_vec(body)?;
        self.send(Method::POST, path, &headers, body).await
    }

    /// `DELETE`.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn delete(&self, path: &str) -> Result<Reply> {
        self.send(Method::DELETE, path, &[], Vec::new()).await
    }

    /// Creates or finds a user.
    ///
    /// # Errors
    /// The appliance refuses.
    pub async fn user(&self, external_id: &str) -> Result<User> {
        let body = json!({ "external_id": external_id });
        self.post("/v1/users", &body).await?.ok()
    }

    /// Creates or finds a user's Solana wallet, in this custody or the configured one.
    ///
    /// # Errors
    /// The appliance refuses.
    pub async fn wallet(&self, user: &str, custody: Option<&str>) -> Result<Wallet> {
        let body = CreateWallet {
            user_id: user.to_owned(),
            venue: "solana".to_owned(),
            environment: None,
            name: None,
            custody: custody.map(str::to_owned),
            limits: Vec::new(),
        };
        self.post("/v1/wallets", &body).await?.ok()
    }

    /// Lets a bot use a wallet.
    ///
    /// # Errors
    /// The appliance refuses.
    pub async fn grant(&self, bot: &str, wallet: &str) -> Result<Grant> {
        let body = json!({ "bot": bot, "wallet_id": wallet });
        self.post("/v1/grants", &body).await?.ok()
    }

    /// Asks for a signature over a message.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn sign(&self, key: &str, wallet: &str, message: &[u8]) -> Result<Reply> {
        let body = sign_body(wallet, message);
        self.post_keyed("/v1/sign/solana", key, &body).await
    }

    /// Asks for a signature that has to be given.
    ///
    /// # Errors
    /// It is not.
    pub async fn signed(&self, key: &str, wallet: &str, message: &[u8]) -> Result<SignedAnswer> {
        self.sign(key, wallet, message).await?.ok()
    }

    /// Asks for the decision alone.
    ///
    /// # Errors
    /// The appliance refuses to judge.
    pub async fn dry_run(&self, wallet: &str, message: &[u8]) -> Result<SignedAnswer> {
        let body = sign_body(wallet, message);
        self.post("/v1/sign/solana?dry_run=true", &body).await?.ok()
    }

    /// Asks for a certificate.
    ///
    /// # Errors
    /// The appliance refuses.
    pub async fn issue(
        &self,
        csr: &str,
        role: &str,
        name: &str,
        lifetime: Option<&str>,
    ) -> Result<IssuedCertificate> {
        let body = IssueCertificate {
            csr: csr.to_owned(),
            role: role.to_owned(),
            name: name.to_owned(),
            lifetime: lifetime.map(str::to_owned),
        };
        self.post("/v1/pki/certificates", &body).await?.ok()
    }
}

/// The header that names a request across its retries.
const KEY: &str = "idempotency-key";

fn new_key() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

fn header_map(headers: &[(&str, &str)]) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse()?;
        map.append(name, HeaderValue::from_str(value)?);
    }
    Ok(map)
}

/// The body of a sign request.
#[must_use]
pub fn sign_body(wallet: &str, message: &[u8]) -> Value {
    json!({ "wallet_id": wallet, "message": BASE64_STANDARD.encode(message) })
}

/// A new P-256 key and a request for a certificate over it, both as PEM.
///
/// # Errors
/// No random numbers.
pub fn key_and_csr() -> Result<(String, String)> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let csr = rcgen::CertificateParams::default().serialize_request(&key)?;
    Ok((key.serialize_pem(), csr.pem()?))
}

/// TLS 1.3 that trusts one CA, with a certificate and its key if there is one; all as PEM.
///
/// # Errors
/// PEM of something else.
pub fn tls(ca: &[u8], identity: Option<(&[u8], &[u8])>) -> Result<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca) {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots);
    let Some((certificate, key)) = identity else {
        return Ok(builder.with_no_client_auth());
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    Ok(builder.with_client_auth_cert(chain?, PrivateKeyDer::from_pem_slice(key)?)?)
}
