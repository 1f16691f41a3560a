//! `max_network_fee`: what a transaction may cost.

use countersign_intent::evm::{Asset, Detail, FeeBound, details};
use countersign_intent::{Amount, AssetNames};

use crate::document::reader::Field;
use crate::set::PolicySet;
use crate::term::{Between, Bound, Key, Permission, Sentence, Source, Term, When};

const KEY: &str = "max_network_fee";

/// Of each chain's native coin, where a rule says nothing of it: 0.01 of one with 18 decimals.
const BUILT_IN: Amount = Amount::from_base(10_000_000_000_000_000);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MaxNetworkFee(Vec<(Asset, Amount)>);

/// The fee that is over its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Miss {
    asset: Asset,
    got: Amount,
    most: Amount,
    written: bool,
}

impl Sentence for Miss {
    fn sentence(&self, set: &PolicySet) -> String {
        let money = |amount| set.money(Some(self.asset.into()), amount);
        let bound = match self.written {
            true => KEY,
            false => "the built-in bound of",
        };
        let (got, most) = (money(self.got), money(self.most));
        format!("network fee of up to {got} is over {bound} {most}")
    }
}

impl MaxNetworkFee {
    fn written(&self, asset: Asset) -> Option<Amount> {
        let found = self.0.iter().find(|(of, _)| *of == asset);
        found.map(|(_, most)| *most)
    }

    fn most(&self, asset: Asset) -> Amount {
        self.written(asset).unwrap_or(BUILT_IN)
    }
}

impl Term for MaxNetworkFee {
    const KEYS: &'static [Key] = &[Key::bound(
        KEY,
        "\"0.01 ETH\"",
        "0.01 of the chain's native coin: gas limit times the highest price. Several as a list, one a \
         coin. What a rollup charges for its own chain's data is not in the transaction, and comes on top.",
    )];

    type Miss<'a> = Miss;

    fn read(source: &Source<'_>, _: &When) -> Self {
        let items = source.get(KEY).map(Field::array_or_one).unwrap_or_default();
        let mut all: Vec<(Asset, Amount)> = Vec::new();
        for item in &items {
            for (asset, most) in item.parse(|text| coins(text, source)).unwrap_or_default() {
                if all.iter().any(|(of, _)| *of == asset) {
                    item.fail("this coin has a bound already; write one");
                }
                all.push((asset, most));
            }
        }
        all.sort_unstable();
        Self(all)
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        let mut assets = self.0.iter().chain(&inner.0);
        assets.all(|(asset, _)| inner.most(*asset) <= self.most(*asset))
    }
}

impl Bound for MaxNetworkFee {
    #[inline]
    fn permits(&self, permission: &Permission<'_>) -> Result<(), Miss> {
        for detail in details(permission.request.intent) {
            let Detail::Fee(FeeBound { chain, amount, .. }) = detail else {
                continue;
            };
            let asset = Asset::Native { chain: *chain };
            let most = self.most(asset);
            if *amount > most {
                return Err(Miss {
                    asset,
                    got: *amount,
                    most,
                    written: self.written(asset).is_some(),
                });
            }
        }
        Ok(())
    }
}

/// An amount of a native coin, at every chain that calls its coin so.
fn coins(text: &str, source: &Source<'_>) -> Result<Vec<(Asset, Amount)>, String> {
    let (number, symbol) = text
        .split_once(' ')
        .ok_or_else(|| format!("expected an amount like `0.01 ETH`, got `{text}`"))?;
    let chains: Vec<_> = source
        .chains
        .iter()
        .filter(|one| *one.native == *symbol)
        .collect();
    if chains.is_empty() {
        return Err(format!(
            "no chain under [venues.evm.chains] has `{symbol}` as its `native` coin"
        ));
    }
    let amount = |one: &&countersign_intent::evm::Chain| {
        let amount = Amount::from_display(number, one.decimals);
        let asset = Asset::Native { chain: one.id };
        amount
            .map(|amount| (asset, amount))
            .map_err(|error| error.to_string())
    };
    chains.iter().map(amount).collect()
}

#[cfg(test)]
impl crate::term::sample::Sampled for MaxNetworkFee {
    fn samples() -> Vec<crate::term::sample::Sample> {
        let values = [
            "\"0 ETH\"",
            "\"0.01 ETH\"",
            "\"1 ETH\"",
            "[\"1 ETH\", \"0 DEV\"]",
        ];
        vec![crate::term::sample::Sample::of(KEY, values).widest("[\"9 ETH\", \"9 DEV\"]")]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::evm;
        vec![evm::costs(1, 1), evm::costs(1, 500), evm::costs(1_337, 20)]
    }
}
