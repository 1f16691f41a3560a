//! The program's own log, to standard error, which never holds anything up.
//!
//! Whoever logs only hands a line over; one thread writes. A reader that is gone, a disk that is
//! full, or a pipe that nobody empties costs lines, which are counted in
//! `countersign_log_lines_dropped_total`, and nothing else: nothing here waits for standard error,
//! and nothing panics because of it. (`eprintln!` does both, and so does the default panic hook.)

use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait for the thread; one more is dropped.
const WAITING: usize = 4096;

/// Bytes of a line at most; a longer one is dropped.
const LONGEST_LINE: usize = 64 * 1024;

/// How long the end of the program waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

enum Message {
    Line(Vec<u8>),
    Flush(Sender<()>),
}

/// Hands lines to the thread that writes.
#[derive(Debug, Clone)]
pub struct Log(Sender<Message>);

impl Log {
    /// Starts the thread, and lets everything that is traced, panics included, go through it.
    ///
    /// # Errors
    /// No thread, or another log was set up before.
    pub fn start() -> io::Result<Self> {
        let log = Self::to(io::stderr())?;
        let filter = EnvFilter::try_from_env("COUNTERSIGN_LOG");
        tracing_subscriber::fmt()
            .json()
            .with_env_filter(filter.unwrap_or_else(|_| EnvFilter::new("info")))
            .log_internal_errors(false)
            .with_writer(log.clone())
            .try_init()
            .map_err(io::Error::other)?;
        std::panic::set_hook(Box::new(note_panic));
        Ok(log)
    }

    fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (sender, messages) = bounded(WAITING);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(out, &messages))?;
        Ok(Self(sender))
    }

    /// Writes one line as it is, for people.
    pub fn say(&self, text: &str) {
        self.hand_over(format!("{text}\n").into_bytes());
    }

    /// Waits, for a bounded time, until what was handed over is written.
    pub fn flush(&self) {
        let (done, flushed) = bounded(1);
        if self
            .0
            .send_timeout(Message::Flush(done), LAST_LINES)
            .is_ok()
        {
            let _too_slow = flushed.recv_timeout(LAST_LINES);
        }
    }

    fn hand_over(&self, line: Vec<u8>) {
        if line.len() > LONGEST_LINE {
            return count_dropped("too_long");
        }
        if self.0.try_send(Message::Line(line)).is_err() {
            count_dropped("full");
        }
    }
}

fn write_all(mut out: impl Write, messages: &Receiver<Message>) {
    for message in messages {
        match message {
            Message::Line(line) => {
                if out.write_all(&line).is_err() {
                    count_dropped("unwritable");
                }
            }
            Message::Flush(done) => {
                let _unwritable = out.flush();
                let _gone = done.send(());
            }
        }
    }
}

fn count_dropped(reason: &'static str) {
    metrics::counter!("countersign_log_lines_dropped_total", "reason" => reason).increment(1);
}

fn note_panic(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let at = info.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or_default();
    tracing::error!(message, at, thread, "a thread panicked");
}

/// One event on its way: the formatter writes it in one piece.
#[derive(Debug)]
pub struct Event<'a>(&'a Log);

impl Write for Event<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.hand_over(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Event<'a>;

    fn make_writer(&'a self) -> Event<'a> {
        Event(self)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Takes what it is given while it has room, then fails or hangs.
    #[derive(Clone, Default)]
    struct Out {
        taken: Arc<Mutex<Vec<u8>>>,
        hangs: bool,
        full: bool,
    }

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.hangs {
                loop {
                    std::thread::park();
                }
            }
            if self.full {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.taken.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_come_out_whole_and_in_order() {
        let out = Out::default();
        let log = Log::to(out.clone()).unwrap();
        for number in 0..100 {
            write!(log.make_writer(), "{number}").unwrap();
            log.say(".");
        }
        log.flush();
        let expected: String = (0..100).map(|number| format!("{number}.\n")).collect();
        let taken = out.taken.lock().unwrap().clone();
        assert_eq!(String::from_utf8(taken).unwrap(), expected);
    }

    #[test]
    fn who_logs_neither_waits_nor_fails() {
        for (hangs, full) in [(true, false), (false, true)] {
            let taken = Arc::default();
            let log = Log::to(Out { taken, hangs, full }).unwrap();
            for _ in 0..3 * WAITING {
                log.make_writer().write_all(b"line\n").unwrap();
            }
            log.flush();
        }
    }

    #[test]
    fn no_line_is_without_a_bound() {
        let out = Out::default();
        let log = Log::to(out.clone()).unwrap();
        log.say(&"x".repeat(LONGEST_LINE));
        log.say("short");
        log.flush();
        assert_eq!(*out.taken.lock().unwrap(), b"short\n");
    }
}
