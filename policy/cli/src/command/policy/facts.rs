//! The facts of an offline explanation: what the appliance would know besides the message.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use countersign_intent::{
    Amount, Intent, KnownAsset, Principal, Span, Timestamp, UserId, WalletId,
};
use countersign_policy::usage::Window;
use countersign_policy::{Cap, Facts, LimitKey, PolicySet, Price, WalletFacts, limit_keys};
use serde::{Deserialize, Deserializer};

use crate::failure::Failure;
use crate::input::{self, MAX_POLICY};

/// Decimals of a US dollar in micro-dollars.
const USD_DECIMALS: u8 = 6;

/// A facts file; its keys are those of `[facts]` in a case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    /// The time of the decision, RFC 3339.
    #[serde(deserialize_with = "time")]
    now: Timestamp,
    /// Who asks, e.g. `bot/momentum-7`.
    #[serde(deserialize_with = "text")]
    principal: Principal,
    #[serde(default = "any_wallet", deserialize_with = "text")]
    wallet_id: WalletId,
    #[serde(default = "any_user", deserialize_with = "text")]
    user: UserId,
    tier: Option<String>,
    #[serde(default)]
    used: Vec<Used>,
    #[serde(default)]
    prices: Vec<GivenPrice>,
}

/// What was spent under a limit, some time ago.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Used {
    limit: String,
    /// In the limit's unit: display units of its asset, US dollars, or a count.
    amount: String,
    #[serde(default, deserialize_with = "text")]
    ago: Span,
}

/// A reference price, taken some time ago.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenPrice {
    asset: String,
    usd: String,
    #[serde(default, deserialize_with = "text")]
    ago: Span,
}

/// Ids that stand for any where the file names none: windows are empty but for `used`.
const fn any_wallet() -> WalletId {
    WalletId::from_bytes([1; 16])
}

const fn any_user() -> UserId {
    UserId::from_bytes([1; 16])
}

fn text<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: FromStr<Err: std::fmt::Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(from)?;
    text.parse().map_err(serde::de::Error::custom)
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(from)?;
    Timestamp::parse(&text).map_err(|error| {
        serde::de::Error::custom(format!(
            "expected a time like `2026-11-21T12:00:00Z`, got `{text}`: {error}"
        ))
    })
}

/// Reads a facts file.
///
/// # Errors
/// It cannot be read, or what is wrong with it and where.
pub(super) fn load(path: &Path) -> Result<Given, Failure> {
    let text = input::read_text(path, MAX_POLICY)?;
    toml::from_str(&text).map_err(|error| {
        let error = error.to_string();
        Failure::usage(format!("`{}`: {}", path.display(), error.trim_end()))
    })
}

impl Given {
    /// Hands out the facts as they are for `intent` under `policy`.
    ///
    /// # Errors
    /// Usage of a limit or a price of an asset that the policy does not have.
    pub(super) fn apply<T>(
        &self,
        policy: &PolicySet,
        intent: &Intent,
        then: impl FnOnce(&Facts<'_>) -> T,
    ) -> Result<T, Failure> {
        let wallet = WalletFacts {
            id: self.wallet_id,
            user: self.user,
            tier: self.tier.as_deref(),
            limits: &[],
        };
        let usage = self.usage(policy, intent, &wallet)?;
        let prices: Vec<Price> = self
            .prices
            .iter()
            .map(|price| self.price(price, policy))
            .collect::<Result<_, _>>()?;
        Ok(then(&Facts {
            now: self.now,
            principal: &self.principal,
            wallet,
            usage: &usage,
            prices: &prices,
            added_destinations: &[],
            approvals: None,
        }))
    }

    fn usage(
        &self,
        policy: &PolicySet,
        intent: &Intent,
        wallet: &WalletFacts<'_>,
    ) -> Result<BTreeMap<LimitKey, Window>, Failure> {
        let mut windows: BTreeMap<LimitKey, Window> =
            limit_keys(policy, intent, &self.principal, wallet)
                .into_iter()
                .map(|key| (key.clone(), Window::new(key.window())))
                .collect();
        for used in &self.used {
            let limit = policy
                .limits()
                .iter()
                .find(|limit| limit.name() == used.limit);
            let limit = limit.ok_or_else(|| {
                Failure::usage(format!("the policy has no limit `{}`", used.limit))
            })?;
            let amount = amount(&used.amount, decimals(limit.cap()))?;
            let at = self.now.saturating_sub(used.ago);
            for (key, window) in &mut windows {
                if key.limit() == limit.id() {
                    window.add(at, amount.base());
                }
            }
        }
        Ok(windows)
    }

    fn price(&self, price: &GivenPrice, policy: &PolicySet) -> Result<Price, Failure> {
        let name = &price.asset;
        let named = policy.assets().iter().find(|asset| asset.symbol() == name);
        let asset = named
            .map(|asset| asset.asset())
            .or_else(|| KnownAsset::by_symbol(name).map(|known| known.asset))
            .ok_or_else(|| Failure::usage(format!("the policy has no asset `{name}`")))?;
        let usd = amount(&price.usd, USD_DECIMALS)?.base();
        let micro_usd = u64::try_from(usd)
            .map_err(|_| Failure::usage(format!("`{}` is no price of anything", price.usd)))?;
        Ok(Price {
            asset,
            micro_usd,
            taken_at: self.now.saturating_sub(price.ago),
        })
    }
}

const fn decimals(cap: Cap) -> u8 {
    match cap {
        Cap::Amount { decimals, .. } => decimals,
        Cap::MicroUsd(_) => USD_DECIMALS,
        Cap::Count(_) => 0,
    }
}

fn amount(text: &str, decimals: u8) -> Result<Amount, Failure> {
    Amount::from_display(text, decimals).map_err(|error| Failure::usage(error.to_string()))
}
