//! Any answers as those of a Ledger: the adapter ends, and gives back no signature that nobody
//! made.

#![no_main]

use std::time::Duration;

use countersign_hsm::ledger::{
    Answer, App, Command, DerivationPath, Error, Ethereum, Solana, Transport,
};
use libfuzzer_sys::fuzz_target;

/// Each answer is a length in one byte, then as many bytes; where the length is odd, a status
/// word that says yes is added.
struct Device {
    left: Vec<u8>,
}

impl Transport for Device {
    fn exchange(&mut self, _: &Command, _: Duration) -> Result<Answer, Error> {
        if self.left.is_empty() {
            return Err(Error::Lost("no more answers".to_owned()));
        }
        let length = usize::from(self.left.remove(0));
        let mut answer: Vec<u8> = self.left.drain(..length.min(self.left.len())).collect();
        if length % 2 == 1 {
            answer.extend([0x90, 0x00]);
        }
        Answer::parse(&answer)
    }
}

fn device(app: App, bytes: &[u8]) -> Box<dyn Transport> {
    let mut left = Vec::new();
    // Half of the inputs get past the first question.
    if bytes.first().is_some_and(|first| first % 2 == 0) {
        let name = app.name().as_bytes();
        let head = [1, name.len() as u8];
        let running = [&head, name, b"\x061.23.0\x01\x00"].concat();
        let even = usize::from(running.len() % 2 == 0);
        left.push((running.len() + even) as u8);
        left.extend(running);
        left.extend(std::iter::repeat_n(0, even));
    }
    left.extend(bytes);
    Box::new(Device { left })
}

fuzz_target!(|bytes: &[u8]| {
    let path = DerivationPath::account(App::Solana, 0);
    if let Ok(mut app) = Solana::open(device(App::Solana, bytes)) {
        let message = [b"\xffsolana offchain".as_slice(), &[b'x'; 600]].concat();
        assert!(app.sign_off_chain(&path, &message).is_err());
    }
    let path = DerivationPath::account(App::Ethereum, 0);
    if let Ok(mut app) = Ethereum::open(device(App::Ethereum, bytes)) {
        assert!(app.sign_personal(&path, "text").is_err());
    }
});
