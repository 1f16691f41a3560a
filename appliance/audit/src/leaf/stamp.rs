use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Date, Month, OffsetDateTime, Time};

/// A moment in UTC with microseconds, 1970 to 9999.
///
/// Its one text form is RFC 3339 with six decimals and `Z`:
/// `2026-11-21T07:44:24.000123Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(i64);

/// Why something is not a [`Stamp`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// Before 1970 or after 9999.
    #[error("expected microseconds from 1970 to the end of 9999, got {0}")]
    Range(i64),
    /// Another text form.
    #[error("expected a time like `2026-11-21T07:44:24.000123Z`, got `{0}`")]
    Text(String),
}

const LAST: i64 = 253_402_300_799_999_999;

impl Stamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// Microseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// Before 1970 or after 9999.
    pub const fn from_unix_micros(micros: i64) -> Result<Self, StampError> {
        if micros < 0 || micros > LAST {
            return Err(StampError::Range(micros));
        }
        Ok(Self(micros))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    fn text(self) -> [u8; 27] {
        let moment = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1_000_000))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let (year, month, day) = moment.to_calendar_date();
        put(text.get_mut(0..4), year.unsigned_abs());
        put(text.get_mut(5..7), u32::from(u8::from(month)));
        put(text.get_mut(8..10), u32::from(day));
        put(text.get_mut(11..13), u32::from(moment.hour()));
        put(text.get_mut(14..16), u32::from(moment.minute()));
        put(text.get_mut(17..19), u32::from(moment.second()));
        put(
            text.get_mut(20..26),
            u32::try_from(self.0.rem_euclid(1_000_000)).unwrap_or(0),
        );
        text
    }
}

fn put(digits: Option<&mut [u8]>, mut value: u32) {
    for digit in digits.into_iter().flatten().rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Stamp {
    type Err = StampError;

    fn from_str(text: &str) -> Result<Self, StampError> {
        let stamp = read(text).and_then(|micros| Self::from_unix_micros(micros).ok());
        stamp
            .filter(|stamp| stamp.text() == *text.as_bytes())
            .ok_or_else(|| StampError::Text(text.chars().take(40).collect()))
    }
}

/// Lenient on separators: the caller compares with the one text form.
fn read(text: &str) -> Option<i64> {
    fn number<T: FromStr>(text: &str, range: std::ops::Range<usize>) -> Option<T> {
        text.get(range)?.parse().ok()
    }
    let month = Month::try_from(number::<u8>(text, 5..7)?).ok()?;
    let date = Date::from_calendar_date(number(text, 0..4)?, month, number(text, 8..10)?).ok()?;
    let (hour, minute) = (number(text, 11..13)?, number(text, 14..16)?);
    let time =
        Time::from_hms_micro(hour, minute, number(text, 17..19)?, number(text, 20..26)?).ok()?;
    i64::try_from(date.with_time(time).assume_utc().unix_timestamp_nanos() / 1_000).ok()
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(str::from_utf8(&self.text()).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
