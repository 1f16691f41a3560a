//! Whether one `when` is about everything that another is about: what can be proven by
//! comparing term by term. `false` means only that it could not be proven.

use crate::rule::{Rule, When};
use crate::set::PolicySet;
use crate::term::{Between, Outflow, Side};

/// A `when` with the policy whose destinations it names.
#[derive(Clone, Copy)]
pub(crate) struct Placed<'a> {
    pub(crate) set: &'a PolicySet,
    pub(crate) when: &'a When,
}

/// Of denials, demands and limits, which no device signs.
const fn between<'a>(outer: Placed<'a>, inner: Placed<'a>) -> Between<'a> {
    Between {
        outer: Side {
            set: outer.set,
            cosigned: false,
        },
        inner: Side {
            set: inner.set,
            cosigned: false,
        },
    }
}

/// Whether `outer` touches (denies, demands, counts) every effect that `inner` touches.
pub(crate) fn touches_all(outer: Placed<'_>, inner: Placed<'_>) -> bool {
    outer.when.stops_all(inner.when, &between(outer, inner))
}

/// Whether `outer` demands an approval wherever `inner` does, whatever they demand.
pub(crate) fn demands_all(outer: Placed<'_>, inner: Placed<'_>) -> bool {
    outer.when.demands_all(inner.when, &between(outer, inner))
}

/// Whether `limit` counts every such outflow in whatever `rule` permits.
pub(crate) fn counts_all(limit: Placed<'_>, rule: Placed<'_>, outflow: Outflow) -> bool {
    let between = between(limit, rule);
    limit.when.counts_all(rule.when, &between, outflow)
}

/// Whether nothing that `permission` permits is touched by `touch`: some term has nothing in
/// common.
pub(crate) fn apart(permission: Placed<'_>, touch: Placed<'_>) -> bool {
    let between = between(permission, touch);
    permission.when.is_apart(touch.when, &between)
}

/// Whether `outer` permits everything that `inner` permits, whatever they demand for it.
pub(crate) fn permits_all(
    (outer_set, outer): (&PolicySet, &Rule),
    (inner_set, inner): (&PolicySet, &Rule),
) -> bool {
    let between = Between {
        outer: Side {
            set: outer_set,
            cosigned: outer.then.is_cosigned(),
        },
        inner: Side {
            set: inner_set,
            cosigned: inner.then.is_cosigned(),
        },
    };
    outer.when.covers(&inner.when, &between) && outer.bounds.covers(&inner.bounds, &between)
}
