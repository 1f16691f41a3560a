//! The transaction of a case, read as the appliance would read it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_decode::solana::{
    AttestedTable, Context, RegisteredAccount, RegisteredNonce, decode_transaction,
};
use countersign_decode::{DecodeError, evm};
use countersign_intent::{Address, Intent};
use countersign_policy::case::{GivenEvm, GivenTransaction, Undecodable};
use countersign_policy::{LookupTables, PolicySet};

/// What a signature over it would do. Mints and receivers that the policy names are known.
///
/// # Errors
/// Base64 that is none.
pub(super) fn decode(
    given: &GivenTransaction,
    set: &PolicySet,
) -> Result<Result<Intent, Undecodable>, base64::DecodeError> {
    let bytes = STANDARD.decode(&given.base64)?;
    let (mints, owners) = (mints(given, set), owners(set));
    let accounts: Vec<RegisteredAccount> = given
        .accounts
        .iter()
        .map(|(account, mint)| RegisteredAccount {
            account: *account,
            mint: *mint,
        })
        .collect();
    let nonces: Vec<RegisteredNonce> = given
        .nonces
        .iter()
        .map(|account| RegisteredNonce {
            account: *account,
            authority: given.wallet,
        })
        .collect();
    // Lookup tables count only where the policy says so.
    let attested = set.lookup_tables() == LookupTables::Attested;
    let tables: Vec<AttestedTable<'_>> = given
        .tables
        .iter()
        .filter(|_| attested)
        .map(|(address, entries)| AttestedTable {
            address: *address,
            entries,
        })
        .collect();
    let context = Context {
        mints: &mints,
        owners: &owners,
        accounts: &accounts,
        nonces: &nonces,
        tables: &tables,
        ..Context::new(given.wallet)
    };
    let decoded = decode_transaction(&bytes, &context);
    Ok(decoded
        .map(|decoded| decoded.intent)
        .map_err(|error| undecodable(&error)))
}

/// What a signature of an EVM wallet would do. Chains and tokens are those of the policy.
pub(super) fn decode_evm(given: &GivenEvm, set: &PolicySet) -> Result<Intent, Undecodable> {
    let tokens = set.evm_tokens();
    let context = evm::Context {
        wallet: given.wallet,
        chains: set.evm_chains(),
        tokens: &tokens,
    };
    let decoded = match given.typed_data {
        true => evm::decode_typed_data(&given.json, &context),
        false => evm::decode_transaction(&given.json, &context),
    };
    decoded
        .map(|decoded| decoded.intent)
        .map_err(|error| undecodable(&error))
}

fn undecodable(error: &DecodeError) -> Undecodable {
    Undecodable {
        kind: error.kind().as_str().to_owned(),
        message: error.to_string(),
    }
}

fn mints(given: &GivenTransaction, set: &PolicySet) -> Vec<Address> {
    let named = set.assets().iter().filter_map(|one| one.asset().mint());
    named.chain(given.mints.iter().copied()).collect()
}

fn owners(set: &PolicySet) -> Vec<Address> {
    let destinations = set.destinations().iter();
    destinations
        .flat_map(|destination| destination.solana())
        .copied()
        .collect()
}
