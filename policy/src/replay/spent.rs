//! What recorded requests have used up, whatever a policy says of them.

use std::collections::HashMap;

use super::{Recorded, know, with_facts};
use crate::explain::{Explanation, explain};
use crate::limit::LimitKey;
use crate::request::Request;
use crate::set::PolicySet;
use crate::spending;
use crate::usage::Window;

/// The limits of one policy as recorded requests filled them. A [`Replay`](super::Replay) counts
/// what its policy would have allowed; this counts what was allowed.
#[derive(Debug)]
pub struct Spent<'p> {
    set: &'p PolicySet,
    windows: HashMap<LimitKey, Window>,
}

impl<'p> Spent<'p> {
    /// Begins with empty windows.
    #[must_use]
    pub fn new(set: &'p PolicySet) -> Self {
        Self {
            set,
            windows: HashMap::new(),
        }
    }

    /// Counts a request that was allowed, unless it used up nothing or is not understood.
    pub fn count(&mut self, recorded: &Recorded<'_>) {
        let (false, Ok(intent)) = (recorded.unsigned, recorded.intent) else {
            return;
        };
        let set = self.set;
        know(&mut self.windows, set, recorded, intent);
        let wanted = with_facts(set, &self.windows, recorded, intent, |facts| {
            let request = Request::new(set, intent, facts.principal, facts.wallet);
            // It was signed: what a limit would have said does not undo it.
            spending::reserve(&request, facts, &mut Vec::new())
        });
        for one in wanted {
            if let Some(window) = self.windows.get_mut(&one.key) {
                window.add(recorded.at, one.amount);
            }
        }
    }

    /// Why the policy decides a request as it does at `recorded.at`; `None` if it is not
    /// understood.
    pub fn explain(&mut self, recorded: &Recorded<'_>) -> Option<Explanation> {
        let intent = recorded.intent.ok()?;
        let set = self.set;
        know(&mut self.windows, set, recorded, intent);
        Some(with_facts(set, &self.windows, recorded, intent, |facts| {
            explain(set, intent, facts)
        }))
    }
}
