//! From what the appliance tells of a recorded request to what a replay takes.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_api::{Decision, RecordedRequest, RecordedWallet, WalletLimit};
use countersign_decode::explain;
use countersign_decode::solana::{Context, Decoded};
use countersign_intent::{Account, Address, Principal, RequestId, Timestamp, UserId, WalletId};
use countersign_policy::replay::{Consent, Recorded};
use countersign_policy::{Limit, LookupTables, PolicySet, Price, WalletFacts, WrittenLimit};
use sha2::{Digest as _, Sha256};

use super::field::parsed;
use super::registry::Registry;
use super::time;
use crate::failure::Failure;
use crate::message::Wire;

/// A wallet as a decision sees it.
pub(crate) struct Wallet {
    id: WalletId,
    address: Address,
    user: UserId,
    tier: Option<String>,
    limits: Vec<Limit>,
}

/// The wallets of a page that can be judged again, by id: those of Solana.
///
/// # Errors
/// One that is not understood.
pub(crate) fn wallets(told: Vec<RecordedWallet>) -> Result<HashMap<String, Wallet>, Failure> {
    let read = |wallet: RecordedWallet| {
        let Account::Solana(address) = parsed(&wallet.address)? else {
            return Ok(None);
        };
        let limits = wallet.limits.iter().map(limit);
        let read = Wallet {
            id: parsed(&wallet.id)?,
            address,
            user: parsed(&wallet.user_id)?,
            tier: wallet.tier,
            limits: limits.collect::<Result<_, _>>()?,
        };
        Ok(Some((wallet.id, read)))
    };
    told.into_iter()
        .filter_map(|wallet| read(wallet).transpose())
        .collect()
}

fn limit(limit: &WalletLimit) -> Result<Limit, Failure> {
    let written = WrittenLimit {
        name: &limit.name,
        action: &limit.action,
        asset: limit.asset.as_deref(),
        window: &limit.window,
        max_amount: limit.max_amount.as_deref(),
        max_usd: limit.max_usd.as_deref(),
        max_count: limit.max_count,
    };
    written.read().map_err(|error| {
        Failure::unreachable(format!("a wallet's limit is not understood: {error}"))
    })
}

/// A recorded request, read back.
pub(crate) struct Recall<'a> {
    pub item: &'a RecordedRequest,
    pub id: RequestId,
    pub at: Timestamp,
    principal: Principal,
    consent: Option<Said>,
    /// What it asked for; `None` if that was not kept, or its wallet is not there.
    pub asked: Option<Asked<'a>>,
}

/// What a request asked for.
pub(crate) struct Asked<'a> {
    wallet_id: &'a str,
    wallet: &'a Wallet,
    wire: Wire,
    mints: Vec<Address>,
}

impl<'a> Recall<'a> {
    /// Reads one request.
    ///
    /// # Errors
    /// A field that is not understood.
    pub(crate) fn read(
        item: &'a RecordedRequest,
        wallets: &'a HashMap<String, Wallet>,
    ) -> Result<Self, Failure> {
        let bytes = |text: &String| {
            STANDARD.decode(text).map_err(|error| {
                Failure::unreachable(format!("the message of {}: {error}", item.id))
            })
        };
        let wallet = wallets.get(&item.wallet_id);
        let wire = match (wallet, &item.message, &item.transaction) {
            (None, ..) | (Some(_), None, None) => None,
            (Some(_), Some(message), _) => Some(Wire::Message(bytes(message)?)),
            (Some(_), None, Some(transaction)) => Some(Wire::Transaction(bytes(transaction)?)),
        };
        let mints: Vec<Address> = item
            .mints
            .iter()
            .map(|mint| parsed(mint))
            .collect::<Result<_, _>>()?;
        let asked = wire.zip(wallet).map(|(wire, wallet)| Asked {
            wallet_id: &item.wallet_id,
            wallet,
            wire,
            mints,
        });
        Ok(Self {
            item,
            id: parsed(&item.id)?,
            at: time(&item.at)?,
            principal: parsed(&item.principal)?,
            consent: consent(item)?,
            asked,
        })
    }

    /// Whether people were asked about it.
    pub(crate) fn asked_then(&self) -> bool {
        self.item.decision == Decision::ApprovalRequired
    }

