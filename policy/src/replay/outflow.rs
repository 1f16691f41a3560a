//! What leaves the wallets: sums over any day, by what is done and in which asset.

use std::collections::{BTreeMap, VecDeque};

use countersign_intent::{Action, Amount, Asset, Effect, Intent, Span, Timestamp};

/// The sliding window that sums are taken over.
pub const DAY: Span = Span::from_secs(24 * 60 * 60);

/// Everything that left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outflow {
    since: Timestamp,
    latest: Timestamp,
    flows: BTreeMap<(Action, Asset), Flow>,
    unbounded: u64,
}

/// What left through one action in one asset, in base units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flow {
    within_a_day: VecDeque<(Timestamp, u128)>,
    sum: u128,
    most: u128,
    most_at: Option<Timestamp>,
    total: u128,
}

impl Flow {
    /// The most within any day that ends with something leaving at or after the beginning.
    #[must_use]
    pub const fn most_in_a_day(&self) -> Amount {
        Amount::from_base(self.most)
    }

    /// When the day of [`Self::most_in_a_day`] ended, if there is one.
    #[must_use]
    pub const fn most_at(&self) -> Option<Timestamp> {
        self.most_at
    }

    /// All of it since the beginning.
    #[must_use]
    pub const fn total(&self) -> Amount {
        Amount::from_base(self.total)
    }

    /// A day holds what is younger than 24 hours.
    fn add(&mut self, at: Timestamp, amount: u128, counts: bool) {
        let edge = at.saturating_sub(DAY);
        while let Some((_, left)) = self.within_a_day.pop_front_if(|(then, _)| *then <= edge) {
            self.sum = self.sum.saturating_sub(left);
        }
        self.within_a_day.push_back((at, amount));
        self.sum = self.sum.saturating_add(amount);
        if !counts {
            return;
        }
        self.total = self.total.saturating_add(amount);
        if self.sum > self.most {
            self.most = self.sum;
            self.most_at = Some(at);
        }
    }
}

impl Outflow {
    pub(super) const fn new(since: Timestamp) -> Self {
        Self {
            since,
            latest: Timestamp::from_micros(i64::MIN),
            flows: BTreeMap::new(),
            unbounded: 0,
        }
    }

    /// By action and asset, in their order.
    pub fn flows(&self) -> impl Iterator<Item = (Action, Asset, &Flow)> {
        self.flows
            .iter()
            .map(|((action, asset), flow)| (*action, *asset, flow))
    }

    /// The flow through one action in one asset.
    #[must_use]
    pub fn flow(&self, action: Action, asset: Asset) -> Option<&Flow> {
        self.flows.get(&(action, asset))
    }

    /// Withdrawals whose amount no message tells: accounts closed to somebody else.
    #[must_use]
    pub const fn unbounded(&self) -> u64 {
        self.unbounded
    }

    /// Time never runs backwards here: what comes late counts at the latest time.
    pub(super) fn add(&mut self, at: Timestamp, intent: &Intent) {
        self.latest = self.latest.max(at);
        let (at, counts) = (self.latest, at >= self.since);
        for effect in intent.effects() {
            let action = effect.head().action;
            match effect.outflow() {
                Some((asset, amount)) => {
                    let flow = self.flows.entry((action, asset)).or_default();
                    flow.add(at, amount.base(), counts);
                }
                None if is_unbounded(effect) && counts => {
                    self.unbounded = self.unbounded.saturating_add(1);
                }
                None => {}
            }
        }
    }
}

fn is_unbounded(effect: &Effect) -> bool {
    let head = effect.head();
    head.action == Action::Withdrawal && head.amount == Amount::UNBOUNDED
}
