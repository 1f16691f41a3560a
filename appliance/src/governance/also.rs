//! What an address is besides what it is about to become: people who read an address do not know it by
//! heart.

use std::collections::{BTreeMap, BTreeSet};

use countersign_decode::solana::JITO_TIP_ACCOUNTS;
use countersign_intent::{Address, WalletId, nobodys};
use countersign_policy::PolicySet;

use super::Governance;
use crate::records::RecordsError;
use crate::registrations::Registered;
use crate::wallets::WalletRecord;

/// A line for each thing that an address is which the new policy lets something be sent to and the
/// active one does not.
///
/// # Errors
/// Wallets that cannot be read.
pub async fn of_policy(
    governance: &Governance,
    active: &PolicySet,
    new: &PolicySet,
) -> Result<Vec<String>, RecordsError> {
    let added: BTreeSet<Address> = new
        .receivers()
        .difference(&active.receivers())
        .copied()
        .collect();
    if added.is_empty() {
        return Ok(Vec::new());
    }
    let wallets = wallets(governance).await?;
    let told = |address: &Address| {
        let ours = known(governance, &wallets, address);
        ours.into_iter()
            .map(|what| format!("{address} is {what}"))
            .collect::<Vec<_>>()
    };
    Ok(added.iter().flat_map(told).collect())
}

/// A line for each thing that the registered address is besides.
///
/// # Errors
/// What it is rules out what it is to be registered as, in words.
pub async fn of_registration(
    governance: &Governance,
    active: Option<&PolicySet>,
    registered: &Registered,
) -> Result<Result<Vec<String>, String>, RecordsError> {
    let Ok(address) = registered.address().parse::<Address>() else {
        return Ok(Ok(Vec::new()));
    };
    let kind = registered.kind().replace('_', " ");
    let no = |what: &str| {
        format!("`{address}` is {what}, so it cannot be registered as a {kind}; check the address")
    };
    if let Some(what) = nobodys(&address) {
        return Ok(Err(no(&what)));
    }
    let wallets = wallets(governance).await?;
    if let Some(what) = known(governance, &wallets, &address).first() {
        return Ok(Err(no(what)));
    }
    let roles = active.map(|set| set.roles_of(&address)).unwrap_or_default();
    Ok(match (registered, roles.first()) {
        (_, None) => Ok(Vec::new()),
        // A wallet's own account may be a place that others send to.
        (Registered::TokenAccount { .. } | Registered::NonceAccount { .. }, Some(_)) => Ok(roles
            .iter()
            .map(|what| format!("it is also {what}"))
            .collect()),
        (Registered::Market { .. } | Registered::TipAccount { .. }, Some(what)) => Err(no(what)),
    })
}

/// Addresses of the wallets that there are, whatever their state.
async fn wallets(governance: &Governance) -> Result<BTreeMap<String, String>, RecordsError> {
    let all = governance.records.all::<WalletRecord>(None).await?;
    let named = all.into_iter().map(|stored| {
        let id = WalletId::from_bytes(stored.id).to_string();
        (stored.record.address, id)
    });
    Ok(named.collect())
}

/// What an address is to this appliance.
fn known(
    governance: &Governance,
    wallets: &BTreeMap<String, String>,
    address: &Address,
) -> Vec<String> {
    let text = address.to_string();
    let wallet = wallets.get(&text).map(|id| format!("wallet {id} of here"));
    let registry = governance.registrations.current();
    let tip = JITO_TIP_ACCOUNTS.contains(address) || registry.tip_accounts().contains(address);
    let tip = tip.then(|| "a tip account: SOL sent there counts as a tip".to_owned());
    let other = tip.is_none() && registry.holds(&text);
    let other = other.then(|| "registered here as an account or market".to_owned());
    [wallet, tip, other].into_iter().flatten().collect()
}
