//! The socket: a command is its length in four bytes, big-endian, then the command; an answer is
//! the length of its data in four bytes, then the data, then the status word.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;

use super::Ledger;

/// Longest command that is read.
const MAX_COMMAND: usize = 260;

/// How long a client may stay quiet before it is left.
const QUIET: Duration = Duration::from_secs(60);

/// A device that listens. It stops when this is dropped.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    ledger: Arc<Mutex<Ledger>>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Emulator {
    /// Listens at `address`, e.g. `127.0.0.1:0` for any free port.
    ///
    /// # Errors
    /// The port is taken.
    pub fn listen(address: &str, ledger: Ledger) -> Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let ledger = Arc::new(Mutex::new(ledger));
        let stopped = Arc::new(AtomicBool::new(false));
        let thread = {
            let (ledger, stopped) = (Arc::clone(&ledger), Arc::clone(&stopped));
            std::thread::spawn(move || serve(&listener, &ledger, &stopped))
        };
        Ok(Self {
            address,
            ledger,
            stopped,
            thread: Some(thread),
        })
    }

    /// As the CLI takes it: `tcp:127.0.0.1:…`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("tcp:{}", self.address)
    }

    /// The device.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for ever, for a program of its own.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread where it waits for a client.
        let _woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

/// One client after the other, as a device has one cable.
fn serve(listener: &TcpListener, ledger: &Mutex<Ledger>, stopped: &AtomicBool) {
    for client in listener.incoming() {
        if stopped.load(Ordering::SeqCst) {
            return;
        }
        if let Ok(client) = client {
            // A client that breaks off is no concern of the next.
            let _broke = attend(client, ledger);
        }
    }
}

fn attend(mut client: TcpStream, ledger: &Mutex<Ledger>) -> io::Result<()> {
    client.set_nodelay(true)?;
    client.set_read_timeout(Some(QUIET))?;
    loop {
        let mut length = [0; 4];
        client.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > MAX_COMMAND {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut command = vec![0; length];
        client.read_exact(&mut command)?;
        let (data, status) = ledger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .answer(&command);
        let mut answer = u32::try_from(data.len())
            .unwrap_or(0)
            .to_be_bytes()
            .to_vec();
        answer.extend(data);
        answer.extend(status.to_be_bytes());
        client.write_all(&answer)?;
    }
}
