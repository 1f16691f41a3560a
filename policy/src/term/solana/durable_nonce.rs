//! `durable_nonce`: whether the signature may live until somebody ends it.

use countersign_intent::{Lifetime, Resource};

use crate::term::{Between, Bound, Key, Permission, Source, Term, When};

const KEY: &str = "durable_nonce";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DurableNonce(bool);

impl Term for DurableNonce {
    const KEYS: &'static [Key] = &[Key::bound(
        KEY,
        "true",
        "`false`: the signature has to expire by itself",
    )];

    type Miss<'a> = &'static str;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.flag(KEY))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.0 || !inner.0
    }
}

impl Bound for DurableNonce {
    #[inline]
    fn permits(&self, permission: &Permission<'_>) -> Result<(), &'static str> {
        let lifetime = permission.request.intent.lifetime();
        if matches!(lifetime, Lifetime::HeldUntil(Resource::Solana(_))) && !self.0 {
            Err("the signature would not expire; that needs durable_nonce = true")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
impl crate::term::sample::Sampled for DurableNonce {
    fn samples() -> Vec<crate::term::sample::Sample> {
        vec![crate::term::sample::Sample::of(KEY, ["false", "true"]).widest("true")]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::{NONCE, WALLET, draft_beside_payment};
        use countersign_intent::solana::{Detail, Draft, Nonce};
        let advance = Detail::NonceAdvance {
            account: NONCE,
            authority: WALLET,
        };
        let durable = Draft {
            lifetime: Lifetime::HeldUntil(Resource::Solana(Nonce {
                account: NONCE,
                authority: WALLET,
                value: [0; 32],
            })),
            ..draft_beside_payment(vec![advance])
        };
        vec![durable.into()]
    }
}
