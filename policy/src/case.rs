//! Test cases for policies: an intent, facts and the expected decision, one file each.
//!
//! ```toml
//! name = "a bot withdraws more than the limit leaves"
//!
//! [addresses]                       # names for this file; `wallet` is always there
//! cold = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"
//!
//! [facts]                           # every key has a default
//! principal = "bot/momentum"
//! used = [{ limit = "sol-out-per-wallet", amount = "49.2", ago = "1h" }]
//!
//! [intent]
//! effects = [{ transfer = "1 SOL", to = "cold" }, { fee = "0.0001 SOL" }]
//!
//! [expect]
//! decision = "deny"                 # allow | deny | approve
//! reasons = ["limit 50 SOL per 24h, used 49.2, asked 1"]
//! ```
//!
//! Instead of an `[intent]` a case may hold a `[transaction]`, whose bytes whoever runs the case
//! decodes first:
//!
//! ```toml
//! [transaction]
//! wallet = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"
//! base64 = "AQAAAA…"
//!
//! [expect]
//! decision = "undecodable"          # refused before any policy
//! kind = "forbidden"
//! reasons = ["lets somebody else spend from the account"]
//! ```
//!
//! Or an `[evm]`, with the `wallet` and the JSON of what it is asked to sign, as `transaction` or as
//! `typed_data`.
//!
//! A case may carry its own `policy`, as text; otherwise it is held against the one at hand. What
//! a case of a theft says under `[theft]` is for those who execute it.

mod effects;
mod evm;
mod expect;
mod facts;
mod transaction;

use std::collections::BTreeMap;

use countersign_intent::solana::{AssertedFact, Assertion, Draft, Nonce};
use countersign_intent::{
    Address, Intent, Lifetime, Principal, Resource, Timestamp, UserId, WalletId,
};

use crate::approval::{Approval, Approvals, roster_hash};
use crate::document::DocumentError;
use crate::document::reader::{self, Field, Section};
use crate::facts::{AddedDestination, Facts, Price, WalletFacts};
use crate::limit::{Cap, LimitKey};
use crate::set::PolicySet;
use crate::usage::Window;

pub use evm::GivenEvm;
use expect::Expected;
use facts::{GivenApprovals, GivenFacts};
pub use transaction::{GivenTransaction, Undecodable};

const MAX_TEXT: usize = 1 << 18;

/// A case, read.
#[derive(Debug, Clone)]
pub struct Case {
    name: String,
    policy: Option<String>,
    asked: Asked,
    facts: GivenFacts,
    expected: Expected,
}

/// What a signature is asked for.
#[derive(Debug, Clone)]
enum Asked {
    Intent(Intent),
    Transaction(GivenTransaction),
    Evm(GivenEvm),
    /// A transaction that somebody tried to decode.
    Undecodable(Undecodable),
}

/// Reads a case. `programs` are the slugs of the trading programs that a swap may name.
///
/// # Errors
/// Everything that is wrong with it, in the order of the document.
pub fn parse(text: &str, programs: &[&'static str]) -> Result<Case, Vec<DocumentError>> {
    reader::document(text, MAX_TEXT, |root| case(root, programs))
}

fn case(root: Section<'_>, programs: &[&'static str]) -> Option<Case> {
    let name = root.need("name").and_then(|field| field.text());
    let policy = root.get("policy").and_then(|field| field.text());
    let named = root.get("addresses").and_then(|field| field.section());
    let names = Names::read(named);
    let facts = root.get("facts").and_then(|field| field.section());
    let facts = match facts {
        Some(inner) => facts::read(inner, &names),
        None => GivenFacts::unless_said(),
    };
    let asked = asked(&root, &names, programs);
    root.get("theft");
    let expected = root
        .need("expect")
        .and_then(|field| field.section())
        .and_then(expect::read);
    root.finish();
    Some(Case {
        name: name?.to_owned(),
        policy: policy.map(str::to_owned),
        asked: asked?,
        facts: facts?,
        expected: expected?,
    })
}

fn asked(root: &Section<'_>, names: &Names, programs: &[&'static str]) -> Option<Asked> {
    let given = (root.get("intent"), root.get("transaction"), root.get("evm"));
    match given {
        (Some(field), None, None) => intent(field.section()?, names, programs).map(Asked::Intent),
        (None, Some(field), None) => {
            transaction::read(field.section()?, names).map(Asked::Transaction)
        }
        (None, None, Some(field)) => evm::read(field.section()?).map(Asked::Evm),
        _ => {
            root.fail("expected one of `[intent]`, `[transaction]` and `[evm]`");
            None
        }
    }
}

