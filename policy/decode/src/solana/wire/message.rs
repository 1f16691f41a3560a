//! Legacy and v0 messages, and the structural checks every version shares.

use crate::DecodeError;

use super::reader::Reader;
use super::serialise::serialise;
use super::v1::{self, Config};

/// Signatures a packet has room for; v1 states the same number as its limit.
const MAX_SIGNATURES: u8 = 12;
/// Accounts a transaction may lock, lookups included.
pub(super) const MAX_ACCOUNTS: usize = 64;
/// Top-level instructions (SIMD-0160).
pub(super) const MAX_INSTRUCTIONS: usize = 64;
const MAX_LOOKUP_TABLES: usize = MAX_ACCOUNTS;
/// Accounts one instruction may name (SIMD-0406).
const MAX_INSTRUCTION_ACCOUNTS: usize = 255;
/// IPv6 minimum MTU less its headers: the largest legacy or v0 transaction.
pub(super) const PACKET_BYTES: usize = 1232;
/// The largest v1 transaction (SIMD-0385).
pub(super) const V1_BYTES: usize = 4096;

const VERSION_FLAG: u8 = 0x80;

/// Message format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Legacy,
    V0,
    V1,
}

/// How the static keys divide into signers and writable accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) required_signatures: u8,
    pub(crate) readonly_signed: u8,
    pub(crate) readonly_unsigned: u8,
}

/// An instruction as it stands in the message: indices, not keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawInstruction<'a> {
    pub(crate) program: u8,
    pub(crate) accounts: &'a [u8],
    pub(crate) data: &'a [u8],
}

/// Accounts taken from a lookup table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lookup<'a> {
    pub(crate) table: &'a [u8; 32],
    pub(crate) writable: &'a [u8],
    pub(crate) readonly: &'a [u8],
}

/// A message that passed every structural check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) version: Version,
    pub(crate) header: Header,
    pub(crate) keys: &'a [[u8; 32]],
    pub(crate) lifetime: &'a [u8; 32],
    pub(crate) config: Option<Config>,
    pub(crate) instructions: Vec<RawInstruction<'a>>,
    pub(crate) lookups: Vec<Lookup<'a>>,
}

