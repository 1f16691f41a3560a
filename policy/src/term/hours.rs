//! `hours`: the time of day.

use countersign_intent::Timestamp;

use super::{Between, Context, Key, Purpose, Scope, Source, Term, When};

const KEY: &str = "hours";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hours(Option<Period>);

/// A daily period in minutes after midnight UTC, `from` included, `to` excluded; one that ends
/// before it starts runs over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Period {
    from: u16,
    to: u16,
}

impl Period {
    const fn has(self, minute: u16) -> bool {
        if self.from < self.to {
            minute >= self.from && minute < self.to
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

impl Hours {
    fn has(self, minute: u16) -> bool {
        self.0.is_none_or(|period| period.has(minute))
    }

    /// Whether it is such an hour.
    pub(crate) fn include(self, now: Timestamp) -> bool {
        let minute = now.micros().div_euclid(60_000_000).rem_euclid(1440);
        self.0.is_none() || u16::try_from(minute).is_ok_and(|minute| self.has(minute))
    }
}

impl Term for Hours {
    const KEYS: &'static [Key] = &[Key::scope(
        KEY,
        "`\"08:00-20:00\"`, UTC; may run over midnight",
    )];

    type Miss<'a> = &'static str;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.parse(KEY, period))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        (0..1440).all(|minute| self.has(minute) || !inner.has(minute))
    }
}

impl Scope for Hours {
    #[inline]
    fn is_about(&self, context: &Context<'_>) -> Result<(), &'static str> {
        match context.purpose {
            Purpose::Permit(facts) | Purpose::Stop(facts) if !self.include(facts.now) => {
                Err("the time is not within `hours`")
            }
            _ => Ok(()),
        }
    }
}

/// Written like `08:00-20:00`.
fn period(text: &str) -> Result<Period, String> {
    let period = text.split_once('-').and_then(|(from, to)| {
        Some(Period {
            from: minute(from).filter(|minute| *minute < 1440)?,
            to: minute(to)?,
        })
    });
    match period {
        Some(period) if period.from != period.to => Ok(period),
        _ => {
            let shown: String = text.chars().take(32).collect();
            Err(format!(
                "expected hours in UTC like `08:00-20:00`, got `{shown}`"
            ))
        }
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !two_digits(hours) || !two_digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= 1440).then_some(total)
}

#[cfg(test)]
impl super::sample::Sampled for Hours {
    fn samples() -> Vec<super::sample::Sample> {
        let values = [
            "\"08:00-20:00\"",
            "\"00:00-12:00\"",
            "\"22:00-06:00\"",
            "\"00:00-23:59\"",
        ];
        vec![super::sample::Sample::of(KEY, values)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_minutes_after_midnight() {
        let read = |from, to| Ok(Period { from, to });
        assert_eq!(period("08:00-20:30"), read(480, 1230));
        assert_eq!(period("22:00-06:00"), read(1320, 360));
        assert_eq!(period("00:00-24:00"), read(0, 1440));
        for text in [
            "",
            "8-20",
            "08:00",
            "08:60-09:00",
            "24:00-08:00",
            "08:00-08:00",
            "25:00-26:00",
        ] {
            assert!(period(text).is_err(), "`{text}` was accepted");
        }
    }
}
