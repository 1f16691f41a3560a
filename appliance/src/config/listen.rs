//! Where the appliance is to be found.

use std::net::SocketAddr;

use serde::Deserialize;

/// Where to listen, and the bounds on clients.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// The API, TLS 1.3 with client certificates.
    pub api: SocketAddr,
    /// Liveness, readiness and metrics, plain; loopback unless there is a reason.
    pub operations: SocketAddr,
    /// DNS names and addresses in the server's certificate.
    pub server_names: Vec<String>,
    /// Connections at once.
    pub max_connections: usize,
    /// Bytes of a request body at most.
    pub max_body: usize,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            api: SocketAddr::from(([127, 0, 0, 1], 8443)),
            operations: SocketAddr::from(([127, 0, 0, 1], 8444)),
            server_names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            max_connections: 1024,
            max_body: 512 * 1024,
        }
    }
}
