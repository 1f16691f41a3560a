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
