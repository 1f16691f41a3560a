//! Message version 1 (SIMD-0385): the header carries the transaction's configuration, every
//! key is static, instruction headers stand before all payloads.

use crate::DecodeError;

use super::message::{Header, MAX_ACCOUNTS, MAX_INSTRUCTIONS, Message, RawInstruction, Version};
use super::reader::Reader;

const PRIORITY_FEE_BITS: u32 = 0b11;
const COMPUTE_UNITS_BIT: u32 = 1 << 2;
const LOADED_BYTES_BIT: u32 = 1 << 3;
const HEAP_BIT: u32 = 1 << 4;
const KNOWN_BITS: u32 = PRIORITY_FEE_BITS | COMPUTE_UNITS_BIT | LOADED_BYTES_BIT | HEAP_BIT;

const HEAP_STEP: u32 = 1024;
const HEAP_BYTES: std::ops::RangeInclusive<u32> = 32 * HEAP_STEP..=256 * HEAP_STEP;

/// The transaction's configuration, `None` where the mask leaves a value out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// Total priority fee, in lamports.
    pub(crate) priority_fee: Option<u64>,
    pub(crate) compute_units: Option<u32>,
    pub(crate) loaded_bytes: Option<u32>,
    pub(crate) heap_bytes: Option<u32>,
}

impl Config {
    pub(super) fn mask(self) -> u32 {
        let bit = |present: bool, bits: u32| if present { bits } else { 0 };
        bit(self.priority_fee.is_some(), PRIORITY_FEE_BITS)
            | bit(self.compute_units.is_some(), COMPUTE_UNITS_BIT)
            | bit(self.loaded_bytes.is_some(), LOADED_BYTES_BIT)
            | bit(self.heap_bytes.is_some(), HEAP_BIT)
    }

    fn parse(reader: &mut Reader<'_>, mask: u32) -> Result<Self, DecodeError> {
        let mut config = Self::default();
        if mask & PRIORITY_FEE_BITS != 0 {
            config.priority_fee = Some(reader.u64("priority fee")?);
        }
        if mask & COMPUTE_UNITS_BIT != 0 {
            config.compute_units = Some(reader.u32("compute unit limit")?);
        }
        if mask & LOADED_BYTES_BIT != 0 {
            config.loaded_bytes = Some(reader.u32("loaded accounts size limit")?);
        }
        if mask & HEAP_BIT != 0 {
            let at = reader.position();
            let heap = reader.u32("heap size")?;
            if !is_heap_size(heap) {
                return Err(DecodeError::malformed(
                    at,
                    format!("heap size {heap}, expected a multiple of 1024 from 32768 to 262144"),
                ));
            }
            config.heap_bytes = Some(heap);
        }
        Ok(config)
    }
}

/// Whether the chain grants a heap of so many bytes.
pub(crate) fn is_heap_size(bytes: u32) -> bool {
    HEAP_BYTES.contains(&bytes) && bytes.is_multiple_of(HEAP_STEP)
}

/// Reads what follows the version byte.
pub(super) fn parse<'a>(reader: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
    let header = Header::parse(reader)?;
    let at = reader.position();
    let mask = reader.u32("configuration mask")?;
    let half_priority = matches!(mask & PRIORITY_FEE_BITS, 0b01 | 0b10);
    if mask & !KNOWN_BITS != 0 || half_priority {
        return Err(DecodeError::malformed(
            at,
            format!("configuration mask {mask:#b} has bits that are not known"),
        ));
    }
    let lifetime = reader.array("lifetime")?;
    let instruction_count = count(reader, "instructions", MAX_INSTRUCTIONS)?;
    let key_count = count(reader, "account keys", MAX_ACCOUNTS)?;
    let keys = reader.chunks(key_count, "account keys")?;
    let config = Config::parse(reader, mask)?;
    let headers = reader.chunks::<4>(instruction_count, "instruction headers")?;
    let instructions = headers
        .iter()
        .map(|[program, accounts, low, high]| {
            let length = u16::from_le_bytes([*low, *high]);
            Ok(RawInstruction {
                program: *program,
                accounts: reader.take(usize::from(*accounts), "instruction accounts")?,
                data: reader.take(usize::from(length), "instruction data")?,
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(Message {
        version: Version::V1,
        header,
        keys,
        lifetime,
        config: Some(config),
        instructions,
        lookups: Vec::new(),
    })
}

fn count(reader: &mut Reader<'_>, what: &str, most: usize) -> Result<usize, DecodeError> {
    let at = reader.position();
    let count = usize::from(reader.u8(what)?);
    if count > most {
        return Err(DecodeError::malformed(
            at,
            format!("{count} {what}, at most {most} are possible"),
        ));
    }
    Ok(count)
}
