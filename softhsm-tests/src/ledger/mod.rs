//! Ledgers for the tests: the Solana and the Ethereum app as they answer APDUs, behind the TCP
//! framing of Ledger's own emulator, so that the real emulator can take the place of this one.
//!
//! It was written after what `app-solana` 1.9.0 and `app-ethereum` 1.23.0-dev did in that
//! emulator: what they refuse, with which status, and what they show. Where the real app knows
//! more instructions than SOL transfers and new token accounts, this one shows a hash, as the
//! real one does of what it does not know.

mod buttons;
mod ethereum;
mod keys;
mod off_chain;
mod screen;
mod server;
mod solana;
mod transaction;
mod wire;

pub use buttons::{Buttons, Press};
pub use keys::Keys;
pub use screen::Screen;
pub use server::Emulator;

use self::wire::{Apdu, Refusal, Status};

/// What is open on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// No app: the device calls itself `BOLOS`.
    Dashboard,
    /// The Solana app.
    Solana,
    /// The Ethereum app.
    Ethereum,
}

/// How a device is set.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// What is open.
    pub open: Open,
    /// Version of the open app.
    pub version: (u8, u8, u8),
    /// Whether it signs what it cannot show.
    pub blind_signing: bool,
    /// Whether it waits for its PIN. Ledger's emulator has no lock; the status is the SDK's.
    pub locked: bool,
}

impl Default for Settings {
    /// The Solana app 1.9.0 as it is installed.
    fn default() -> Self {
        Self {
            open: Open::Solana,
            version: (1, 9, 0),
            blind_signing: false,
            locked: false,
        }
    }
}

/// A message that comes in parts.
#[derive(Debug)]
struct Pending {
    ins: u8,
    data: Vec<u8>,
}

/// A device: its keys, its settings, a finger, and what its screen has shown.
#[derive(Debug)]
pub struct Ledger {
    /// How it is set. Settings may change between two commands.
    pub settings: Settings,
    keys: Keys,
    buttons: Buttons,
    shown: Vec<Screen>,
    commands: u64,
    pending: Option<Pending>,
}

impl Ledger {
    /// A device with these keys, and somebody who presses its buttons.
    #[must_use]
    pub const fn new(keys: Keys, buttons: Buttons, settings: Settings) -> Self {
        Self {
            settings,
            keys,
            buttons,
            shown: Vec::new(),
            commands: 0,
            pending: None,
        }
    }

    /// Everything the person was shown, in order.
    #[must_use]
    pub fn shown(&self) -> &[Screen] {
        &self.shown
    }

    /// How many commands came.
    #[must_use]
    pub const fn commands(&self) -> u64 {
        self.commands
    }

    /// Lets somebody else press the buttons.
    pub fn press_with(&mut self, buttons: Buttons) {
        self.buttons = buttons;
    }

    /// Answers one command: data, and the status word.
    pub fn answer(&mut self, command: &[u8]) -> (Vec<u8>, u16) {
        self.commands += 1;
        match self.dispatch(command) {
            Ok(data) => (data, wire::OK),
            Err(Refusal(status)) => (Vec::new(), status),
        }
    }

    fn dispatch(&mut self, command: &[u8]) -> Status {
        if self.settings.locked {
            return Err(Refusal(wire::LOCKED));
        }
        let apdu = Apdu::parse(command)?;
        if apdu.cla == 0xb0 {
            return self.common(&apdu);
        }
        match self.settings.open {
            Open::Dashboard => Err(Refusal(wire::UNKNOWN_CLASS)),
            Open::Solana => self.solana(&apdu),
            Open::Ethereum => self.ethereum(&apdu),
        }
    }

    /// What every app and the dashboard answer: which of them is open.
    fn common(&self, apdu: &Apdu<'_>) -> Status {
        if apdu.ins != 0x01 {
            return Err(Refusal(wire::UNKNOWN_INSTRUCTION));
        }
        let name = match self.settings.open {
            Open::Dashboard => "BOLOS",
            Open::Solana => "Solana",
            Open::Ethereum => "Ethereum",
        };
        let (major, minor, patch) = self.settings.version;
        let version = format!("{major}.{minor}.{patch}");
        let mut answer = vec![1];
        for text in [name, &version] {
            answer.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
            answer.extend(text.as_bytes());
        }
        answer.extend([1, 0]); // one byte of flags
        Ok(answer)
    }

    /// Puts the parts of a message together. `None` until the last has come.
    fn collect(
        &mut self,
        apdu: &Apdu<'_>,
        extends: bool,
        more: bool,
        most: usize,
    ) -> Result<Option<Vec<u8>>, Refusal> {
        let mut pending = match self.pending.take() {
            Some(pending) if extends && pending.ins == apdu.ins => pending,
            _ if extends => return Err(Refusal(wire::INVALID_DATA)),
            // A new message takes the place of one that was not finished.
            _ => Pending {
                ins: apdu.ins,
                data: Vec::new(),
            },
        };
        pending.data.extend_from_slice(apdu.data);
        if pending.data.len() > most {
            return Err(Refusal(wire::BAD_SIZE));
        }
        if more {
            self.pending = Some(pending);
            return Ok(None);
        }
        Ok(Some(pending.data))
    }

    /// Shows a screen, and waits for a button.
    fn review(&mut self, screen: Screen) -> Result<(), Refusal> {
        let press = self.buttons.press(&screen);
        self.shown.push(screen);
        match press {
            Press::Approve => Ok(()),
            Press::Reject => Err(Refusal(wire::REFUSED)),
        }
    }
}
