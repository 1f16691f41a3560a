//! The device that holds the keys: what this process does with one of any kind, and the settings of
//! its kind, which are the adapter's.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use countersign_hsm::Settings;
use countersign_intent::Span;
use serde::Deserialize;
use toml::Table;

/// The device that holds the keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Table")]
pub struct Hsm {
    /// Its kind, and where it is.
    pub device: Settings,
    /// File with the PIN, readable by nobody else; the credential `hsm-pin` of the service manager
    /// unless told.
    pub pin_file: Option<PathBuf>,
    /// Threads that sign, each with its own session; one per two cores unless told.
    pub workers: Option<usize>,
    /// How long a signature may take before its outcome counts as unknown.
    pub deadline: Span,
    /// Unlocked keys kept at once.
    pub unlocked_keys: NonZeroUsize,
}

/// What is said of a device of any kind.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OfAnyKind {
    pin_file: Option<PathBuf>,
    workers: Option<usize>,
    #[serde(deserialize_with = "super::span")]
    deadline: Span,
    unlocked_keys: NonZeroUsize,
}

/// Its keys; every other is the adapter's.
const OF_ANY_KIND: [&str; 4] = ["pin_file", "workers", "deadline", "unlocked_keys"];

impl Default for OfAnyKind {
    fn default() -> Self {
        Self {
            pin_file: None,
            workers: None,
            deadline: Span::from_secs(5),
            unlocked_keys: NonZeroUsize::MIN.saturating_add(4095),
        }
    }
}

impl TryFrom<Table> for Hsm {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        if !table.contains_key("kind") {
            return Err(format!(
                "missing field `kind`: which kind of device it is, of `{}`",
                Settings::KINDS.join("`, `")
            ));
        }
        let of_any_kind = |key: &str| OF_ANY_KIND.contains(&key);
        let (common, device): (Table, Table) =
            table.into_iter().partition(|(key, _)| of_any_kind(key));
        let common: OfAnyKind = common.try_into().map_err(told)?;
        Ok(Self {
            device: device.try_into().map_err(told)?,
            pin_file: common.pin_file,
            workers: common.workers,
            deadline: common.deadline,
            unlocked_keys: common.unlocked_keys,
        })
    }
}

fn told(error: toml::de::Error) -> String {
    error.to_string().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "kind = 'pkcs11'\nmodule = '/m.so'\ntoken = 't'\nworkers = 2\n";

    fn read(text: &str) -> Result<Hsm, String> {
        toml::from_str::<Hsm>(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_device_has_settings_of_its_kind_and_those_of_any() {
        let hsm = read(GOOD).unwrap();
        assert_eq!((hsm.workers, hsm.unlocked_keys.get()), (Some(2), 4096));
        assert_eq!(hsm.deadline, Span::from_secs(5));
    }

    #[test]
    fn what_is_wrong_with_it_is_named() {
        for (text, named) in [
            (GOOD.replace("kind = 'pkcs11'\n", ""), "`kind`"),
            (GOOD.replace("kind = 'pkcs11'", "kind = 'paper'"), "paper"),
            (GOOD.replace("token = 't'\n", ""), "`token`"),
            (format!("{GOOD}pin = '1'\n"), "`pin`"),
            (format!("{GOOD}deadline = 'soon'\n"), "deadline"),
        ] {
            let told = read(&text).unwrap_err();
            assert!(told.contains(named), "{named}: {told}");
        }
    }
}
