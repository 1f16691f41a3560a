//! Reference prices as they were: from the log, where a policy counts in dollars.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use countersign_api::{AuditPage, Page, Price as Told};
use countersign_audit::{Entry, Kind};
use countersign_intent::{Amount, Span, Timestamp};
use countersign_policy::{PolicyAsset, PolicySet, Price};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;

use super::time;
use crate::client::Call;
use crate::failure::Failure;
use crate::session::Session;

/// Most entries the appliance puts on one page.
const PAGE: u64 = 500;

/// Prices by the asset's name in a policy, in the order of time.
pub(crate) struct Prices {
    by_asset: BTreeMap<String, Vec<(Timestamp, u64)>>,
    /// Whether they are those of the time, not of today.
    pub of_the_time: bool,
}

impl Prices {
    /// Today's prices; with those since `from` if one of the policies counts in dollars.
    ///
    /// # Errors
    /// As [`Session::call`]; a price that is not understood.
    pub(crate) fn fetch(
        session: &mut Session,
        sets: [&PolicySet; 2],
        from: Timestamp,
    ) -> Result<Self, Failure> {
        let mut prices = Self {
            by_asset: BTreeMap::new(),
            of_the_time: sets.iter().any(|set| set.needs_prices()),
        };
        if prices.of_the_time {
            let ages = sets.iter().flat_map(|set| set.assets());
            let oldest = ages.filter_map(PolicyAsset::price_max_age).max();
            prices.read_log(session, from.saturating_sub(oldest.unwrap_or(Span::ZERO)))?;
            return Ok(prices);
        }
        let today: Page<Told> = session.call(&Call::get("/v1/prices"))?.body;
        for told in today.items {
            let price = Amount::from_display(&told.price_usd, 6).ok();
            let price = price.and_then(|price| u64::try_from(price.base()).ok());
            let price = price.ok_or_else(|| {
                Failure::unreachable(format!("the price `{}` is not understood", told.price_usd))
            })?;
            prices.put(told.asset, time(&told.set_at)?, price);
        }
        Ok(prices)
    }

    fn put(&mut self, asset: String, at: Timestamp, price: u64) {
        self.by_asset.entry(asset).or_default().push((at, price));
    }

    /// The prices that `set` knew at `now`; today's as if they had been set then.
    pub(crate) fn at(&self, set: &PolicySet, now: Timestamp) -> Vec<Price> {
        let known = |asset: &PolicyAsset| {
            let history = self.by_asset.get(asset.symbol())?;
            let (taken_at, micro_usd) = if self.of_the_time {
                let next = history.partition_point(|(at, _)| *at <= now);
                *history.get(next.checked_sub(1)?)?
            } else {
                (now, history.last()?.1)
            };
            Some(Price {
                asset: asset.asset(),
                micro_usd,
                taken_at,
            })
        };
        set.assets().iter().filter_map(known).collect()
    }

    /// Reads the entries about prices from the log, beginning at `from`.
    fn read_log(&mut self, session: &mut Session, from: Timestamp) -> Result<(), Failure> {
        let mut next = first_entry(session, from)?;
        let bar = bar();
        loop {
            let page = page(session, next, PAGE)?;
            bar.set_length(page.size);
            bar.set_position(next);
            for item in &page.items {
                next = item.index.saturating_add(1);
                self.take(&item.entry)?;
            }
            if page.items.is_empty() || next >= page.size {
                bar.finish_and_clear();
                return Ok(());
            }
        }
    }

    fn take(&mut self, entry: &str) -> Result<(), Failure> {
        // Most entries are about something else; a cheap look spares reading them.
        if !entry.contains(Kind::PriceSet.as_str()) {
            return Ok(());
        }
        let entry = parsed(entry)?;
        if entry.kind == Kind::PriceSet {
            let set: Set = serde_json::from_str(entry.detail.as_str()).map_err(|error| {
                Failure::unreachable(format!("an entry about a price is not understood: {error}"))
            })?;
            self.put(set.asset, Timestamp::from_micros(set.set_at), set.micro_usd);
        }
        Ok(())
    }
}

/// What the log says of a price.
#[derive(Deserialize)]
struct Set {
    asset: String,
    micro_usd: u64,
    set_at: i64,
}

fn page(session: &mut Session, start: u64, limit: u64) -> Result<AuditPage, Failure> {
    let call = Call::get("/v1/audit/entries")
        .query("start", Some(start))
        .query("limit", Some(limit));
    Ok(session.call(&call)?.body)
}

fn parsed(entry: &str) -> Result<Entry<'_>, Failure> {
    Entry::parse(entry.as_bytes()).map_err(|error| {
        Failure::unreachable(format!("an entry of the log is not understood: {error}"))
    })
}

/// Index of the first entry at or after `from`: entries are in the order of time.
fn first_entry(session: &mut Session, from: Timestamp) -> Result<u64, Failure> {
    let (mut low, mut high) = (0, page(session, 0, 1)?.size);
    while low < high {
        let middle = low.midpoint(high);
        let found = page(session, middle, 1)?;
        let before = match found.items.first() {
            Some(item) => time(&parsed(&item.entry)?.at.to_string())? < from,
            None => false,
        };
        if before {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// Shown only to people.
fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    match ProgressStyle::with_template("{wide_bar} {pos}/{len} log entries read for prices") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
