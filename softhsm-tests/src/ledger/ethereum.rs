//! The Ethereum app: addresses and personal messages.

use k256::ecdsa::SigningKey;
use sha3::{Digest, Keccak256};

use super::Ledger;
use super::screen::Screen;
use super::wire::{self, Apdu, INVALID_DATA, Refusal, Status, UNKNOWN_CLASS, UNKNOWN_INSTRUCTION};

const CLA: u8 = 0xe0;
const GET_ADDRESS: u8 = 0x02;
const GET_CONFIGURATION: u8 = 0x06;
const SIGN_PERSONAL: u8 = 0x08;

const EXTEND: u8 = 0x80;
const MAX_DATA: usize = 16 * 1024;

impl Ledger {
    pub(super) fn ethereum(&mut self, apdu: &Apdu<'_>) -> Status {
        if apdu.cla != CLA {
            return Err(Refusal(UNKNOWN_CLASS));
        }
        match apdu.ins {
            GET_CONFIGURATION => {
                let (major, minor, patch) = self.settings.version;
                Ok(vec![2, major, minor, patch])
            }
            GET_ADDRESS => self.ethereum_address(apdu),
            SIGN_PERSONAL => self.ethereum_sign(apdu),
            _ => Err(Refusal(UNKNOWN_INSTRUCTION)),
        }
    }

    fn ethereum_address(&mut self, apdu: &Apdu<'_>) -> Status {
        let (path, rest) = wire::path(apdu.data)?;
        if !rest.is_empty() {
            return Err(Refusal(INVALID_DATA));
        }
        let key = self.secp256k1(&path)?;
        let point = key.verifying_key().to_encoded_point(false);
        let address = address(point.as_bytes());
        if apdu.p1 == 1 {
            self.review(Screen::Key(format!("0x{address}")))?;
        }
        let mut answer = vec![65];
        answer.extend(point.as_bytes());
        answer.push(40);
        answer.extend(address.as_bytes());
        Ok(answer)
    }

    fn ethereum_sign(&mut self, apdu: &Apdu<'_>) -> Status {
        let extends = apdu.p1 == EXTEND;
        let so_far = if extends {
            self.pending
                .as_ref()
                .map_or(&[][..], |pending| &pending.data)
        } else {
            &[]
        };
        // The length stands behind the path: the app knows from it which part is the last.
        let whole = [so_far, apdu.data].concat();
        let (path, rest) = wire::path(&whole)?;
        let (length, text) = rest.split_first_chunk::<4>().ok_or(Refusal(INVALID_DATA))?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if text.len() > length {
            return Err(Refusal(INVALID_DATA));
        }
        let more = text.len() < length;
        let text = text.to_vec();
        if self.collect(apdu, extends, more, MAX_DATA)?.is_none() {
            return Ok(Vec::new());
        }
        let key = self.secp256k1(&path)?;
        let shown = |byte: &u8| *byte == b'\n' || (0x20..0x7f).contains(byte);
        let screen = match std::str::from_utf8(&text) {
            Ok(ascii) if text.iter().all(shown) => Screen::Message(ascii.to_owned()),
            _ => Screen::Message(format!("0x{}", hex::encode(&text))),
        };
        self.review(screen)?;
        sign(&key, &text)
    }

    fn secp256k1(&self, path: &[u32]) -> Result<SigningKey, Refusal> {
        const ETHER: [u32; 2] = [0x8000_0000 | 44, 0x8000_0000 | 60];
        if !path.starts_with(&ETHER) {
            return Err(Refusal(wire::FOREIGN_PATH));
        }
        let key = self.keys.secp256k1(path);
        key.map(SigningKey::from).ok_or(Refusal(wire::EXCEPTION))
    }
}

fn sign(key: &SigningKey, text: &[u8]) -> Status {
    let digest = Keccak256::new()
        .chain_update(b"\x19Ethereum Signed Message:\n")
        .chain_update(text.len().to_string())
        .chain_update(text)
        .finalize();
    let (signature, recovery) = key
        .sign_prehash_recoverable(&digest)
        .map_err(|_| Refusal(wire::EXCEPTION))?;
    let mut answer = vec![27 + recovery.to_byte()];
    answer.extend(signature.to_bytes());
    Ok(answer)
}

/// Hex of the address of an uncompressed point.
fn address(point: &[u8]) -> String {
    let digest = Keccak256::digest(point.get(1..).unwrap_or_default());
    hex::encode(digest.get(12..).unwrap_or_default())
}
