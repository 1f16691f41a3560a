//! What is registered with the appliance, as its decoder knows it.

use std::collections::HashMap;

use countersign_api::{LookupTable, Page, Registered, Registration};
use countersign_decode::solana::{Market, RegisteredAccount, RegisteredNonce, Tables};
use countersign_intent::Address;
use serde::de::DeserializeOwned;

use super::field::parsed;
use crate::client::Call;
use crate::failure::Failure;
use crate::session::Session;

/// Most entries the appliance puts on one page.
const PAGE: u32 = 500;

/// Accounts and markets that no message explains.
#[derive(Default)]
pub(crate) struct Registry {
    /// By wallet id.
    accounts: HashMap<String, Vec<RegisteredAccount>>,
    /// By wallet id.
    nonces: HashMap<String, Vec<Address>>,
    pub markets: Vec<Market>,
    pub tip_accounts: Vec<Address>,
    pub tables: Fed,
}

/// Lookup tables as they were fed.
#[derive(Debug, Default)]
pub(crate) struct Fed(HashMap<Address, Vec<Address>>);

impl Tables for Fed {
    fn entries(&self, table: &Address) -> Option<&[Address]> {
        self.0.get(table).map(Vec::as_slice)
    }
}

impl Registry {
    /// Everything that is registered now; with the contents of lookup tables if they count.
    ///
    /// # Errors
    /// As [`Session::call`]; a registration or table that is not understood.
    pub(crate) fn fetch(session: &mut Session, with_tables: bool) -> Result<Self, Failure> {
        let mut registry = Self::default();
        for one in all::<Registration>(session, "/v1/registrations")? {
            registry.add(one.registered)?;
        }
        if with_tables {
            for listed in all::<LookupTable>(session, "/v1/tables")? {
                let call = Call::get(format!("/v1/tables/{}", listed.address));
                let table: LookupTable = session.call(&call)?.body;
                let entries = table.addresses.iter().map(|entry| parsed(entry));
                let entries = entries.collect::<Result<_, _>>()?;
                registry.tables.0.insert(parsed(&table.address)?, entries);
            }
        }
        Ok(registry)
    }

    fn add(&mut self, registered: Registered) -> Result<(), Failure> {
        match registered {
            Registered::TokenAccount {
                wallet_id,
                account,
                mint,
            } => {
                let account = RegisteredAccount {
                    account: parsed(&account)?,
                    mint: parsed(&mint)?,
                };
                self.accounts.entry(wallet_id).or_default().push(account);
            }
            Registered::NonceAccount { wallet_id, account } => {
                let account = parsed(&account)?;
                self.nonces.entry(wallet_id).or_default().push(account);
            }
            Registered::Market {
                market,
                base_mint,
                quote_mint,
                base_lot,
                quote_lot,
                taker_fee_bps,
            } => self.markets.push(Market {
                address: parsed(&market)?,
                base_mint: parsed(&base_mint)?,
                quote_mint: parsed(&quote_mint)?,
                base_lot,
                quote_lot,
                taker_fee_bps,
            }),
            Registered::TipAccount { account } => self.tip_accounts.push(parsed(&account)?),
        }
        Ok(())
    }

    /// The token accounts of a wallet that are not associated ones.
    pub(crate) fn of_wallet(&self, id: &str) -> &[RegisteredAccount] {
        self.accounts.get(id).map_or(&[], Vec::as_slice)
    }

    /// The nonce accounts of a wallet, which is their authority.
    pub(crate) fn nonces_of(&self, id: &str, wallet: Address) -> Vec<RegisteredNonce> {
        let accounts = self.nonces.get(id).into_iter().flatten();
        let nonce = |account: &Address| RegisteredNonce {
            account: *account,
            authority: wallet,
        };
        accounts.map(nonce).collect()
    }
}

/// Every entry of a list.
fn all<T: DeserializeOwned>(session: &mut Session, path: &str) -> Result<Vec<T>, Failure> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let call = Call::get(path)
            .query("limit", Some(PAGE))
            .query("cursor", cursor.take());
        let mut page: Page<T> = session.call(&call)?.body;
        found.append(&mut page.items);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}
