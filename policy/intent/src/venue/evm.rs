//! Ethereum and the chains that run its virtual machine.
//!
//! An account is the same address at every chain. What an amount is an amount of, whose turn it is
//! and where a call goes say their chain by its number (EIP-155).

mod address;
mod assertion;
mod asset;
mod chain;
mod detail;
mod draft;
mod fields;
mod heads;
mod nobodys;
mod nonce;
#[cfg(test)]
pub(crate) mod random;
mod selector;

pub use address::{Address, AddressError};
pub use assertion::Assertion;
pub(crate) use asset::KNOWN;
pub use asset::{Asset, AssetError};
pub use chain::{Chain, wrapped_native};
pub use detail::{Authorization, Detail, FeeBound, Place};
pub use draft::{Draft, details};
pub use nobodys::nobodys;
pub use nonce::AccountNonce;
pub use selector::{Selector, SelectorError};

/// What a signature may live by here.
pub type Resource = AccountNonce;
