//! What a decoder may know besides what is to be signed.

use countersign_intent::evm::{Address, Asset, Chain};

/// Facts that the policy brings.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The wallet whose signature is asked for.
    pub wallet: Address,
    /// The chains that may be signed for; none unless a policy lists it.
    pub chains: &'a [Chain],
    /// Tokens that the policy names: nothing is sent to one of their contracts.
    pub tokens: &'a [Asset],
}

impl Context<'_> {
    /// A context in which only the wallet is known, and no chain may be signed for.
    #[must_use]
    pub const fn new(wallet: Address) -> Self {
        Self {
            wallet,
            chains: &[],
            tokens: &[],
        }
    }
}
