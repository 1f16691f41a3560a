//! Hardware wallets: what approvers hold in their hands. They are Ledgers.
//!
//! The bytes to sign are the caller's; this crate carries them to the device, waits while a
//! person reads the screen, and checks the signature before it gives it back. Everything that a
//! device, or something that claims to be one, answers is bounded and checked: the host between
//! the device and us is not trusted, and a signature proves a key and bytes, nothing else.
//!
//! [`Transport`] is USB HID, or the TCP socket of Ledger's emulator. [`Solana`] and [`Ethereum`]
//! are the two apps that approvers use.

mod address;
mod apdu;
mod app;
mod chunks;
mod consequence;
mod error;
mod ethereum;
mod hid;
mod meaning;
mod path;
mod solana;
mod status;
mod tcp;
mod transport;
mod version;

pub use address::{Address, open};
pub use apdu::{Answer, Command, MAX_ANSWER, MAX_DATA};
pub use app::{Running, running};
pub use consequence::Consequence;
pub use error::Error;
pub use ethereum::{Ethereum, RecoverableSignature};
pub use hid::{Usb, usb_devices};
pub use path::DerivationPath;
pub use solana::{MAX_MESSAGE, NEED_V1 as SOLANA_NEEDS_FOR_V1, Solana};
pub use status::{App, Status};
pub use tcp::Tcp;
pub use transport::Transport;
pub use version::{NotAVersion, Version};

use std::time::Duration;

/// How long a device may take for what needs no person.
pub const QUICK: Duration = Duration::from_secs(10);

/// How long a person may read the screen.
pub const REVIEW: Duration = Duration::from_secs(600);
