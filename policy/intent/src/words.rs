//! What an intent does, in words: one sentence a part for lists, one line a phrase for the screens
//! of devices. Both are read off the declarations of its parts, so neither can leave a field out.

use crate::effect::Effect;
use crate::field::{Declared, Field, Fields, Value};
use crate::{Account, Amount, Asset, Intent, KnownAsset};

/// What assets are called.
pub trait AssetNames {
    /// Its name.
    fn symbol(&self, asset: Asset) -> String;

    /// The digits between display and base units, where they are known.
    fn decimals(&self, asset: Asset) -> Option<u8>;

    /// What the name stands for, where it is one that only this desk uses.
    fn stands_for(&self, asset: Asset) -> Option<String>;

    /// An amount, in display units where the decimals are known.
    fn money(&self, asset: Option<Asset>, amount: Amount) -> String {
        let name = asset.map_or_else(|| "an unnamed asset".to_owned(), |asset| self.symbol(asset));
        match asset.and_then(|asset| self.decimals(asset)) {
            _ if amount == Amount::UNBOUNDED => format!("an unbounded amount of {name}"),
            Some(decimals) => format!("{} {name}", amount.display(decimals)),
            None => format!("{} base units of {name}", amount.base()),
        }
    }
}

/// The names that everybody knows.
#[derive(Debug, Clone, Copy)]
pub struct WellKnown;

impl AssetNames for WellKnown {
    fn symbol(&self, asset: Asset) -> String {
        asset.to_string()
    }

    fn decimals(&self, asset: Asset) -> Option<u8> {
        KnownAsset::of(asset).map(|known| known.decimals)
    }

    fn stands_for(&self, _: Asset) -> Option<String> {
        None
    }
}

/// A part of an intent in words: phrases, the first of which says what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<Said>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    aside: bool,
    text: String,
}

impl Words {
    /// An effect. Whoever receives through it and is none of its fields is named too.
    #[must_use]
    pub fn of_effect(effect: &Effect, wallet: Account, names: &dyn AssetNames) -> Self {
        let mut reader = Reader::new(wallet, names);
        effect.detail().fields(&mut reader);
        reader.name_receivers(effect);
        reader.name_assets();
        Self(reader.said)
    }

    /// How long the signature lives, who else signs, and what the message makes the chain check.
    #[must_use]
    pub fn around(intent: &Intent, names: &dyn AssetNames) -> Vec<Self> {
        let read = |part: &dyn Declared| {
            let mut reader = Reader::new(intent.wallet(), names);
            part.fields(&mut reader);
            reader.name_assets();
            Self(reader.said)
        };
        let mut all = vec![read(intent.lifetime())];
        let keys = intent.cosigners().iter();
        all.extend(keys.map(|key| Self::one(format!("also signs {key}"))));
        all.extend(intent.asserted().iter().map(|one| read(one)));
        all.retain(|words| !words.0.is_empty());
        all
    }

    fn one(text: String) -> Self {
        Self(vec![Said { aside: false, text }])
    }

    /// One line a phrase.
    pub fn lines(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|said| said.text)
    }

    /// One sentence, which begins with a small letter.
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut sentence = String::new();
        for said in &self.0 {
            let between = match (sentence.is_empty(), said.aside) {
                (true, _) => "",
                (false, true) => ", ",
                (false, false) => " ",
            };
            sentence.push_str(between);
            sentence.push_str(&said.text);
        }
        if let Some(first) = sentence.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        sentence
    }
}

/// What stands behind the action in a reason; nothing where the amount alone says it.
#[must_use]
pub fn brief(effect: &Effect, names: &dyn AssetNames) -> Option<String> {
    let mut reader = Brief {
        names,
        said: String::new(),
    };
    effect.detail().fields(&mut reader);
    (!reader.said.is_empty()).then_some(reader.said)
}

struct Brief<'n> {
    names: &'n dyn AssetNames,
    said: String,
}

