//! What a device will show of a transaction, and what to compare with it.

use countersign_decode::solana::{Hidden, Shown, shown_by_ledger};
use sha2::{Digest, Sha256};

use crate::device::Key;
use crate::failure::Failure;

/// What the person will have before them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Screen {
    /// A key in a file: no screen at all.
    None,
    /// Amount, recipient and sender.
    Transfer {
        /// A memo is signed along, and not shown.
        memo: bool,
    },
    /// Nothing: the device refuses, because blind signing is off.
    Refused(Hidden),
    /// This hash, base58, and who pays the fee.
    Hash { hash: String, why: Hidden },
}

impl Screen {
    /// # Errors
    /// Bytes that are no message.
    pub(super) fn of(message: &[u8], key: &Key) -> Result<Self, Failure> {
        let shown = shown_by_ledger(message).map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Self::on(
            message,
            shown,
            key.app().map(|(_, _, blind)| blind),
        ))
    }

    /// `blind`: whether the device signs what it cannot show; `None` where there is no device.
    fn on(message: &[u8], shown: Shown, blind: Option<bool>) -> Self {
        match (shown, blind) {
            (_, None) => Self::None,
            (Shown::InFull, _) => Self::Transfer { memo: false },
            (Shown::WithoutMemo, _) => Self::Transfer { memo: true },
            (Shown::Hash(why), Some(false)) => Self::Refused(why),
            (Shown::Hash(why), Some(true)) => Self::Hash {
                hash: bs58::encode(Sha256::digest(message)).into_string(),
                why,
            },
        }
    }

    /// # Errors
    /// Only a hash will be shown, and nobody wrote that this is meant.
    pub(super) fn check(&self, meant: bool) -> Result<(), Failure> {
        match self {
            Self::Hash { why, .. } if !meant => Err(Failure::refused(format!(
                "the Ledger would show a hash, and not what it signs: {why}"
            ))
            .and("turn blind signing off in the app's settings, and keep it off")
            .and("or write `--blind`, and compare the hash alone")),
            _ => Ok(()),
        }
    }

    /// What to compare.
    pub(super) fn compare(&self) -> String {
        match self {
            Self::None => "a key in a file shows nothing: read what it does above".to_owned(),
            Self::Transfer { memo: false } => {
                "compare amount, recipient and sender on the screen".to_owned()
            }
            Self::Transfer { memo: true } => {
                "compare amount, recipient and sender on the screen; the memo is signed and not shown"
                    .to_owned()
            }
            Self::Refused(why) => format!("the Ledger may refuse it: {why}"),
            Self::Hash { hash, .. } => format!(
                "BLIND: the screen shows the hash {hash} and nothing of what it does; compare it"
            ),
        }
    }

    /// The failure with what is known of why.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        match self {
            Self::Refused(why) => failure.and(why.to_string()),
            _ => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn a_hash_needs_the_flag_and_is_the_one_that_the_screen_shows() {
        let blind = Screen::on(b"message", Shown::Hash(Hidden::NoTransfer), Some(true));
        assert_eq!(blind.check(false).unwrap_err().exit, Exit::Refused);
        assert!(blind.check(true).is_ok());
        let hash = bs58::encode(Sha256::digest(b"message")).into_string();
        assert!(blind.compare().contains(&hash), "{}", blind.compare());
        let off = Screen::on(b"message", Shown::Hash(Hidden::BudgetBehind), Some(false));
        assert!(off.check(false).is_ok());
        let told = off.explain(Failure::refused("0x6808"));
        assert!(told.lines.concat().contains("put it first"), "{told:?}");
        for blind in [true, false] {
            let full = Screen::on(b"message", Shown::InFull, Some(blind));
            assert_eq!(full, Screen::Transfer { memo: false });
            assert!(full.check(false).is_ok());
        }
    }
}
