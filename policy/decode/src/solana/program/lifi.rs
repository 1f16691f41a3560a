//! LI.FI's tracker, which stands before the trade of a swap made through it (MetaMask and others): it
//! writes an id of eight bytes into the transaction's log.
//!
//! Its source is not published. It gets no account that signs or that may be written to, so whatever
//! it does can move nothing: a program acts only on the accounts that its instruction lists.

use countersign_intent::solana::Address;

use crate::{DecodeError, DecodeErrorKind};

use super::super::call::Call;
use super::super::walk::Walk;

pub(super) const ID: Address =
    Address::from_literal("3i5JeuZuUxeKtVysUnwQNGerJP2bSMX9fTFfS4Nxe3Br");

const TRACK: u8 = 0;
/// The clock and who asked in what has been seen.
const MOST_ACCOUNTS: usize = 4;

pub(super) fn decode(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    if call.data().first() != Some(&TRACK) {
        return Err(call.refuse(
            DecodeErrorKind::UnknownInstruction,
            "expected the note of an id (`00`), which is all that LI.FI's program is signed for",
        ));
    }
    call.named("Track");
    call.args(1, |args| args.u64("id"))?;
    call.expect_slots(0..=MOST_ACCOUNTS)?;
    call.expect_powerless_from(0)
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{
        Step, Use, WALLET, effects, pool, reads, refusal, signs, step, writes,
    };
    use super::*;

    fn track(accounts: Vec<Use>) -> Step {
        step(ID, accounts, vec![0, 1, 2, 3, 4, 5, 6, 7, 8])
    }

    #[test]
    fn a_note_does_nothing_and_gets_nothing() {
        let noted = track(vec![reads(pool(1)), reads(pool(2))]);
        assert_eq!(effects(&[noted]), Ok(vec![]));
        for (account, kind) in [
            (signs(WALLET), DecodeErrorKind::WrongAccounts),
            (reads(WALLET), DecodeErrorKind::WrongAccounts),
            (writes(pool(3)), DecodeErrorKind::WrongAccounts),
            (signs(pool(3)), DecodeErrorKind::WrongAccounts),
        ] {
            assert_eq!(refusal(&[track(vec![reads(pool(1)), account])]), kind);
        }
    }

    #[test]
    fn nothing_else_of_the_program_is_signed_for() {
        for (data, kind) in [
            (vec![1; 9], DecodeErrorKind::UnknownInstruction),
            (vec![], DecodeErrorKind::UnknownInstruction),
            (vec![0; 8], DecodeErrorKind::WrongData),
            (vec![0; 10], DecodeErrorKind::WrongData),
        ] {
            assert_eq!(refusal(&[step(ID, vec![], data)]), kind);
        }
    }
}
