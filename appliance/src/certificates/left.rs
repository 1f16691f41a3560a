//! Who is left where somebody is shut out, by a block or a revocation: one rule for both.
//!
//! Shutting out is never asked about and holds at once, so one word is enough for it; what it takes
//! away is given back by people, whom an operator has to ask. So it is refused where afterwards nobody
//! could ask for what enough people can agree to: it would be for ever. A freeze of the principal is
//! always possible, stops it all the same, and leaves whoever is frozen able to ask for its end.

use countersign_intent::{Principal, Role};

use super::{CertificateError, CertificateService};
use crate::changeable::{self, CONSEQUENCE, People, can_ask, unchangeable};
use crate::identity::{Serial, Way};

/// What is shut out.
#[derive(Debug)]
pub(super) enum Shut<'a> {
    /// Everything that names this principal.
    Principal(&'a Principal),
    /// A certificate with everything renewed from it.
    Chain(&'a [Serial]),
}

impl Shut<'_> {
    fn has(&self, way: &Way) -> bool {
        match self {
            Self::Principal(principal) => way.principal == **principal,
            Self::Chain(serials) => serials.contains(&way.serial),
        }
    }
}

/// What whoever shuts this out has to be told.
///
/// # Errors
/// Nobody would be left who can ask for what enough people can agree to.
pub(super) fn after(
    service: &CertificateService,
    shut: &Shut<'_>,
) -> Result<Option<String>, CertificateError> {
    let (approvers, now) = (service.approvers.all(), service.clock.now());
    let mut ways = service.register.ways_in(now);
    ways.retain(|way| way.principal.role() == Role::Operator);
    let (gone, stay): (Vec<Way>, Vec<Way>) = ways.iter().cloned().partition(|way| shut.has(way));
    let Some(whose) = gone.first().map(|way| way.principal.clone()) else {
        return Ok(None);
    };
    let people = |ways: &[Way]| People {
        askers: ways.iter().filter_map(changeable::asker).collect(),
        ..People::of(&approvers, &service.register, now)
    };
    let (before, left) = (people(&ways), people(&stay));
    let active = service.policies.active();
    let set = active.as_ref().map(|policy| &policy.set);
    if stay.is_empty() {
        return Err(CertificateError::LastOperator(whose));
    }
    let already = unchangeable(set, &before);
    match (already, unchangeable(set, &left)) {
        (Some(why), _) => Ok(Some(format!("{why}; {CONSEQUENCE}, and so is this"))),
        (None, Some(why)) => Err(CertificateError::NobodyCouldAsk { whose, why }),
        (None, None) => Ok(only_one(&can_ask(set, &left))),
    }
}

/// Whoever is the only one left to ask decides what people are asked.
fn only_one(can_ask: &[String]) -> Option<String> {
    let [only] = can_ask else {
        return None;
    };
    Some(format!(
        "`operator/{only}` alone can still ask for what people agree to: another policy, the end of a \
         freeze or of a block, an operator's certificate; have another operator certified"
    ))
}
