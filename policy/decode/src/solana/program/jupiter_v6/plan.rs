//! The route plan: which exchanges carry a trade, in what shares.
//!
//! Nothing in it moves the bounds of the trade; it is read to find where it ends. Variants and
//! their fields are those of the interface published for the program (147 variants).

use crate::DecodeError;

use super::super::super::anchor::{account_slices, flag};
use super::super::super::wire::Reader;

/// How a step writes its share of the trade.
#[derive(Clone, Copy)]
pub(super) enum Weight {
    Percent,
    BasisPoints,
}

/// The fields of an exchange variant.
enum Fields {
    Bytes(usize),
    FlagAndMaybeSlices,
    Slices,
    CandidatesAndBest,
    SideAndBytes,
    WeightedCandidates,
}

/// Variants of the published interface.
const VARIANTS: u8 = 147;

fn fields(variant: u8) -> Option<Fields> {
    let fields = match variant {
        8
        | 12
        | 15..=18
        | 21
        | 23
        | 24
        | 27
        | 28
        | 39
        | 58
        | 60
        | 61
        | 64
        | 85
        | 89
        | 94
        | 95
        | 104
        | 106
        | 107
        | 110
        | 116
        | 117
        | 119
        | 121
        | 125
        | 127
        | 129
        | 132
        | 136
        | 141
        | 145 => Fields::Bytes(1),
        71 | 86 => Fields::Bytes(2),
        42 => Fields::Bytes(3),
        33 | 41 => Fields::Bytes(4),
        44 | 45 => Fields::Bytes(5),
        81 | 82 => Fields::Bytes(8),
        87 | 118 => Fields::Bytes(9),
        43 | 135 => Fields::Bytes(10),
        29 | 122 => Fields::Bytes(16),
        126 => Fields::Bytes(17),
        123 => Fields::Bytes(48),
        47 | 103 => Fields::FlagAndMaybeSlices,
        75 => Fields::Slices,
        111 => Fields::CandidatesAndBest,
        120 => Fields::SideAndBytes,
        146 => Fields::WeightedCandidates,
        _ if variant < VARIANTS => Fields::Bytes(0),
        _ => return None,
    };
    Some(fields)
}

/// Reads a plan to its end; what comes back is the number of its steps.
pub(super) fn read(args: &mut Reader<'_>, weight: Weight) -> Result<u32, DecodeError> {
    let steps = args.u32("route plan")?;
    for _ in 0..steps {
        step(args, weight)?;
    }
    Ok(steps)
}

/// Reads a plan that ends the arguments. A variant newer than the published interface ends the
/// reading: the amounts stand before the plan, nothing after it is used.
pub(super) fn read_or_skip(args: &mut Reader<'_>) -> Result<u32, DecodeError> {
    let steps = args.u32("route plan")?;
    for _ in 0..steps {
        if args.peek().is_some_and(|variant| variant >= VARIANTS) {
            args.take(args.remaining(), "route plan")?;
            break;
        }
        step(args, Weight::BasisPoints)?;
    }
    Ok(steps)
}

fn step(args: &mut Reader<'_>, weight: Weight) -> Result<(), DecodeError> {
    let at = args.position();
    let variant = args.u8("route step")?;
    let fields = fields(variant).ok_or_else(|| {
        DecodeError::malformed(
            at,
            format!(
                "route step variant {variant} is not in the published interface, so the amounts \
                 after it cannot be found; ask for a `_v2` instruction"
            ),
        )
    })?;
    skip(args, &fields)?;
    let share = match weight {
        Weight::Percent => 1,
        Weight::BasisPoints => 2,
    };
    // The share, then the input and output positions.
    args.take(share + 2, "route step").map(|_| ())
}

fn skip(args: &mut Reader<'_>, fields: &Fields) -> Result<(), DecodeError> {
    match fields {
        Fields::Bytes(count) => args.take(*count, "route step").map(|_| ()),
        Fields::FlagAndMaybeSlices => {
            args.u8("flag")?;
            if flag(args, "option")? {
                account_slices(args)
            } else {
                Ok(())
            }
        }
        Fields::Slices => account_slices(args),
        Fields::CandidatesAndBest => {
            let count = args.u32("candidates")?;
            (0..count).try_for_each(|_| candidate(args, 0))?;
            let best = usize::from(flag(args, "option")?);
            args.take(best, "best candidate").map(|_| ())
        }
        Fields::SideAndBytes => {
            args.u8("side")?;
            let count = args.u32("fill data")?;
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            args.take(count, "fill data").map(|_| ())
        }
        Fields::WeightedCandidates => {
            let count = args.u32("candidates")?;
            (0..count).try_for_each(|_| candidate(args, 4))?;
            args.take(2, "candidate limits").map(|_| ())
        }
    }
}

fn candidate(args: &mut Reader<'_>, weight: usize) -> Result<(), DecodeError> {
    let at = args.position();
    let variant = args.u8("candidate")?;
    let bytes = match variant {
        0 | 2 => 9,
        1 | 5 | 7 | 8 => 1,
        3 | 4 | 6 => 0,
        _ => {
            return Err(DecodeError::malformed(
                at,
                format!("candidate variant {variant} is not in the published interface"),
            ));
        }
    };
    args.take(bytes + weight, "candidate").map(|_| ())
}
