//! Commands and status words.

/// Done.
pub(super) const OK: u16 = 0x9000;
pub(super) const LOCKED: u16 = 0x5515;
pub(super) const EXCEPTION: u16 = 0x6801;
pub(super) const BLIND_SIGNING_OFF: u16 = 0x6808;
pub(super) const REFUSED: u16 = 0x6985;
pub(super) const FOREIGN_PATH: u16 = 0x6a15;
pub(super) const INVALID_DATA: u16 = 0x6a80;
pub(super) const BAD_HEADER: u16 = 0x6a81;
pub(super) const BAD_TEXT: u16 = 0x6a82;
pub(super) const BAD_SIZE: u16 = 0x6a83;
pub(super) const UNKNOWN_INSTRUCTION: u16 = 0x6d00;
pub(super) const UNKNOWN_CLASS: u16 = 0x6e00;

/// A status that is not [`OK`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) u16);

/// The data of an answer, or why there is none.
pub(super) type Status = Result<Vec<u8>, Refusal>;

/// A command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Apdu<'a> {
    pub(super) cla: u8,
    pub(super) ins: u8,
    pub(super) p1: u8,
    pub(super) p2: u8,
    pub(super) data: &'a [u8],
}

impl<'a> Apdu<'a> {
    /// Header, length, data of exactly that length.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        match bytes {
            [cla, ins, p1, p2, length, data @ ..] if usize::from(*length) == data.len() => {
                Ok(Self {
                    cla: *cla,
                    ins: *ins,
                    p1: *p1,
                    p2: *p2,
                    data,
                })
            }
            _ => Err(Refusal(INVALID_DATA)),
        }
    }
}

/// Reads a path: its length in steps, then the steps. Answers what follows, too.
pub(super) fn path(bytes: &[u8]) -> Result<(Vec<u32>, &[u8]), Refusal> {
    let refused = Refusal(INVALID_DATA);
    let (count, rest) = bytes.split_first().ok_or(refused)?;
    let count = usize::from(*count);
    if !(1..=5).contains(&count) {
        return Err(refused);
    }
    let (steps, rest) = rest.split_at_checked(count * 4).ok_or(refused)?;
    let (steps, _) = steps.as_chunks::<4>();
    Ok((
        steps.iter().map(|step| u32::from_be_bytes(*step)).collect(),
        rest,
    ))
}
