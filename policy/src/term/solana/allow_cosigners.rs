//! `allow_cosigners`: whether other keys may have to sign the message too.

use countersign_intent::Account;
use countersign_intent::solana::{self, Detail};

use crate::request::Request;
use crate::set::PolicySet;
use crate::term::{Between, Bound, Key, Permission, Sentence, Source, Term, When};

const KEY: &str = "allow_cosigners";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AllowCosigners(bool);

/// How many others have to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Miss(usize);

impl Sentence for Miss {
    fn sentence(&self, _: &PolicySet) -> String {
        format!(
            "{} other keys have to sign too; that needs {KEY} = true",
            self.0
        )
    }
}

impl Term for AllowCosigners {
    const KEYS: &'static [Key] = &[Key::bound(
        KEY,
        "true",
        "`false`: no other key may have to sign, but for the mint of a coin that is launched and the \
         device that `ledger_cosign` wants",
    )];

    type Miss<'a> = Miss;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.flag(KEY))
    }

    fn covers(&self, inner: &Self, between: &Between<'_>) -> bool {
        self.0 || between.outer.cosigned || !(inner.0 || between.inner.cosigned)
    }
}

impl Bound for AllowCosigners {
    #[inline]
    fn permits(&self, permission: &Permission<'_>) -> Result<(), Miss> {
        let others = further_signers(permission.request);
        if others > 0 && !self.0 && !permission.cosigned {
            Err(Miss(others))
        } else {
            Ok(())
        }
    }
}

/// Who else has to sign, besides the mints that the message launches: those are new keys of nobody's.
fn further_signers(request: &Request<'_>) -> usize {
    let launched = |key: &Account| {
        let mut details = solana::details(request.intent);
        details.any(|detail| matches!(detail, Detail::Launch(launch) if *key == launch.mint.into()))
    };
    let cosigners = request.intent.cosigners().iter();
    cosigners.filter(|key| !launched(key)).count()
}

#[cfg(test)]
impl crate::term::sample::Sampled for AllowCosigners {
    fn samples() -> Vec<crate::term::sample::Sample> {
        vec![crate::term::sample::Sample::of(KEY, ["false", "true"]).widest("true")]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::{STRANGER, draft_beside_payment};
        let cosigned = solana::Draft {
            cosigners: vec![STRANGER],
            ..draft_beside_payment(vec![])
        };
        vec![cosigned.into()]
    }
}
