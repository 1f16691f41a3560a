//! What a device is told when it is opened.

use std::num::NonZeroUsize;

use secrecy::SecretString;

/// What a device of any kind is told beside its own settings. Formatting it never shows the PIN.
#[derive(Clone, Debug)]
pub struct Opening {
    /// What lets this process in.
    pub pin: SecretString,
    /// Whether the PIN is tried once although the device says that a wrong one was tried before: a
    /// person asked for it. Never where one try is left.
    pub spend_low_pin: bool,
    /// Whether envelope custody is turned on.
    pub envelope: bool,
    /// Whether keys made outside may be imported.
    pub import: bool,
    /// How many keys stay ready to sign, the least recently used first out.
    pub unlocked_keys: NonZeroUsize,
}
