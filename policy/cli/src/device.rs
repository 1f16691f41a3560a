//! The keys that approve: on a Ledger, or for development in a file.

mod choice;
pub(crate) mod lease;
pub(crate) mod pages;

use std::path::PathBuf;

use countersign_hardware_wallet::{
    Address, App, Consequence, DerivationPath, Error as LedgerError, Ethereum, SOLANA_NEEDS_FOR_V1,
    Solana, Version, open, running, usb_devices,
};
use countersign_policy::approval::eip55;
use ed25519_dalek::{Signer as _, SigningKey};

use crate::failure::Failure;
use crate::keypair;

/// Scheme of Solana off-chain messages, version 0.
pub(crate) const SOLANA: &str = "solana-offchain-v0";
/// Scheme of Solana off-chain messages, version 1.
pub(crate) const SOLANA_V1: &str = "solana-offchain-v1";
/// Scheme of Ethereum personal messages.
pub(crate) const ETHEREUM: &str = "eip191";

/// Which Ledgers to look at.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Ledgers {
    /// A Ledger: `usb` for the one connected, `usb:PATH` for one of several, `tcp:HOST:PORT` for
    /// Ledger's emulator; `ledger list` takes several
    #[arg(long, value_name = "DEVICE", num_args = 0..=1, default_missing_value = "usb")]
    pub ledger: Vec<Address>,
    /// Where the key lies on the Ledger; 44'/501'/0' in the Solana app and 44'/60'/0'/0/0 in the
    /// Ethereum app unless told
    #[arg(long, value_name = "PATH")]
    pub path: Option<DerivationPath>,
}

/// Which key to use.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct KeyArguments {
    #[command(flatten)]
    pub ledgers: Ledgers,
    /// For development only: a Solana JSON keypair in a file, instead of a Ledger
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ledger", "path"])]
    pub keypair: Option<PathBuf>,
}

impl Ledgers {
    /// The devices, those by USB each with its path; by USB where none was named.
    ///
    /// # Errors
    /// None is connected.
    pub(crate) fn addresses(&self) -> Result<Vec<Address>, Failure> {
        let named = if self.ledger.is_empty() {
            vec![Address::Usb(None)]
        } else {
            self.ledger.clone()
        };
        let mut addresses = Vec::new();
        for address in named {
            match address {
                Address::Usb(None) => {
                    let found = usb_devices().map_err(failure)?;
                    addresses.extend(found.into_iter().map(|one| Address::Usb(Some(one.path))));
                }
                named => addresses.push(named),
            }
        }
        if addresses.is_empty() {
            return Err(failure(LedgerError::NoDevice));
        }
        Ok(addresses)
    }

    /// The device to use: the only one, or the one that the person chooses. Nothing is sent to the
    /// others: somebody may be reading on them.
    ///
    /// # Errors
    /// None is connected, or several are and nobody chose.
    pub(crate) fn one(&self) -> Result<Address, Failure> {
        let addresses = self.addresses()?;
        match addresses.as_slice() {
            [one] => Ok(one.clone()),
            several => choice::ask(several),
        }
    }
}

impl KeyArguments {
    /// The key of the file or of the device.
    ///
    /// # Errors
    /// A file that is no keypair; no device, or several of which none was chosen; one that is not
    /// ready.
    pub(crate) fn key(&self) -> Result<Key, Failure> {
        match &self.keypair {
            Some(path) => Key::file(path),
            None => Key::on(&self.ledgers.one()?, self.ledgers.path.as_ref()),
        }
    }
}

/// What makes the signature.
enum Holder {
    File(Box<SigningKey>),
    Solana(Solana, DerivationPath),
    Ethereum(Ethereum, DerivationPath),
}

/// A key that can approve.
pub(crate) struct Key {
    holder: Holder,
    /// Nobody else of this program talks to the device while this is there.
    _lease: Option<lease::Device>,
    /// Where it is: a device, or a file.
    pub place: String,
    /// `solana-offchain-v0`, `solana-offchain-v1` or `eip191`.
    pub scheme: &'static str,
    /// Base58, or `0x…` for an Ethereum address.
    pub public_key: String,
}

