//! Address Lookup Table program: managing tables is an operator's business.

use countersign_intent::solana::Address;

use crate::DecodeError;

use super::super::call::Call;
use super::super::walk::Walk;

pub(super) const ID: Address = Address::from_literal("AddressLookupTab1e1111111111111111111111111");

/// Refuses every instruction: a table's authority decides what other messages mean, and closing
/// or extending one moves rent.
pub(super) fn decode(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let name = match call.data() {
        [0, 0, 0, 0, ..] => "CreateLookupTable",
        [1, 0, 0, 0] => "FreezeLookupTable",
        [2, 0, 0, 0, ..] => "ExtendLookupTable",
        [3, 0, 0, 0] => "DeactivateLookupTable",
        [4, 0, 0, 0] => "CloseLookupTable",
        _ => "an unknown instruction",
    };
    call.named(name);
    Err(call.forbid("lookup tables are not managed with a user wallet"))
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{WALLET, refusal, signs, step};
    use super::*;
    use crate::DecodeErrorKind;

    #[test]
    fn tables_are_not_managed() {
        for discriminator in 0..6 {
            let call = step(ID, vec![signs(WALLET)], vec![discriminator, 0, 0, 0]);
            assert_eq!(refusal(&[call]), DecodeErrorKind::Forbidden);
        }
    }
}
