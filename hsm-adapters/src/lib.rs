//! HSM devices behind one contract.
//!
//! [`backend`] is what the appliance may ask of a device; [`open`] lists the kinds of devices and opens
//! one as a configuration names it; [`pkcs11`] is the adapter for PKCS#11
//! modules; `simulator` (cargo feature of that name, for tests and benches only) is a device in
//! memory that fails on request; `conformance` is the suite that both must pass. Everything here blocks: call it from threads that may wait.

pub mod attributes;
pub mod backend;
pub mod canary;
pub mod capabilities;
pub mod ceremony;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod error;
pub mod import;
pub mod key;
pub mod open;
mod opening;
pub mod pkcs11;
pub mod role;
pub mod role_keys;
#[cfg(feature = "simulator")]
pub mod simulator;
mod software;

pub use attributes::{Attributes, Flag, KeyKind, SecretUse};
pub use backend::{
    Backend, Device, Envelope, KeyAdmin, KeyImport, KeyRef, KeyWrap, Mac, Material,
    MonotonicAnchor, ResidentKey, StoredKey,
};
pub use canary::{canary, holds};
pub use capabilities::{Capabilities, KeyTypes};
pub use error::{Consequence, Error};
pub use import::ImportKey;
pub use key::{KeyId, KeyType, PublicKey, Signature};
pub use open::Settings;
pub use opening::Opening;
pub use pkcs11::leave;
pub use pkcs11::{Config as Pkcs11Config, Pkcs11Device};
pub use role::KeyRole;
pub use software::{possession_challenge, recoverable, verifies};
