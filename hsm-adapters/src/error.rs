//! Device errors by consequence: what the caller may do next.

use std::borrow::Cow;
use std::fmt;

/// What a failed call leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Consequence {
    /// The device did nothing; the same call may be made again.
    NotSent,
    /// The device, or the adapter before it, said no; the same call fails again.
    Refused,
    /// The device may have done it; nothing may be undone or handed back.
    OutcomeUnknown,
    /// The device will not work again without a person.
    Broken,
}

/// What was being done, what came, and what to do. Never holds secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    doing: Cow<'static, str>,
    cause: String,
    advice: Cow<'static, str>,
}

impl Detail {
    /// What was being done.
    #[must_use]
    pub fn doing(&self) -> &str {
        &self.doing
    }

    /// What came instead.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &str {
        &self.advice
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.doing, self.cause, self.advice)
    }
}

/// A device error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// See [`Consequence::NotSent`].
    #[error("hsm did not act, {0}")]
    NotSent(Detail),
    /// See [`Consequence::Refused`].
    #[error("hsm refused, {0}")]
    Refused(Detail),
    /// See [`Consequence::OutcomeUnknown`].
    #[error("hsm outcome unknown, {0}")]
    OutcomeUnknown(Detail),
    /// See [`Consequence::Broken`].
    #[error("hsm cannot go on without a person, {0}")]
    Broken(Detail),
}

impl Error {
    /// An error of the given consequence.
    #[must_use]
    pub fn new(
        consequence: Consequence,
        doing: impl Into<Cow<'static, str>>,
        cause: impl Into<String>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        let detail = Detail {
            doing: doing.into(),
            cause: cause.into(),
            advice: advice.into(),
        };
        match consequence {
            Consequence::NotSent => Self::NotSent(detail),
            Consequence::Refused => Self::Refused(detail),
            Consequence::OutcomeUnknown => Self::OutcomeUnknown(detail),
            Consequence::Broken => Self::Broken(detail),
        }
    }

    /// An [`Error::Refused`].
    #[must_use]
    pub fn refused(
        doing: impl Into<Cow<'static, str>>,
        cause: impl Into<String>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Consequence::Refused, doing, cause, advice)
    }

    /// An [`Error::Broken`].
    #[must_use]
    pub fn broken(
        doing: impl Into<Cow<'static, str>>,
        cause: impl Into<String>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Consequence::Broken, doing, cause, advice)
    }

    /// What the failed call leaves behind.
    #[must_use]
    pub const fn consequence(&self) -> Consequence {
        match self {
            Self::NotSent(_) => Consequence::NotSent,
            Self::Refused(_) => Consequence::Refused,
            Self::OutcomeUnknown(_) => Consequence::OutcomeUnknown,
            Self::Broken(_) => Consequence::Broken,
        }
    }

    /// The details.
    #[must_use]
    pub const fn detail(&self) -> &Detail {
        match self {
            Self::NotSent(d) | Self::Refused(d) | Self::OutcomeUnknown(d) | Self::Broken(d) => d,
        }
    }
}
