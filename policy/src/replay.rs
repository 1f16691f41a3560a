//! Recorded requests judged again, in the order of time: what a policy would have said, and what
//! would have left the wallets.
//!
//! A replay keeps its own usage windows: what the policy allows is counted, what it denies is
//! not. It follows the requests that were made. What a bot would have asked for instead, and what
//! people would have said if asked, no replay can know; where people did agree, they are taken
//! to agree again.

mod outflow;
mod spent;

use std::collections::{HashMap, HashSet};

use countersign_intent::{Intent, Principal, RequestId, Timestamp, intent_digest};

use crate::approval::{Approval, Approvals};
use crate::decision::{Ask, Decision, Permit};
use crate::facts::{Facts, Price, WalletFacts};
use crate::limit::LimitKey;
use crate::set::PolicySet;
use crate::usage::Window;
use crate::{decide, limit_keys};
pub use outflow::{DAY, Flow, Outflow};
pub use spent::Spent;

/// A request as it was recorded, read with the hints of the policy that judges it.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// The request.
    pub id: RequestId,
    /// When it was judged.
    pub at: Timestamp,
    /// Who asked.
    pub principal: &'a Principal,
    /// The wallet.
    pub wallet: WalletFacts<'a>,
    /// What it means, or why it is never signed.
    pub intent: Result<&'a Intent, &'a str>,
    /// Whether something stopped it that is no policy: a freeze, a pause, a certificate, a grant.
    pub halted: bool,
    /// Whether it was allowed and the device certainly did not sign: it used up nothing.
    pub unsigned: bool,
    /// People's consent that it brought along.
    pub consent: Option<Consent<'a>>,
    /// Reference prices at that time.
    pub prices: &'a [Price],
}

/// What people said about the request that a release names.
#[derive(Debug, Clone, Copy)]
pub struct Consent<'a> {
    /// The request they were asked about.
    pub request: RequestId,
    /// When.
    pub asked_at: Timestamp,
    /// Names of those who agreed, and when. Which devices co-signed is not looked at: where they
    /// had to, they are taken to have done so.
    pub given: &'a [(Box<str>, Timestamp)],
}

/// What a policy says about a recorded request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It may be signed.
    Allow {
        /// Names of the rules.
        rules: Vec<String>,
    },
    /// It may not.
    Deny {
        /// Every reason.
        reasons: Vec<String>,
    },
    /// People are asked first.
    Ask {
        /// Group and how many of it, once each, ordered.
        who: Vec<(String, u8)>,
        /// Why the consent that it brought along does not do; empty if it brought none.
        unmet: Vec<String>,
    },
    /// No policy was asked.
    Halted,
    /// The release of a request about which this policy would not have asked anybody.
    Unasked,
}

impl Said {
    /// The word for it: `allow`, `deny`, `approval_required`, `halted` or `not_asked`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Allow { .. } => "allow",
            Self::Deny { .. } => "deny",
            Self::Ask { .. } => "approval_required",
            Self::Halted => "halted",
            Self::Unasked => "not_asked",
        }
    }

    /// Why: the rules, the reasons, or who is asked.
    #[must_use]
    pub fn why(&self) -> Vec<String> {
        match self {
            Self::Allow { rules } => vec![format!("allowed by {}", rules.join(", "))],
            Self::Deny { reasons } => reasons.clone(),
            Self::Ask { who, unmet } => {
                let asked = who
                    .iter()
                    .map(|(group, quorum)| format!("asks {quorum} of `{group}`"));
                asked.chain(unmet.iter().cloned()).collect()
            }
            Self::Halted | Self::Unasked => Vec::new(),
        }
    }

    /// Whether the two are different decisions. Other rules or reasons for the same are not; nor
    /// is a release that only one of them would have seen, because then the request it releases
    /// was decided differently, and is told.
    #[must_use]
    pub fn differs(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unasked, _) | (_, Self::Unasked) => false,
            (Self::Ask { who: one, .. }, Self::Ask { who: two, .. }) => one != two,
            _ => self.as_str() != other.as_str(),
        }
    }
}

/// One policy on its way through the recorded requests.
#[derive(Debug)]
pub struct Replay<'p> {
    set: &'p PolicySet,
    windows: HashMap<LimitKey, Window>,
    /// Requests about which people were asked then and would not have been now.
    unasked: HashSet<RequestId>,
    outflow: Outflow,
}

