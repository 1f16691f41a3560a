//! Accounts and markets that no message explains, registered with people's consent.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_decode::solana::{Market, RegisteredAccount, RegisteredNonce};
use countersign_intent::{Address, WalletId};
use serde::{Deserialize, Serialize};

use crate::records::{Kind, Record, Records, RecordsError};

/// Token accounts of one wallet at once.
const MOST_OF_WALLET: usize = 64;
/// Nonce accounts of one wallet at once.
const MOST_NONCES_OF_WALLET: usize = 16;
/// Nonce accounts that were ever registered: the ledger remembers each.
const MOST_NONCES: usize = 4_096;
/// Markets at once.
const MOST_MARKETS: usize = 256;
/// Tip accounts at once.
const MOST_TIP_ACCOUNTS: usize = 32;

/// What is registered, as recorded. Addresses are base58.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Registered {
    /// A token account of a wallet that is not an associated one.
    TokenAccount {
        /// `wal_…`
        wallet: String,
        /// The wallet's address.
        owner: String,
        /// The token account.
        account: String,
        /// Its mint.
        mint: String,
    },
    /// A durable-nonce account of a wallet, which is its authority.
    NonceAccount {
        /// `wal_…`
        wallet: String,
        /// The wallet's address.
        owner: String,
        /// The nonce account.
        account: String,
    },
    /// An order-book market.
    Market {
        /// The market account.
        market: String,
        /// Mint of the base asset.
        base_mint: String,
        /// Mint of the quote asset.
        quote_mint: String,
        /// Base units of the base asset in one base lot.
        base_lot: u64,
        /// Base units of the quote asset in one quote lot.
        quote_lot: u64,
        /// What a taker pays, in basis points.
        taker_fee_bps: u16,
    },
    /// An account that takes tips.
    TipAccount {
        /// The account.
        account: String,
    },
}

impl Registered {
    /// What it is, as on the wire.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::TokenAccount { .. } => "token_account",
            Self::NonceAccount { .. } => "nonce_account",
            Self::Market { .. } => "market",
            Self::TipAccount { .. } => "tip_account",
        }
    }

    /// The address that is registered; each has one meaning.
    #[must_use]
    pub fn address(&self) -> &str {
        match self {
            Self::TokenAccount { account, .. }
            | Self::NonceAccount { account, .. }
            | Self::TipAccount { account } => account,
            Self::Market { market, .. } => market,
        }
    }

    /// The wallet it counts for, `wal_…`; everybody's otherwise.
    #[must_use]
    pub fn wallet(&self) -> Option<&str> {
        match self {
            Self::TokenAccount { wallet, .. } | Self::NonceAccount { wallet, .. } => Some(wallet),
            Self::Market { .. } | Self::TipAccount { .. } => None,
        }
    }

    /// It in words, what matters first; a line each.
    #[must_use]
    pub fn summary(&self) -> Vec<String> {
        match self {
            Self::TokenAccount {
                wallet,
                owner,
                account,
                mint,
            } => vec![
                format!("Register token account {account}"),
                format!("as belonging to {owner}"),
                format!("which is {wallet}"),
                format!("mint {mint}"),
            ],
            Self::NonceAccount {
                wallet,
                owner,
                account,
            } => vec![
                format!("Register nonce account {account}"),
                format!("of {owner}"),
                format!("which is {wallet}"),
                "signatures over it do not expire".to_owned(),
            ],
            Self::Market {
                market,
                base_mint,
                quote_mint,
                base_lot,
                quote_lot,
                taker_fee_bps,
            } => vec![
                format!("Register market {market}"),
                format!("base {base_mint}, {base_lot} units a lot"),
                format!("quote {quote_mint}, {quote_lot} units a lot"),
                format!("taker fee {taker_fee_bps} bps"),
            ],
            Self::TipAccount { account } => vec![
                format!("Register tip account {account}"),
                "SOL sent there counts as a tip".to_owned(),
            ],
        }
    }
}

/// A registration as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationRecord {
    /// What is registered.
    pub registered: Registered,
    /// The request that people agreed to, `req_…`.
    pub request: String,
    /// Microseconds since the Unix epoch.
    pub registered_at: i64,
    /// When it was taken off the register, microseconds since the Unix epoch.
    pub removed_at: Option<i64>,
}

impl Record for RegistrationRecord {
    const KIND: Kind = Kind::Registration;

    fn parent(&self) -> Option<[u8; 16]> {
        let wallet: WalletId = self.registered.wallet()?.parse().ok()?;
        Some(*wallet.as_bytes())
    }

    /// An address that was taken off can be registered again.
    fn lookup(&self) -> Option<String> {
        let in_force = self.removed_at.is_none();
        in_force.then(|| self.registered.address().to_owned())
    }
}

/// What is registered for one wallet.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct OfWallet {
    /// Its token accounts that are not associated ones.
    pub accounts: Vec<RegisteredAccount>,
    /// Token accounts that were registered once.
    pub former: Vec<Address>,
    /// Its nonce accounts.
    pub nonces: Vec<RegisteredNonce>,
}

