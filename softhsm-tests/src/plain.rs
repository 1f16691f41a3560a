//! Plain HTTP/1.1, as probes and scrapers speak it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer of the plain listener.
#[derive(Debug, Clone)]
pub struct Plain {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// `GET` of a path.
///
/// # Errors
/// No whole answer came in time.
pub fn get(address: &str, path: &str) -> Result<Plain> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .context("an answer has a head")?;
    let status = head.split(' ').nth(1).context("an answer has a status")?;
    Ok(Plain {
        status: status.parse()?,
        body: body.to_owned(),
    })
}
