//! Calls of tokens: the functions of ERC-20 that matter, and those that wrap a native coin.
//!
//! Every argument is one word of 32 bytes, so the layout is the check: the length is exact, and what
//! a type leaves of a word is zero.

use countersign_intent::Amount;
use countersign_intent::evm::{Address, Asset, Detail, Selector};
use ethnum::U256;

use super::effects::refused;
use super::object::{TOO_LARGE, base_units};
use crate::{DecodeError, DecodeErrorKind};

/// A function that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Transfer,
    TransferFrom,
    Approve,
    IncreaseAllowance,
    Deposit,
    Withdraw,
}

/// Selectors: the first four bytes of Keccak-256 of the signatures beside them.
const FUNCTIONS: [([u8; 4], Function, &str); 6] = [
    (
        [0xa9, 0x05, 0x9c, 0xbb],
        Function::Transfer,
        "transfer(address,uint256)",
    ),
    (
        [0x23, 0xb8, 0x72, 0xdd],
        Function::TransferFrom,
        "transferFrom(address,address,uint256)",
    ),
    (
        [0x09, 0x5e, 0xa7, 0xb3],
        Function::Approve,
        "approve(address,uint256)",
    ),
    (
        [0x39, 0x50, 0x93, 0x51],
        Function::IncreaseAllowance,
        "increaseAllowance(address,uint256)",
    ),
    ([0xd0, 0xe3, 0x0d, 0xb0], Function::Deposit, "deposit()"),
    (
        [0x2e, 0x1a, 0x7d, 0x4d],
        Function::Withdraw,
        "withdraw(uint256)",
    ),
];

/// The function of a selector.
pub(super) fn function(selector: Selector) -> Option<Function> {
    let known = FUNCTIONS
        .iter()
        .find(|(bytes, ..)| selector.as_bytes() == bytes);
    known.map(|(_, function, _)| *function)
}

impl Function {
    fn signature(self) -> &'static str {
        let known = FUNCTIONS.iter().find(|(_, function, _)| *function == self);
        known.map_or("", |(.., signature)| signature)
    }

    const fn words(self) -> usize {
        match self {
            Self::Deposit => 0,
            Self::Withdraw => 1,
            Self::Transfer | Self::Approve | Self::IncreaseAllowance => 2,
            Self::TransferFrom => 3,
        }
    }
}

/// A token that the policy names, or the wrapped native coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) asset: Asset,
    pub(super) contract: Address,
    /// Whether it is the native coin, wrapped.
    pub(super) wraps: bool,
}

impl Token {
    pub(super) fn wrapped(&self) -> Option<Address> {
        self.wraps.then_some(self.contract)
    }
}

/// A call of a token.
pub(super) struct Call {
    pub(super) wallet: Address,
    pub(super) token: Token,
    pub(super) value: Amount,
}

impl Call {
    /// What it does; `None` for a function that only a wrapped coin has.
    pub(super) fn read(
        &self,
        function: Function,
        arguments: &[u8],
        is_nobodys: &dyn Fn(&Address) -> bool,
    ) -> Result<Option<Detail>, DecodeError> {
        if matches!(function, Function::Deposit | Function::Withdraw) && !self.token.wraps {
            return Ok(None);
        }
        let arguments = Arguments::new(function, arguments)?;
        if self.value > Amount::ZERO && function != Function::Deposit {
            return Err(arguments.wrong(
                DecodeErrorKind::Forbidden,
                "it takes no coins, and `value` sends some along: they would be lost, or the call \
                 fails; leave `value` at 0",
            ));
        }
        let detail = match function {
            Function::Transfer => {
                let to = arguments.receiver(0, is_nobodys)?;
                self.moved(to, arguments.amount(1)?, false)
            }
            Function::TransferFrom => {
                let from = arguments.address(0)?;
                if from != self.wallet {
                    return Err(arguments.wrong(
                        DecodeErrorKind::Forbidden,
                        &format!("it moves what belongs to `{from}`, and not to the wallet"),
                    ));
                }
                let to = arguments.receiver(1, is_nobodys)?;
                self.moved(to, arguments.amount(2)?, true)
            }
            Function::Approve | Function::IncreaseAllowance => {
                let spender = arguments.receiver(0, is_nobodys)?;
                let added = function == Function::IncreaseAllowance;
                self.allowed(spender, arguments.allowance(1)?, added)
            }
            Function::Deposit => Detail::Wrap {
                chain: self.token.asset.chain(),
                amount: self.value,
                contract: self.token.contract,
            },
            Function::Withdraw => Detail::Unwrap {
                chain: self.token.asset.chain(),
                amount: arguments.amount(0)?,
                contract: self.token.contract,
            },
        };
        Ok(Some(detail))
    }