/// Everything registered, at one moment.
#[derive(Debug, Default)]
pub struct Registry {
    wallets: HashMap<Address, OfWallet>,
    markets: Vec<Market>,
    tip_accounts: Vec<Address>,
    in_force: HashSet<String>,
    nonces: HashMap<Address, NonceOf>,
}

/// A nonce account that is registered, or was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonceOf {
    /// The wallet.
    pub wallet: WalletId,
    /// Whether it is registered now.
    pub in_force: bool,
}

impl Registry {
    /// What is registered for the wallet of this address.
    #[must_use]
    pub fn of_wallet(&self, wallet: &Address) -> Option<&OfWallet> {
        self.wallets.get(wallet)
    }

    /// Whose a nonce account is, or was when it was registered last.
    #[must_use]
    pub fn nonce(&self, account: &Address) -> Option<NonceOf> {
        self.nonces.get(account).copied()
    }

    /// Every nonce account that is registered, or was.
    pub fn nonces(&self) -> impl Iterator<Item = (&Address, &NonceOf)> {
        self.nonces.iter()
    }

    /// Order-book markets.
    #[must_use]
    pub fn markets(&self) -> &[Market] {
        &self.markets
    }

    /// Tip accounts besides Jito's.
    #[must_use]
    pub fn tip_accounts(&self) -> &[Address] {
        &self.tip_accounts
    }

    /// Whether this address is registered.
    #[must_use]
    pub fn holds(&self, address: &str) -> bool {
        self.in_force.contains(address)
    }

    /// Whether one more of its kind can be registered.
    ///
    /// # Errors
    /// The bound that is reached.
    pub fn room_for(&self, new: &Registered) -> Result<(), String> {
        let (count, most, what) = match new {
            Registered::TokenAccount { owner, .. } => {
                let own = owner.parse().ok().and_then(|owner| self.of_wallet(&owner));
                let count = own.map_or(0, |own| own.accounts.len());
                (count, MOST_OF_WALLET, "token accounts of a wallet")
            }
            Registered::NonceAccount { .. } if self.nonces.len() >= MOST_NONCES => {
                (MOST_NONCES, MOST_NONCES, "nonce accounts")
            }
            Registered::NonceAccount { owner, .. } => {
                let own = owner.parse().ok().and_then(|owner| self.of_wallet(&owner));
                let count = own.map_or(0, |own| own.nonces.len());
                (count, MOST_NONCES_OF_WALLET, "nonce accounts of a wallet")
            }
            Registered::Market { .. } => (self.markets.len(), MOST_MARKETS, "markets"),
            Registered::TipAccount { .. } => {
                (self.tip_accounts.len(), MOST_TIP_ACCOUNTS, "tip accounts")
            }
        };
        if count < most {
            return Ok(());
        }
        Err(format!(
            "{most} {what} are registered already, which is the most; remove some first"
        ))
    }

    fn read(records: &[RegistrationRecord]) -> Option<Self> {
        let mut registry = Self::default();
        let (in_force, removed): (Vec<_>, Vec<_>) = records
            .iter()
            .partition(|record| record.removed_at.is_none());
        for record in in_force {
            registry.add(&record.registered)?;
        }
        for record in removed {
            registry.remember(&record.registered)?;
        }
        Some(registry)
    }

    fn add(&mut self, registered: &Registered) -> Option<()> {
        self.in_force.insert(registered.address().to_owned());
        match registered {
            Registered::TokenAccount {
                owner,
                account,
                mint,
                ..
            } => {
                let own = self.wallets.entry(owner.parse().ok()?).or_default();
                own.accounts.push(RegisteredAccount {
                    account: account.parse().ok()?,
                    mint: mint.parse().ok()?,
                });
            }
            Registered::NonceAccount { owner, account, .. } => {
                let (authority, account) = (owner.parse().ok()?, account.parse().ok()?);
                let own = self.wallets.entry(authority).or_default();
                own.nonces.push(RegisteredNonce { account, authority });
                self.nonces.insert(account, nonce_of(registered, true)?);
            }
            Registered::Market {
                market,
                base_mint,
                quote_mint,
                base_lot,
                quote_lot,
                taker_fee_bps,
            } => self.markets.push(Market {
                address: market.parse().ok()?,
                base_mint: base_mint.parse().ok()?,
                quote_mint: quote_mint.parse().ok()?,
                base_lot: *base_lot,
                quote_lot: *quote_lot,
                taker_fee_bps: *taker_fee_bps,
            }),
            Registered::TipAccount { account } => self.tip_accounts.push(account.parse().ok()?),
        }
        Some(())
    }