impl Key {
    /// The key of the app that is open on a device.
    ///
    /// # Errors
    /// The device is not ready, or another app is open.
    pub(crate) fn on(address: &Address, path: Option<&DerivationPath>) -> Result<Self, Failure> {
        let at = |error| failure(error).and(format!("at `{address}`"));
        let lease = match lease::take(address) {
            lease::Device::Busy => {
                return Err(Failure::unreachable(format!(
                    "another `countersign` uses the Ledger at `{address}`: finish there first"
                )));
            }
            free => Some(free),
        };
        let mut transport = open(address).map_err(at)?;
        let app = running(&mut *transport).map_err(at)?.name;
        let place = address.to_string();
        if app == App::Ethereum.name() {
            let path = chosen(path, App::Ethereum);
            let mut app = Ethereum::open(transport).map_err(at)?;
            let public_key = address_text(app.address(&path).map_err(at)?);
            return Ok(Self {
                holder: Holder::Ethereum(app, path),
                _lease: lease,
                place,
                scheme: ETHEREUM,
                public_key,
            });
        }
        let path = chosen(path, App::Solana);
        let mut app = Solana::open(transport).map_err(at)?;
        let public_key = bs58::encode(app.public_key(&path).map_err(at)?).into_string();
        Ok(Self {
            holder: Holder::Solana(app, path),
            _lease: lease,
            place,
            scheme: SOLANA,
            public_key,
        })
    }

    /// The key of a file as Solana's tools write it: 64 numbers, secret and public key.
    fn file(path: &std::path::Path) -> Result<Self, Failure> {
        let shown = path.display();
        let key = keypair::read(path)?;
        let public_key = bs58::encode(key.verifying_key()).into_string();
        Ok(Self {
            holder: Holder::File(Box::new(key)),
            _lease: None,
            place: shown.to_string(),
            scheme: SOLANA,
            public_key,
        })
    }

    /// The 32 bytes of an Ed25519 key.
    pub(crate) fn ed25519(&self) -> Option<[u8; 32]> {
        let decoded = bs58::decode(&self.public_key).into_vec().ok()?;
        (self.scheme != ETHEREUM).then(|| decoded.try_into().ok())?
    }

    /// Lets the key sign in another scheme that goes with it.
    ///
    /// # Errors
    /// A scheme that does not, or that the device's app is too old for.
    pub(crate) fn use_scheme(&mut self, scheme: &str) -> Result<(), Failure> {
        if scheme == self.scheme {
            return Ok(());
        }
        let (scheme, other) = match (&self.holder, scheme) {
            (Holder::Ethereum(..), _) => (None, "only `eip191`"),
            (_, SOLANA) => (Some(SOLANA), ""),
            (_, SOLANA_V1) => (Some(SOLANA_V1), ""),
            _ => (None, "`solana-offchain-v0` or `solana-offchain-v1`"),
        };
        let scheme = scheme
            .ok_or_else(|| Failure::usage(format!("the key at `{}` signs {other}", self.place)))?;
        if let (SOLANA_V1, Holder::Solana(app, _)) = (scheme, &self.holder)
            && app.version() < SOLANA_NEEDS_FOR_V1
        {
            return Err(failure(LedgerError::TooOld {
                app: App::Solana.name(),
                have: app.version(),
                need: SOLANA_NEEDS_FOR_V1,
            }));
        }
        self.scheme = scheme;
        Ok(())
    }

    /// Whether it is the key of this scheme and text.
    pub(crate) fn is(&self, scheme: &str, public_key: &str) -> bool {
        let kind = |scheme: &str| scheme == ETHEREUM;
        // An appliance of an earlier version writes addresses without their checksum.
        let same = if kind(scheme) {
            self.public_key.eq_ignore_ascii_case(public_key)
        } else {
            self.public_key == public_key
        };
        same && kind(self.scheme) == kind(scheme)
    }

