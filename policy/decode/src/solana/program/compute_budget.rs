//! Compute Budget program (`solana-compute-budget-interface`): what the transaction may cost.

use crate::{DecodeError, DecodeErrorKind};

use super::super::call::Call;
use super::super::walk::Walk;
use super::super::wire::is_heap_size;

/// Records the request. The chain fails a transaction that asks twice, so asking twice is
/// refused rather than summed.
pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots_and_references(0)?;
    let request = &mut walk.compute;
    match call.data().first() {
        Some(1) => {
            call.named("RequestHeapFrame");
            let bytes = call.args(1, |args| args.u32("heap size"))?;
            if !is_heap_size(bytes) {
                return Err(call.refuse(
                    DecodeErrorKind::WrongData,
                    format!("{bytes} bytes, expected a multiple of 1024 from 32768 to 262144"),
                ));
            }
            once(call, &mut request.heap_bytes, bytes)
        }
        Some(2) => {
            call.named("SetComputeUnitLimit");
            let units = call.args(1, |args| args.u32("compute unit limit"))?;
            once(call, &mut request.units, units)
        }
        Some(3) => {
            call.named("SetComputeUnitPrice");
            let price = call.args(1, |args| args.u64("compute unit price"))?;
            once(call, &mut request.price, price)
        }
        Some(4) => {
            call.named("SetLoadedAccountsDataSizeLimit");
            let bytes = call.args(1, |args| args.u32("size limit"))?;
            once(call, &mut request.loaded_bytes, bytes)
        }
        Some(0) => {
            call.named("RequestUnits");
            Err(call.forbid("deprecated; use SetComputeUnitLimit and SetComputeUnitPrice"))
        }
        Some(_) | None => Err(call.refuse(
            DecodeErrorKind::UnknownInstruction,
            "expected a compute budget request from 1 to 4",
        )),
    }
}

fn once<T>(call: &Call<'_>, slot: &mut Option<T>, value: T) -> Result<(), DecodeError> {
    if slot.replace(value).is_some() {
        return Err(call.refuse(DecodeErrorKind::WrongData, "asked for twice"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{WALLET, effects, pool, reads, refusal, signs, step};
    use super::super::super::ids;
    use crate::DecodeErrorKind;

    fn budget(data: &[u8]) -> super::super::super::draft::Step {
        step(ids::COMPUTE_BUDGET, vec![], data.to_vec())
    }

    #[test]
    fn requests_have_exact_lengths() {
        for (data, ok) in [
            (&[1, 0, 0, 1, 0][..], true),
            (&[1, 1, 0, 1, 0], false),
            (&[2, 0, 0, 1, 0], true),
            (&[2, 0, 0, 1, 0, 0], false),
            (&[2, 0, 0, 1], false),
            (&[3, 0, 0, 0, 0, 0, 0, 0, 0], true),
            (&[3, 0, 0, 0, 0], false),
            (&[4, 0, 0, 1, 0], true),
        ] {
            let outcome = effects(&[budget(data)]).map_err(|error| error.kind());
            let expected = if ok {
                Ok(vec![])
            } else {
                Err(DecodeErrorKind::WrongData)
            };
            assert_eq!(outcome, expected, "{data:?}");
        }
        assert_eq!(
            refusal(&[budget(&[0, 0, 0, 0, 0])]),
            DecodeErrorKind::Forbidden
        );
        assert_eq!(
            refusal(&[budget(&[5])]),
            DecodeErrorKind::UnknownInstruction
        );
        assert_eq!(refusal(&[budget(&[])]), DecodeErrorKind::UnknownInstruction);
    }

    #[test]
    fn only_silent_references_may_follow() {
        let with = |account| step(ids::COMPUTE_BUDGET, vec![account], vec![2, 0, 0, 1, 0]);
        assert!(effects(&[with(reads(pool(1)))]).is_ok());
        assert_eq!(
            refusal(&[with(signs(WALLET))]),
            DecodeErrorKind::WrongAccounts
        );
    }
}
