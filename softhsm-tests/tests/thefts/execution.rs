//! Signing and running what a file holds.

use litesvm::LiteSVM;
use solana_hash::Hash;
use solana_message::VersionedMessage;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;

use super::actors::key;
use super::case_file::File;

/// What the network charges for a signature.
const SIGNATURE: u64 = 5_000;

/// The keys that sign.
const KEYS: std::ops::RangeInclusive<u8> = 1..=5;

/// The message in a file.
///
/// # Errors
/// Bytes that the network's own parser refuses.
pub(crate) fn message(file: &File) -> Result<VersionedMessage, String> {
    let transaction: Result<VersionedTransaction, _> = wincode::deserialize_exact(&file.bytes());
    let transaction = transaction.map_err(|error| error.to_string())?;
    transaction.sanitize().map_err(|error| error.to_string())?;
    Ok(transaction.message)
}

/// The message with the signatures of all who have to sign.
pub(crate) fn signed(message: VersionedMessage) -> VersionedTransaction {
    let keys = message.static_account_keys();
    let signers = keys
        .iter()
        .take(usize::from(message.header().num_required_signatures));
    let signatures = signers
        .map(|address| {
            let key = KEYS.map(key).find(|key| key.pubkey() == *address);
            let key = key.unwrap_or_else(|| panic!("nobody has the key of {address}"));
            key.sign_message(&message.serialize())
        })
        .collect();
    VersionedTransaction {
        signatures,
        message,
    }
}

/// Whether every copy ran, each over another blockhash, and the fee for their signatures.
///
/// # Errors
/// What the network says about the copy that did not run.
pub(crate) fn run(svm: &mut LiteSVM, file: &File, copies: u8) -> (Result<(), String>, u64) {
    let first = message(file).unwrap_or_else(|error| panic!("{}: {error}", file.name));
    let mut fee = 0;
    for copy in 0..copies {
        let mut message = first.clone();
        if copy > 0 {
            message.set_recent_blockhash(Hash::new_from_array([copy; 32]));
        }
        fee += SIGNATURE * u64::from(message.header().num_required_signatures);
        if let Err(failed) = svm.send_transaction(signed(message)) {
            return (Err(format!("{}: {:?}", failed.err, failed.meta.logs)), fee);
        }
    }
    (Ok(()), fee)
}
