//! Rules and limits: what they are about, and what they say.

use super::entry::Entry;

/// A rule that came, went, or changed.
pub(super) fn rule(
    name: &str,
    before: Option<&Entry>,
    after: Option<&Entry>,
    lines: &mut Vec<String>,
) {
    match (before.map(Rule::of), after.map(Rule::of)) {
        (None, Some(now)) => lines.push(format!("rule {name} added: {}", now.sentence())),
        (Some(was), None) => lines.push(format!("rule {name} removed: it {}", was.sentence())),
        (Some(was), Some(now)) => {
            let told = format!("rule {name}");
            if was.verb == now.verb {
                was.outcome.changes(&now.outcome, &told, lines);
            } else {
                lines.push(format!("{told}: {} -> {}", was.says(), now.says()));
            }
            was.when.changes(&now.when, &told, lines);
            was.rest.changes(&now.rest, &told, lines);
            lines.extend(was.still(&now).map(|kept| format!("{told} still: {kept}")));
        }
        (None, None) => {}
    }
}

struct Rule {
    verb: String,
    /// Of an approval: who, how many, how long.
    outcome: Entry,
    when: Entry,
    rest: Entry,
}

impl Rule {
    fn of(entry: &Entry) -> Self {
        let mut rest = entry.clone();
        let when = rest.take("when.");
        let outcome = rest.take("then.approve.");
        let said = rest.get("then");
        rest = rest.without("then");
        let verb = match said.as_deref() {
            Some("allow") => "allows".to_owned(),
            Some("deny") => "denies".to_owned(),
            Some(other) => other.to_owned(),
            None => "asks".to_owned(),
        };
        Self {
            verb,
            outcome,
            when,
            rest,
        }
    }

    fn says(&self) -> String {
        if self.outcome.is_empty() {
            self.verb.clone()
        } else {
            format!("{} {}", self.verb, self.outcome)
        }
    }

    /// What did not change: what a rule is about is read beside what changes in it.
    fn still(&self, now: &Self) -> Option<String> {
        let verb = (self.verb == now.verb).then(|| self.verb.clone());
        let pairs = [
            (&self.outcome, &now.outcome),
            (&self.when, &now.when),
            (&self.rest, &now.rest),
        ];
        let kept = pairs.map(|(was, now)| was.kept(now));
        let kept = kept.iter().filter(|one| !one.is_empty());
        let said: Vec<String> = verb
            .into_iter()
            .chain(kept.map(ToString::to_string))
            .collect();
        (!said.is_empty()).then(|| said.join(", "))
    }

    fn sentence(&self) -> String {
        let mut words = if self.outcome.is_empty() {
            self.verb.clone()
        } else {
            format!("{} about", self.says())
        };
        let action = self.when.get("action");
        words = match action.as_deref() {
            None | Some("any") => format!("{words} any action"),
            Some(actions) => format!("{words} {actions}"),
        };
        for more in [self.when.clone().without("action"), self.rest.clone()] {
            if !more.is_empty() {
                words = format!("{words}, {more}");
            }
        }
        words
    }
}

/// A limit that came, went, or changed.
pub(super) fn limit(
    name: &str,
    before: Option<&Entry>,
    after: Option<&Entry>,
    lines: &mut Vec<String>,
) {
    match (before.map(Limit::of), after.map(Limit::of)) {
        (None, Some(now)) => lines.push(format!("limit {name} added: {}", now.sentence())),
        (Some(was), None) => lines.push(format!("limit {name} removed: was {}", was.sentence())),
        (Some(was), Some(now)) => {
            if was.cap != now.cap {
                let (unit, per) = (now.unit(), now.window());
                let from = if was.unit() == unit {
                    was.amount()
                } else {
                    format!("{} {}", was.amount(), was.unit())
                };
                lines.push(format!("{name} {from} -> {} {unit}{per}", now.amount()));
            }
            let told = format!("limit {name}");
            was.when.changes(&now.when, &told, lines);
            was.rest.changes(&now.rest, &told, lines);
        }
        (None, None) => {}
    }
}

struct Limit {
    /// `max_amount`, `max_usd`, …: everything that starts with `max_`.
    cap: Entry,
    when: Entry,
    rest: Entry,
}

impl Limit {
    fn of(entry: &Entry) -> Self {
        let mut rest = entry.clone();
        let when = rest.take("when.");
        let cap = rest.take("max_");
        Self { cap, when, rest }
    }

    fn amount(&self) -> String {
        let known = ["amount", "usd", "count", "notional"];
        let mut found = known.iter().filter_map(|key| self.cap.get(key));
        found.next().unwrap_or_else(|| self.cap.to_string())
    }

    fn unit(&self) -> String {
        match (
            self.cap.get("amount"),
            self.cap.get("usd"),
            self.cap.get("count"),
        ) {
            (Some(_), _, _) => self.when.get("asset").unwrap_or_default(),
            (_, Some(_), _) => "USD".to_owned(),
            (_, _, Some(_)) => "requests".to_owned(),
            _ => String::new(),
        }
    }

    fn window(&self) -> String {
        let window = self.rest.get("window");
        window
            .map(|span| format!(" per {span}"))
            .unwrap_or_default()
    }

    fn sentence(&self) -> String {
        let per = self.rest.get("per").unwrap_or_default();
        let rest = self.rest.clone().without("window").without("per");
        let mut words = format!(
            "{} {}{} per {per}, of {}",
            self.amount(),
            self.unit(),
            self.window(),
            self.when
        );
        if !rest.is_empty() {
            words = format!("{words}, {rest}");
        }
        words
    }
}
