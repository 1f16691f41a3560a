//! What a decoder may know besides what is to be signed.

use countersign_intent::evm::{Address, Asset, Chain};

use super::call::Token;
use super::effects::refused;
use crate::{DecodeError, DecodeErrorKind};

/// Facts that the policy brings.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The wallet whose signature is asked for.
    pub wallet: Address,
    /// The chains that may be signed for; none unless a policy lists it.
    pub chains: &'a [Chain],
    /// The tokens that the policy names. A call of any other contract is not read, whatever its
    /// function is called: what looks like a token may be none.
    pub tokens: &'a [Asset],
}

impl<'a> Context<'a> {
    /// A context in which only the wallet is known, and no chain may be signed for.
    #[must_use]
    pub const fn new(wallet: Address) -> Self {
        Self {
            wallet,
            chains: &[],
            tokens: &[],
        }
    }

    /// A chain that may be signed for.
    pub(super) fn chain(&self, id: u64) -> Result<&'a Chain, DecodeError> {
        self.chains.iter().find(|one| one.id == id).ok_or_else(|| {
            let known: Vec<String> = self.chains.iter().map(|one| one.id.to_string()).collect();
            let known = match known.is_empty() {
                true => "none".to_owned(),
                false => known.join(", "),
            };
            refused(
                DecodeErrorKind::Forbidden,
                format!(
                    "chain {id} may not be signed for: the policy lists {known} under \
                     [venues.evm.chains]"
                ),
            )
        })
    }

    /// The token of a contract, where it is one that is known.
    pub(super) fn token(&self, chain: &Chain, contract: &Address) -> Option<Token> {
        if chain.wrapped == Some(*contract) {
            return Some(Token {
                asset: Asset::Native { chain: chain.id },
                contract: *contract,
                wraps: true,
            });
        }
        let asset = Asset::Token {
            chain: chain.id,
            contract: *contract,
        };
        self.tokens.contains(&asset).then_some(Token {
            asset,
            contract: *contract,
            wraps: false,
        })
    }
}
