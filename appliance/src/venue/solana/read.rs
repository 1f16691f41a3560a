//! Bytes to intent and signing input, with the hints of the active policy and what the appliance was
//! told. Lookup tables count only where that policy says so.

use std::sync::Arc;

use countersign_decode::DecodeError;
use countersign_decode::solana::{Context, Decoded, decode_message, decode_transaction};
use countersign_intent::solana::Address;
use countersign_policy::LookupTables;

use super::{AssociatedAccounts, Body, Form, cosign};
use crate::policies::ActivePolicy;
use crate::registrations::Registry;
use crate::tables::Attested;
use crate::venue::{Parts, Refusal, Sources, Understood};

/// What the appliance was told about accounts that no message explains, at one moment.
#[derive(Debug, Clone)]
pub struct Told {
    policy: Option<Arc<ActivePolicy>>,
    registry: Arc<Registry>,
    tables: Arc<Attested>,
    associated: Arc<AssociatedAccounts>,
}

impl Told {
    /// As it is now.
    pub(super) fn now(sources: &Sources) -> Self {
        Self {
            policy: sources.policies.active(),
            registry: sources.registrations.current(),
            tables: sources.tables.current(),
            associated: Arc::clone(&sources.associated),
        }
    }

    /// Whether nothing was registered or taken back since. A table that only grew leaves what
    /// was read by the shorter one as strict as it was.
    pub(super) fn still_holds(&self, sources: &Sources) -> bool {
        sources.registrations.is_current(&self.registry) && sources.tables.still_hold(&self.tables)
    }
}

pub(super) fn read(body: &Body, told: &Told, wallet: Address) -> Result<Understood, Refusal> {
    let decoded = decode(body, told, wallet)?;
    let cosigned = cosign::cosigned(&decoded);
    Ok(Understood {
        unfit: cosign::wrong(&cosigned),
        cosigned,
        intent: decoded.intent,
        input: decoded.input,
        parts: Parts::Solana(decoded.transaction),
    })
}

fn decode(body: &Body, told: &Told, wallet: Address) -> Result<Decoded, DecodeError> {
    let policy = &told.policy;
    let mints: Vec<_> = policy
        .iter()
        .flat_map(|policy| policy.mints.iter().copied())
        .chain(body.mints.iter().copied())
        .collect();
    let owners = policy.as_ref().map_or(&[][..], |policy| &policy.addresses);
    let strict = Context::new(wallet);
    let modes = policy.as_ref().map(|policy| policy.set.lookup_tables());
    let registry = &told.registry;
    let own = registry.of_wallet(&wallet);
    let context = Context {
        mints: &mints,
        owners,
        accounts: own.map_or(&[], |own| &own.accounts),
        former_accounts: own.map_or(&[], |own| &own.former),
        nonces: own.map_or(&[], |own| &own.nonces),
        tip_accounts: registry.tip_accounts(),
        markets: registry.markets(),
        memo: &*told.associated,
        tables: match modes.unwrap_or_default() {
            LookupTables::Attested => &*told.tables,
            LookupTables::Strict => strict.tables,
        },
        ..strict
    };
    match body.form {
        Form::Message => decode_message(&body.bytes, &context),
        Form::Transaction => decode_transaction(&body.bytes, &context),
    }
}
