//! Where signatures are used. A venue is a module here with its own nouns, and one line in the list
//! below; nothing else in this crate names one.

pub mod evm;
pub mod solana;

use std::fmt;
use std::str::FromStr;

use crate::KnownAsset;
use crate::field::{Declared, Fields};

/// Makes the venues' common list out of one line for each: its name, its number in canonical bytes
/// and its module, which is its slug too.
macro_rules! venues {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $module:ident;)*) => {
        /// Where a signature is used.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Venue {
            $($(#[$doc])* $name = $number,)*
        }

        impl Venue {
            /// Every venue.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The slug used on the wire and in policy files.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($module),)*
                }
            }
        }

        /// What an effect is in its venue's own words.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Detail {
            $($(#[$doc])* $name($module::Detail),)*
        }

        impl Declared for Detail {
            fn fields(&self, reader: &mut dyn Fields) {
                match self {
                    $(Self::$name(detail) => detail.fields(reader),)*
                }
            }
        }

        /// Something that its venue checks when everything else is done, and without which nothing
        /// happens.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Assertion {
            $($(#[$doc])* $name($module::Assertion),)*
        }

        impl Declared for Assertion {
            fn fields(&self, reader: &mut dyn Fields) {
                match self {
                    $(Self::$name(assertion) => assertion.fields(reader),)*
                }
            }
        }

        /// What an amount is an amount of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Asset {
            $($(#[$doc])* $name($module::Asset),)*
        }

        impl Asset {
            /// Where it is.
            #[must_use]
            pub const fn venue(&self) -> Venue {
                match self {
                    $(Self::$name(_) => Venue::$name,)*
                }
            }

            /// Bytes that no other asset begins with.
            pub(crate) fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$name(asset) => {
                        out.push(Venue::$name as u8);
                        asset.write(out);
                    })*
                }
            }
        }

        impl fmt::Display for Asset {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name(asset) => asset.fmt(f),)*
                }
            }
        }

        /// Who holds or receives something, by the address that its venue knows it by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Account {
            $($(#[$doc])* $name($module::Address),)*
        }

        impl Account {
            /// Where it is.
            #[must_use]
            pub const fn venue(&self) -> Venue {
                match self {
                    $(Self::$name(_) => Venue::$name,)*
                }
            }

            /// Bytes that no other account begins with.
            pub(crate) fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$name(address) => {
                        out.push(Venue::$name as u8);
                        address.write(out);
                    })*
                }
            }
        }

        impl fmt::Display for Account {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name(address) => address.fmt(f),)*
                }
            }
        }

        /// No address of any venue.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        #[error("expected an address of one of the venues, got `{0}`")]
        pub struct AccountError(String);

        /// Reads what is shown: no venue's addresses can be read as another's.
        impl FromStr for Account {
            type Err = AccountError;

            fn from_str(text: &str) -> Result<Self, AccountError> {
                $(if let Ok(address) = text.parse() {
                    return Ok(Self::$name(address));
                })*
                Err(AccountError(text.chars().take(64).collect()))
            }
        }

        $(
            impl From<$module::Asset> for Asset {
                fn from(asset: $module::Asset) -> Self {
                    Self::$name(asset)
                }
            }

            impl From<$module::Address> for Account {
                fn from(address: $module::Address) -> Self {
                    Self::$name(address)
                }
            }
        )*

        /// What everybody knows at each venue.
        pub(crate) const KNOWN: &[&[KnownAsset]] = &[$($module::KNOWN),*];

        /// Something that one signature at a time may live by, and that ends its life when it is
        /// used up: a durable nonce, say.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Resource {
            $($(#[$doc])* $name($module::Resource),)*
        }

        impl Declared for Resource {
            fn fields(&self, reader: &mut dyn Fields) {
                match self {
                    $(Self::$name(resource) => resource.fields(reader),)*
                }
            }
        }
    };
}

venues! {
    /// The Solana ledger.
    Solana = 1, solana;
    /// Ethereum and the chains that run its virtual machine.
    Evm = 2, evm;
}

impl Venue {
    /// Looks a venue up by its slug.
    #[must_use]
    pub fn by_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.as_str() == slug)
    }
}
