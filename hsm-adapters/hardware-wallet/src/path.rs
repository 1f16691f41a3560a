//! BIP-32 derivation paths.

use std::fmt;
use std::str::FromStr;

use super::error::Error;
use super::status::App;

/// Marks a hardened step (BIP-32 §Extended keys).
const HARDENED: u32 = 0x8000_0000;

/// Longest path the apps take.
const MAX_STEPS: usize = 5;

/// A path from the device's seed to a key, e.g. `44'/501'/0'`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DerivationPath(Vec<u32>);

impl DerivationPath {
    /// The path of the nth account of an app: `44'/501'/n'` as wallets use it on Solana,
    /// `44'/60'/n'/0/0` on Ethereum.
    #[must_use]
    pub fn account(app: App, account: u32) -> Self {
        let account = account | HARDENED;
        match app {
            App::Solana => Self(vec![44 | HARDENED, 501 | HARDENED, account]),
            App::Ethereum => Self(vec![44 | HARDENED, 60 | HARDENED, account, 0, 0]),
        }
    }

    /// The steps, hardened ones with their highest bit set.
    #[must_use]
    pub fn steps(&self) -> &[u32] {
        &self.0
    }

    /// As the apps take it: the number of steps in one byte, then each step in four, big-endian.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let count = u8::try_from(self.0.len()).unwrap_or(u8::MAX);
        let mut bytes = vec![count];
        bytes.extend(self.0.iter().flat_map(|step| step.to_be_bytes()));
        bytes
    }

    /// Checks what the app would refuse without a reason.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a path of another coin; for Solana also one with a step that is
    /// not hardened, which Ed25519 does not have (SLIP-0010).
    pub(super) fn check(&self, app: App) -> Result<(), Error> {
        let coin = match app {
            App::Solana => 501,
            App::Ethereum => 60,
        };
        if !self.0.starts_with(&[44 | HARDENED, coin | HARDENED]) {
            return Err(Error::Invalid(format!(
                "the {} app takes paths that start with `44'/{coin}'`, got `{self}`",
                app.name()
            )));
        }
        if app == App::Solana && self.0.iter().any(|step| step & HARDENED == 0) {
            return Err(Error::Invalid(format!(
                "every step of a Solana path is hardened, like `44'/501'/0'`, got `{self}`"
            )));
        }
        Ok(())
    }
}

impl fmt::Display for DerivationPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            let slash = if index == 0 { "" } else { "/" };
            let mark = if step & HARDENED == 0 { "" } else { "'" };
            write!(f, "{slash}{}{mark}", step & !HARDENED)?;
        }
        Ok(())
    }
}

impl FromStr for DerivationPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || {
            Error::Invalid(format!(
                "expected a derivation path of 2 to {MAX_STEPS} steps like `44'/501'/0'`, got `{}`",
                text.escape_debug()
            ))
        };
        let steps = text.strip_prefix("m/").unwrap_or(text);
        let steps: Vec<u32> = steps
            .split('/')
            .take(MAX_STEPS + 1)
            .map(step)
            .collect::<Option<_>>()
            .ok_or_else(refused)?;
        if !(2..=MAX_STEPS).contains(&steps.len()) {
            return Err(refused());
        }
        Ok(Self(steps))
    }
}

fn step(text: &str) -> Option<u32> {
    let (number, mark) = match text.strip_suffix(['\'', 'h']) {
        Some(number) => (number, HARDENED),
        None => (text, 0),
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = digits.then(|| number.parse().ok()).flatten()?;
    (number < HARDENED).then_some(number | mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_and_written() {
        let path: DerivationPath = "m/44'/501h/7'".parse().unwrap();
        assert_eq!(path.to_string(), "44'/501'/7'");
        assert_eq!(path, DerivationPath::account(App::Solana, 7));
        assert_eq!(
            path.to_bytes(),
            [3, 0x80, 0, 0, 44, 0x80, 0, 1, 0xf5, 0x80, 0, 0, 7]
        );
        for text in [
            "",
            "m/",
            "44'",
            "44'//0'",
            "44'/x",
            "44'/2147483648'",
            "44'/+1'",
            "1/2/3/4/5/6",
        ] {
            assert!(
                text.parse::<DerivationPath>().is_err(),
                "`{text}` was taken"
            );
        }
    }

    #[test]
    fn a_path_of_another_coin_or_without_hardening_is_refused() {
        let check = |text: &str, app| text.parse::<DerivationPath>().unwrap().check(app);
        assert!(check("44'/501'", App::Solana).is_ok());
        assert!(check("44'/60'/0'/0/0", App::Ethereum).is_ok());
        assert!(check("44'/60'/0'", App::Solana).is_err());
        assert!(check("44'/501'/0'", App::Ethereum).is_err());
        let error = check("44'/501'/0'/0", App::Solana).unwrap_err();
        assert!(error.to_string().contains("hardened"), "{error}");
    }
}
