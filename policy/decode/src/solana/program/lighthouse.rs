//! Lighthouse assertions (`lighthouse-sdk` 2.0): they can only make the transaction fail.
//!
//! An assertion lists exactly the accounts it looks at. With no other program among them,
//! Lighthouse has nothing it could call with the wallet's signature.

use countersign_intent::Address;

use crate::{DecodeError, DecodeErrorKind};

use super::super::call::Call;
use super::super::walk::Walk;

pub(super) const ID: Address = Address::from_literal("L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95");

/// The longest assertion that is accepted.
const MAX_BYTES: usize = 512;

pub(super) fn decode(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let (name, targets) = match call.data().first() {
        Some(2) => ("AssertAccountData", 1),
        Some(3) => ("AssertAccountDataMulti", 1),
        Some(4) => ("AssertAccountDelta", 2),
        Some(5) => ("AssertAccountInfo", 1),
        Some(6) => ("AssertAccountInfoMulti", 1),
        Some(7) => ("AssertMintAccount", 1),
        Some(8) => ("AssertMintAccountMulti", 1),
        Some(9) => ("AssertTokenAccount", 1),
        Some(10) => ("AssertTokenAccountMulti", 1),
        Some(11) => ("AssertStakeAccount", 1),
        Some(12) => ("AssertStakeAccountMulti", 1),
        Some(0) => return Err(writes_memory(call, "MemoryWrite")),
        Some(1) => return Err(writes_memory(call, "MemoryClose")),
        Some(_) | None => {
            return Err(call.refuse(
                DecodeErrorKind::UnknownInstruction,
                "expected an assertion from 2 to 12",
            ));
        }
    };
    call.named(name);
    call.expect_slots(targets..=targets)?;
    call.expect_wallet_from(0);
    if call.data().len() > MAX_BYTES {
        return Err(call.refuse(
            DecodeErrorKind::WrongData,
            format!(
                "{} bytes, at most {MAX_BYTES} are accepted",
                call.data().len()
            ),
        ));
    }
    Ok(())
}

fn writes_memory(call: &mut Call<'_>, name: &'static str) -> DecodeError {
    call.named(name);
    call.forbid("pays rent for memory that an assertion can do without")
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{WALLET, effects, pool, reads, refusal, signs, step};
    use super::*;

    #[test]
    fn assertions_do_nothing_to_the_wallet() {
        for discriminator in [2, 3, 5, 6, 7, 8, 9, 10, 11, 12] {
            let assertion = step(ID, vec![signs(WALLET)], vec![discriminator, 0, 1]);
            assert_eq!(effects(&[assertion]), Ok(vec![]));
        }
    }

    #[test]
    fn anything_that_could_act_is_refused() {
        for discriminator in [0, 1] {
            let memory = step(ID, vec![signs(WALLET)], vec![discriminator]);
            assert_eq!(refusal(&[memory]), DecodeErrorKind::Forbidden);
        }
        let with_callee = step(ID, vec![signs(WALLET), reads(pool(1))], vec![5, 0, 1]);
        assert_eq!(refusal(&[with_callee]), DecodeErrorKind::WrongAccounts);
        let unknown = step(ID, vec![signs(WALLET)], vec![13]);
        assert_eq!(refusal(&[unknown]), DecodeErrorKind::UnknownInstruction);
        let long = step(ID, vec![signs(WALLET)], vec![5; MAX_BYTES + 1]);
        assert_eq!(refusal(&[long]), DecodeErrorKind::WrongData);
    }
}
