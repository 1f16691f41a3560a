//! Which kinds of devices there are, by the name that a configuration calls each, and how one is
//! opened. A kind is a folder with settings of its own and a line in this list.

use std::sync::Arc;

use serde::Deserialize;

use crate::backend::Device;
use crate::error::Error;
use crate::opening::Opening;
use crate::pkcs11;

macro_rules! devices {
    ($($kind:literal => $name:ident($settings:ty)),+ $(,)?) => {
        /// The settings of a device, by its `kind`. No other keys are taken.
        #[derive(Debug, Clone, Deserialize)]
        #[serde(tag = "kind")]
        pub enum Settings {
            $(
                #[doc = concat!("`kind = \"", $kind, "\"`")]
                #[serde(rename = $kind)]
                $name($settings),
            )+
        }

        impl Settings {
            /// Every kind, as a configuration names it.
            pub const KINDS: &[&str] = &[$($kind),+];

            /// Opens the device: finds it, logs in, and probes what it can do.
            ///
            /// # Errors
            /// [`Error::NotSent`] where it is not there; [`Error::Broken`] where the PIN is refused
            /// or nothing can be done without a person; [`Error::Refused`] where the settings fit
            /// more than one.
            pub fn open(&self, opening: Opening) -> Result<Arc<dyn Device>, Error> {
                match self {
                    $(Self::$name(settings) => settings.open(opening)),+
                }
            }
        }
    };
}

devices! {
    "pkcs11" => Pkcs11(pkcs11::Settings),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_those_of_their_kind_and_no_others() {
        let good = "kind = 'pkcs11'\nmodule = '/m.so'\ntoken = 't'\n";
        let Settings::Pkcs11(settings) = toml::from_str(good).unwrap();
        assert_eq!(settings.token, "t");
        let told = |text: &str| toml::from_str::<Settings>(text).unwrap_err().to_string();
        assert!(told(&good.replace("kind = 'pkcs11'\n", "")).contains("kind"));
        assert!(told(&good.replace("pkcs11", "paper")).contains("expected `pkcs11`"));
        assert!(told(&format!("{good}colour = 'red'\n")).contains("colour"));
        assert!(told("kind = 'pkcs11'\nmodule = '/m.so'\n").contains("token"));
    }
}
