//! The result of a backtest, for people and as JSON.

use std::collections::BTreeSet;

use countersign_intent::{Action, Amount, Asset, Timestamp};
use countersign_policy::PolicySet;
use countersign_policy::replay::{Flow, Outflow};
use serde_json::{Value, json};

use super::super::recorded::prices::Prices;
use super::Arguments;
use super::tally::{Row, Tally};
use crate::output::Output;
use crate::table::{middle, table, whole, words};
use crate::text::wrapped;

/// Characters of a line of sentences where nobody said.
const WIDTH: usize = 80;

/// Everything there is to tell.
pub(super) struct Result<'a> {
    pub arguments: &'a Arguments,
    pub now: Timestamp,
    pub since: Timestamp,
    /// Of the active policy.
    pub version: u64,
    pub old: &'a PolicySet,
    pub new: &'a PolicySet,
    /// Under the active policy and under the new one.
    pub outflow: [&'a Outflow; 2],
    pub tally: &'a Tally,
    pub prices: &'a Prices,
}

impl Result<'_> {
    /// As JSON.
    pub(super) fn value(&self) -> Value {
        let tally = self.tally;
        let counts = tally.counts.iter().map(|((was, would_be), requests)| {
            json!({ "was": was, "would_be": would_be, "requests": requests })
        });
        let [before, after] = self.outflow;
        json!({
            "since": self.since.to_string(),
            "until": self.now.to_string(),
            "policy": self.new.name(),
            "active": { "policy": self.old.name(), "version": self.version },
            "requests": tally.requests,
            "not_kept": tally.not_kept,
            "altered": { "requests": tally.altered_total, "first": tally.altered },
            "changed": tally.changed,
            "decisions": counts.collect::<Vec<_>>(),
            "changes": tally.changes.iter().map(row_value).collect::<Vec<_>>(),
            "decided_otherwise_then": {
                "by_earlier_policies": tally.by_earlier,
                "by_this_policy": tally.unreproduced,
                "first": tally.unreproduced_rows.iter().map(row_value).collect::<Vec<_>>(),
            },
            "outflow": self.flows().map(|flow| self.flow_value(flow)).collect::<Vec<_>>(),
            "unbounded_withdrawals": { "was": before.unbounded(), "would_be": after.unbounded() },
            "notes": self.notes(),
        })
    }

    /// For people.
    pub(super) fn show(&self, out: &mut Output) {
        let tally = self.tally;
        out.line(format!(
            "policy `{}` against the active `{}` (version {}), {} requests of the last {}",
            self.new.name(),
            self.old.name(),
            self.version,
            tally.requests,
            self.arguments.since,
        ));
        out.line("");
        out.line(match tally.changed {
            0 => "no decision would change".to_owned(),
            1 => "1 decision would change".to_owned(),
            many => format!("{many} decisions would change"),
        });
        for row in &tally.changes {
            show_row(row, out);
        }
        self.more(out);
        self.show_counts(out);
        self.show_outflow(out);
        self.show_otherwise(out);
        out.line("");
        for note in self.notes() {
            for line in wrapped("note: ", &note, out.width().unwrap_or(WIDTH), 2) {
                out.line(line);
            }
        }
    }

    fn more(&self, out: &mut Output) {
        let shown = u64::try_from(self.tally.changes.len()).unwrap_or(u64::MAX);
        let more = self.tally.changed.saturating_sub(shown);
        if more > 0 {
            out.line(format!("and {more} more; `--limit` lists them"));
        }
    }

    fn show_counts(&self, out: &mut Output) {
        let rows: Vec<_> = self
            .tally
            .counts
            .iter()
            .map(|((was, would_be), requests)| {
                [
                    (*was).to_owned(),
                    (*would_be).to_owned(),
                    requests.to_string(),
                ]
            })
            .collect();
        out.line("");
        table(
            out,
            [words("was"), words("would be"), whole("requests")],
            &rows,
        );
    }

    fn show_outflow(&self, out: &mut Output) {
        let rows: Vec<_> = self
            .flows()
            .map(|(action, asset)| {
                let most = |flow: Option<&Flow>| {
                    let most = flow.map_or(Amount::ZERO, Flow::most_in_a_day);
                    self.amount(asset, most)
                };
                let [was, would_be] = self.pair(action, asset).map(most);
                [action.as_str().to_owned(), asset.to_string(), was, would_be]
            })
            .collect();
        out.line("");
        out.line("most that leaves the wallets within any 24 hours:");
        table(
            out,
            [
                words("through"),
                middle("asset"),
                whole("was"),
                whole("would be"),
            ],
            &rows,
        );
        let [was, would_be] = self.outflow.map(Outflow::unbounded);
        if was.max(would_be) > 0 {
            out.line(format!(
                "and withdrawals of unbounded amounts: was {was}, would be {would_be}"
            ));
        }
    }

    fn show_otherwise(&self, out: &mut Output) {
        let tally = self.tally;
        if tally.unreproduced > 0 {
            out.line("");
            out.line(format!(
                "{} requests were decided otherwise than the active policy decides them here \
                 (another wallet limit, price or cool-down then):",
                tally.unreproduced
            ));
            for row in &tally.unreproduced_rows {
                show_row(row, out);
            }
        }
        if tally.altered_total > 0 {
            out.line("");
            out.line(format!(
                "{} requests have another message than the log's digest says, and were left out: \
                 somebody changed the database, e.g. {}",
                tally.altered_total,
                tally.altered.join(", ")
            ));
        }
    }

    /// What a backtest cannot know, as far as it matters here.
    fn notes(&self) -> Vec<String> {
        let tally = self.tally;
        let mut notes = vec![
            "people's approvals count where they were given; whether they would have been given \
             to anything else, and what bots would have asked for otherwise, cannot be known"
                .to_owned(),
            "wallets' own limits, users' tiers, registrations and lookup tables are those of today; \
             cool-downs of destinations and limits' windows are as if each policy had been in \
             force all the time"
                .to_owned(),
        ];
        if tally.not_kept > 0 {
            notes.push(format!(
                "{} requests could not be judged: their messages were not kept, see \
                 `store.keep_messages`",
                tally.not_kept
            ));
        }
        if tally.by_earlier > 0 {
            notes.push(format!(
                "{} requests were decided otherwise by an earlier policy than the active one \
                 would have",
                tally.by_earlier
            ));
        }
        notes.push(if self.prices.of_the_time {
            "reference prices are those of the time, from the log".to_owned()
        } else {
            "neither policy needs reference prices; limits of wallets in dollars are held at \
             today's"
                .to_owned()
        });
        notes
    }

    /// Every action and asset through which something left or would leave.
    fn flows(&self) -> impl Iterator<Item = (Action, Asset)> {
        let all: BTreeSet<(Action, Asset)> = self
            .outflow
            .iter()
            .flat_map(|outflow| outflow.flows())
            .filter(|(_, _, flow)| flow.most_in_a_day() > Amount::ZERO)
            .map(|(action, asset, _)| (action, asset))
            .collect();
        all.into_iter()
    }

    fn pair(&self, action: Action, asset: Asset) -> [Option<&Flow>; 2] {
        self.outflow.map(|outflow| outflow.flow(action, asset))
    }

    fn flow_value(&self, (action, asset): (Action, Asset)) -> Value {
        let told = |flow: Option<&Flow>| {
            let most = flow.map_or(Amount::ZERO, Flow::most_in_a_day);
            let total = flow.map_or(Amount::ZERO, Flow::total);
            json!({
                "most_in_a_day": self.amount(asset, most),
                "until": flow.and_then(Flow::most_at).map(|at| at.to_string()),
                "total": self.amount(asset, total),
            })
        };
        let [was, would_be] = self.pair(action, asset).map(told);
        json!({
            "action": action.as_str(),
            "asset": asset.to_string(),
            "unit": if self.decimals(asset).is_some() { "display" } else { "base" },
            "was": was,
            "would_be": would_be,
        })
    }

    fn decimals(&self, asset: Asset) -> Option<u8> {
        self.new
            .decimals(asset)
            .or_else(|| self.old.decimals(asset))
    }

    /// In display units where somebody knows them.
    fn amount(&self, asset: Asset, amount: Amount) -> String {
        match self.decimals(asset) {
            Some(decimals) => amount.display(decimals).to_string(),
            None => amount.base().to_string(),
        }
    }
}

fn show_row(row: &Row, out: &mut Output) {
    out.line("");
    out.line(format!("{}  {} -> {}", row.id, row.was, row.would_be));
    out.line(format!("  {}  {}  {}", row.at, row.principal, row.wallet));
    for effect in &row.effects {
        out.line(format!("  {effect}"));
    }
    for why in &row.why {
        out.line(format!("  - {why}"));
    }
}

fn row_value(row: &Row) -> Value {
    json!({
        "request_id": row.id,
        "at": row.at,
        "principal": row.principal,
        "wallet_id": row.wallet,
        "was": row.was,
        "would_be": row.would_be,
        "why": row.why,
        "effects": row.effects,
    })
}
