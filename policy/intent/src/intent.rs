//! What a request means.

use crate::field::{Declared, Field, Fields, Value, says, unsaid};
use crate::{Account, Assertion, Effect, Resource, Timestamp, Venue};

/// How long the signed bytes stay usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Until then.
    ExpiresAt(Timestamp),
    /// Until the chain forgets this hash of a block, which is soon.
    Blockhash([u8; 32]),
    /// Until somebody uses the resource up: possibly for ever.
    HeldUntil(Resource),
}

impl Lifetime {
    /// Whether the signature lives until somebody ends it.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        matches!(self, Self::HeldUntil(_))
    }
}

impl Declared for Lifetime {
    fn fields(&self, reader: &mut dyn Fields) {
        let (kind, field) = match self {
            Self::HeldUntil(resource) => return resource.fields(reader),
            Self::ExpiresAt(at) => ("expires_at", until(*at)),
            Self::Blockhash(hash) => ("blockhash", fresh(*hash)),
        };
        reader.kind(kind);
        reader.field(field);
    }
}

const fn until(at: Timestamp) -> Field<'static> {
    Field {
        name: "at",
        value: Value::Time(at),
        phrase: says("usable until {}"),
    }
}

const fn fresh(hash: [u8; 32]) -> Field<'static> {
    Field {
        name: "value",
        value: Value::Fresh(hash),
        phrase: unsaid("the same intent comes with a fresh one"),
    }
}

/// Everything a request would do, in the order of its instructions. It is made whole, from a
/// venue's draft, and does not change: what one effect is depends on the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    venue: Venue,
    wallet: Account,
    effects: Vec<Effect>,
    lifetime: Lifetime,
    cosigners: Vec<Account>,
    asserted: Vec<Assertion>,
}

impl Intent {
    /// For a venue, whose draft knows the heads of its effects.
    pub(crate) const fn new(
        venue: Venue,
        wallet: Account,
        effects: Vec<Effect>,
        lifetime: Lifetime,
        cosigners: Vec<Account>,
        asserted: Vec<Assertion>,
    ) -> Self {
        Self {
            venue,
            wallet,
            effects,
            lifetime,
            cosigners,
            asserted,
        }
    }

    /// Where.
    #[must_use]
    pub const fn venue(&self) -> Venue {
        self.venue
    }

    /// The wallet whose key is asked to sign.
    #[must_use]
    pub const fn wallet(&self) -> Account {
        self.wallet
    }

    /// What happens. Not understood parts never get here: they are a refusal.
    #[must_use]
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// How long the signature lives.
    #[must_use]
    pub const fn lifetime(&self) -> &Lifetime {
        &self.lifetime
    }

    /// Other keys that must sign the same message, in message order.
    #[must_use]
    pub fn cosigners(&self) -> &[Account] {
        &self.cosigners
    }

    /// What the message makes the chain check at its end.
    #[must_use]
    pub fn asserted(&self) -> &[Assertion] {
        &self.asserted
    }
}
