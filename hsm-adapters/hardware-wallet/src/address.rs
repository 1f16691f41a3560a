//! Where a device is, and opening it there.

use std::fmt;
use std::str::FromStr;

use super::error::Error;
use super::hid;
use super::tcp::Tcp;
use super::transport::Transport;

/// Where a device is: `usb`, `usb:PATH` or `tcp:HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// By USB; the only one if no path is named.
    Usb(Option<String>),
    /// Ledger's emulator, or something that speaks like it.
    Tcp(String),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usb(None) => f.write_str("usb"),
            Self::Usb(Some(path)) => write!(f, "usb:{path}"),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
        }
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text == "usb" {
            return Ok(Self::Usb(None));
        }
        match text.split_once(':') {
            Some(("usb", path)) if !path.is_empty() => Ok(Self::Usb(Some(path.to_owned()))),
            Some(("tcp", address)) if address.contains(':') => Ok(Self::Tcp(address.to_owned())),
            _ => Err(Error::Invalid(format!(
                "expected `usb`, `usb:PATH` as `ledger list` shows it, or `tcp:HOST:PORT`, got `{}`",
                text.escape_debug()
            ))),
        }
    }
}

/// Opens a device.
///
/// # Errors
/// [`Error::NoDevice`], [`Error::Several`] or [`Error::CannotOpen`].
pub fn open(address: &Address) -> Result<Box<dyn Transport>, Error> {
    match address {
        Address::Usb(path) => Ok(Box::new(hid::open(path.as_deref())?)),
        Address::Tcp(address) => Ok(Box::new(Tcp::connect(address)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for text in [
            "usb",
            "usb:/dev/hidraw3",
            "tcp:127.0.0.1:9999",
            "tcp:[::1]:9999",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for text in ["", "usb:", "tcp", "tcp:9999", "ble:x", "/dev/hidraw3"] {
            assert!(text.parse::<Address>().is_err(), "`{text}` was taken");
        }
    }
}
