//! Shared nouns of Countersign: identifiers, exact money, time, assets, the closed list of
//! effects, the intent a request decodes to, and the exact bytes that would be signed.
//!
//! This crate depends on nothing else of ours. It has no I/O, no clock and no randomness:
//! identifiers and timestamps are made from values that the caller brings.

mod address;
mod amount;
mod asset;
mod canonical;
mod effect;
mod id;
mod intent;
mod principal;
mod reading;
mod signing_input;
mod time;

pub use address::{Address, AddressError};
pub use amount::{Amount, AmountError};
pub use asset::{Asset, KnownAsset, USDC, USDT, WRAPPED_SOL_MINT};
pub use canonical::{CANONICAL_DOMAIN, canonical_bytes, intent_digest};
pub use effect::{Action, AuthorityKind, Effect, Launch, Quote, StakeOperation, Swap};
pub use id::{
    ApproverId, CertificateId, GrantId, IdError, PolicyId, RegistrationId, RequestId, UserId,
    VenueId, WalletId,
};
pub use intent::{AssertedFact, Assertion, Intent, Lifetime, Venue};
pub use principal::{NameError, Principal, Role};
pub use reading::{Reading, Receivers};
pub use signing_input::SigningInput;
pub use time::{Span, SpanError, Timestamp};
