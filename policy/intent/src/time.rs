//! Points in time and lengths of time, in whole microseconds.

use std::fmt;
use std::str::FromStr;

/// Microseconds since 1970-01-01T00:00:00Z; the text form is RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Wraps microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The point `span` later, staying at the last representable one.
    #[must_use]
    pub const fn saturating_add(self, span: Span) -> Self {
        Self(self.0.saturating_add_unsigned(span.0))
    }

    /// The point `span` earlier, staying at the first representable one.
    #[must_use]
    pub const fn saturating_sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub_unsigned(span.0))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Span {
        Span(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads RFC 3339.
    ///
    /// # Errors
    /// Text that is not RFC 3339, or a time outside what microseconds in 64 bits can hold.
    pub fn parse(text: &str) -> Result<Self, time::error::Parse> {
        let format = &time::format_description::well_known::Rfc3339;
        let at = time::OffsetDateTime::parse(text, format)?;
        let micros = at.unix_timestamp_nanos() / 1_000;
        i64::try_from(micros).map(Self).map_err(|_| {
            time::error::Parse::ParseFromDescription(
                time::error::ParseFromDescription::InvalidComponent("year"),
            )
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = i128::from(self.0) * 1_000;
        let Ok(at) = time::OffsetDateTime::from_unix_timestamp_nanos(nanos) else {
            return write!(f, "{} microseconds since 1970", self.0);
        };
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.microsecond(),
        )
    }
}

/// A length of time in microseconds; the text form is a whole number and a unit, e.g. `24h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span(u64);

/// Text that is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number and one of ms, s, m, h, d, like `24h`, got `{got}`")]
pub struct SpanError {
    got: String,
}

const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
];

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Wraps microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let refused = || SpanError {
            got: text.chars().take(32).collect(),
        };
        let split = text
            .find(|c: char| !c.is_ascii_digit())
            .ok_or_else(refused)?;
        let (number, unit) = text.split_at_checked(split).ok_or_else(refused)?;
        let (_, scale) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(refused)?;
        let number: u64 = number.parse().map_err(|_| refused())?;
        number.checked_mul(*scale).map(Self).ok_or_else(refused)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS
            .iter()
            .find(|(_, scale)| self.0 != 0 && self.0.is_multiple_of(*scale));
        match whole {
            // `24h` is how people write a day's window; `1d` would surprise in a diff.
            Some(("d", _)) if self.0 == 86_400_000_000 => f.write_str("24h"),
            Some((unit, scale)) => write!(f, "{}{unit}", self.0 / scale),
            None if self.0 == 0 => f.write_str("0s"),
            None => write!(f, "{}us", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written() {
        for (text, micros) in [
            ("24h", 86_400_000_000),
            ("10m", 600_000_000),
            ("1s", 1_000_000),
            ("250ms", 250_000),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.micros(), micros);
            assert_eq!(span.to_string(), text);
        }
    }

    #[test]
    fn other_text_is_no_span() {
        for text in [
            "",
            "h",
            "1",
            "-1h",
            "1.5h",
            "1w",
            "1 h",
            "99999999999999999999s",
            "999999999999999d",
        ] {
            assert!(text.parse::<Span>().is_err(), "`{text}` was accepted");
        }
    }

    #[test]
    fn timestamps_round_trip_as_rfc_3339() {
        let at = Timestamp::from_micros(1_795_000_000_123_456);
        assert_eq!(at.to_string(), "2026-11-18T11:06:40.123456Z");
        assert_eq!(Timestamp::parse(&at.to_string()).unwrap(), at);
        assert!(Timestamp::parse("2026-11-18").is_err());
    }
}
