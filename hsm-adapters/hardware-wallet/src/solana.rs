//! The Solana app (`LedgerHQ/app-solana`), from 1.8.0 on.

use ed25519_dalek::{Signature, VerifyingKey};

use super::apdu::Command;
use super::app::require;
use super::chunks::{self, CLA, exactly, ok};
use super::error::Error;
use super::path::DerivationPath;
use super::status::App;
use super::transport::Transport;
use super::version::Version;
use super::{QUICK, REVIEW};

const GET_CONFIGURATION: u8 = 0x04;
const GET_PUBLIC_KEY: u8 = 0x05;
const SIGN_TRANSACTION: u8 = 0x06;
const SIGN_OFF_CHAIN: u8 = 0x07;

/// First parameter: show it and ask the person.
const CONFIRM: u8 = 1;
/// Second parameter: not the first part.
const EXTEND: u8 = 0b01;
/// Second parameter: not the last part.
const MORE: u8 = 0b10;

/// Older apps take another header of off-chain messages than the one that is standard.
const NEED: Version = Version::new(1, 8, 0);

/// The first that takes off-chain messages of version 1; older ones answer that the header is bad.
pub const NEED_V1: Version = Version::new(1, 14, 0);

/// Most bytes of a message the app takes, since 1.8.0 (`src/globals.h`).
pub const MAX_MESSAGE: usize = 15_312;

/// What every off-chain message starts with, so that it is no transaction.
const OFF_CHAIN: &[u8] = b"\xffsolana offchain";

/// The Solana app, open on a device.
pub struct Solana {
    transport: Box<dyn Transport>,
    version: Version,
    blind_signing: bool,
}

impl Solana {
    /// Finds the app open on the device and asks for its settings. They come through the host:
    /// they are good for advice, not as evidence.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::WrongApp`], [`Error::TooOld`], or what broke.
    pub fn open(mut transport: Box<dyn Transport>) -> Result<Self, Error> {
        let version = require(&mut *transport, App::Solana, NEED)?;
        let command = Command::new(CLA, GET_CONFIGURATION, 0, 0, &[])?;
        let answer = ok(transport.exchange(&command, QUICK)?, App::Solana)?;
        // 5 bytes in 1.9.0, 7 in newer ones: blind signing, key display, version, …
        let blind_signing = match answer.data() {
            [blind @ (0 | 1), _, _, _, _, ..] => *blind == 1,
            other => {
                return Err(Error::malformed(
                    "configuration",
                    "5 bytes or more, the first of them 0 or 1",
                    format!("{} bytes", other.len()),
                ));
            }
        };
        Ok(Self {
            transport,
            version,
            blind_signing,
        })
    }

    /// The app's version.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Whether the app would sign what it cannot show.
    #[must_use]
    pub const fn blind_signing(&self) -> bool {
        self.blind_signing
    }

    /// The Ed25519 public key at `path`.
    ///
    /// # Errors
    /// As the device answers.
    pub fn public_key(&mut self, path: &DerivationPath) -> Result<[u8; 32], Error> {
        self.key(path, 0, QUICK)
    }

    /// The public key at `path`, after the person has compared it with the screen.
    ///
    /// # Errors
    /// [`Error::Refused`], or as the device answers.
    pub fn confirm_public_key(&mut self, path: &DerivationPath) -> Result<[u8; 32], Error> {
        self.key(path, CONFIRM, REVIEW)
    }

    fn key(
        &mut self,
        path: &DerivationPath,
        p1: u8,
        patience: std::time::Duration,
    ) -> Result<[u8; 32], Error> {
        path.check(App::Solana)?;
        let command = Command::new(CLA, GET_PUBLIC_KEY, p1, 0, &path.to_bytes())?;
        let answer = ok(self.transport.exchange(&command, patience)?, App::Solana)?;
        exactly(&answer, "public key")
    }

    /// Has an off-chain message signed as it is, header included, by the key at `path`.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Rejected`] for a header or text the app does not take,
    /// [`Error::WrongSignature`], [`Error::Invalid`] for bytes that are no off-chain message.
    pub fn sign_off_chain(
        &mut self,
        path: &DerivationPath,
        message: &[u8],
    ) -> Result<[u8; 64], Error> {
        if !message.starts_with(OFF_CHAIN) {
            return Err(Error::Invalid(
                "expected an off-chain message, which starts with `\\xffsolana offchain`"
                    .to_owned(),
            ));
        }
        self.sign(SIGN_OFF_CHAIN, path, message)
    }

    /// Has the message of a transaction signed by the key at `path`. The app shows native SOL
    /// transfers in full; of nearly everything else it shows a hash, and only if blind signing
    /// is on.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::BlindSigning`], [`Error::Rejected`] when the key is no
    /// signer, [`Error::WrongSignature`], [`Error::Invalid`] for an off-chain message.
    pub fn sign_transaction(
        &mut self,
        path: &DerivationPath,
        message: &[u8],
    ) -> Result<[u8; 64], Error> {
        if message.first() == Some(&0xff) {
            return Err(Error::Invalid(
                "expected the message of a transaction, got an off-chain message".to_owned(),
            ));
        }
        self.sign(SIGN_TRANSACTION, path, message)
    }

    fn sign(&mut self, ins: u8, path: &DerivationPath, message: &[u8]) -> Result<[u8; 64], Error> {
        if message.len() > MAX_MESSAGE {
            return Err(Error::Invalid(format!(
                "the Solana app takes messages of at most {MAX_MESSAGE} bytes, got {}",
                message.len()
            )));
        }
        let public = self.public_key(path)?;
        let mut data = vec![1]; // one path
        data.extend(path.to_bytes());
        data.extend_from_slice(message);
        let answer = chunks::send(&mut *self.transport, App::Solana, ins, &data, parameters)?;
        let signature = exactly(&answer, "signature")?;
        if !verifies(&public, message, &signature) {
            return Err(Error::WrongSignature);
        }
        Ok(signature)
    }
}

fn parameters(index: usize, last: bool) -> (u8, u8) {
    let extend = if index == 0 { 0 } else { EXTEND };
    let more = if last { 0 } else { MORE };
    (CONFIRM, extend | more)
}

fn verifies(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(public).is_ok_and(|key| {
        key.verify_strict(message, &Signature::from_bytes(signature))
            .is_ok()
    })
}