impl<'p> Replay<'p> {
    /// Begins with empty windows. Outflow is looked at from `since` on; what comes before fills
    /// the windows.
    #[must_use]
    pub fn new(set: &'p PolicySet, since: Timestamp) -> Self {
        Self {
            set,
            windows: HashMap::new(),
            unasked: HashSet::new(),
            outflow: Outflow::new(since),
        }
    }

    /// What would have left the wallets so far.
    #[must_use]
    pub const fn outflow(&self) -> &Outflow {
        &self.outflow
    }

    /// Judges the next request; `asked_then` if people were asked about it when it was recorded.
    pub fn judge(&mut self, recorded: &Recorded<'_>, asked_then: bool) -> Said {
        let said = self.say(recorded);
        if asked_then && !matches!(said, Said::Ask { .. }) {
            self.unasked.insert(recorded.id);
        }
        said
    }

    fn say(&mut self, recorded: &Recorded<'_>) -> Said {
        if recorded.halted {
            return Said::Halted;
        }
        let of = recorded.consent.map(|consent| consent.request);
        if of.is_some_and(|request| self.unasked.contains(&request)) {
            return Said::Unasked;
        }
        let intent = match recorded.intent {
            Ok(intent) => intent,
            Err(why) => {
                let reasons = vec![why.to_owned()];
                return Said::Deny { reasons };
            }
        };
        match self.decide(recorded, intent) {
            Decision::Deny(denial) => Said::Deny {
                reasons: denial.reasons.iter().map(ToString::to_string).collect(),
            },
            Decision::NeedApproval(ask) => asks(&ask),
            Decision::Allow(permit) => {
                if !recorded.unsigned {
                    self.reserve(&permit, recorded.at);
                    self.outflow.add(recorded.at, intent);
                }
                let rules = permit.rules().map(str::to_owned).collect();
                Said::Allow { rules }
            }
        }
    }

    fn decide(&mut self, recorded: &Recorded<'_>, intent: &Intent) -> Decision {
        let set = self.set;
        know(&mut self.windows, set, recorded, intent);
        with_facts(set, &self.windows, recorded, intent, |facts| {
            decide(set, intent, facts)
        })
    }

    fn reserve(&mut self, permit: &Permit, at: Timestamp) {
        for wanted in permit.reservations() {
            if let Some(window) = self.windows.get_mut(&wanted.key) {
                window.add(at, wanted.amount);
            }
        }
    }
}

/// Makes a window of every key that the request counts under.
fn know(
    windows: &mut HashMap<LimitKey, Window>,
    set: &PolicySet,
    recorded: &Recorded<'_>,
    intent: &Intent,
) {
    for key in limit_keys(set, intent, recorded.principal, &recorded.wallet) {
        let length = key.window();
        windows.entry(key).or_insert_with(|| Window::new(length));
    }
}

/// What was known when a request was judged.
fn with_facts<R>(
    set: &PolicySet,
    windows: &HashMap<LimitKey, Window>,
    recorded: &Recorded<'_>,
    intent: &Intent,
    judge: impl FnOnce(&Facts<'_>) -> R,
) -> R {
    let given = recorded
        .consent
        .map(|consent| approvals(set, &consent, intent));
    let approvals = match (&recorded.consent, &given) {
        (Some(consent), Some(given)) => Some(Approvals {
            asked_at: consent.asked_at,
            asker: recorded.principal,
            consumed: false,
            given,
        }),
        _ => None,
    };
    judge(&Facts {
        now: recorded.at,
        principal: recorded.principal,
        wallet: recorded.wallet,
        usage: windows,
        prices: recorded.prices,
        // The policy is taken to have been in force all the time.
        added_destinations: &[],
        approvals,
    })
}

/// Everybody's yes as if it had been given under this policy, in each of its groups.
fn approvals(set: &PolicySet, consent: &Consent<'_>, intent: &Intent) -> Vec<Approval> {
    let intent_digest = intent_digest(intent);
    let in_group = |roster_hash: [u8; 32]| {
        consent
            .given
            .iter()
            .map(move |(approver, given_at)| Approval {
                approver: approver.clone(),
                given_at: *given_at,
                intent_digest,
                policy_hash: set.hash(),
                roster_hash,
                cosigned: true,
            })
    };
    let groups = set.groups().iter();
    groups
        .flat_map(|group| in_group(*group.roster_hash()))
        .collect()
}

fn asks(ask: &Ask) -> Said {
    let mut who: Vec<(String, u8)> = ask
        .requirements
        .iter()
        .map(|need| (need.group.to_string(), need.quorum))
        .collect();
    who.sort();
    who.dedup();
    Said::Ask {
        who,
        unmet: ask.unmet.clone(),
    }
}

#[cfg(test)]
mod tests;