impl Fields for Brief<'_> {
    fn kind(&mut self, _: &'static str) {}

    fn field(&mut self, field: Field<'_>) {
        if let Some(template) = field.phrase.in_brief() {
            if !self.said.is_empty() {
                self.said.push(' ');
            }
            let value = told(&field.value, None, self.names);
            self.said.push_str(&template.replacen("{}", &value, 1));
        }
    }
}

struct Reader<'n> {
    wallet: Account,
    names: &'n dyn AssetNames,
    said: Vec<Said>,
    accounts: Vec<Account>,
    assets: Vec<Asset>,
}

impl<'n> Reader<'n> {
    const fn new(wallet: Account, names: &'n dyn AssetNames) -> Self {
        Self {
            wallet,
            names,
            said: Vec::new(),
            accounts: Vec::new(),
            assets: Vec::new(),
        }
    }

    fn add(&mut self, text: String) {
        self.said.push(Said { aside: true, text });
    }

    fn name_receivers(&mut self, effect: &Effect) {
        for receiver in effect.head().counterparty.iter() {
            if !self.accounts.contains(&receiver) {
                self.add(format!("received by {receiver}"));
            }
        }
    }

    fn name_assets(&mut self) {
        let mut assets = std::mem::take(&mut self.assets);
        assets.dedup();
        for asset in assets {
            if let Some(meant) = self.names.stands_for(asset) {
                self.add(format!("{} is {meant}", self.names.symbol(asset)));
            }
        }
    }
}

impl Fields for Reader<'_> {
    fn kind(&mut self, _: &'static str) {}

    fn field(&mut self, field: Field<'_>) {
        let Some(template) = field.phrase.template(&field.value) else {
            return;
        };
        match field.value {
            Value::Account(address) => self.accounts.push(address),
            Value::Asset(asset) | Value::Money(Some(asset), _) => self.assets.push(asset),
            Value::Absent
            | Value::Money(None, _)
            | Value::Units(_)
            | Value::BasisPoints(_)
            | Value::Count(_)
            | Value::Time(_)
            | Value::Text(_)
            | Value::Name(..)
            | Value::Flag(_)
            | Value::Bytes(_)
            | Value::FreshCount(_)
            | Value::Fresh(_) => {}
        }
        let value = told(&field.value, Some(self.wallet), self.names);
        self.said.push(Said {
            aside: field.phrase.is_aside(),
            text: template.replacen("{}", &value, 1),
        });
    }
}

/// The decimals of an asset that only this desk names are somebody's word, and no digit of what is
/// signed: the base units are.
fn in_full(asset: Option<Asset>, amount: Amount, names: &dyn AssetNames) -> String {
    let money = names.money(asset, amount);
    let ours = asset.filter(|asset| names.stands_for(*asset).is_some());
    match ours.and_then(|asset| names.decimals(asset)) {
        Some(_) if amount != Amount::UNBOUNDED => format!("{money} ({} base units)", amount.base()),
        _ => money,
    }
}

/// Text of others is quoted and escaped, so that it cannot pass for ours.
fn told(value: &Value<'_>, wallet: Option<Account>, names: &dyn AssetNames) -> String {
    match value {
        Value::Account(address) if Some(*address) == wallet => "the wallet itself".to_owned(),
        Value::Account(address) => address.to_string(),
        Value::Asset(asset) => names.symbol(*asset),
        Value::Money(asset, amount) if wallet.is_some() => in_full(*asset, *amount, names),
        Value::Money(asset, amount) => names.money(*asset, *amount),
        Value::Units(amount) => format!("{} base units", amount.base()),
        Value::BasisPoints(points) => points.to_string(),
        Value::Count(count) | Value::FreshCount(count) => count.to_string(),
        Value::Time(at) => at.to_string(),
        Value::Text(text) => format!("\"{}\"", text.escape_default()),
        Value::Name(_, words) => (*words).to_owned(),
        Value::Absent | Value::Flag(_) => String::new(),
        Value::Fresh(bytes) => hex::encode(bytes),
        Value::Bytes(bytes) => format!("0x{}", hex::encode(bytes)),
    }
}

#[cfg(test)]
mod tests;
