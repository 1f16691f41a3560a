//! The TLS server: its configuration, and its certificate, renewed while it runs.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use countersign_intent::{Span, Timestamp};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, SignatureAlgorithm};
use rustls::crypto::aws_lc_rs::kx_group::{SECP384R1, X25519, X25519MLKEM768};
use rustls::crypto::aws_lc_rs::{self, sign::any_ecdsa_type};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::server::{
    ClientHello, ResolvesServerCert, ServerSessionMemoryCache, StoresServerSessions,
    WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SignatureScheme};
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

/// The server's keys and certificates: on P-256, and on P-384 for clients that verify nothing else. The
/// keys live in memory only and are replaced together with the certificates; handshakes from then on
/// use the new ones, connections are not disturbed.
pub struct ServerIdentity {
    authority: Arc<Authority>,
    names: Vec<ServerName<'static>>,
    current: ArcSwap<Current>,
}

struct Current {
    p256: Arc<CertifiedKey>,
    p384: Arc<CertifiedKey>,
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
        let current = new_pair(&authority, &names, now)?;
        Ok(Arc::new(Self {
            current: ArcSwap::from_pointee(current),
            authority,
            names,
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
        let next = new_pair(&self.authority, &self.names, now)?;
        self.current.store(Arc::new(next));
        Ok(true)
    }

    /// A client without a certificate that trusts this server as others do, and the name it asks
    /// for.
    ///
    /// # Errors
    /// The authority's certificate does not serve as a root.
    pub fn visitor(
        &self,
        clock: Arc<dyn Clock>,
    ) -> Result<(ClientConfig, Option<ServerName<'static>>), ServerError> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.certificate().clone())?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_details(provider, Arc::new(TlsTime(clock)))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok((config, self.names.first().cloned()))
    }

    /// Last moment of the current certificate's validity.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.current.load().not_after
    }
}

impl ResolvesServerCert for ServerIdentity {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = hello.signature_schemes();
        let only_p384 = !schemes.contains(&SignatureScheme::ECDSA_NISTP256_SHA256)
            && schemes.contains(&SignatureScheme::ECDSA_NISTP384_SHA384);
        let current = self.current.load();
        Some(Arc::clone(if only_p384 {
            &current.p384
        } else {
            &current.p256
        }))
    }
}

fn new_pair(
    authority: &Authority,
    names: &[ServerName<'_>],
    now: Timestamp,
) -> Result<Current, ServerError> {
    let (p256, first_end) = certified(authority, names, now, &PKCS_ECDSA_P256_SHA256)?;
    let (p384, second_end) = certified(authority, names, now, &PKCS_ECDSA_P384_SHA384)?;
    let not_after = first_end.min(second_end);
    let third = Span::from_micros(not_after.since(now).micros() / 3);
    Ok(Current {
        p256,
        p384,
        renew_at: not_after.saturating_sub(third),
        not_after,
    })
}

fn certified(
    authority: &Authority,
    names: &[ServerName<'_>],
    now: Timestamp,
    algorithm: &'static SignatureAlgorithm,
) -> Result<(Arc<CertifiedKey>, Timestamp), ServerError> {
    let key = KeyPair::generate_for(algorithm)?;
    let issued = authority.issue_server(&key, names, now)?;
    let private = PrivateKeyDer::try_from(key.serialize_der())
        .map_err(|error| rustls::Error::General(error.to_owned()))?;
    let signing_key = any_ecdsa_type(&private)?;
    let certified = CertifiedKey::new(vec![issued.certificate], signing_key);
    Ok((Arc::new(certified), issued.not_after))
}

/// The TLS configuration of the API's listener: TLS 1.3 only, a certificate of our authority
/// required from every client, HTTP/2 and HTTP/1.1.
///
/// Sessions may be resumed, from memory and never with early data. The client's chain is kept
/// with the session and not verified again, which [`super::Gate`] makes up for on each
/// connection and request.
#[derive(Debug)]
pub struct TlsConfig {
    hybrid: Arc<ServerConfig>,
    classical: Arc<ServerConfig>,
    p384: Arc<ServerConfig>,
}

impl TlsConfig {
    /// Configures the server for clients of its own authority.
    ///
    /// # Errors
    /// The authority's certificate does not serve as a root, or a part is refused.
    pub fn new(identity: &Arc<ServerIdentity>, clock: Arc<dyn Clock>) -> Result<Self, ServerError> {
        let sessions = ServerSessionMemoryCache::new(RESUMABLE_SESSIONS);
        let time: Arc<dyn TimeProvider> = Arc::new(TlsTime(clock));
        let with_group = |group| {
            let mut config = config(identity, provider(group), Arc::clone(&time))?;
            config.session_storage = Arc::clone(&sessions) as Arc<dyn StoresServerSessions>;
            Ok::<_, ServerError>(Arc::new(config))
        };
        Ok(Self {
            hybrid: with_group(X25519MLKEM768)?,
            classical: with_group(X25519)?,
            p384: with_group(SECP384R1)?,
        })
    }

    /// Hybrid post-quantum key exchange with every client that can, X25519 with the others, and P-384
    /// with those that know neither. The TLS library alone would follow the client's order, so each
    /// group has its configuration.
    #[must_use]
    pub fn for_client(&self, hello: &ClientHello<'_>) -> Arc<ServerConfig> {
        let knows = |group: &dyn SupportedKxGroup| {
            hello
                .named_groups()
                .is_some_and(|groups| groups.contains(&group.name()))
        };
        Arc::clone(if knows(X25519MLKEM768) {
            &self.hybrid
        } else if knows(SECP384R1) && !knows(X25519) {
            &self.p384
        } else {
            &self.classical
        })
    }
}

fn config(
    identity: &Arc<ServerIdentity>,
    provider: CryptoProvider,
    time: Arc<dyn TimeProvider>,
) -> Result<ServerConfig, ServerError> {
    let provider = Arc::new(provider);
    let mut roots = RootCertStore::empty();
    roots.add(identity.authority.certificate().clone())?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()?;
    let mut config = ServerConfig::builder_with_details(provider, time)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::clone(identity) as Arc<dyn ResolvesServerCert>);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.send_tls13_tickets = 1;
    config.max_early_data_size = 0;
    Ok(config)
}

fn provider(group: &'static dyn SupportedKxGroup) -> CryptoProvider {
    CryptoProvider {
        kx_groups: vec![group],
        ..aws_lc_rs::default_provider()
    }
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
