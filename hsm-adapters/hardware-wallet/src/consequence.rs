//! What a failed call leaves behind.

/// Whether a signature may exist, and whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Consequence {
    /// The device did nothing; the same call may be made again.
    NotSent,
    /// The device, its app or the person said no; the same call fails again.
    Refused,
    /// The device may have done it.
    OutcomeUnknown,
    /// The device will not work again without a person.
    Broken,
}
