//! The types of a message, word for word, and its hash (EIP-712).

use crate::DecodeError;
use crate::evm::json::{Members, Node, malformed};
use crate::evm::keccak;

/// A type by its name, and its fields as `type name`.
pub(super) type Type = (&'static str, &'static [&'static str]);

/// The types of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Schema {
    pub(super) primary: &'static str,
    /// The primary one first, and at most one that it refers to.
    pub(super) types: &'static [Type],
}

impl Schema {
    /// Holds the types that were sent against the standard's; what they say of the domain comes
    /// back, where they say it.
    pub(super) fn check(&self, types: Node) -> Result<Option<Vec<String>>, DecodeError> {
        let mut members = Members::of(types, "typed_data.types")?;
        for (name, fields) in self.types {
            let got = listed(members.need(name)?, name)?;
            if got != *fields {
                return Err(malformed(format!(
                    "`typed_data.types.{name}`: expected exactly the fields of the standard: {}; got \
                     others, or in another order",
                    fields.join(", ")
                )));
            }
        }
        let domain = members.get("EIP712Domain");
        members.finish()?;
        domain.map(|node| listed(node, "EIP712Domain")).transpose()
    }

    /// The hash of the message, of whose types the words are all values, in their order.
    pub(super) fn hash(&self, words: &[[u8; 32]]) -> [u8; 32] {
        match self.types {
            [(_, fields), (_, inner)] => {
                let inner_hash = |at: usize| {
                    let end = at + inner.len();
                    let words = words.get(at..end).unwrap_or_default();
                    hash_words(&keccak(self.encoded_from(1).as_bytes()), words)
                };
                let refers = fields.iter().position(|field| self.refers(field));
                let at = refers.unwrap_or(fields.len());
                let mut outer: Vec<[u8; 32]> = words.get(..at).unwrap_or_default().to_vec();
                outer.push(inner_hash(at));
                outer.extend_from_slice(words.get(at + inner.len()..).unwrap_or_default());
                hash_words(&keccak(self.encoded_from(0).as_bytes()), &outer)
            }
            _ => hash_words(&keccak(self.encoded_from(0).as_bytes()), words),
        }
    }

    fn refers(&self, field: &str) -> bool {
        let kind = field.split(' ').next();
        self.types.iter().any(|(name, _)| Some(*name) == kind)
    }

    /// The types from the one at `start` on, as the standard writes them.
    fn encoded_from(&self, start: usize) -> String {
        let types = self.types.iter().skip(start);
        types
            .map(|(name, fields)| format!("{name}({})", fields.join(",")))
            .collect()
    }
}

/// The fields of a type, as `type name`.
fn listed(node: Node, name: &str) -> Result<Vec<String>, DecodeError> {
    let Node::List(items) = node else {
        return Err(malformed(format!(
            "`typed_data.types.{name}`: expected a list of fields"
        )));
    };
    let field = |item: Node| {
        let mut members = Members::of(item, "typed_data.types")?;
        let field = format!("{} {}", members.text("type")?, members.text("name")?);
        members.finish()?;
        Ok(field)
    };
    items.into_iter().map(field).collect()
}

pub(super) fn hash_words(type_hash: &[u8; 32], words: &[[u8; 32]]) -> [u8; 32] {
    let mut bytes = type_hash.to_vec();
    words.iter().for_each(|word| bytes.extend_from_slice(word));
    keccak(&bytes)
}