/// The address that cases call `wallet`.
const WALLET: Address = Address::from_literal("CktRuQ2mttgRGkXJtyksdKHjUdc2C4TgDzyB98oEzy8");

/// Addresses by the names a case gives them.
struct Names(BTreeMap<String, Address>);

impl Names {
    fn read(section: Option<Section<'_>>) -> Self {
        let mut names = BTreeMap::from([("wallet".to_owned(), WALLET)]);
        let entries = section.iter().flat_map(Section::entries);
        names.extend(
            entries.filter_map(|(name, field)| Some((name.to_owned(), field.parse(str::parse)?))),
        );
        Self(names)
    }

    fn address(&self, field: &Field<'_>) -> Option<Address> {
        field.parse(|text| match self.0.get(text) {
            Some(address) => Ok(*address),
            None => text.parse().map_err(|_| {
                let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
                format!(
                    "expected an address or one of {}, got `{text}`",
                    known.join(", ")
                )
            }),
        })
    }
}

fn intent(section: Section<'_>, names: &Names, programs: &[&'static str]) -> Option<Intent> {
    let effects = section.need("effects").and_then(|field| field.array());
    let effects = effects.map(|list| {
        let read = |field: &Field<'_>| effects::read(field.section()?, names, programs);
        list.iter().filter_map(read).collect()
    });
    let nonce = section
        .get("durable_nonce")
        .and_then(|field| names.address(&field));
    let cosigners = section.get("cosigners").and_then(|field| field.array());
    let cosigners = cosigners.unwrap_or_default();
    let cosigners = cosigners
        .iter()
        .filter_map(|field| names.address(field))
        .collect();
    let asserted = section.get("asserted").and_then(|field| field.array());
    let asserted = asserted.unwrap_or_default();
    let asserted = asserted
        .iter()
        .filter_map(|field| assertion(field.section()?, names))
        .collect();
    section.finish();
    let draft = Draft {
        lifetime: nonce.map_or(Lifetime::Blockhash([0; 32]), |account| {
            Lifetime::HeldUntil(Resource::Solana(Nonce {
                account,
                authority: WALLET,
                value: [0; 32],
            }))
        }),
        cosigners,
        asserted,
        ..Draft::new(WALLET, effects?)
    };
    Some(draft.into())
}

fn assertion(section: Section<'_>, names: &Names) -> Option<Assertion> {
    let account = section
        .need("account")
        .and_then(|field| names.address(&field));
    let least = section
        .get("lamports")
        .and_then(|field| field.parse(crate::document::value::lamports));
    let fact = match least {
        Some(least) => Some(AssertedFact::LamportsAtLeast(least)),
        None => section.need("fact").and_then(|field| {
            field.parse(|text| match text {
                "owner" => Ok(AssertedFact::OwnedBySystem),
                "no-data" => Ok(AssertedFact::NoData),
                other => Err(format!("expected `owner` or `no-data`, got `{other}`")),
            })
        }),
    };
    section.finish();
    Some(Assertion {
        account: account?,
        fact: fact?,
    })
}

impl Case {
    /// What the case shows, in words.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The policy it carries, if it does.
    #[must_use]
    pub fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// The transaction it holds, until it is decoded.
    #[must_use]
    pub const fn transaction(&self) -> Option<&GivenTransaction> {
        match &self.asked {
            Asked::Transaction(given) => Some(given),
            Asked::Intent(_) | Asked::Evm(_) | Asked::Undecodable(_) => None,
        }
    }

    /// What it asks an EVM wallet to sign, until that is decoded.
    #[must_use]
    pub const fn evm(&self) -> Option<&GivenEvm> {
        match &self.asked {
            Asked::Evm(given) => Some(given),
            Asked::Intent(_) | Asked::Transaction(_) | Asked::Undecodable(_) => None,
        }
    }

    /// The case with what its transaction decodes to in the transaction's place.
    #[must_use]
    pub fn decoded(self, outcome: Result<Intent, Undecodable>) -> Self {
        let asked = match outcome {
            Ok(intent) => Asked::Intent(intent),
            Err(refusal) => Asked::Undecodable(refusal),
        };
        Self { asked, ..self }
    }

