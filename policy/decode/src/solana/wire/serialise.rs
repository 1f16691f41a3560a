//! Writes a parsed message back: the proof that parsing lost nothing.

use super::message::{Header, Message, Version};

/// The message's bytes in the only spelling there is.
pub(crate) fn serialise(message: &Message<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(super::message::PACKET_BYTES);
    match message.version {
        Version::Legacy => versionless(message, &mut out),
        Version::V0 => {
            out.push(0x80);
            versionless(message, &mut out);
            compact_u16(message.lookups.len(), &mut out);
            for lookup in &message.lookups {
                out.extend_from_slice(lookup.table);
                counted(lookup.writable, &mut out);
                counted(lookup.readonly, &mut out);
            }
        }
        Version::V1 => v1(message, &mut out),
    }
    out
}

fn header(header: Header, out: &mut Vec<u8>) {
    out.extend_from_slice(&[
        header.required_signatures,
        header.readonly_signed,
        header.readonly_unsigned,
    ]);
}

fn versionless(message: &Message<'_>, out: &mut Vec<u8>) {
    header(message.header, out);
    compact_u16(message.keys.len(), out);
    out.extend_from_slice(message.keys.as_flattened());
    out.extend_from_slice(message.lifetime);
    compact_u16(message.instructions.len(), out);
    for instruction in &message.instructions {
        out.push(instruction.program);
        counted(instruction.accounts, out);
        counted(instruction.data, out);
    }
}

fn v1(message: &Message<'_>, out: &mut Vec<u8>) {
    let config = message.config.unwrap_or_default();
    out.push(0x81);
    header(message.header, out);
    out.extend_from_slice(&config.mask().to_le_bytes());
    out.extend_from_slice(message.lifetime);
    out.push(byte(message.instructions.len()));
    out.push(byte(message.keys.len()));
    out.extend_from_slice(message.keys.as_flattened());
    if let Some(fee) = config.priority_fee {
        out.extend_from_slice(&fee.to_le_bytes());
    }
    let words = [config.compute_units, config.loaded_bytes, config.heap_bytes];
    for word in words.into_iter().flatten() {
        out.extend_from_slice(&word.to_le_bytes());
    }
    for instruction in &message.instructions {
        let length = u16::try_from(instruction.data.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&[instruction.program, byte(instruction.accounts.len())]);
        out.extend_from_slice(&length.to_le_bytes());
    }
    for instruction in &message.instructions {
        out.extend_from_slice(instruction.accounts);
        out.extend_from_slice(instruction.data);
    }
}

// A count past the width cannot come from a parsed message; saturating makes the comparison
// with the input fail instead of hiding it.
fn byte(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}

fn counted(bytes: &[u8], out: &mut Vec<u8>) {
    compact_u16(bytes.len(), out);
    out.extend_from_slice(bytes);
}

pub(super) fn compact_u16(count: usize, out: &mut Vec<u8>) {
    let mut rest = u16::try_from(count).unwrap_or(u16::MAX);
    loop {
        let [low, _] = (rest & 0x7f).to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}
