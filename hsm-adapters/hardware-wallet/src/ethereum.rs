//! The Ethereum app (`LedgerHQ/app-ethereum`), for personal messages (EIP-191 version `E`).

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use sha3::{Digest, Keccak256};

use super::apdu::Command;
use super::app::require;
use super::chunks::{self, CLA, exactly, ok};
use super::error::Error;
use super::path::DerivationPath;
use super::status::App;
use super::transport::Transport;
use super::version::Version;
use super::{QUICK, REVIEW};

const GET_ADDRESS: u8 = 0x02;
const SIGN_PERSONAL: u8 = 0x08;

/// First parameter of [`GET_ADDRESS`]: show it and ask the person.
const CONFIRM: u8 = 1;
/// First parameter of [`SIGN_PERSONAL`]: not the first part.
const EXTEND: u8 = 0x80;

/// Personal messages were seen in full on 1.23.0; nothing is known to us of versions before 1.10.
const NEED: Version = Version::new(1, 10, 0);

/// Longest text: what fits the approver's patience, and far below the app's own bound.
const MAX_TEXT: usize = 4096;

/// An ECDSA signature with the recovery id as Ethereum writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoverableSignature {
    /// Big-endian.
    pub r: [u8; 32],
    /// Big-endian.
    pub s: [u8; 32],
    /// 27 or 28.
    pub v: u8,
}

impl RecoverableSignature {
    /// `r`, `s`, `v`: 65 bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 65] {
        let mut bytes = [self.v; 65];
        for (byte, from) in bytes.iter_mut().zip(self.r.iter().chain(&self.s)) {
            *byte = *from;
        }
        bytes
    }
}

/// The Ethereum app, open on a device.
pub struct Ethereum {
    transport: Box<dyn Transport>,
    version: Version,
}

impl Ethereum {
    /// Finds the app open on the device.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::WrongApp`], [`Error::TooOld`], or what broke.
    pub fn open(mut transport: Box<dyn Transport>) -> Result<Self, Error> {
        let version = require(&mut *transport, App::Ethereum, NEED)?;
        Ok(Self { transport, version })
    }

    /// The app's version.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The 20-byte address of the key at `path`.
    ///
    /// # Errors
    /// As the device answers.
    pub fn address(&mut self, path: &DerivationPath) -> Result<[u8; 20], Error> {
        self.ask_address(path, 0, QUICK)
    }

    /// The address, after the person has compared it with the screen.
    ///
    /// # Errors
    /// [`Error::Refused`], or as the device answers.
    pub fn confirm_address(&mut self, path: &DerivationPath) -> Result<[u8; 20], Error> {
        self.ask_address(path, CONFIRM, REVIEW)
    }

    fn ask_address(
        &mut self,
        path: &DerivationPath,
        p1: u8,
        patience: std::time::Duration,
    ) -> Result<[u8; 20], Error> {
        path.check(App::Ethereum)?;
        let command = Command::new(CLA, GET_ADDRESS, p1, 0, &path.to_bytes())?;
        let answer = ok(self.transport.exchange(&command, patience)?, App::Ethereum)?;
        // A length and that many bytes of public key; then the address in hex, which is not read.
        let key = answer
            .data()
            .split_first()
            .filter(|(length, _)| **length == 65)
            .and_then(|(_, rest)| rest.get(..65))
            .and_then(|key| VerifyingKey::from_sec1_bytes(key).ok());
        key.map(|key| address_of(&key)).ok_or_else(|| {
            Error::malformed(
                "public key",
                "65 bytes of a point of secp256k1 after their length",
                format!("{} bytes", answer.data().len()),
            )
        })
    }

    /// Has `text` signed as a personal message by the key at `path`.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Rejected`], [`Error::WrongSignature`], [`Error::Invalid`]
    /// for text that the device would show as bytes.
    pub fn sign_personal(
        &mut self,
        path: &DerivationPath,
        text: &str,
    ) -> Result<RecoverableSignature, Error> {
        let shown = |byte: u8| byte == b'\n' || (0x20..0x7f).contains(&byte);
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        if text.is_empty() || text.len() > MAX_TEXT || !text.bytes().all(shown) {
            return Err(Error::Invalid(format!(
                "expected 1 to {MAX_TEXT} characters of printable ASCII, got {length} bytes of text"
            )));
        }
        let address = self.address(path)?;
        let mut data = path.to_bytes();
        data.extend(length.to_be_bytes());
        data.extend_from_slice(text.as_bytes());
        let parameters = |index: usize, _| (if index == 0 { 0 } else { EXTEND }, 0);
        let answer = chunks::send(
            &mut *self.transport,
            App::Ethereum,
            SIGN_PERSONAL,
            &data,
            parameters,
        )?;
        let signature = split(&exactly(&answer, "signature")?);
        if recover(text, &signature) != Some(address) {
            return Err(Error::WrongSignature);
        }
        Ok(signature)
    }
}

/// The device answers `v`, `r`, `s`.
fn split(bytes: &[u8; 65]) -> RecoverableSignature {
    let [v, rest @ ..] = bytes;
    let (mut r, mut s) = ([0; 32], [0; 32]);
    for (to, from) in r.iter_mut().chain(&mut s).zip(rest) {
        *to = *from;
    }
    RecoverableSignature { r, s, v: *v }
}

/// The address whose key made this signature over the text (EIP-191).
fn recover(text: &str, signature: &RecoverableSignature) -> Option<[u8; 20]> {
    let recovery = RecoveryId::from_byte(signature.v.checked_sub(27)?)?;
    let parts = Signature::from_scalars(signature.r, signature.s).ok()?;
    let digest = Keccak256::new()
        .chain_update(b"\x19Ethereum Signed Message:\n")
        .chain_update(text.len().to_string())
        .chain_update(text)
        .finalize();
    let key = VerifyingKey::recover_from_prehash(&digest, &parts, recovery).ok()?;
    Some(address_of(&key))
}

/// The last 20 bytes of the Keccak-256 of the uncompressed point without its first byte.
fn address_of(key: &VerifyingKey) -> [u8; 20] {
    let point = key.to_encoded_point(false);
    let digest = Keccak256::digest(point.as_bytes().get(1..).unwrap_or_default());
    let mut address = [0; 20];
    for (to, from) in address.iter_mut().zip(digest.iter().skip(12)) {
        *to = *from;
    }
    address
}
