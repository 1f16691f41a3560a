//! Where terms read their keys.

use std::fmt;

use countersign_intent::evm::Chain;
use countersign_intent::{Amount, Asset};

use crate::document::reader::{Field, Section};
use crate::document::value;
use crate::rule::AnyOf;
use crate::set::{Destination, PolicyAsset};

/// The table under `when`, and what it may refer to.
pub(crate) struct Source<'s> {
    pub(crate) section: &'s Section<'s>,
    pub(crate) destinations: &'s [Destination],
    pub(crate) assets: &'s [PolicyAsset],
    pub(crate) chains: &'s [Chain],
    /// Whether something is permitted, so that bounds may be written.
    pub(crate) permits: bool,
}

impl<'s> Source<'s> {
    pub(crate) fn get(&self, key: &'static str) -> Option<Field<'s>> {
        self.section.get(key)
    }

    /// A string, read as something.
    pub(crate) fn parse<T, E: fmt::Display>(
        &self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.get(key)?.parse(read)
    }

    /// A string, a list of strings, or `"any"`; any where the key is absent.
    pub(crate) fn any_of<T, E: fmt::Display>(
        &self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> AnyOf<T> {
        self.get(key).map_or(AnyOf::Any, |field| list(field, read))
    }

    /// A list of assets by their names or mints.
    pub(crate) fn assets(&self, key: &'static str) -> AnyOf<Asset> {
        match self.any_of(key, |text| value::assets(text, self.assets)) {
            AnyOf::Any => AnyOf::Any,
            AnyOf::These(places) => AnyOf::These(places.concat()),
        }
    }

    /// The same as [`any_of`](Self::any_of), of numbers as well.
    pub(crate) fn any_of_numbers<T, E: fmt::Display>(
        &self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> AnyOf<T> {
        let Some(field) = self.get(key) else {
            return AnyOf::Any;
        };
        let items = field.array_or_one();
        if let [only] = items.as_slice()
            && only.is_text()
            && only.text() == Some("any")
        {
            return AnyOf::Any;
        }
        let item = |item: &Field<'_>| item.take(item.text_or_number()?, &read);
        AnyOf::These(items.iter().filter_map(item).collect())
    }

    /// Lamports, written like `0.01 SOL`.
    pub(crate) fn lamports(&self, key: &'static str) -> Option<Amount> {
        self.parse(key, value::lamports)
    }

    pub(crate) fn basis_points(&self, key: &'static str) -> Option<u16> {
        self.number(key, 10_000)
    }

    /// A whole number not above `most`.
    pub(crate) fn number(&self, key: &'static str, most: u16) -> Option<u16> {
        let value = self.get(key)?.number(u64::from(most))?;
        u16::try_from(value).ok()
    }

    /// `true` or `false`; false where the key is absent.
    pub(crate) fn flag(&self, key: &'static str) -> bool {
        self.get(key)
            .and_then(|field| field.boolean())
            .unwrap_or(false)
    }
}

/// A string, a list of strings, or `"any"`.
pub(crate) fn list<T, E: fmt::Display>(
    field: Field<'_>,
    read: impl Fn(&str) -> Result<T, E>,
) -> AnyOf<T> {
    let items = field.array_or_one();
    if let [only] = items.as_slice()
        && only.is_text()
        && only.text() == Some("any")
    {
        return AnyOf::Any;
    }
    AnyOf::These(items.iter().filter_map(|item| item.parse(&read)).collect())
}
