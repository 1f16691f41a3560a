//! `countersign policy backtest`

mod render;
mod tally;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use countersign_api::Policy;
use countersign_intent::Span;
use countersign_policy::replay::{DAY, Replay};
use countersign_policy::{PolicySet, parse};

use self::tally::{Judged, Tally};
use super::file;
use super::recorded::prices::Prices;
use super::recorded::reading::{self, Reader, Recall, attested};
use super::recorded::registry::Registry;
use super::recorded::{longest_window, pages};
use crate::client::Call;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::session::Session;

/// Judge recorded requests again under a policy, and show what would change
///
/// Every sign request of the time is decoded and decided twice, in the order of time: by the policy
/// that decides now, and by FILE. Each keeps its own limits as it goes: what it allows is counted,
/// what it denies is not. Shown are all decisions that differ, and the most that would have left the
/// wallets within any 24 hours, before and after. Nothing is changed.
///
/// It follows the requests that were made. It cannot know what people would have said if asked (where
/// they did agree, they are taken to agree again), what bots would have asked for instead, or what a
/// wallet's own limits, a user's tier and what is registered were at the time: those of today count.
///
///     countersign policy backtest stricter.toml --since 30d
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// The policy to try
    file: PathBuf,
    /// How far back to go
    #[arg(long, value_name = "SPAN", default_value = "30d")]
    since: Span,
    /// Changed decisions to list; all are counted
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    limit: u32,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let new = file::load(&arguments.file)?;
    let active: Policy = session.call(&Call::get("/v1/policies/active"))?.body;
    let old = parse(&active.text).map_err(|_| {
        Failure::unreachable(
            "the active policy is not understood; is this program of the appliance's version?",
        )
    })?;
    // Windows and days that reach into the time looked at have to be full when it begins.
    let filling = longest_window(&old).max(longest_window(&new)).max(DAY);
    let back = Span::from_micros(arguments.since.micros().saturating_add(filling.micros()));
    let mut pages = pages::Pages::begin(session, back)?;
    let now = pages.now();
    let since = now.saturating_sub(arguments.since);
    let prices = Prices::fetch(session, [&old, &new], now.saturating_sub(back))?;
    let registry = Registry::fetch(session, attested(&old) || attested(&new))?;
    let mut test = Backtest {
        readers: [Reader::new(&old), Reader::new(&new)],
        sets: [&old, &new],
        replays: [Replay::new(&old, since), Replay::new(&new, since)],
        prices: &prices,
        registry: &registry,
        tally: Tally::new(since, &active.summary.created_at, arguments.limit),
    };
    while let Some(page) = pages.next(session)? {
        let wallets = reading::wallets(page.wallets)?;
        for item in &page.items {
            test.take(&Recall::read(item, &wallets)?);
        }
    }
    pages.finish();
    let result = render::Result {
        arguments,
        now,
        since,
        version: active.summary.version,
        new: &new,
        old: &old,
        outflow: test.replays.each_ref().map(Replay::outflow),
        tally: &test.tally,
        prices: &prices,
    };
    session.show(&result.value(), |out| result.show(out));
    Ok(Exit::Done)
}

/// The two policies on their way through the requests.
struct Backtest<'a> {
    readers: [Reader; 2],
    sets: [&'a PolicySet; 2],
    replays: [Replay<'a>; 2],
    prices: &'a Prices,
    registry: &'a Registry,
    tally: Tally,
}

impl Backtest<'_> {
    fn take(&mut self, recall: &Recall<'_>) {
        let Some(asked) = &recall.asked else {
            self.tally.not_kept(recall.at);
            return;
        };
        let [old, new] = &self.readers;
        let first = old.read(asked, self.registry);
        if !asked.fits(&first, &recall.item.digest) {
            self.tally.altered(recall);
            return;
        }
        let second = if old.reads_like(new) {
            first.clone()
        } else {
            new.read(asked, self.registry)
        };
        let readings = [&first, &second];
        let mut said = [None, None];
        for (((replay, set), reading), said) in self
            .replays
            .iter_mut()
            .zip(self.sets)
            .zip(readings)
            .zip(&mut said)
        {
            let prices = self.prices.at(set, recall.at);
            let recorded = recall.recorded(asked, reading, &prices);
            *said = Some(replay.judge(&recorded, recall.asked_then()));
        }
        if let [Some(was), Some(would_be)] = said {
            let effects = reading::effects(&second);
            self.tally.judged(Judged {
                recall,
                was,
                would_be,
                effects,
            });
        }
    }
}
