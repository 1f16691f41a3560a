use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! named {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in the log.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

named! {
    /// What an entry records. Closed: a reader that meets another name refuses it.
    Kind {
        /// Limits are reserved and these bytes are about to be signed.
        SignReserved = "sign_reserved",
        /// Policy refused a signing request.
        SignDenied = "sign_denied",
        /// A signing request could not be judged or served.
        SignErrored = "sign_errored",
        /// A signing request waits for approvals.
        SignPending = "sign_pending",
        /// A decision was asked for, nothing was to be signed.
        SignDryRun = "sign_dry_run",
        /// What became of a reservation.
        SignOutcome = "sign_outcome",
        /// A user was created.
        UserCreated = "user_created",
        /// A wallet was created.
        WalletCreated = "wallet_created",
        /// A wallet's state, name or limits changed.
        WalletChanged = "wallet_changed",
        /// A wallet got a new key; the one before moved to a wallet of its own.
        WalletRotated = "wallet_rotated",
        /// A wallet's key was asked to prove that it is there.
        WalletVerified = "wallet_verified",
        /// A bot was granted the use of a wallet.
        GrantCreated = "grant_created",
        /// A grant was taken back.
        GrantRevoked = "grant_revoked",
        /// A policy version became active.
        PolicyActivated = "policy_activated",
        /// A certificate was issued.
        CertificateIssued = "certificate_issued",
        /// A certificate was revoked.
        CertificateRevoked = "certificate_revoked",
        /// A principal was blocked, whichever certificate it comes with.
        PrincipalBlocked = "principal_blocked",
        /// A principal may have certificates again; those from before stay dead.
        PrincipalUnblocked = "principal_unblocked",
        /// Signing was stopped for a scope.
        Freeze = "freeze",
        /// A freeze was lifted.
        Unfreeze = "unfreeze",
        /// An approver was enrolled, changed or removed.
        ApproverChanged = "approver_changed",
        /// An entry of the registry of venues was added, changed or removed.
        VenueChanged = "venue_changed",
        /// A governed change was asked for.
        ChangeAsked = "change_asked",
        /// A person approved a request.
        Approval = "approval",
        /// A person rejected a request.
        Rejection = "rejection",
        /// An account or market was registered, or taken off the register.
        RegistrationChanged = "registration_changed",
        /// Entries of a lookup table were fed.
        TableFed = "table_fed",
        /// A lookup table was removed.
        TableRemoved = "table_removed",
        /// A durable nonce was observed for the first time, or to have advanced.
        NonceObserved = "nonce_observed",
        /// A feed was refused: it contradicts what is known.
        FeedRefused = "feed_refused",
        /// A reference price was set.
        PriceSet = "price_set",
        /// The appliance was initialised.
        Init = "init",
        /// The appliance started.
        Start = "start",
        /// The appliance stopped.
        Stop = "stop",
        /// An operator's second factor was shown, reset, refused or locked.
        SecondFactor = "second_factor",
        /// The clock jumped or its trust changed.
        Clock = "clock",
    }
}

named! {
    /// What became of a reservation; the `code` of a `sign_outcome` entry.
    Outcome {
        /// The device signed and the signature verified.
        Signed = "signed",
        /// The device refused; the reservation is given back.
        Refused = "refused",
        /// The device may have signed; the reservation stays.
        Unknown = "unknown",
        /// The device was never asked; the reservation is given back.
        NotSent = "not_sent",
    }
}

impl Outcome {
    /// The outcome with this name in the log.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|outcome| outcome.as_str() == code)
    }

    /// Whether this outcome gives the reserved limits back.
    #[must_use]
    pub const fn releases(self) -> bool {
        matches!(self, Self::Refused | Self::NotSent)
    }
}