impl<'a> Message<'a> {
    /// Reads exactly one message. What it accepts serialises back to the same bytes.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let message = match reader.peek() {
            Some(0x80) => {
                reader.u8("version")?;
                Self::parse_versionless(&mut reader, Version::V0)?
            }
            Some(0x81) => {
                reader.u8("version")?;
                v1::parse(&mut reader)?
            }
            Some(byte) if byte & VERSION_FLAG != 0 => {
                return Err(DecodeError::malformed(
                    0,
                    format!(
                        "message version {} is not known; send legacy, v0 or v1",
                        byte & !VERSION_FLAG
                    ),
                ));
            }
            Some(_) => Self::parse_versionless(&mut reader, Version::Legacy)?,
            None => return Err(DecodeError::malformed(0, "expected a message, got nothing")),
        };
        reader.finish("message")?;
        message.check(bytes.len())?;
        if serialise(&message) != bytes {
            return Err(DecodeError::malformed(
                0,
                "the message does not serialise back to the bytes that came",
            ));
        }
        Ok(message)
    }

    fn parse_versionless(reader: &mut Reader<'a>, version: Version) -> Result<Self, DecodeError> {
        let header = Header::parse(reader)?;
        let count = bounded(reader, "account keys", MAX_ACCOUNTS)?;
        let keys = reader.chunks(count, "account keys")?;
        let lifetime = reader.array("blockhash")?;
        let count = bounded(reader, "instructions", MAX_INSTRUCTIONS)?;
        let instructions = (0..count)
            .map(|_| RawInstruction::parse(reader))
            .collect::<Result<_, _>>()?;
        let mut lookups = Vec::new();
        if version == Version::V0 {
            let count = bounded(reader, "lookup tables", MAX_LOOKUP_TABLES)?;
            lookups = (0..count)
                .map(|_| Lookup::parse(reader))
                .collect::<Result<_, _>>()?;
        }
        Ok(Self {
            version,
            header,
            keys,
            lifetime,
            config: None,
            instructions,
            lookups,
        })
    }

    /// Static keys and looked-up ones.
    pub(crate) fn account_count(&self) -> usize {
        let looked_up: usize = self
            .lookups
            .iter()
            .map(|lookup| lookup.writable.len() + lookup.readonly.len())
            .sum();
        self.keys.len() + looked_up
    }

    /// Whether a static key may be written to.
    pub(crate) fn is_writable_static(&self, index: usize) -> bool {
        let signers = usize::from(self.header.required_signatures);
        let writable_signers = signers - usize::from(self.header.readonly_signed).min(signers);
        let unsigned_end = self
            .keys
            .len()
            .saturating_sub(usize::from(self.header.readonly_unsigned));
        index < writable_signers || (signers <= index && index < unsigned_end)
    }

    fn check(&self, length: usize) -> Result<(), DecodeError> {
        let Header {
            required_signatures: signers,
            readonly_signed,
            readonly_unsigned,
        } = self.header;
        let refused = |message: String| Err(DecodeError::malformed(0, message));
        if signers == 0 || signers > MAX_SIGNATURES {
            return refused(format!(
                "expected 1 to {MAX_SIGNATURES} required signatures, got {signers}"
            ));
        }
        if readonly_signed >= signers {
            return refused("the fee payer is not writable".to_owned());
        }
        if usize::from(signers) + usize::from(readonly_unsigned) > self.keys.len() {
            return refused(format!(
                "the header counts {signers} signers and {readonly_unsigned} read-only accounts \
                 among {} keys",
                self.keys.len()
            ));
        }
        let room = if self.version == Version::V1 {
            V1_BYTES
        } else {
            PACKET_BYTES - 1
        };
        let needed = length + 64 * usize::from(signers);
        if needed > room {
            return refused(format!(
                "the transaction takes {needed} bytes with its signatures, {room} are possible"
            ));
        }
        self.check_keys()?;
        self.check_indices()
    }

    fn check_keys(&self) -> Result<(), DecodeError> {
        let accounts = self.account_count();
        if accounts > MAX_ACCOUNTS {
            return Err(DecodeError::malformed(
                0,
                format!("{accounts} accounts with lookups, at most {MAX_ACCOUNTS} are possible"),
            ));
        }
        let mut keys = self.keys;
        while let Some((key, rest)) = keys.split_first() {
            if rest.contains(key) {
                return Err(DecodeError::malformed(
                    0,
                    format!(
                        "account key `{}` stands twice",
                        countersign_intent::Address::new(*key)
                    ),
                ));
            }
            keys = rest;
        }
        for (position, lookup) in self.lookups.iter().enumerate() {
            if lookup.writable.is_empty() && lookup.readonly.is_empty() {
                return Err(DecodeError::malformed(
                    0,
                    format!("lookup {position} takes no account from its table"),
                ));
            }
            let earlier = self.lookups.iter().take(position);
            if earlier.into_iter().any(|other| other.table == lookup.table) {
                return Err(DecodeError::malformed(
                    0,
                    format!("lookup {position} names its table a second time"),
                ));
            }
        }
        Ok(())
    }

    fn check_indices(&self) -> Result<(), DecodeError> {
        let accounts = self.account_count();
        for (position, instruction) in self.instructions.iter().enumerate() {
            let program = usize::from(instruction.program);
            if program == 0 || program >= self.keys.len() {
                return Err(DecodeError::malformed(
                    0,
                    format!(
                        "instruction {position} names program index {program}, expected 1 to {}",
                        self.keys.len().saturating_sub(1)
                    ),
                ));
            }
            if let Some(index) = instruction
                .accounts
                .iter()
                .find(|index| usize::from(**index) >= accounts)
            {
                return Err(DecodeError::malformed(
                    0,
                    format!(
                        "instruction {position} names account index {index}, the message has \
                         {accounts} accounts"
                    ),
                ));
            }
        }
        Ok(())
    }
}

impl Header {
    pub(super) fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            required_signatures: reader.u8("header")?,
            readonly_signed: reader.u8("header")?,
            readonly_unsigned: reader.u8("header")?,
        })
    }
}

impl<'a> RawInstruction<'a> {
    fn parse(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let program = reader.u8("program index")?;
        let count = bounded(reader, "instruction accounts", MAX_INSTRUCTION_ACCOUNTS)?;
        let accounts = reader.take(count, "instruction accounts")?;
        let count = bounded(reader, "instruction data", PACKET_BYTES)?;
        let data = reader.take(count, "instruction data")?;
        Ok(Self {
            program,
            accounts,
            data,
        })
    }
}

impl<'a> Lookup<'a> {
    fn parse(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let table = reader.array("lookup table key")?;
        let count = bounded(reader, "writable lookups", MAX_ACCOUNTS)?;
        let writable = reader.take(count, "writable lookups")?;
        let count = bounded(reader, "read-only lookups", MAX_ACCOUNTS)?;
        let readonly = reader.take(count, "read-only lookups")?;
        Ok(Self {
            table,
            writable,
            readonly,
        })
    }
}

fn bounded(reader: &mut Reader<'_>, what: &str, most: usize) -> Result<usize, DecodeError> {
    let at = reader.position();
    let count = reader.compact_u16(what)?;
    if count > most {
        return Err(DecodeError::malformed(
            at,
            format!("{count} {what}, at most {most} are possible"),
        ));
    }
    Ok(count)
}
