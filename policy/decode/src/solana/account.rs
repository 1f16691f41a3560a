//! The accounts of a message, looked-up ones included.

use countersign_intent::solana::Address;

use crate::DecodeError;

use super::context::Context;
use super::wire::{Lookup, Message};

/// One account of the message. `key` is `None` for an entry of a lookup table that nobody
/// attested; such an account never signs and, as duplicates are refused on chain, is never the
/// wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) index: u8,
    pub(crate) key: Option<Address>,
    pub(crate) signer: bool,
    pub(crate) writable: bool,
}

/// Lists every account in index order: static keys, writable lookups, read-only lookups.
pub(crate) fn resolve(
    message: &Message<'_>,
    context: &Context<'_>,
) -> Result<Vec<Account>, DecodeError> {
    let mut accounts = Vec::with_capacity(message.account_count());
    let signers = usize::from(message.header.required_signatures);
    for (index, key) in message.keys.iter().enumerate() {
        accounts.push(Account {
            index: u8::try_from(index).unwrap_or(u8::MAX),
            key: Some(Address::new(*key)),
            signer: index < signers,
            writable: message.is_writable_static(index),
        });
    }
    for writable in [true, false] {
        for lookup in &message.lookups {
            look_up(lookup, writable, context, &mut accounts)?;
        }
    }
    Ok(accounts)
}

fn look_up(
    lookup: &Lookup<'_>,
    writable: bool,
    context: &Context<'_>,
    accounts: &mut Vec<Account>,
) -> Result<(), DecodeError> {
    let table = Address::new(*lookup.table);
    let attested = match lookup.writable.len().saturating_add(lookup.readonly.len()) {
        0 => None,
        _ => context.tables.entries(&table),
    };
    let entries = if writable {
        lookup.writable
    } else {
        lookup.readonly
    };
    for entry in entries {
        let key = attested
            .map(|entries| entry_of(&table, entries, *entry))
            .transpose()?;
        if let Some(key) = key.filter(|key| accounts.iter().any(|known| known.key == Some(*key))) {
            return Err(DecodeError::malformed(
                0,
                format!("entry {entry} of lookup table `{table}` repeats account `{key}`"),
            ));
        }
        accounts.push(Account {
            index: u8::try_from(accounts.len()).unwrap_or(u8::MAX),
            key,
            signer: false,
            writable,
        });
    }
    Ok(())
}

// An entry past the observed end can be filled by the table's authority after signing.
fn entry_of(table: &Address, entries: &[Address], entry: u8) -> Result<Address, DecodeError> {
    entries.get(usize::from(entry)).copied().ok_or_else(|| {
        DecodeError::malformed(
            0,
            format!(
                "entry {entry} of lookup table `{table}` lies past the {} entries that are \
                     attested; feed the table again, or wait until it is",
                entries.len()
            ),
        )
    })
}