    fn moved(&self, to: Address, amount: Amount, from: bool) -> Detail {
        let (asset, wrapped) = (self.token.asset, self.token.wrapped());
        if from {
            Detail::TransferFrom {
                asset,
                amount,
                to,
                wrapped,
            }
        } else {
            Detail::Transfer {
                asset,
                amount,
                to,
                wrapped,
            }
        }
    }

    fn allowed(&self, spender: Address, amount: Amount, added: bool) -> Detail {
        let (asset, wrapped) = (self.token.asset, self.token.wrapped());
        if amount == Amount::ZERO && !added {
            return Detail::Revoke {
                asset,
                spender,
                wrapped,
            };
        }
        Detail::Allowance {
            asset,
            amount,
            spender,
            added,
            wrapped,
        }
    }
}

/// The words of a call, exactly as many as it takes.
struct Arguments<'a> {
    function: Function,
    words: &'a [[u8; 32]],
}

impl<'a> Arguments<'a> {
    fn new(function: Function, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (words, rest) = bytes.as_chunks();
        let arguments = Self { function, words };
        if words.len() != function.words() || !rest.is_empty() {
            let why = format!(
                "expected {} bytes of arguments, got {}",
                32 * function.words(),
                bytes.len()
            );
            return Err(arguments.wrong(DecodeErrorKind::WrongData, &why));
        }
        Ok(arguments)
    }

    fn wrong(&self, kind: DecodeErrorKind, why: &str) -> DecodeError {
        refused(kind, format!("`{}`: {why}", self.function.signature()))
    }

    fn word(&self, at: usize) -> [u8; 32] {
        self.words.get(at).copied().unwrap_or_default()
    }

    fn address(&self, at: usize) -> Result<Address, DecodeError> {
        let word = self.word(at);
        match word.split_last_chunk::<20>() {
            Some((zeros, bytes)) if zeros.iter().all(|byte| *byte == 0) => Ok(Address::new(*bytes)),
            _ => Err(self.wrong(
                DecodeErrorKind::WrongData,
                &format!("argument {at} is no address: the 12 bytes before it are not zero"),
            )),
        }
    }

    /// An address that somebody may hold.
    fn receiver(
        &self,
        at: usize,
        is_nobodys: &dyn Fn(&Address) -> bool,
    ) -> Result<Address, DecodeError> {
        let address = self.address(at)?;
        if is_nobodys(&address) {
            return Err(self.wrong(
                DecodeErrorKind::Forbidden,
                &format!("`{address}` is nobody's, or the contract of a token: name who is meant"),
            ));
        }
        Ok(address)
    }

    fn amount(&self, at: usize) -> Result<Amount, DecodeError> {
        let units = base_units(U256::from_be_bytes(self.word(at)));
        let units = units.ok_or_else(|| self.wrong(DecodeErrorKind::Malformed, TOO_LARGE))?;
        Ok(Amount::from_base(units))
    }

    fn allowance(&self, at: usize) -> Result<Amount, DecodeError> {
        match self.word(at) {
            word if word == [0xff; 32] => Ok(Amount::UNBOUNDED),
            _ => self.amount(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evm::keccak;

    #[test]
    fn selectors_are_those_of_their_signatures() {
        for (selector, _, signature) in FUNCTIONS {
            assert_eq!(keccak(signature.as_bytes())[..4], selector, "{signature}");
        }
    }
}
