//! `asserts` and `asserts_lamports`: what the message has to make the chain check about the wallet.
//!
//! They are one term since both ask for the same kind of instruction, at the same place.

use countersign_intent::solana::{self, AssertedFact};
use countersign_intent::{Amount, Asset};

use crate::document::reader::Field;
use crate::document::value::unknown;
use crate::request::{AssetOf, Request, money};
use crate::set::PolicySet;
use crate::term::{Between, Bound, Key, Permission, Sentence, Source, Term, When};

const FACTS: &str = "asserts";
const LAMPORTS: &str = "asserts_lamports";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Asserts {
    /// That it belongs to System.
    owner: bool,
    /// That it holds no data.
    data: bool,
    /// That it holds at least so many lamports.
    lamports: Option<Amount>,
}

/// What the message does not assert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    Fact(&'static str),
    Lamports(Amount),
}

impl Sentence for Miss {
    fn sentence(&self, set: &PolicySet) -> String {
        match self {
            Self::Fact(what) => format!(
                "the message does not assert at its end that the wallet {what}; that is what {FACTS} asks \
                 for"
            ),
            Self::Lamports(least) => format!(
                "the message does not assert at its end that the wallet holds {}; that is what {LAMPORTS} \
                 asks for",
                money(set, AssetOf::Known(Asset::SOL), least.base())
            ),
        }
    }
}

impl Term for Asserts {
    const KEYS: &'static [Key] = &[
        Key::bound(
            FACTS,
            "[\"wallet-owner\", \"wallet-data\"]",
            "nothing. The message has to end with Lighthouse assertions that the wallet belongs to \
             System, and holds no data.",
        ),
        Key::bound(
            LAMPORTS,
            "\"1 SOL\"",
            "nothing. It has to end with the assertion that the wallet holds at least this much.",
        ),
    ];

    const NOTE: &'static str = "`asserts` and `asserts_lamports` are an extra wall, not the only one: \
        Lighthouse can still be changed by its authors. An assertion counts only at the end of the \
        message, where nothing but assertions and budget instructions follow; `AssertAccountInfo` with \
        its owner, data length and lamports is read, others may be there and count for nothing.";

    type Miss<'a> = Miss;

    fn read(source: &Source<'_>, _: &When) -> Self {
        let mut asserts = Self {
            lamports: source.lamports(LAMPORTS),
            ..Self::default()
        };
        let items = source.get(FACTS).map(Field::array_or_one);
        for item in items.unwrap_or_default() {
            item.parse(|text| asserts.add(text));
        }
        asserts
    }

    /// A permission that asks for less reaches further.
    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        (inner.owner || !self.owner)
            && (inner.data || !self.data)
            && inner.lamports >= self.lamports
    }
}

impl Bound for Asserts {
    #[inline]
    fn permits(&self, permission: &Permission<'_>) -> Result<(), Miss> {
        let request = permission.request;
        if self.owner && !holds(request, |fact| fact == AssertedFact::OwnedBySystem) {
            return Err(Miss::Fact("belongs to System"));
        }
        if self.data && !holds(request, |fact| fact == AssertedFact::NoData) {
            return Err(Miss::Fact("holds no data"));
        }
        let keeps = |least: Amount| {
            holds(
                request,
                |fact| matches!(fact, AssertedFact::LamportsAtLeast(kept) if kept >= least),
            )
        };
        match self.lamports {
            Some(least) if !keeps(least) => Err(Miss::Lamports(least)),
            _ => Ok(()),
        }
    }
}

impl Asserts {
    fn add(&mut self, text: &str) -> Result<(), String> {
        match text {
            "wallet-owner" => self.owner = true,
            "wallet-data" => self.data = true,
            other => {
                return Err(unknown(
                    "assertion",
                    other,
                    &["wallet-owner", "wallet-data"],
                ));
            }
        }
        Ok(())
    }
}

/// Whether such a fact about the wallet is asserted.
fn holds(request: &Request<'_>, wanted: impl Fn(AssertedFact) -> bool) -> bool {
    let wallet = request.intent.wallet();
    let mut asserted = solana::assertions(request.intent);
    asserted.any(|one| wallet == one.account.into() && wanted(one.fact))
}

#[cfg(test)]
impl crate::term::sample::Sampled for Asserts {
    fn samples() -> Vec<crate::term::sample::Sample> {
        use crate::term::sample::Sample;
        let facts = [
            "[]",
            "\"wallet-owner\"",
            "[\"wallet-owner\", \"wallet-data\"]",
        ];
        vec![
            Sample::of(FACTS, facts),
            Sample::of(LAMPORTS, ["\"0.5 SOL\"", "\"1 SOL\""]),
        ]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::{WALLET, draft_beside_payment, lamports};
        use countersign_intent::solana::{Assertion, Draft};
        let (owner, data) = (AssertedFact::OwnedBySystem, AssertedFact::NoData);
        let least = |amount| AssertedFact::LamportsAtLeast(lamports(amount));
        let asserting = |facts: &[AssertedFact]| Draft {
            asserted: facts
                .iter()
                .map(|fact| Assertion {
                    account: WALLET,
                    fact: *fact,
                })
                .collect(),
            ..draft_beside_payment(vec![])
        };
        vec![
            asserting(&[owner]).into(),
            asserting(&[owner, data]).into(),
            asserting(&[least(600)]).into(),
            asserting(&[least(2_000)]).into(),
        ]
    }
}
