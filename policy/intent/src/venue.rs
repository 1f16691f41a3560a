//! Where signatures are used. A venue is a module here with its own nouns, and one line in the list
//! below; nothing else in this crate names one.

pub mod solana;

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
}

impl Venue {
    /// Looks a venue up by its slug.
    #[must_use]
    pub fn by_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.as_str() == slug)
    }
}
