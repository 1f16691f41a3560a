//! The Solana app.

use ed25519_dalek::Signer;

use super::off_chain::{self, Shown};
use super::screen::Screen;
use super::wire::{
    self, Apdu, BAD_HEADER, BLIND_SIGNING_OFF, INVALID_DATA, Refusal, Status, UNKNOWN_INSTRUCTION,
};
use super::{Ledger, transaction};

const CLA: u8 = 0xe0;
const GET_CONFIGURATION: u8 = 0x04;
const GET_PUBLIC_KEY: u8 = 0x05;
const SIGN_TRANSACTION: u8 = 0x06;
const SIGN_OFF_CHAIN: u8 = 0x07;

const EXTEND: u8 = 0b01;
const MORE: u8 = 0b10;

/// Most bytes of a message, since 1.8.0.
const MAX_MESSAGE: usize = 15_312;

/// The number of paths, one path of at most five steps, and the message.
const MAX_DATA: usize = 1 + 21 + MAX_MESSAGE;

impl Ledger {
    pub(super) fn solana(&mut self, apdu: &Apdu<'_>) -> Status {
        if apdu.cla != CLA {
            return Err(Refusal(BAD_HEADER));
        }
        match apdu.ins {
            GET_CONFIGURATION => {
                let (major, minor, patch) = self.settings.version;
                let blind = u8::from(self.settings.blind_signing);
                Ok(vec![blind, 0, major, minor, patch])
            }
            GET_PUBLIC_KEY => self.solana_key(apdu),
            SIGN_TRANSACTION | SIGN_OFF_CHAIN => self.solana_sign(apdu),
            _ => Err(Refusal(UNKNOWN_INSTRUCTION)),
        }
    }

    fn solana_key(&mut self, apdu: &Apdu<'_>) -> Status {
        let (path, rest) = solana_path(apdu.data)?;
        if !rest.is_empty() {
            return Err(Refusal(INVALID_DATA));
        }
        let public = self.keys.ed25519(&path).verifying_key();
        if apdu.p1 == 1 {
            self.review(Screen::Key(bs58::encode(public).into_string()))?;
        }
        Ok(public.to_bytes().to_vec())
    }

    fn solana_sign(&mut self, apdu: &Apdu<'_>) -> Status {
        if apdu.p1 != 1 {
            return Err(Refusal(BLIND_SIGNING_OFF));
        }
        let (extends, more) = (apdu.p2 & EXTEND != 0, apdu.p2 & MORE != 0);
        let Some(data) = self.collect(apdu, extends, more, MAX_DATA)? else {
            return Ok(Vec::new());
        };
        let [1, data @ ..] = data.as_slice() else {
            return Err(Refusal(INVALID_DATA));
        };
        let (path, message) = solana_path(data)?;
        if message.len() > MAX_MESSAGE {
            return Err(Refusal(wire::BAD_SIZE));
        }
        let key = self.keys.ed25519(&path);
        let me = key.verifying_key().to_bytes();
        let screen = if apdu.ins == SIGN_OFF_CHAIN {
            self.message_screen(message, &me)?
        } else {
            self.transaction_screen(message, &me)?
        };
        self.review(screen)?;
        Ok(key.sign(message).to_bytes().to_vec())
    }

    fn message_screen(&self, message: &[u8], me: &[u8; 32]) -> Result<Screen, Refusal> {
        let shown = if self.settings.version < (1, 8, 0) {
            off_chain::legacy(message)?
        } else if self.settings.version >= (1, 14, 0) && off_chain::is_version_1(message) {
            off_chain::version_1(message, me)?
        } else {
            off_chain::standard(message, me)?
        };
        match shown {
            Shown::Text(text) => Ok(Screen::Message(text)),
            Shown::Hash(hash) if self.settings.blind_signing => Ok(Screen::MessageHash(hash)),
            Shown::Hash(_) => Err(Refusal(BLIND_SIGNING_OFF)),
        }
    }

    fn transaction_screen(&self, message: &[u8], me: &[u8; 32]) -> Result<Screen, Refusal> {
        match transaction::screen(message, me)? {
            Some(screen) => Ok(screen),
            None if self.settings.blind_signing => Ok(Screen::Unrecognized {
                hash: off_chain::hash(message),
            }),
            None => Err(Refusal(BLIND_SIGNING_OFF)),
        }
    }
}

/// A path this app may use: hardened throughout, and under `44'/501'`.
fn solana_path(bytes: &[u8]) -> Result<(Vec<u32>, &[u8]), Refusal> {
    const HARDENED: u32 = 0x8000_0000;
    let (path, rest) = wire::path(bytes)?;
    if !path.starts_with(&[HARDENED | 44, HARDENED | 501]) {
        return Err(Refusal(wire::FOREIGN_PATH));
    }
    if path.iter().any(|step| step & HARDENED == 0) {
        return Err(Refusal(wire::EXCEPTION));
    }
    Ok((path, rest))
}
