//! What a request means.

use crate::{Address, Amount, Effect};

/// Where a signature is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Venue {
    /// The Solana ledger.
    Solana,
}

impl Venue {
    /// The slug used on the wire and in policy files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Solana => "solana",
        }
    }

    /// Looks a venue up by its slug.
    #[must_use]
    pub fn by_slug(slug: &str) -> Option<Self> {
        (slug == Self::Solana.as_str()).then_some(Self::Solana)
    }
}

/// How long the signed bytes stay usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Until the blockhash is older than 150 slots.
    Blockhash([u8; 32]),
    /// Until the nonce account is advanced: possibly for ever.
    DurableNonce {
        /// The nonce account.
        account: Address,
        /// Who may advance it.
        authority: Address,
        /// The nonce value in the message.
        value: [u8; 32],
    },
}

/// Something the chain checks when the transaction has done everything else; it takes nothing, and
/// without it the same would happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assertion {
    /// The account it is about.
    pub account: Address,
    /// What has to hold, or nothing of the transaction happens.
    pub fact: AssertedFact,
}

/// What an assertion can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssertedFact {
    /// The account belongs to the System program.
    OwnedBySystem,
    /// The account holds no data, so System can send its lamports.
    NoData,
    /// The account holds at least so many lamports.
    LamportsAtLeast(Amount),
}

/// Everything a request would do, in the order of its instructions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Where.
    pub venue: Venue,
    /// The wallet whose key is asked to sign.
    pub wallet: Address,
    /// What happens. Not understood parts never get here: they are a refusal.
    pub effects: Vec<Effect>,
    /// How long the signature lives.
    pub lifetime: Lifetime,
    /// Other keys that must sign the same message, in message order.
    pub cosigners: Vec<Address>,
    /// What the message makes the chain check at its end.
    pub asserted: Vec<Assertion>,
}
