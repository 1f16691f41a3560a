//! `user`: who owns the wallet.

use countersign_intent::UserId;

use super::{Between, Context, Key, Scope, Source, Term, When};
use crate::rule::AnyOf;

const KEY: &str = "user";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Users(AnyOf<UserId>);

impl Term for Users {
    const KEYS: &'static [Key] = &[Key::scope(KEY, "`usr_…`")];

    type Miss<'a> = &'static str;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.any_of(KEY, str::parse))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.0.includes(&inner.0)
    }
}

impl Scope for Users {
    #[inline]
    fn is_about(&self, context: &Context<'_>) -> Result<(), &'static str> {
        if self.0.has(&context.request.wallet.user) {
            Ok(())
        } else {
            Err("it is about other users")
        }
    }

    fn is_apart(&self, stop: &Self, _: &Between<'_>) -> bool {
        self.0.is_apart(&stop.0)
    }

    fn matches_nothing(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
impl super::sample::Sampled for Users {
    fn samples() -> Vec<super::sample::Sample> {
        let [one, two] = [1, 2].map(|number| UserId::from_bytes([number; 16]));
        vec![super::sample::Sample::of(
            KEY,
            [
                format!("\"{one}\""),
                format!("[\"{one}\", \"{two}\"]"),
                "[]".to_owned(),
            ],
        )]
    }
}
