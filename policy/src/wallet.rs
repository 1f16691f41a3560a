//! The limits that a wallet carries by itself: what its user set, or a risk manager.

use std::fmt;

use countersign_intent::{Action, Amount, KnownAsset};

use crate::document::value;
use crate::limit::{Cap, Limit};
use crate::rule::Actions;

/// Most limits that one wallet may carry.
pub const MAX_WALLET_LIMITS: usize = 16;

/// A limit as it is written: the words of a `[[limits]]` table of a policy.
#[derive(Debug, Clone, Copy)]
pub struct WrittenLimit<'a> {
    /// Its name; a wallet has one limit of a name.
    pub name: &'a str,
    /// The action it counts, or `any`.
    pub action: &'a str,
    /// The asset of `max_amount`: a well-known symbol.
    pub asset: Option<&'a str>,
    /// The length of the window, e.g. `24h`.
    pub window: &'a str,
    /// Most of the asset, in its display unit.
    pub max_amount: Option<&'a str>,
    /// Most worth, in dollars at reference prices.
    pub max_usd: Option<&'a str>,
    /// Most requests.
    pub max_count: Option<u64>,
}

/// What is wrong with a written limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenLimitError {
    /// The field.
    pub field: &'static str,
    /// What was expected, and what there is.
    pub message: String,
}

impl fmt::Display for WrittenLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.field, self.message)
    }
}

impl std::error::Error for WrittenLimitError {}

impl WrittenLimit<'_> {
    /// Reads it.
    ///
    /// # Errors
    /// The first field that is not as it has to be.
    pub fn read(&self) -> Result<Limit, WrittenLimitError> {
        let name = value::name(self.name).map_err(in_field("name"))?;
        let actions = actions(self.action)?;
        let window = value::window(self.window).map_err(in_field("window"))?;
        Ok(Limit::for_wallet(&name, actions, window, self.cap()?))
    }

    fn cap(&self) -> Result<Cap, WrittenLimitError> {
        match (self.max_amount, self.max_usd, self.max_count) {
            (Some(max), None, None) => self.amount(max),
            (None, Some(max), None) => value::micro_usd(max)
                .map(Cap::MicroUsd)
                .map_err(|error| in_field("max_usd")(error.to_string())),
            (None, None, Some(max)) => Ok(Cap::Count(max)),
            _ => Err(in_field("max_amount")(
                "expected exactly one of `max_amount`, `max_usd` and `max_count`".to_owned(),
            )),
        }
    }

    fn amount(&self, max: &str) -> Result<Cap, WrittenLimitError> {
        let symbol = self.asset.unwrap_or_default();
        let known = KnownAsset::by_symbol(symbol).ok_or_else(|| {
            let all: Vec<&str> = KnownAsset::all().map(|known| known.symbol).collect();
            let all = all.join(", ");
            in_field("asset")(format!("expected one of {all}, got `{symbol}`"))
        })?;
        let max = Amount::from_display(max, known.decimals)
            .map_err(|error| in_field("max_amount")(error.to_string()))?;
        Ok(Cap::Amount {
            asset: known.asset,
            max,
            decimals: known.decimals,
        })
    }
}

fn in_field(field: &'static str) -> impl Fn(String) -> WrittenLimitError {
    move |message| WrittenLimitError { field, message }
}

fn actions(word: &str) -> Result<Actions, WrittenLimitError> {
    if word == "any" {
        return Ok(Actions::ANY);
    }
    let found = Action::ALL
        .into_iter()
        .find(|action| action.as_str() == word);
    found
        .map(|action| Actions::NONE.with(action))
        .ok_or_else(|| {
            let all: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
            let all = all.join(", ");
            in_field("action")(format!("expected `any` or one of {all}, got `{word}`"))
        })
}

/// Says whether everything that `new` lets through, `old` lets through too: each old limit is
/// still there, over the same window and of the same kind, counting no fewer actions, and
/// grants no more. What it cannot see to be tighter, it calls looser.
///
/// # Errors
/// The limit that would be loosened, with the numbers.
pub fn tightens(old: &[Limit], new: &[Limit]) -> Result<(), String> {
    old.iter().try_for_each(|old| {
        let Some(new) = new.iter().find(|new| new.id() == old.id()) else {
            return Err(format!(
                "{} would be gone, or count something else",
                told(old)
            ));
        };
        if !new.when.action.includes(old.when.action) {
            return Err(format!("{} would count fewer actions", told(old)));
        }
        if new.cap.max() > old.cap.max() {
            return Err(format!("{} would become {}", told(old), told(new)));
        }
        Ok(())
    })
}

/// A limit in words: `limit wallet:daily of 5 SOL per 24h`.
fn told(limit: &Limit) -> String {
    let (name, window) = (limit.name(), limit.window());
    match limit.cap() {
        Cap::Amount {
            asset,
            max,
            decimals,
        } => {
            let max = max.display(decimals);
            format!("limit {name} of {max} {asset} per {window}")
        }
        Cap::MicroUsd(max) => {
            let max = Amount::from_base(max);
            format!("limit {name} of {} USD per {window}", max.display(6))
        }
        Cap::Count(max) => format!("limit {name} of {max} requests per {window}"),
    }
}

#[cfg(test)]
mod tests;
