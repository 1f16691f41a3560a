//! Registrations on the wire and back.

use countersign_api as api;
use countersign_intent::{Address, RegistrationId};
use countersign_store::NonceRow;

use super::{id, time};
use crate::http::error::ApiError;
use crate::records::Stored;
use crate::registrations::{NonceOf, Registered, RegistrationRecord};

/// What is to be registered; `owner` is the address of the wallet that it names.
///
/// # Errors
/// An address that is none or means two things, a lot of nothing.
pub fn registered(wire: api::Registered, owner: Option<Address>) -> Result<Registered, ApiError> {
    Ok(match wire {
        api::Registered::TokenAccount {
            wallet_id,
            account,
            mint,
        } => Registered::TokenAccount {
            wallet: wallet_id,
            account: other_than("account", &account, owner)?,
            owner: owner.map(|owner| owner.to_string()).unwrap_or_default(),
            mint: address("mint", &mint)?,
        },
        api::Registered::NonceAccount { wallet_id, account } => Registered::NonceAccount {
            wallet: wallet_id,
            account: other_than("account", &account, owner)?,
            owner: owner.map(|owner| owner.to_string()).unwrap_or_default(),
        },
        api::Registered::Market {
            market,
            base_mint,
            quote_mint,
            base_lot,
            quote_lot,
            taker_fee_bps,
        } => Registered::Market {
            market: address("market", &market)?,
            base_mint: address("base_mint", &base_mint)?,
            quote_mint: address("quote_mint", &quote_mint)?,
            base_lot: at_least_one("base_lot", base_lot)?,
            quote_lot: at_least_one("quote_lot", quote_lot)?,
            taker_fee_bps: at_most_all("taker_fee_bps", taker_fee_bps)?,
        },
        api::Registered::TipAccount { account } => Registered::TipAccount {
            account: address("account", &account)?,
        },
    })
}

/// A registration on the wire.
#[must_use]
pub fn registration(stored: &Stored<RegistrationRecord>) -> api::Registration {
    let record = &stored.record;
    api::Registration {
        id: RegistrationId::from_bytes(stored.id).to_string(),
        registered: wire(&record.registered),
        request_id: record.request.clone(),
        registered_at: time(record.registered_at),
        removed_at: record.removed_at.map(time),
    }
}

/// A nonce account on the wire, with what was observed of it.
#[must_use]
pub fn nonce(account: &Address, of: NonceOf, row: Option<&NonceRow>) -> api::Nonce {
    api::Nonce {
        account: account.to_string(),
        wallet_id: of.in_force.then(|| of.wallet.to_string()),
        nonce: row.map(|row| Address::new(row.value).to_string()),
        slot: row.map(|row| row.slot),
        held_by: row.and_then(|row| row.holder).map(|id| id.to_string()),
    }
}

fn wire(registered: &Registered) -> api::Registered {
    match registered.clone() {
        Registered::TokenAccount {
            wallet,
            account,
            mint,
            ..
        } => api::Registered::TokenAccount {
            wallet_id: wallet,
            account,
            mint,
        },
        Registered::NonceAccount {
            wallet, account, ..
        } => api::Registered::NonceAccount {
            wallet_id: wallet,
            account,
        },
        Registered::Market {
            market,
            base_mint,
            quote_mint,
            base_lot,
            quote_lot,
            taker_fee_bps,
        } => api::Registered::Market {
            market,
            base_mint,
            quote_mint,
            base_lot,
            quote_lot,
            taker_fee_bps,
        },
        Registered::TipAccount { account } => api::Registered::TipAccount { account },
    }
}

fn address(field: &str, text: &str) -> Result<String, ApiError> {
    id::<Address>(field, text).map(|address| address.to_string())
}

fn other_than(field: &str, text: &str, owner: Option<Address>) -> Result<String, ApiError> {
    let address: Address = id(field, text)?;
    if Some(address) == owner {
        return Err(ApiError::field(
            field,
            format!("`{text}` is the wallet itself; expected an account that it owns"),
        ));
    }
    Ok(address.to_string())
}

fn at_least_one(field: &str, lot: u64) -> Result<u64, ApiError> {
    if lot == 0 {
        return Err(ApiError::field(
            field,
            "expected 1 or more base units, got 0",
        ));
    }
    Ok(lot)
}

fn at_most_all(field: &str, bps: u16) -> Result<u16, ApiError> {
    if bps > 10_000 {
        let detail = format!("expected 0 to 10000 basis points, got {bps}");
        return Err(ApiError::field(field, detail));
    }
    Ok(bps)
}
