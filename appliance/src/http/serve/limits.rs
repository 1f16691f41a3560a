//! Every bound of a listener, in one place.

use std::time::Duration;

/// What a listener allows. Timeouts of a connection are kept to within a quarter of the shortest
/// of them, never early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections whose peer is known, one in eight of them kept for operators and risk; one more
    /// takes the place of an idle one of whoever holds most.
    pub max_connections: usize,
    /// Connections of one principal; one more takes the place of its own that is idle longest.
    pub max_connections_per_client: usize,
    /// Connections in the TLS handshake, or refused and not yet gone. Kept apart, so that peers
    /// without a certificate cannot take the places of those with one; one more closes the
    /// oldest.
    pub max_handshakes: usize,
    /// From `accept` to the end of the TLS handshake.
    pub handshake_timeout: Duration,
    /// From the first byte of an HTTP/1 request to the end of its headers.
    pub header_timeout: Duration,
    /// Without a request.
    pub idle_timeout: Duration,
    /// With requests in flight of which none starts or ends. More than the longest wait a route
    /// allows.
    pub request_timeout: Duration,
    /// From the order to stop until connections that are still busy are cut off.
    pub drain_timeout: Duration,
    /// Request line and headers of one request.
    pub max_header_bytes: usize,
    /// Header fields of one HTTP/1 request.
    pub max_headers: usize,
    /// Requests at a time on one HTTP/2 connection.
    pub max_streams: u32,
    /// Bytes of requests under way, of everybody together; one in four is kept for operators and
    /// risk, and a little for each principal.
    pub max_bytes: usize,
    /// Bytes of requests under way, of one principal.
    pub max_bytes_per_client: usize,
}

/// Bodies of the largest size that one principal may send at a time, and everybody together.
const BODIES_OF_CLIENT: usize = 8;
const BODIES: usize = 32;

/// The least that one principal, and everybody together, may send: small bodies come by the
/// thousand.
const LEAST_OF_CLIENT: usize = 8 * 1024 * 1024;
const LEAST: usize = 64 * 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            max_connections_per_client: 256,
            max_handshakes: 256,
            handshake_timeout: Duration::from_secs(5),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(300),
            request_timeout: Duration::from_secs(120),
            drain_timeout: Duration::from_secs(20),
            max_header_bytes: 16 * 1024,
            max_headers: 64,
            max_streams: 64,
            max_bytes: LEAST,
            max_bytes_per_client: LEAST_OF_CLIENT,
        }
    }
}

impl Limits {
    /// With room for several bodies of the largest size.
    #[must_use]
    pub fn with_room_for(self, max_body: usize) -> Self {
        Self {
            max_bytes: LEAST.max(max_body.saturating_mul(BODIES)),
            max_bytes_per_client: LEAST_OF_CLIENT.max(max_body.saturating_mul(BODIES_OF_CLIENT)),
            ..self
        }
    }

    /// For the plain listener of probes and metrics: few and short connections.
    #[must_use]
    pub fn for_probes() -> Self {
        Self {
            max_connections: 64,
            header_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(2),
            max_header_bytes: 8 * 1024,
            ..Self::default()
        }
    }
}
