//! Lighthouse assertions (`lighthouse-sdk` 2.0): they can only make the transaction fail.
//!
//! An assertion lists exactly the accounts it looks at. With no other program among them,
//! Lighthouse has nothing it could call with the wallet's signature.

use countersign_intent::solana::{Address, AssertedFact, Assertion};

use crate::{DecodeError, DecodeErrorKind};

use super::super::call::Call;
use super::super::ids;
use super::super::walk::{Walk, lamports};

pub(super) const ID: Address = Address::from_literal("L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95");

/// The longest assertion that is accepted.
const MAX_BYTES: usize = 512;

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
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
    // What an assertion before other instructions says need not hold after them.
    if walk.only_follows(call.position, &[ID, ids::COMPUTE_BUDGET]) {
        let (account, fact) = (call.account(0)?.key, fact(call.data()));
        let said = account.zip(fact);
        if let Some((account, fact)) = said {
            walk.assert(Assertion { account, fact });
        }
    }
    Ok(())
}

/// What an `AssertAccountInfo` says: log level, variant, value, operator. Anything else may be
/// said, and counts for nothing.
fn fact(data: &[u8]) -> Option<AssertedFact> {
    const EQUAL: u8 = 0;
    const GREATER: u8 = 2;
    const AT_LEAST: u8 = 4;
    let (head, rest) = data.split_first_chunk::<3>()?;
    match (*head, rest) {
        ([5, _, 0], [value @ .., GREATER | AT_LEAST]) => {
            let least = u64::from_le_bytes(value.try_into().ok()?);
            Some(AssertedFact::LamportsAtLeast(lamports(least)))
        }
        ([5, _, 1], [0, 0, 0, 0, 0, 0, 0, 0, EQUAL]) => Some(AssertedFact::NoData),
        ([5, _, 2], [owner @ .., EQUAL]) => {
            (owner == ids::SYSTEM.as_bytes()).then_some(AssertedFact::OwnedBySystem)
        }
        // System is the first of the owners that have a number.
        ([5, _, 3], [0, EQUAL]) => Some(AssertedFact::OwnedBySystem),
        _ => None,
    }
}

fn writes_memory(call: &mut Call<'_>, name: &'static str) -> DecodeError {
    call.named(name);
    call.forbid("pays rent for memory that an assertion can do without")
}

#[cfg(test)]
mod tests {
    use super::super::super::context::Context;
    use super::super::super::decode_message;
    use super::super::super::draft::{
        STRANGER, Step, WALLET, compile, effects, pay, pool, reads, refusal, signs, step,
    };
    use super::*;
    use crate::explain;
    use countersign_intent::solana::assertions;

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

    fn asserted(steps: &[Step]) -> Vec<AssertedFact> {
        let message = compile(WALLET, steps);
        let intent = decode_message(&message, &Context::new(WALLET))
            .unwrap()
            .intent;
        let said = assertions(&intent).map(|one| one.account);
        assert!(said.into_iter().all(|account| account == WALLET));
        assert!(explain(&intent).iter().all(|line| line.is_ascii()));
        assertions(&intent).map(|one| one.fact).collect()
    }

    fn assertion(variant: u8, value: &[u8], operator: u8) -> Step {
        let data = [&[5, 4, variant][..], value, &[operator]].concat();
        step(ID, vec![reads(WALLET)], data)
    }

    #[test]
    fn what_is_asserted_about_an_account_at_the_end_is_told() {
        let floor = |units| AssertedFact::LamportsAtLeast(lamports(units));
        let seven = 7_u64.to_le_bytes();
        for (said, expected) in [
            (assertion(0, &seven, 4), Some(floor(7))),
            (assertion(0, &seven, 2), Some(floor(7))),
            (assertion(1, &[0; 8], 0), Some(AssertedFact::NoData)),
            (assertion(2, &[0; 32], 0), Some(AssertedFact::OwnedBySystem)),
            (assertion(3, &[0], 0), Some(AssertedFact::OwnedBySystem)),
            // At most, not equal, some data, another owner, too short, too long.
            (assertion(0, &seven, 5), None),
            (assertion(1, &[0; 8], 1), None),
            (assertion(1, &seven, 0), None),
            (assertion(2, STRANGER.as_bytes(), 0), None),
            (assertion(2, &[0; 32], 1), None),
            (assertion(3, &[1], 0), None),
            (assertion(3, &[0], 1), None),
            (assertion(0, &seven[..7], 4), None),
            (assertion(1, &[0; 9], 0), None),
        ] {
            assert_eq!(
                asserted(&[pay(STRANGER, 1), said]),
                Vec::from_iter(expected)
            );
        }
    }

    #[test]
    fn what_is_asserted_before_something_happens_counts_for_nothing() {
        let said = assertion(3, &[0], 0);
        let budget = step(ids::COMPUTE_BUDGET, vec![], vec![2, 1, 0, 0, 0]);
        let owner = AssertedFact::OwnedBySystem;
        assert_eq!(asserted(&[said.clone(), pay(STRANGER, 1)]), []);
        assert_eq!(
            asserted(&[said.clone(), said.clone(), budget]),
            [owner, owner]
        );
        assert_eq!(asserted(&[said.clone(), pay(STRANGER, 1), said]), [owner]);
    }
}
