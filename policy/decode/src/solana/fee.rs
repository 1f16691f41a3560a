//! What the network charges the fee payer, also for a transaction that fails.

use countersign_intent::Amount;
use countersign_intent::solana::{Address, Detail as Effect};

use super::context::Costs;
use super::ids;
use super::walk::lamports;
use super::wire::Message;

/// What the compute budget instructions ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ComputeRequest {
    /// Compute unit limit.
    pub(crate) units: Option<u32>,
    /// Price of a compute unit, in millionths of a lamport.
    pub(crate) price: Option<u64>,
    pub(crate) heap_bytes: Option<u32>,
    pub(crate) loaded_bytes: Option<u32>,
}

/// The most the transaction can cost its fee payer. Precompile signatures would add to it, but
/// messages with precompile instructions are refused.
pub(super) fn fee(message: &Message<'_>, compute: ComputeRequest, costs: &Costs) -> Effect {
    let signatures = u64::from(message.header.required_signatures).saturating_mul(costs.signature);
    // A v1 message carries its priority fee itself; compute budget instructions do nothing there.
    let priority = message.config.map_or_else(
        || priority_fee(message, compute, costs),
        |config| lamports(config.priority_fee.unwrap_or_default()),
    );
    Effect::Fee {
        signatures: lamports(signatures),
        priority,
    }
}

fn priority_fee(message: &Message<'_>, compute: ComputeRequest, costs: &Costs) -> Amount {
    let units = compute
        .units
        .unwrap_or_else(|| default_units(message, costs))
        .min(costs.max_compute_units);
    let price = u128::from(compute.price.unwrap_or_default());
    let micro_lamports = price.saturating_mul(u128::from(units));
    Amount::from_base(micro_lamports.div_ceil(1_000_000))
}

fn default_units(message: &Message<'_>, costs: &Costs) -> u32 {
    message
        .instructions
        .iter()
        .map(|instruction| {
            let key = message.keys.get(usize::from(instruction.program));
            if key.is_some_and(|key| is_builtin(&Address::new(*key))) {
                costs.builtin_compute_units
            } else {
                costs.program_compute_units
            }
        })
        .fold(0, u32::saturating_add)
}

// The other built-in programs with the small default are never signed for.
fn is_builtin(program: &Address) -> bool {
    *program == ids::SYSTEM || *program == ids::COMPUTE_BUDGET
}
