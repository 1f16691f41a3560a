//! Readiness knocks at the API's own door: whether somebody accepts there, and answers a handshake
//! with a certificate that clients would take.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;

/// How long a handshake of one's own may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it is tried before the door counts as shut: in a crowd one may have to give way.
const TRIES: usize = 3;

/// Own addresses that are remembered: the server may notice the end of a handshake after the next
/// one has begun.
const REMEMBERED: usize = 8;

/// The addresses that the appliance itself connected from lately, so that its handshakes, which end
/// without a certificate, are not counted among the failed ones.
#[derive(Debug, Clone, Default)]
pub struct OwnKnock(Arc<Mutex<VecDeque<SocketAddr>>>);

impl OwnKnock {
    pub(super) fn is(&self, peer: SocketAddr) -> bool {
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.iter().any(|own| {
            own.port() == peer.port() && own.ip().to_canonical() == peer.ip().to_canonical()
        })
    }

    fn remember(&self, address: SocketAddr) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.push_back(address);
        if own.len() > REMEMBERED {
            own.pop_front();
        }
    }
}

/// Knocks at one door.
#[derive(Clone)]
pub struct Knocker {
    address: SocketAddr,
    name: ServerName<'static>,
    tls: TlsConnector,
    own: OwnKnock,
}

impl std::fmt::Debug for Knocker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Knocker")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Knocker {
    /// For the door at `address`, whose server proves to be `name`.
    #[must_use]
    pub fn new(
        address: SocketAddr,
        name: ServerName<'static>,
        tls: ClientConfig,
        own: OwnKnock,
    ) -> Self {
        let address = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
            IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
            _ => address,
        };
        Self {
            address,
            name,
            tls: TlsConnector::from(Arc::new(tls)),
            own,
        }
    }

    /// Connects, and ends once the server has proved itself.
    ///
    /// # Errors
    /// Nobody answers, or nobody a client would trust.
    pub async fn knock(&self) -> Result<(), String> {
        let mut answer = Ok(());
        for _ in 0..TRIES {
            answer = match tokio::time::timeout(PATIENCE, self.once()).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err(format!("no answer within {}s", PATIENCE.as_secs())),
            };
        }
        answer.map_err(|why| {
            format!(
                "the API's own listener at {} does not take a connection: {why}; look at the log, \
                 then restart `countersignd`",
                self.address
            )
        })
    }

    async fn once(&self) -> std::io::Result<()> {
        let socket = match self.address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.bind((self.address.ip(), 0).into())?;
        self.own.remember(socket.local_addr()?);
        let stream = socket.connect(self.address).await?;
        let shaken = self.tls.connect(self.name.clone(), stream).await;
        shaken.map(drop)
    }
}
