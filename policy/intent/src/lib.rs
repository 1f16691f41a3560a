//! Shared nouns of Countersign: identifiers, exact money, time, assets, the intent a request
//! decodes to, and the exact bytes that would be signed.
//!
//! An effect has a head that every venue fills alike, which policy reads, and a detail of its
//! venue's own closed list. A venue declares once what its details hold ([`field`]); canonical
//! bytes, JSON and words for people are readers of that declaration. Adding a venue is one module
//! under `venue` and one line in its list.
//!
//! This crate depends on nothing else of ours. It has no I/O, no clock and no randomness:
//! identifiers and timestamps are made from values that the caller brings.

mod action;
mod amount;
mod asset;
mod canonical;
mod effect;
pub mod field;
mod id;
mod intent;
mod principal;
mod signature;
mod signing_input;
mod time;
mod venue;
mod words;

pub use action::Action;
pub use amount::{Amount, AmountError};
pub use asset::KnownAsset;
pub use canonical::{CANONICAL_DOMAIN, canonical_bytes, effects_digest, intent_digest};
pub use effect::{AssetOf, Counterparty, Effect, Head};
pub use id::{
    ApproverId, CertificateId, GrantId, IdError, PolicyId, RegistrationId, RequestId, UserId,
    VenueId, WalletId,
};
pub use intent::{Intent, Lifetime};
pub use principal::{NameError, Principal, Role};
pub use signature::Signature;
pub use signing_input::SigningInput;
pub use time::{Span, SpanError, Timestamp};
pub use venue::evm;
pub use venue::solana::{self, Address, AddressError, nobodys};
pub use venue::{Account, AccountError, Assertion, Asset, Detail, Resource, Venue};
pub use words::{AssetNames, WellKnown, Words, brief};
