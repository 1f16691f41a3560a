//! What a row grants.

/// Names a row: its kind and its identifier.
pub(super) type RowKey = (Kind, [u8; 16]);

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)+) => {
        /// What a row grants.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Kind {
            $($(#[$doc])* $name = $number,)+
        }

        impl Kind {
            /// The word in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            pub(super) fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// A user of a platform.
    User = 1, "user";
    /// A wallet with its key.
    Wallet = 2, "wallet";
    /// A bot's permission.
    Grant = 3, "grant";
    /// An issued certificate.
    Certificate = 4, "certificate";
    /// A version of the policy.
    Policy = 5, "policy";
    /// A reference price.
    Price = 6, "price";
    /// A freeze.
    Freeze = 7, "freeze";
    /// A person who may approve, with a key.
    Approver = 8, "approver";
    /// What people said about a request, and whether it was used.
    Consent = 9, "consent";
    /// A governed change that was asked for.
    Change = 10, "change";
    /// An account or market that the message does not explain by itself.
    Registration = 11, "registration";
    /// What an address lookup table holds, as it was fed.
    Table = 12, "table";
    /// An entry of the registry of venues.
    Venue = 13, "venue";
    /// What is known about the clock.
    Clock = 14, "clock";
    /// An operator's second factor.
    SecondFactor = 15, "second_factor";
    /// A principal that is not let in.
    Block = 16, "block";
}
