//! What programs written with Anchor have in common: 8-byte discriminators, Borsh arguments,
//! and their own id where an optional account is left out.

use crate::{DecodeError, DecodeErrorKind};

use super::call::Call;
use super::wire::Reader;

/// Bytes of a discriminator.
pub(crate) const DISCRIMINATOR: usize = 8;

/// An instruction that is known in order to be refused by name: discriminator, name, reason.
pub(crate) type Refused = (u64, &'static str, &'static str);

/// The instruction's discriminator, read as it is printed.
pub(crate) fn discriminator(call: &Call<'_>) -> Option<u64> {
    call.data()
        .first_chunk::<DISCRIMINATOR>()
        .map(|bytes| u64::from_be_bytes(*bytes))
}

/// The refusal of an instruction that no layout covers.
pub(crate) fn refuse(call: &mut Call<'_>, refused: &[Refused]) -> DecodeError {
    let discriminator = discriminator(call);
    let known = refused
        .iter()
        .find(|(known, _, _)| Some(*known) == discriminator);
    match known {
        Some((_, name, why)) => {
            call.named(name);
            call.forbid(*why)
        }
        None => {
            let got = discriminator.map_or_else(
                || format!("{} bytes", call.data().len()),
                |known| format!("`{known:016x}`"),
            );
            call.refuse(
                DecodeErrorKind::UnknownInstruction,
                format!("expected the discriminator of a trade that is understood, got {got}"),
            )
        }
    }
}

/// A Borsh boolean.
pub(crate) fn flag(args: &mut Reader<'_>, what: &str) -> Result<bool, DecodeError> {
    let at = args.position();
    match args.u8(what)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(DecodeError::malformed(
            at,
            format!("expected 0 or 1 for {what}, got {other}"),
        )),
    }
}

/// A boolean that may be left off the end of the data.
pub(crate) fn trailing_flag(args: &mut Reader<'_>, what: &str) -> Result<bool, DecodeError> {
    if args.remaining() == 0 {
        return Ok(false);
    }
    flag(args, what)
}

/// A vector of two-byte descriptions of the accounts that follow the named ones.
pub(crate) fn account_slices(args: &mut Reader<'_>) -> Result<(), DecodeError> {
    let count = usize::try_from(args.u32("account slices")?).unwrap_or(usize::MAX);
    let bytes = count.saturating_mul(2);
    args.take(bytes, "account slices").map(|_| ())
}
