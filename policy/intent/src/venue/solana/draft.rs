//! What a decoder has read, before it is an intent.

use super::heads::heads;
use super::{Address, Assertion, Detail};
use crate::{Account, Effect, Intent, Lifetime, Venue};

/// The parts of an intent, without what each detail is beside the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The wallet whose key is asked to sign.
    pub wallet: Address,
    /// What happens, in the order of the instructions.
    pub effects: Vec<Detail>,
    /// How long the signature lives.
    pub lifetime: Lifetime,
    /// Other keys that must sign the same message, in message order.
    pub cosigners: Vec<Address>,
    /// What the message makes the chain check at its end.
    pub asserted: Vec<Assertion>,
}

impl Draft {
    /// Of a message that lives by a blockhash, which nobody else signs.
    #[must_use]
    pub const fn new(wallet: Address, effects: Vec<Detail>) -> Self {
        Self {
            wallet,
            effects,
            lifetime: Lifetime::Blockhash([0; 32]),
            cosigners: Vec::new(),
            asserted: Vec::new(),
        }
    }
}

/// The venue's details among the effects of an intent, in their order.
pub fn details(intent: &Intent) -> impl Iterator<Item = &Detail> {
    let effects = intent.effects().iter();
    effects.filter_map(|effect| match effect.detail() {
        crate::Detail::Solana(detail) => Some(detail),
        crate::Detail::Evm(_) => None,
    })
}

/// The venue's assertions among those of an intent, in their order.
pub fn assertions(intent: &Intent) -> impl Iterator<Item = &Assertion> {
    intent.asserted().iter().map(|one| match one {
        crate::Assertion::Solana(assertion) => assertion,
        crate::Assertion::Evm(none) => match *none {},
    })
}

impl Draft {
    /// The draft an intent was made from; `None` for one of another venue.
    #[must_use]
    pub fn of(intent: &Intent) -> Option<Self> {
        let cosigners = intent.cosigners().iter().copied();
        Some(Self {
            wallet: intent.wallet().solana()?,
            effects: details(intent).cloned().collect(),
            lifetime: *intent.lifetime(),
            cosigners: cosigners.filter_map(Account::solana).collect(),
            asserted: assertions(intent).copied().collect(),
        })
    }
}

impl From<Draft> for Intent {
    fn from(draft: Draft) -> Self {
        let heads = heads(&draft);
        let effects = heads.into_iter().zip(draft.effects);
        Self::new(
            Venue::Solana,
            draft.wallet.into(),
            effects
                .map(|(head, detail)| Effect::new(head, crate::Detail::Solana(detail)))
                .collect(),
            draft.lifetime,
            draft.cosigners.into_iter().map(Into::into).collect(),
            draft
                .asserted
                .into_iter()
                .map(crate::Assertion::Solana)
                .collect(),
        )
    }
}
