//! Messages: the known thefts, real ones of mainnet, and payments with and without their accounts.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign_decode::solana::{
    AttestedTable, Context, Decoded, RegisteredNonce, TRADING_PROGRAMS, decode_message,
};
use countersign_intent::Address;
use countersign_intent::solana::{Asset, WRAPPED_SOL_MINT};
use countersign_policy::case::{self, GivenTransaction};
use softhsm_tests::message;
use solana_instruction::Instruction;
use solana_message::VersionedMessage;
use solana_pubkey::Pubkey;
use solana_transaction::versioned::VersionedTransaction;
use spl_associated_token_account_interface::address::get_associated_token_address;
use spl_associated_token_account_interface::instruction::create_associated_token_account_idempotent;
use spl_token_interface::instruction::sync_native;

/// Owners that payments go to.
pub(crate) const PAYEES: [Pubkey; 2] = [
    Pubkey::new_from_array([0xb1; 32]),
    Pubkey::new_from_array([0xb2; 32]),
];
const WALLET: Pubkey = Pubkey::new_from_array([0xa1; 32]);

/// A message, the wallet that would sign it, and what else is known.
pub(crate) struct Given {
    pub(crate) name: String,
    pub(crate) wallet: Address,
    pub(crate) message: VersionedMessage,
    mints: Vec<Address>,
    nonces: Vec<RegisteredNonce>,
    tables: Vec<(Address, Vec<Address>)>,
}

impl Given {
    /// What its bytes say to an appliance that knows these owners.
    pub(crate) fn decode(&self, owners: &[Address]) -> Option<Decoded> {
        self.decode_bytes(&self.message.serialize(), owners)
    }

    /// The same of other bytes.
    pub(crate) fn decode_bytes(&self, bytes: &[u8], owners: &[Address]) -> Option<Decoded> {
        let table = |(address, entries): &'_ (Address, Vec<Address>)| (*address, entries.clone());
        let owned: Vec<_> = self.tables.iter().map(table).collect();
        let tables: Vec<AttestedTable<'_>> = owned
            .iter()
            .map(|(address, entries)| AttestedTable {
                address: *address,
                entries,
            })
            .collect();
        let context = Context {
            mints: &self.mints,
            owners,
            nonces: &self.nonces,
            tables: &tables,
            ..Context::new(self.wallet)
        };
        decode_message(bytes, &context).ok()
    }
}

/// Everything there is.
pub(crate) fn all() -> Vec<Given> {
    let mut all = thefts();
    all.extend(mainnet());
    all.extend(payments());
    all
}

fn in_tree(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", path].iter().collect()
}

fn thefts() -> Vec<Given> {
    let folder = fs::read_dir(in_tree("policy/cases/thefts")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| !path.to_string_lossy().ends_with(".policy.toml"))
        .collect();
    paths.sort();
    paths.iter().filter_map(theft).collect()
}

fn theft(path: &PathBuf) -> Option<Given> {
    let case = case::parse(&fs::read_to_string(path).unwrap(), TRADING_PROGRAMS).unwrap();
    let given: GivenTransaction = case.transaction()?.clone();
    // Some are no transaction at all.
    let bytes = BASE64_STANDARD.decode(&given.base64).ok()?;
    let transaction: VersionedTransaction = wincode::deserialize_exact(&bytes).ok()?;
    let nonce = |account: &Address| RegisteredNonce {
        account: *account,
        authority: given.wallet,
    };
    Some(Given {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        wallet: given.wallet,
        message: transaction.message,
        nonces: given.nonces.iter().map(nonce).collect(),
        mints: given.mints,
        tables: given.tables,
    })
}

/// Those whose tables nobody has to know.
fn mainnet() -> Vec<Given> {
    let mut found = Vec::new();
    for file in ["mainnet.jsonl", "mainnet-trades.jsonl"] {
        let text = fs::read_to_string(in_tree("policy/decode/vectors").join(file)).unwrap();
        for (line, record) in text.lines().enumerate() {
            let record: serde_json::Value = serde_json::from_str(record).unwrap();
            let data = record["data"].as_str().or(record["transaction"].as_str());
            let bytes = data.and_then(|data| BASE64_STANDARD.decode(data).ok());
            let transaction = bytes
                .and_then(|bytes| wincode::deserialize_exact::<VersionedTransaction>(&bytes).ok());
            let Some(transaction) = transaction else {
                continue;
            };
            let wallet = transaction.message.static_account_keys()[0];
            found.push(plain(
                format!("{file}:{}", line + 1),
                wallet,
                transaction.message,
            ));
        }
    }
    found
}

fn plain(name: String, wallet: Pubkey, message: VersionedMessage) -> Given {
    Given {
        name,
        wallet: Address::new(wallet.to_bytes()),
        message,
        mints: Vec::new(),
        nonces: Vec::new(),
        tables: Vec::new(),
    }
}

/// The mint of a well-known token.
fn mint(asset: Asset) -> Pubkey {
    match asset {
        Asset::Token(mint) => Pubkey::new_from_array(*mint.as_bytes()),
        Asset::Sol => Pubkey::new_from_array(*WRAPPED_SOL_MINT.as_bytes()),
    }
}

/// The token accounts that payments go to.
pub(crate) fn payee_accounts() -> Vec<Pubkey> {
    let of = |owner: &Pubkey| {
        [Asset::USDC, Asset::USDT].map(|one| get_associated_token_address(owner, &mint(one)))
    };
    PAYEES.iter().flat_map(of).collect()
}

fn payments() -> Vec<Given> {
    let mut found = Vec::new();
    let mut add = |name: String, steps: &[Instruction]| {
        let message =
            message::compile(message::Version::Legacy, &WALLET, steps, message::BLOCKHASH);
        found.push(plain(name, WALLET, message.unwrap()));
    };
    let (usdc, usdt) = (mint(Asset::USDC), mint(Asset::USDT));
    let program = spl_token_interface::ID;
    for (number, to) in PAYEES.iter().enumerate() {
        let pays = |mint, units| message::token_transfer(&WALLET, to, mint, units, 6).unwrap();
        let (usdc_paid, usdt_paid) = (pays(&usdc, 2_000_000), pays(&usdt, 1_000_000));
        let sol = message::system::transfer(&WALLET, to, 1_500_000_000);
        let opens = create_associated_token_account_idempotent(&WALLET, to, &usdt, &program);
        add(format!("opens-and-pays-{number}"), &usdc_paid);
        add(format!("pays-{number}"), &usdc_paid[1..]);
        add(format!("pays-usdt-{number}"), &usdt_paid[1..]);
        add(format!("opens-{number}"), std::slice::from_ref(&opens));
        add(
            format!("opens-beside-{number}"),
            &[usdc_paid.clone(), vec![opens]].concat(),
        );
        add(format!("sol-{number}"), std::slice::from_ref(&sol));
        add(
            format!("both-{number}"),
            &[usdc_paid[1..].to_vec(), usdt_paid[1..].to_vec(), vec![sol]].concat(),
        );
    }
    let wrapped = mint(Asset::Sol);
    let account = get_associated_token_address(&WALLET, &wrapped);
    let wraps = [
        create_associated_token_account_idempotent(&WALLET, &WALLET, &wrapped, &program),
        message::system::transfer(&WALLET, &account, 1_000_000_000),
        sync_native(&program, &account).unwrap(),
    ];
    add("wraps".to_owned(), &wraps);
    found
}