    /// Decides under `set` and compares with what is expected.
    ///
    /// # Errors
    /// Every difference, as a sentence.
    pub fn run(&self, set: &PolicySet) -> Result<(), Vec<String>> {
        let differences = if let Asked::Undecodable(refusal) = &self.asked {
            self.expected.compare_refusal(refusal)
        } else {
            let decide = |intent: &Intent, facts: &Facts<'_>| crate::decide(set, intent, facts);
            self.expected.compare(set, &self.with_facts(set, decide)?)
        };
        if differences.is_empty() {
            Ok(())
        } else {
            Err(differences)
        }
    }

    fn intent(&self) -> Result<&Intent, Vec<String>> {
        match &self.asked {
            Asked::Intent(intent) => Ok(intent),
            Asked::Transaction(_) | Asked::Evm(_) => {
                Err(vec!["the transaction was not decoded".to_owned()])
            }
            Asked::Undecodable(refusal) => Err(vec![format!("undecodable: {}", refusal.message)]),
        }
    }

    /// Hands out the intent of the case and its facts as they are under `set`.
    ///
    /// # Errors
    /// A transaction that does not decode; usage of a limit that the policy does not have, or
    /// that the intent does not touch.
    pub fn with_facts<T>(
        &self,
        set: &PolicySet,
        then: impl FnOnce(&Intent, &Facts<'_>) -> T,
    ) -> Result<T, Vec<String>> {
        let intent = self.intent()?;
        let given = &self.facts;
        let wallet = WalletFacts {
            id: given.wallet_id,
            user: given.user,
            tier: given.tier.as_deref(),
            limits: &[],
        };
        let usage = self.usage(set, intent, &wallet)?;
        let approvals = given.approvals.as_ref();
        let yes: Vec<Approval> =
            approvals.map_or_else(Vec::new, |given| approvals_of(set, intent, given));
        let facts = Facts {
            now: given.now,
            principal: &given.principal,
            wallet,
            usage: &usage,
            prices: &given.prices,
            added_destinations: &given.added,
            approvals: approvals.map(|given| Approvals {
                asked_at: given.asked_at,
                asker: &given.asker,
                consumed: given.consumed,
                given: &yes,
            }),
        };
        Ok(then(intent, &facts))
    }

    fn usage(
        &self,
        set: &PolicySet,
        intent: &Intent,
        wallet: &WalletFacts<'_>,
    ) -> Result<BTreeMap<LimitKey, Window>, Vec<String>> {
        let keys = crate::limit_keys(set, intent, &self.facts.principal, wallet);
        let mut usage: BTreeMap<LimitKey, Window> = keys
            .into_iter()
            .map(|key| (key.clone(), Window::new(key.window())))
            .collect();
        for used in &self.facts.used {
            let limit = set.limits().iter().find(|limit| limit.name() == used.limit);
            let limit =
                limit.ok_or_else(|| vec![format!("the policy has no limit `{}`", used.limit)])?;
            let amount = used.amount(limit.cap()).map_err(|error| vec![error])?;
            let mut touched = false;
            for (key, window) in &mut usage {
                if key.limit() == limit.id() {
                    window.add(self.facts.now.saturating_sub(used.ago), amount);
                    touched = true;
                }
            }
            if !touched {
                return Err(vec![format!(
                    "the intent does not touch limit `{}`",
                    used.limit
                )]);
            }
        }
        Ok(usage)
    }
}

fn approvals_of(set: &PolicySet, intent: &Intent, given: &GivenApprovals) -> Vec<Approval> {
    let roster = |group: &str| set.group(group).map(|group| *group.roster_hash());
    let approval = |yes: &facts::GivenApproval| Approval {
        approver: yes.approver.clone().into(),
        given_at: yes.at,
        intent_digest: countersign_intent::intent_digest(intent),
        policy_hash: if yes.older_policy {
            [0; 32]
        } else {
            set.hash()
        },
        roster_hash: roster(&given.group)
            .unwrap_or_else(|| roster_hash(&given.group, std::iter::empty())),
        cosigned: yes.cosigned,
    };
    given.given.iter().map(approval).collect()
}

#[cfg(test)]
mod tests;