    /// The path on the device, where it is on one.
    pub(crate) fn path(&self) -> Option<&DerivationPath> {
        match &self.holder {
            Holder::File(_) => None,
            Holder::Solana(_, path) | Holder::Ethereum(_, path) => Some(path),
        }
    }

    /// Version of the open app, and whether it signs what it cannot show; where it is a device's.
    pub(crate) fn app(&self) -> Option<(App, Version, bool)> {
        match &self.holder {
            Holder::File(_) => None,
            Holder::Solana(app, _) => Some((App::Solana, app.version(), app.blind_signing())),
            Holder::Ethereum(app, _) => Some((App::Ethereum, app.version(), false)),
        }
    }

    /// Has the person compare the key with the screen of the device.
    ///
    /// # Errors
    /// It is another, or the person says so.
    pub(crate) fn confirm(&mut self) -> Result<(), Failure> {
        let confirmed = match &mut self.holder {
            Holder::File(_) => return Ok(()),
            Holder::Solana(app, path) => app
                .confirm_public_key(path)
                .map(|key| bs58::encode(key).into_string()),
            Holder::Ethereum(app, path) => app.confirm_address(path).map(address_text),
        };
        if confirmed.map_err(failure)? == self.public_key {
            return Ok(());
        }
        Err(Failure::refused(
            "the Ledger answered with two different keys for the same path; do not use it",
        ))
    }

    /// Signs a text for an approval or an enrolment: `message` is the off-chain message, or the
    /// text itself for `eip191`.
    ///
    /// # Errors
    /// The person refuses, or the device does.
    pub(crate) fn sign(&mut self, message: &[u8], text: &str) -> Result<String, Failure> {
        match &mut self.holder {
            Holder::File(key) => Ok(bs58::encode(key.sign(message).to_bytes()).into_string()),
            Holder::Solana(app, path) => app
                .sign_off_chain(path, message)
                .map(|signature| bs58::encode(signature).into_string())
                .map_err(failure),
            Holder::Ethereum(app, path) => app
                .sign_personal(path, text)
                .map(|signature| format!("0x{}", hex::encode(signature.to_bytes())))
                .map_err(failure),
        }
    }
}

impl Key {
    /// Signs the message of a Solana transaction, for its slot among the signatures.
    ///
    /// # Errors
    /// The person refuses, the device does, or the key is none of Solana's.
    pub(crate) fn sign_transaction(&mut self, message: &[u8]) -> Result<[u8; 64], Failure> {
        match &mut self.holder {
            Holder::File(key) => Ok(key.sign(message).to_bytes()),
            Holder::Solana(app, path) => app.sign_transaction(path, message).map_err(failure),
            Holder::Ethereum(..) => Err(failure(LedgerError::WrongApp {
                open: Some(App::Ethereum.name().to_owned()),
                wanted: App::Solana.name(),
            })),
        }
    }
}

fn chosen(path: Option<&DerivationPath>, app: App) -> DerivationPath {
    path.map_or_else(|| DerivationPath::account(app, 0), Clone::clone)
}

fn address_text(address: [u8; 20]) -> String {
    eip55::write(&address)
}

/// A device's error with the exit code that goes with it: 1 where a person or the device said no,
/// 2 where it cannot be asked, 3 where the device is not there or not ready.
pub(crate) fn failure(error: LedgerError) -> Failure {
    let said = error.to_string();
    match (&error, error.consequence()) {
        (LedgerError::Invalid(_) | LedgerError::Several(_), _) => Failure::usage(said),
        (_, Consequence::Refused | Consequence::Broken) => Failure::refused(said),
        (_, Consequence::NotSent | Consequence::OutcomeUnknown) => Failure::unreachable(said),
    }
}

#[cfg(test)]
mod tests;