    /// As a replay takes it.
    pub(crate) fn recorded<'r>(
        &'r self,
        asked: &'r Asked<'_>,
        reading: &'r Result<Decoded, String>,
        prices: &'r [Price],
    ) -> Recorded<'r> {
        let wallet = asked.wallet;
        let given = self.consent.as_ref();
        Recorded {
            id: self.id,
            at: self.at,
            principal: &self.principal,
            wallet: WalletFacts {
                id: wallet.id,
                user: wallet.user,
                tier: wallet.tier.as_deref(),
                limits: &wallet.limits,
            },
            intent: match reading {
                Ok(decoded) => Ok(&decoded.intent),
                Err(why) => Err(why),
            },
            halted: self.item.halted,
            unsigned: matches!(self.item.outcome.as_deref(), Some("refused" | "not_sent")),
            consent: given.map(|(request, asked_at, given)| Consent {
                request: *request,
                asked_at: *asked_at,
                given,
            }),
            prices,
        }
    }
}

/// The request people were asked about, when, and who agreed when.
type Said = (RequestId, Timestamp, Vec<(Box<str>, Timestamp)>);

fn consent(item: &RecordedRequest) -> Result<Option<Said>, Failure> {
    let Some(consent) = &item.consent else {
        return Ok(None);
    };
    let mut given = Vec::with_capacity(consent.given.len());
    for yes in &consent.given {
        given.push((yes.approver.as_str().into(), time(&yes.given_at)?));
    }
    Ok(Some((
        parsed(&consent.request_id)?,
        time(&consent.asked_at)?,
        given,
    )))
}

impl Asked<'_> {
    /// Whether it is what was logged: the bytes to sign, or those that were not understood, have
    /// the digest of the log.
    pub(crate) fn fits(&self, reading: &Result<Decoded, String>, digest: &str) -> bool {
        let is = |bytes: &[u8]| hex::encode(Sha256::digest(bytes)) == digest;
        // What was not understood then may be now, and the other way round.
        let signed = reading
            .as_ref()
            .is_ok_and(|decoded| is(decoded.input.as_bytes()));
        signed || is(self.wire.bytes())
    }
}

/// Whether accounts count that only a lookup table names.
pub(crate) fn attested(set: &PolicySet) -> bool {
    set.lookup_tables() == LookupTables::Attested
}

/// What a policy tells the decoder: hints that prove themselves.
#[derive(PartialEq, Eq)]
pub(crate) struct Reader {
    mints: Vec<Address>,
    owners: Vec<Address>,
    /// Whether accounts count that only a lookup table names.
    attested: bool,
}

impl Reader {
    pub(crate) fn new(set: &PolicySet) -> Self {
        let destinations = set.destinations().iter();
        let mut reader = Self {
            attested: attested(set),
            mints: set
                .assets()
                .iter()
                .filter_map(|one| one.asset().mint())
                .collect(),
            owners: destinations
                .flat_map(|one| one.solana().iter().copied())
                .collect(),
        };
        for list in [&mut reader.mints, &mut reader.owners] {
            list.sort_unstable();
            list.dedup();
        }
        reader
    }

    /// Whether the other one reads everything the same.
    pub(crate) fn reads_like(&self, other: &Self) -> bool {
        self == other
    }

    /// Decodes what was asked for; otherwise why it is never signed.
    pub(crate) fn read(&self, asked: &Asked<'_>, registry: &Registry) -> Result<Decoded, String> {
        let mints: Vec<Address> = self.mints.iter().chain(&asked.mints).copied().collect();
        let strict = Context::new(asked.wallet.address);
        let nonces = registry.nonces_of(asked.wallet_id, asked.wallet.address);
        let context = Context {
            mints: &mints,
            owners: &self.owners,
            accounts: registry.of_wallet(asked.wallet_id),
            nonces: &nonces,
            tip_accounts: &registry.tip_accounts,
            markets: &registry.markets,
            tables: if self.attested {
                &registry.tables
            } else {
                strict.tables
            },
            ..strict
        };
        asked
            .wire
            .decode(&context)
            .map_err(|error| format!("`{}`: {error}", error.kind().as_str()))
    }
}

/// What it does, in words.
pub(crate) fn effects(reading: &Result<Decoded, String>) -> Vec<String> {
    match reading {
        Ok(decoded) => explain(&decoded.intent),
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wallets_of_other_venues_are_left_out_and_break_nothing() {
        let wallet = |id: u8, address: &str| RecordedWallet {
            id: WalletId::from_bytes([id; 16]).to_string(),
            address: address.to_owned(),
            user_id: UserId::from_bytes([1; 16]).to_string(),
            tier: None,
            limits: Vec::new(),
        };
        let solana = wallet(1, "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin");
        let evm = wallet(2, "0x9858EfFD232B4033E47d90003D41EC34EcaEda94");
        let ids = [solana.id.clone(), evm.id.clone()];
        let read = wallets(vec![solana, evm]).unwrap();
        assert_eq!(ids.map(|id| read.contains_key(&id)), [true, false]);
        assert!(wallets(vec![wallet(3, "nowhere")]).is_err());
    }
}
