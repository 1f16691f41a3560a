//! Exact money: an integer count of an asset's base units.

use std::fmt;

/// An amount in base units (lamports, token base units). Never a float.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Amount(u128);

/// Why a decimal string is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Anything but digits with at most one decimal point between them.
    #[error("expected a decimal number like `1.25`, got `{0}`")]
    Malformed(String),
    /// More decimals than the asset has.
    #[error("`{text}` has more than the {decimals} decimals this asset has")]
    TooPrecise {
        /// What was given.
        text: String,
        /// The decimals of the asset.
        decimals: u8,
    },
    /// Larger than 2^128 - 1 base units.
    #[error("`{0}` is larger than any amount can be")]
    Overflow(String),
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// More than any message can bound: what stands for an amount that it does not say.
    pub const UNBOUNDED: Self = Self(u128::MAX);

    /// Wraps a count of base units.
    #[must_use]
    pub const fn from_base(units: u128) -> Self {
        Self(units)
    }

    /// The count of base units.
    #[must_use]
    pub const fn base(self) -> u128 {
        self.0
    }

    /// Adds; `None` past 2^128 - 1.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Adds, staying at the largest amount: the safe side wherever a sum is held against a cap.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Subtracts, staying at zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Reads a decimal string in display units, e.g. `1.25` with 9 decimals is 1,250,000,000.
    ///
    /// # Errors
    /// Signs, exponents, blanks, leading or trailing points, more decimals than the asset has,
    /// and overflow.
    pub fn from_display(text: &str, decimals: u8) -> Result<Self, AmountError> {
        let malformed = || AmountError::Malformed(text.chars().take(64).collect());
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(malformed()),
            None => (text, ""),
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return Err(malformed());
        }
        let overflow = || AmountError::Overflow(text.chars().take(64).collect());
        let padding = usize::from(decimals)
            .checked_sub(fraction.len())
            .ok_or_else(|| AmountError::TooPrecise {
                text: text.chars().take(64).collect(),
                decimals,
            })?;
        whole
            .bytes()
            .chain(fraction.bytes())
            .chain(std::iter::repeat_n(b'0', padding))
            .try_fold(0_u128, |sum, digit| {
                sum.checked_mul(10)?.checked_add(u128::from(digit - b'0'))
            })
            .map(Self)
            .ok_or_else(overflow)
    }

    /// Writes the amount in display units without trailing zeros, e.g. `1.25`.
    #[must_use]
    pub fn display(self, decimals: u8) -> impl fmt::Display {
        Display {
            units: self.0,
            decimals,
        }
    }
}

struct Display {
    units: u128,
    decimals: u8,
}

impl fmt::Display for Display {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(scale) = 10_u128.checked_pow(u32::from(self.decimals)) else {
            return write!(f, "{}e-{}", self.units, self.decimals);
        };
        let (whole, fraction) = (self.units / scale, self.units % scale);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let padded = format!("{fraction:0width$}", width = usize::from(self.decimals));
        write!(f, "{whole}.{}", padded.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn display_units_are_read_exactly() {
        let cases = [
            ("1.25", 9, 1_250_000_000),
            ("0.01", 9, 10_000_000),
            ("50", 9, 50_000_000_000),
            ("0", 0, 0),
        ];
        for (text, decimals, units) in cases {
            assert_eq!(
                Amount::from_display(text, decimals),
                Ok(Amount::from_base(units))
            );
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "1,000", " 1", "1 ", "0x1", "١", "1.2.3",
        ] {
            assert!(
                Amount::from_display(text, 9).is_err(),
                "`{text}` was accepted"
            );
        }
        assert!(matches!(
            Amount::from_display("0.1234567", 6),
            Err(AmountError::TooPrecise { .. })
        ));
        let huge = "9".repeat(40);
        assert!(matches!(
            Amount::from_display(&huge, 0),
            Err(AmountError::Overflow(_))
        ));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(units: u128, decimals in 0_u8..=38) {
            let text = Amount::from_base(units).display(decimals).to_string();
            prop_assert_eq!(Amount::from_display(&text, decimals), Ok(Amount::from_base(units)));
        }
    }
}
