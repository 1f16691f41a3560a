//! What holds of every term in the list.

use std::collections::BTreeSet;

use super::sample::Sample;
use super::*;
use crate::cover::{self, Placed};
use crate::random::{head, rule_text};
use crate::rule::Rule;
use crate::set::PolicySet;

fn samples() -> impl Iterator<Item = Sample> {
    scope_samples().into_iter().chain(bound_samples())
}

/// A policy of one rule with these keys.
fn policy(when: &str, then: &str) -> PolicySet {
    let text = head() + &rule_text("one", when, then);
    crate::parse(&text).unwrap_or_else(|errors| panic!("{text}\n{errors:?}"))
}

fn rule(set: &PolicySet) -> &Rule {
    set.rules.first().unwrap()
}

/// Policies in which the key is absent, where it may be, and has each of its values.
fn each(sample: &Sample, then: &str) -> Vec<PolicySet> {
    let values = sample.values.iter();
    let written = values.map(|value| format!("{} = {value}", sample.key));
    let absent = sample.optional.then(String::new).into_iter();
    let all = absent.chain(written);
    all.map(|keys| policy(&format!("{}{keys}", sample.beside), then))
        .collect()
}

fn placed(set: &PolicySet) -> Placed<'_> {
    Placed {
        set,
        when: &rule(set).when,
    }
}

#[test]
fn no_two_terms_have_a_key_in_common() {
    let mut seen = BTreeSet::new();
    for key in manual::keys() {
        assert!(seen.insert(key.name), "two terms read `{}`", key.name);
    }
    assert!(seen.len() >= 30, "{seen:?}");
}

#[test]
fn every_key_has_samples_and_says_what_it_means() {
    let sampled: Vec<&str> = samples().map(|one| one.key).collect();
    let keys: Vec<&str> = manual::keys().map(|key| key.name).collect();
    for key in manual::keys() {
        assert!(!key.says.is_empty(), "`{}` says nothing", key.name);
        assert!(!key.says.contains('\n') && !key.says.contains('|'));
    }
    let sorted = |mut all: Vec<&'static str>| {
        all.sort_unstable();
        all
    };
    assert_eq!(sorted(sampled), sorted(keys));
}

/// What the manual gives as an example can be written.
#[test]
fn every_example_is_read() {
    for key in bounds().filter(|key| !key.example.contains('…')) {
        policy(
            &format!("action = \"any\", {} = {}", key.name, key.example),
            "\"allow\"",
        );
    }
}

/// A key that is read into nothing would leave two of its values alike.
#[test]
fn every_value_is_read_as_another_one() {
    for sample in samples() {
        let sets = each(&sample, "\"allow\"");
        let sets = sets.get(usize::from(sample.optional)..).unwrap();
        for (at, one) in sets.iter().enumerate() {
            for two in sets.get(at + 1..).unwrap() {
                let (one_rule, two_rule) = (rule(one), rule(two));
                assert!(
                    one_rule.when != two_rule.when || one_rule.bounds != two_rule.bounds,
                    "`{}` reads alike in\n{}\n{}",
                    sample.key,
                    one.text(),
                    two.text()
                );
            }
        }
    }
}

/// Holds a comparison against what any order has to be.
fn is_an_order(sets: &[PolicySet], covers: impl Fn(&PolicySet, &PolicySet) -> bool) {
    for one in sets {
        assert!(covers(one, one), "{}", one.text());
        for two in sets.iter().filter(|two| covers(one, two)) {
            for three in sets.iter().filter(|three| covers(two, three)) {
                assert!(
                    covers(one, three),
                    "{}\ncovers\n{}\nbut not\n{}",
                    one.text(),
                    two.text(),
                    three.text()
                );
            }
        }
    }
}

/// Whether it agrees with decisions is shown by the universe of [`crate::diff`].
#[test]
fn covering_is_an_order_over_every_terms_values() {
    for sample in samples() {
        let permissions = each(&sample, "\"allow\"");
        is_an_order(&permissions, |outer, inner| {
            cover::permits_all((outer, rule(outer)), (inner, rule(inner)))
        });
        let demands = each(&sample, "{ approve = { group = \"ops\", quorum = 1 } }");
        is_an_order(&demands, |outer, inner| {
            cover::demands_all(placed(outer), placed(inner))
        });
        if !sample.is_bound() {
            is_an_order(&each(&sample, "\"deny\""), |outer, inner| {
                cover::touches_all(placed(outer), placed(inner))
            });
        }
    }
}

#[test]
fn a_bound_is_refused_where_nothing_is_permitted() {
    for sample in samples().filter(Sample::is_bound) {
        let value = sample.values.first().unwrap();
        let written = format!("{}{} = {value}", sample.beside, sample.key);
        for text in [
            rule_text("one", &written, "\"deny\""),
            format!(
                "[[limits]]\nname = \"one\"\nwhen = {{ {written} }}\nper = \"global\"\n\
                 window = \"1h\"\nmax_count = 1\n"
            ),
        ] {
            let errors = crate::parse(&(head() + &text)).unwrap_err();
            let told = format!("cannot have `{}`", sample.key);
            assert!(
                errors.iter().any(|error| error.message.contains(&told)),
                "{text}\n{errors:?}"
            );
        }
    }
}
