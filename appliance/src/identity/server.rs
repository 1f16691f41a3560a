//! The TLS server: its configuration, and its certificate, renewed while it runs.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use countersign_intent::{Span, Timestamp};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{
    ClientHello, ResolvesServerCert, ServerSessionMemoryCache, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{PrivateKeyDer, ServerName, UnixTime};

use super::{Authority, AuthorityError};
use crate::clock::Clock;

/// Sessions that may be resumed; each holds its client's certificate, about 2 KiB.
const RESUMABLE_SESSIONS: usize = 1024;

/// Why there is no server certificate or no TLS configuration.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The authority did not issue.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The server's key could not be made.
    #[error("no key for the server certificate")]
    Key(#[from] rcgen::Error),
    /// The TLS library refused a part.
    #[error("the TLS configuration was refused")]
    Tls(#[from] rustls::Error),
    /// The verifier of client certificates refused the authority's certificate.
    #[error("the authority's certificate was refused as a root")]
    Verifier(#[from] rustls::client::VerifierBuilderError),
}

/// The server's key and certificate. The key lives in memory only and is replaced together with
/// the certificate; handshakes from then on use the new pair, connections are not disturbed.
pub struct ServerIdentity {
    authority: Arc<Authority>,
    names: Vec<ServerName<'static>>,
    provider: Arc<CryptoProvider>,
    current: ArcSwap<Current>,
}

struct Current {
    key: Arc<CertifiedKey>,
    renew_at: Timestamp,
    not_after: Timestamp,
}

impl std::fmt::Debug for ServerIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerIdentity")
            .field("names", &self.names)
            .field("not_after", &self.not_after())
            .finish_non_exhaustive()
    }
}

impl ServerIdentity {
    /// Makes a key and has it certified for `names`. Calls the authority's signer and blocks.
    ///
    /// # Errors
    /// The authority did not issue, or no key could be made.
    pub fn issue(
        authority: Arc<Authority>,
        names: Vec<ServerName<'static>>,
        now: Timestamp,
    ) -> Result<Arc<Self>, ServerError> {
        let provider = Arc::new(provider());
        let current = new_pair(&authority, &names, &provider, now)?;
        Ok(Arc::new(Self {
            current: ArcSwap::from_pointee(current),
            authority,
            names,
            provider,
        }))
    }

    /// Replaces key and certificate when two thirds of the certificate's life are over; answers
    /// whether it did. After an error the old pair stays in use; call again. Blocks.
    ///
    /// # Errors
    /// The authority did not issue, or no key could be made.
    pub fn renew_if_due(&self, now: Timestamp) -> Result<bool, ServerError> {
        if now < self.current.load().renew_at {
            return Ok(false);
        }
        let next = new_pair(&self.authority, &self.names, &self.provider, now)?;
        self.current.store(Arc::new(next));
        Ok(true)
    }

    /// Last moment of the current certificate's validity.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.current.load().not_after
    }
}

impl ResolvesServerCert for ServerIdentity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.load().key))
    }
}

fn new_pair(
    authority: &Authority,
    names: &[ServerName<'_>],
    provider: &CryptoProvider,
    now: Timestamp,
) -> Result<Current, ServerError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let issued = authority.issue_server(&key, names, now)?;
    let private = PrivateKeyDer::try_from(key.serialize_der())
        .map_err(|error| rustls::Error::General(error.to_owned()))?;
    let signing_key = provider.key_provider.load_private_key(private)?;
    let third = Span::from_micros(issued.not_after.since(now).micros() / 3);
    Ok(Current {
        key: Arc::new(CertifiedKey::new(vec![issued.certificate], signing_key)),
        renew_at: issued.not_after.saturating_sub(third),
        not_after: issued.not_after,
    })
}

/// The hybrid post-quantum group first, X25519 for peers that lack it, nothing else.
fn provider() -> CryptoProvider {
    CryptoProvider {
        kx_groups: vec![
            aws_lc_rs::kx_group::X25519MLKEM768,
            aws_lc_rs::kx_group::X25519,
        ],
        ..aws_lc_rs::default_provider()
    }
}

/// The configuration of the API's listener: TLS 1.3 only, a certificate of our authority
/// required from every client, HTTP/2 and HTTP/1.1.
///
/// Sessions may be resumed, from memory and never with early data. The client's chain is kept
/// with the session and not verified again, which [`super::Gate`] makes up for on each
/// connection and request.
///
/// # Errors
/// The authority's certificate does not serve as a root, or a part is refused.
pub fn tls_config(
    identity: Arc<ServerIdentity>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<ServerConfig>, ServerError> {
    let provider = Arc::clone(&identity.provider);
    let mut roots = RootCertStore::empty();
    roots.add(identity.authority.certificate().clone())?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()?;
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(TlsTime(clock)))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = ServerSessionMemoryCache::new(RESUMABLE_SESSIONS);
    config.send_tls13_tickets = 1;
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

/// Our clock for the TLS library, which verifies certificates by it.
struct TlsTime(Arc<dyn Clock>);

impl std::fmt::Debug for TlsTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsTime")
    }
}

impl TimeProvider for TlsTime {
    fn current_time(&self) -> Option<UnixTime> {
        let micros = u64::try_from(self.0.now().micros()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_micros(micros)))
    }
}
