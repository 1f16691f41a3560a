//! The socket of Ledger's emulator (`speculos/mcu/apdu.py`).
//!
//! A command is its length in four bytes, big-endian, then the command. An answer is the length
//! of its data without the status word in four bytes, then the data, then the status word.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::apdu::{Answer, Command, MAX_ANSWER};
use super::error::Error;
use super::transport::Transport;
use super::{QUICK, status::Status};

/// A device at the end of a TCP connection.
#[derive(Debug)]
pub struct Tcp {
    stream: TcpStream,
}

impl Tcp {
    /// Connects to `host:port`.
    ///
    /// # Errors
    /// [`Error::CannotOpen`] when nobody listens there.
    pub fn connect(address: &str) -> Result<Self, Error> {
        let cannot = |cause: String| Error::CannotOpen {
            address: format!("tcp:{address}"),
            cause,
        };
        let found = address.to_socket_addrs();
        let mut last = "the name has no address".to_owned();
        for candidate in found.map_err(|error| cannot(error.to_string()))? {
            match TcpStream::connect_timeout(&candidate, QUICK) {
                Ok(stream) => {
                    // A command is one small write; without this it may wait for the next.
                    stream
                        .set_nodelay(true)
                        .map_err(|error| cannot(error.to_string()))?;
                    return Ok(Self { stream });
                }
                Err(error) => last = error.to_string(),
            }
        }
        Err(cannot(last))
    }

    fn send(&mut self, command: &Command) -> io::Result<()> {
        let bytes = command.to_bytes();
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let mut frame = length.to_be_bytes().to_vec();
        frame.extend(bytes);
        self.stream.set_write_timeout(Some(QUICK))?;
        self.stream.write_all(&frame)
    }

    /// Reads one answer. Only its first byte may take as long as a person; a trickle after it is
    /// bounded by the number of bytes times [`QUICK`].
    fn receive(&mut self, patience: Duration) -> io::Result<Result<Answer, Error>> {
        self.stream.set_read_timeout(Some(patience))?;
        let mut length = [0; 4];
        let (first, rest) = length.split_at_mut(1);
        self.stream.read_exact(first)?;
        self.stream.set_read_timeout(Some(QUICK))?;
        self.stream.read_exact(rest)?;
        let length = u32::from_be_bytes(length);
        let length = match usize::try_from(length) {
            Ok(length) if length <= MAX_ANSWER => length,
            _ => {
                return Ok(Err(Error::malformed(
                    "an answer",
                    format!("at most {MAX_ANSWER} bytes"),
                    format!("{length} bytes"),
                )));
            }
        };
        let mut data = vec![0; length];
        self.stream.read_exact(&mut data)?;
        let mut status = [0; 2];
        self.stream.read_exact(&mut status)?;
        Ok(Answer::new(data, Status(u16::from_be_bytes(status))))
    }
}

impl Transport for Tcp {
    fn exchange(&mut self, command: &Command, patience: Duration) -> Result<Answer, Error> {
        let broke = |error: io::Error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::TimedOut(patience),
            io::ErrorKind::UnexpectedEof => Error::Lost("it closed the connection".to_owned()),
            _ => Error::Lost(error.to_string()),
        };
        self.send(command).map_err(broke)?;
        self.receive(patience).map_err(broke)?
    }
}
