//! What a decoder has read, before it is an intent.

use super::heads::head;
use super::{Address, Detail};
use crate::{Effect, Intent, Lifetime, Venue};

/// The parts of an intent, without what each detail is for policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The wallet whose key is asked to sign.
    pub wallet: Address,
    /// What happens.
    pub effects: Vec<Detail>,
    /// How long the signature lives.
    pub lifetime: Lifetime,
}

/// The venue's details among the effects of an intent, in their order.
pub fn details(intent: &Intent) -> impl Iterator<Item = &Detail> {
    let effects = intent.effects().iter();
    effects.filter_map(|effect| match effect.detail() {
        crate::Detail::Evm(detail) => Some(detail),
        crate::Detail::Solana(_) => None,
    })
}

impl From<Draft> for Intent {
    fn from(draft: Draft) -> Self {
        let effects = draft.effects.into_iter();
        Self::new(
            Venue::Evm,
            draft.wallet.into(),
            effects
                .map(|detail| Effect::new(head(&detail), crate::Detail::Evm(detail)))
                .collect(),
            draft.lifetime,
            Vec::new(),
            Vec::new(),
        )
    }
}
