//! `over_amount` and `max_amount`: from where on, and how far.
//!
//! They are one term since they are the two ends of one range: whether a permission that ends here
//! lies apart from a denial that begins there is a question to both. `max_amount` bounds a permission,
//! and unlike other bounds it also says how far a demand for approval reaches.

use countersign_intent::{Amount, Asset};

use super::{Between, Context, Key, Outflow, Scope, Sentence, Source, Term, When};
use crate::document::value;
use crate::lint::Findings;
use crate::request::{AssetOf, Subject, money};
use crate::rule::{AnyOf, Rule};
use crate::set::PolicySet;

const OVER: &str = "over_amount";
const MOST: &str = "max_amount";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Amounts {
    over: Option<Threshold>,
    most: Option<Threshold>,
}

/// A decimal amount in display units, read for each asset with the decimals it has.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Threshold {
    text: Box<str>,
    per_asset: Vec<(Asset, Amount)>,
}

impl Threshold {
    /// The amount in base units of `asset`; `None` where its decimals are not known. Digits
    /// beyond an asset's decimals are dropped, which changes no comparison of whole units.
    fn of(&self, asset: Asset) -> Option<Amount> {
        let found = self.per_asset.iter().find(|(of, _)| *of == asset);
        found.map(|(_, amount)| *amount)
    }

    /// The amount in base units of what a subject is about.
    fn for_subject(&self, subject: &Subject<'_>) -> Option<u128> {
        match subject.asset {
            AssetOf::Known(asset) => self.of(asset).map(Amount::base),
            AssetOf::Unknown | AssetOf::Nothing => None,
        }
    }

    fn all(&self, holds: impl Fn(Asset, Amount) -> bool) -> bool {
        let mut each = self.per_asset.iter();
        each.all(|(asset, amount)| holds(*asset, *amount))
    }
}

/// Why an amount is not within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss<'a> {
    NotOver(AssetOf, u128, &'a str),
    TooMuch(AssetOf, u128, &'a str),
}

impl Sentence for Miss<'_> {
    fn sentence(&self, set: &PolicySet) -> String {
        match self {
            Self::NotOver(asset, amount, line) => {
                let amount = money(set, *asset, *amount);
                format!("{amount} is not over {OVER} {line}")
            }
            Self::TooMuch(asset, amount, most) => {
                format!("{} is over {MOST} {most}", money(set, *asset, *amount))
            }
        }
    }
}

impl Term for Amounts {
    const KEYS: &'static [Key] = &[
        Key::scope(OVER, "only more than this, in display units"),
        Key::bound(
            MOST,
            "\"1\"",
            "no bound. Per action and asset, in display units.",
        ),
    ];

    type Miss<'a> = Miss<'a>;

    fn read(source: &Source<'_>, when: &When) -> Self {
        let threshold = |key| threshold(source, key, &when.asset.0);
        Self {
            over: threshold(OVER),
            most: source.permits.then(|| threshold(MOST)).flatten(),
        }
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        let each = |outer: &Option<Threshold>,
                    inner: &Option<Threshold>,
                    holds: fn(Amount, Amount) -> bool| match (outer, inner) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(outer), Some(inner)) => inner.all(|asset, inner| {
                let outer = outer.of(asset);
                outer.is_some_and(|outer| holds(outer, inner))
            }),
        };
        each(&self.most, &inner.most, |outer, inner| outer >= inner)
            && each(&self.over, &inner.over, |outer, inner| outer <= inner)
    }

    fn lint(&self, _: &Rule, subject: &str, findings: &mut Findings) {
        let (Some(over), Some(most)) = (&self.over, &self.most) else {
            return;
        };
        if over.all(|asset, line| most.of(asset).is_some_and(|most| most <= line)) {
            findings.note(
                subject,
                "no amount is over `over_amount` and within `max_amount`",
            );
        }
    }
}

