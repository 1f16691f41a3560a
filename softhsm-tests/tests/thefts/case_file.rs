//! The files of the folder.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_decode::solana::{
    AttestedTable, Context, RegisteredAccount, RegisteredNonce, TRADING_PROGRAMS,
    decode_transaction,
};
use countersign_intent::{Address, Intent};
use countersign_policy::case::{self, Case, GivenTransaction, Undecodable};
use countersign_policy::{LookupTables, PolicySet};
use serde::Deserialize;

/// What a file says for those who execute its transaction.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Theft {
    /// Numbers of the list of known ways; empty for look-alikes.
    pub(crate) ways: Vec<u8>,
    /// Whether the VM has the programs for it.
    pub(crate) executes: bool,
    /// Why it does not execute, or takes nothing.
    pub(crate) why: Option<String>,
    /// What the wallet has less of afterwards.
    #[serde(default)]
    pub(crate) takes: Vec<String>,
    /// How often it is signed, each time over another blockhash.
    #[serde(default = "once")]
    pub(crate) copies: u8,
}

fn once() -> u8 {
    1
}

#[derive(Deserialize)]
struct Extra {
    theft: Option<Theft>,
}

/// A file.
pub(crate) struct File {
    /// Without its ending.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) theft: Option<Theft>,
    pub(crate) case: Case,
}

impl File {
    /// The bytes it holds.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        STANDARD
            .decode(&self.case.transaction().unwrap().base64)
            .unwrap()
    }

    /// The file with other bytes in it.
    pub(crate) fn with_bytes(&self, bytes: &[u8]) -> String {
        let old = format!("base64 = \"{}\"", self.case.transaction().unwrap().base64);
        assert_eq!(self.text.matches(&old).count(), 1, "{}", self.name);
        let new = format!("base64 = \"{}\"", STANDARD.encode(bytes));
        self.text.replace(&old, &new)
    }
}

/// The folder.
pub(crate) fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../policy/cases/thefts"]
        .iter()
        .collect()
}

/// The policy that they are held against.
pub(crate) fn policy() -> PolicySet {
    countersign_policy::parse(&fs::read_to_string(folder().join("thefts.policy.toml")).unwrap())
        .unwrap()
}

/// Every case, by name.
pub(crate) fn files() -> Vec<File> {
    let mut files: Vec<File> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.to_string_lossy().ends_with(".policy.toml"))
        .map(read)
        .collect();
    files.sort_by(|one, other| one.name.cmp(&other.name));
    files
}

fn read(path: PathBuf) -> File {
    let text = fs::read_to_string(&path).unwrap();
    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let extra: Extra = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let case =
        case::parse(&text, TRADING_PROGRAMS).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
    File {
        name,
        path,
        text,
        theft: extra.theft,
        case,
    }
}

/// What the appliance reads, with what the policy names known to it.
pub(crate) fn decode(given: &GivenTransaction, set: &PolicySet) -> Result<Intent, Undecodable> {
    let named = set.assets().iter().filter_map(|one| one.asset().mint());
    let mints: Vec<Address> = named.collect();
    let owners: Vec<Address> = set
        .destinations()
        .iter()
        .flat_map(|destination| destination.solana().to_vec())
        .collect();
    let nonce = |account: &Address| RegisteredNonce {
        account: *account,
        authority: given.wallet,
    };
    let nonces: Vec<RegisteredNonce> = given.nonces.iter().map(nonce).collect();
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
    let registered = |(account, mint): &(Address, Address)| RegisteredAccount {
        account: *account,
        mint: *mint,
    };
    let accounts: Vec<RegisteredAccount> = given.accounts.iter().map(registered).collect();
    let context = Context {
        mints: &mints,
        owners: &owners,
        accounts: &accounts,
        nonces: &nonces,
        tables: &tables,
        ..Context::new(given.wallet)
    };
    decode_transaction(&STANDARD.decode(&given.base64).unwrap(), &context)
        .map(|decoded| decoded.intent)
        .map_err(|error| Undecodable {
            kind: error.kind().as_str().to_owned(),
            message: error.to_string(),
        })
}
