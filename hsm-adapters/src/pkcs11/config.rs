//! Where the token is and how it is used.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use secrecy::SecretString;

/// One token of one PKCS#11 module. Formatting it never shows the PIN.
#[derive(Clone, Debug)]
pub struct Config {
    /// The module (shared library) to load.
    pub module: PathBuf,
    /// Label of the token; slot numbers change between starts and are never used.
    pub token_label: String,
    /// Serial number of the token, needed only where two tokens have the same label.
    pub token_serial: Option<String>,
    /// The user PIN.
    pub pin: SecretString,
    /// Whether the PIN is tried once although the token says that a wrong one was tried before
    /// (`CKF_USER_PIN_COUNT_LOW`): a person asked for it. Never where one try is left.
    pub spend_low_pin: bool,
    /// Whether envelope custody is turned on.
    pub envelope: bool,
    /// Whether keys made outside may be imported.
    pub import: bool,
    /// How many keys stay ready to sign. An opened envelope or wrapped key is a session object in
    /// the token's memory; a resident one only a remembered handle. The least recently used goes
    /// first and costs one search or one unlock when it is used again.
    pub cache_size: NonZeroUsize,
}