impl Scope for Amounts {
    /// Amounts are judged one by one: see [`crate::judge::amounts`].
    #[inline]
    fn is_about(&self, _: &Context<'_>) -> Result<(), Miss<'_>> {
        Ok(())
    }

    fn stops_all(&self, inner: &Self, _: &Between<'_>) -> bool {
        reaches(self.over.as_ref(), inner.over.as_ref(), |outer, inner| {
            outer <= inner
        })
    }

    fn demands_all(&self, inner: &Self, between: &Between<'_>) -> bool {
        self.stops_all(inner, between)
            && reaches(self.most.as_ref(), inner.most.as_ref(), |outer, inner| {
                outer >= inner
            })
    }

    fn counts_all(&self, _: &Self, _: &Between<'_>, _: Outflow) -> bool {
        self.over.is_none()
    }

    /// A permission ends where the other begins, or begins where it ends.
    fn is_apart(&self, stop: &Self, _: &Between<'_>) -> bool {
        let ends =
            |most: &Threshold, line: &Threshold, asset| match (most.of(asset), line.of(asset)) {
                (Some(most), Some(line)) => most <= line,
                _ => false,
            };
        let below = match (&self.most, &stop.over) {
            (Some(most), Some(line)) => most.all(|asset, _| ends(most, line, asset)),
            _ => false,
        };
        let above = match (&stop.most, &self.over) {
            (Some(most), Some(line)) => line.all(|asset, _| ends(most, line, asset)),
            _ => false,
        };
        below || above
    }
}

impl Amounts {
    /// Whether `amount` lies where a permission holds.
    pub(crate) fn permit(&self, subject: &Subject<'_>, amount: u128) -> Result<(), Miss<'_>> {
        if let Some(line) = &self.over
            && !is_over(line, subject, amount, false)
        {
            return Err(Miss::NotOver(subject.asset, amount, &line.text));
        }
        match &self.most {
            Some(most) if !is_within(most, subject, amount) => {
                Err(Miss::TooMuch(subject.asset, amount, &most.text))
            }
            _ => Ok(()),
        }
    }

    /// Whether `amount` lies where a demand for approval holds.
    pub(crate) fn demand(&self, subject: &Subject<'_>, amount: u128) -> bool {
        let most = self.most.as_ref();
        let most = most.and_then(|most| most.for_subject(subject));
        most.is_none_or(|most| amount <= most) && self.begins_below(subject, amount)
    }

    /// Whether a denial or a limit is about the sum that an effect is part of.
    pub(crate) fn stop(&self, subject: &Subject<'_>) -> bool {
        self.begins_below(subject, subject.total)
    }

    fn begins_below(&self, subject: &Subject<'_>, amount: u128) -> bool {
        let line = self.over.as_ref();
        line.is_none_or(|line| is_over(line, subject, amount, true))
    }

    /// The amounts at which it begins and ends for what a subject is about.
    pub(crate) fn lines(&self, subject: &Subject<'_>) -> impl Iterator<Item = u128> {
        let lines = [&self.over, &self.most].into_iter();
        lines.filter_map(|line| line.as_ref()?.for_subject(subject))
    }
}

/// Whether `amount` is over the line; `in_doubt` where the message does not tell.
fn is_over(line: &Threshold, subject: &Subject<'_>, amount: u128, in_doubt: bool) -> bool {
    match (subject.asset, line.for_subject(subject)) {
        (AssetOf::Nothing, _) => false,
        (_, Some(line)) => amount > line,
        (_, None) => in_doubt,
    }
}

fn is_within(most: &Threshold, subject: &Subject<'_>, amount: u128) -> bool {
    match (subject.asset, most.for_subject(subject)) {
        (AssetOf::Nothing, _) => true,
        (_, Some(most)) => amount <= most,
        (_, None) => false,
    }
}

/// Whether a line of a denial or a demand reaches as far as another, for every asset it knows.
fn reaches(
    outer: Option<&Threshold>,
    inner: Option<&Threshold>,
    holds: impl Fn(Amount, Amount) -> bool,
) -> bool {
    outer.is_none_or(|outer| {
        outer.all(|asset, line| {
            let inner = inner.and_then(|inner| inner.of(asset));
            inner.is_some_and(|inner| holds(line, inner))
        })
    })
}

fn threshold(source: &Source<'_>, key: &'static str, assets: &AnyOf<Asset>) -> Option<Threshold> {
    let field = source.get(key)?;
    let with_decimals = value::assets_with_decimals(source.assets);
    let meant = match assets {
        AnyOf::Any => with_decimals,
        AnyOf::These(list) => {
            let known = |asset| with_decimals.iter().find(|(of, _)| of == asset).copied();
            let found: Vec<_> = list.iter().filter_map(known).collect();
            if found.len() < list.len() {
                field.fail("the asset's decimals are not known; declare it as [assets.NAME]");
            }
            found
        }
    };
    let (text, per_asset) = field.take(field.text_or_number()?, |text| {
        value::per_asset(text, &meant).map(|amounts| (text, amounts))
    })?;
    Some(Threshold {
        text: text.into(),
        per_asset,
    })
}

#[cfg(test)]
impl super::sample::Sampled for Amounts {
    fn samples() -> Vec<super::sample::Sample> {
        use super::sample::Sample;
        vec![
            Sample::of(OVER, ["\"0\"", "\"1\"", "\"2\"", "\"5\""]),
            Sample::of(MOST, ["\"0\"", "\"1\"", "\"2\"", "\"3\"", "\"100\""]).bounds_demands(),
        ]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use super::sample::{FRIEND, intent, pay};
        [8, 12, 25]
            .map(|tenths| {
                intent(vec![pay(
                    countersign_intent::solana::Asset::Sol,
                    tenths,
                    FRIEND,
                )])
            })
            .to_vec()
    }
}