    /// A token account taken off the register stays the wallet's, as far as a trade could spend
    /// from it: taking it off must not permit anything. What is held under a nonce has to end one
    /// day, so its observations are still taken in.
    fn remember(&mut self, registered: &Registered) -> Option<()> {
        if let Registered::NonceAccount { account, .. } = registered {
            let former = nonce_of(registered, false)?;
            self.nonces.entry(account.parse().ok()?).or_insert(former);
        }
        if let Registered::TokenAccount { owner, account, .. } = registered {
            let account = account.parse().ok()?;
            let own = self.wallets.entry(owner.parse().ok()?).or_default();
            let current = own.accounts.iter().any(|known| known.account == account);
            if !current && !own.former.contains(&account) {
                own.former.push(account);
            }
        }
        Some(())
    }
}

fn nonce_of(registered: &Registered, in_force: bool) -> Option<NonceOf> {
    Some(NonceOf {
        wallet: registered.wallet()?.parse().ok()?,
        in_force,
    })
}

/// The registry that decisions see.
#[derive(Debug, Default)]
pub struct Registrations(ArcSwap<Registry>);

impl Registrations {
    /// Reads every registration.
    ///
    /// # Errors
    /// As [`Records::all`], or an address that cannot be read.
    pub async fn load(&self, records: &Records) -> Result<(), RecordsError> {
        let stored = records.all::<RegistrationRecord>(None).await?;
        let all: Vec<_> = stored.into_iter().map(|stored| stored.record).collect();
        let registry = Registry::read(&all).ok_or_else(|| RecordsError::Unreadable {
            kind: Kind::Registration.as_str().to_owned(),
            cause: "an address has another shape".to_owned(),
        })?;
        self.0.store(Arc::new(registry));
        Ok(())
    }

    /// Everything registered now.
    #[must_use]
    pub fn current(&self) -> Arc<Registry> {
        self.0.load_full()
    }

    /// Whether nothing was registered or taken off since this was read.
    #[must_use]
    pub fn is_current(&self, registry: &Arc<Registry>) -> bool {
        Arc::ptr_eq(&self.0.load(), registry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALLET: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
    const ACCOUNT: &str = "So11111111111111111111111111111111111111112";
    const MINT: &str = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";

    fn token_account(removed_at: Option<i64>) -> RegistrationRecord {
        RegistrationRecord {
            registered: Registered::TokenAccount {
                wallet: WalletId::from_bytes([1; 16]).to_string(),
                owner: WALLET.to_owned(),
                account: ACCOUNT.to_owned(),
                mint: MINT.to_owned(),
            },
            request: "req_".to_owned(),
            registered_at: 0,
            removed_at,
        }
    }

    fn own(records: &[RegistrationRecord]) -> OfWallet {
        let registry = Registry::read(records).unwrap_or_default();
        let wallet: Result<Address, _> = WALLET.parse();
        let own = wallet
            .ok()
            .and_then(|wallet| registry.of_wallet(&wallet).cloned());
        own.unwrap_or_default()
    }

    #[test]
    fn an_account_taken_off_stays_known_until_it_is_registered_again() {
        let removed = own(&[token_account(Some(1))]);
        assert_eq!((removed.accounts.len(), removed.former.len()), (0, 1));
        let twice = own(&[token_account(Some(1)), token_account(Some(2))]);
        assert_eq!((twice.accounts.len(), twice.former.len()), (0, 1));
        let again = own(&[token_account(Some(1)), token_account(None)]);
        assert_eq!((again.accounts.len(), again.former.len()), (1, 0));
    }

    #[test]
    fn a_nonce_account_taken_off_is_signed_over_no_more_and_still_observed() {
        let nonce = |removed_at| RegistrationRecord {
            registered: Registered::NonceAccount {
                wallet: WalletId::from_bytes([1; 16]).to_string(),
                owner: WALLET.to_owned(),
                account: ACCOUNT.to_owned(),
            },
            ..token_account(removed_at)
        };
        for (records, signs) in [
            (vec![nonce(None)], 1),
            (vec![nonce(Some(1))], 0),
            (vec![nonce(Some(1)), nonce(None)], 1),
        ] {
            assert_eq!(own(&records).nonces.len(), signs);
            let registry = Registry::read(&records).unwrap_or_default();
            let of = ACCOUNT
                .parse()
                .ok()
                .and_then(|account| registry.nonce(&account));
            assert_eq!(of.map(|of| of.in_force), Some(signs == 1));
        }
    }

    #[test]
    fn there_is_room_up_to_the_bound() {
        let tips = |count: usize| {
            let tip = |_| RegistrationRecord {
                registered: Registered::TipAccount {
                    account: ACCOUNT.to_owned(),
                },
                ..token_account(None)
            };
            Registry::read(&(0..count).map(tip).collect::<Vec<_>>()).unwrap_or_default()
        };
        let one_more = Registered::TipAccount {
            account: MINT.to_owned(),
        };
        assert_eq!(tips(MOST_TIP_ACCOUNTS - 1).room_for(&one_more), Ok(()));
        assert!(tips(MOST_TIP_ACCOUNTS).room_for(&one_more).is_err());
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        let mut bad = token_account(None);
        if let Registered::TokenAccount { mint, .. } = &mut bad.registered {
            mint.push('x');
        }
        assert!(Registry::read(&[bad]).is_none());
    }
}
