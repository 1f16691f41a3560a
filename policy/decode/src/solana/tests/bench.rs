//! The messages that the benchmark measures are what it says they are.

use base64::Engine as _;
use countersign_intent::solana::{Address, Asset, Detail as Effect, WRAPPED_SOL_MINT, details};
use spl_associated_token_account_interface::address::get_associated_token_address_and_bump_seed;

use crate::DecodeErrorKind;
use crate::solana::context::Context;
use crate::solana::decode_message;
use crate::solana::draft::{
    STRANGER, Step, WALLET, ata, compile, compile_v1, open, pay, pays, pool, reads, signs, step,
    sync, writes,
};
use crate::solana::ids;

/// A mint whose account of the wallet has bump 254, as the mean of all accounts.
const MINT: Address = Address::new([0x35; 32]);
const JUPITER: &str = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4";
const EVENTS: &str = "D8cy77BBepLMngZx6ZukaTff5hCt1HrWyKk3Hnd9oitf";

fn key(text: &str) -> Address {
    text.parse().unwrap()
}

/// Jupiter `route_v2` of wrapped SOL for `MINT` through `pools` accounts.
fn route_v2(pools: u8) -> Step {
    let program = key(JUPITER);
    let mut accounts = vec![
        signs(WALLET),
        writes(ata(WALLET, WRAPPED_SOL_MINT)),
        writes(ata(WALLET, MINT)),
        reads(WRAPPED_SOL_MINT),
        reads(MINT),
        reads(ids::TOKEN),
        reads(ids::TOKEN),
        reads(program),
        reads(key(EVENTS)),
        reads(program),
    ];
    accounts.extend((0..pools).map(|number| writes(pool(number))));
    let mut data = 0xbb64_facc_31c4_af14_u64.to_be_bytes().to_vec();
    data.extend(1_000_000_u64.to_le_bytes());
    data.extend(2_000_000_u64.to_le_bytes());
    data.extend([50, 0, 0, 0, 0, 0]);
    data.extend([1, 0, 0, 0, 7, 100, 0, 0, 1]);
    step(program, accounts, data)
}

/// The first layout, which does not name the mint it spends.
fn route(source: Address, mints: &[Address]) -> Step {
    let program = key(JUPITER);
    let mut accounts = vec![
        reads(ids::TOKEN),
        signs(WALLET),
        writes(source),
        writes(ata(WALLET, MINT)),
        reads(program),
        reads(MINT),
        reads(program),
        reads(key(EVENTS)),
        reads(program),
    ];
    accounts.extend(mints.iter().map(|mint| reads(*mint)));
    let mut data = 0xe517_cb97_7ae3_ad2a_u64.to_be_bytes().to_vec();
    data.extend([1, 0, 0, 0, 7, 100, 0, 1]);
    data.extend(1_000_000_u64.to_le_bytes());
    data.extend(2_000_000_u64.to_le_bytes());
    data.extend([50, 0, 0]);
    step(program, accounts, data)
}

fn large_swap() -> Vec<u8> {
    let own = ata(WALLET, WRAPPED_SOL_MINT);
    let budget = |data: Vec<u8>| step(ids::COMPUTE_BUDGET, vec![], data);
    let mut steps = vec![
        budget([&[2][..], &400_000_u32.to_le_bytes()].concat()),
        budget([&[3][..], &1_000_u64.to_le_bytes()].concat()),
        open(WALLET, WRAPPED_SOL_MINT),
        open(WALLET, MINT),
        pay(own, 1_000_000),
        sync(own),
        route_v2(4),
        step(
            ids::TOKEN,
            vec![writes(own), pays(WALLET), signs(WALLET)],
            vec![9],
        ),
        pay(key("96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5"), 10_000),
    ];
    steps.extend((0..20).map(|number| pay(STRANGER, number)));
    // One memo fills the packet to its last byte.
    let memo = key("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
    let text = |length| step(memo, vec![], vec![b'x'; length]);
    steps.push(text(0));
    let room = 1232 - 65 - compile(WALLET, &steps).len();
    steps.pop();
    steps.push(text(room));
    compile(WALLET, &steps)
}

fn check(file: &str, message: &[u8]) {
    let text = base64::engine::general_purpose::STANDARD.encode(message) + "\n";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("vectors/bench")
        .join(file);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn the_large_swap_fills_a_packet_with_thirty_instructions() {
    let message = large_swap();
    assert_eq!(message.len() + 65, 1232);
    let decoded = decode_message(&message, &Context::new(WALLET)).unwrap();
    let effects = details(&decoded.intent);
    let swaps = effects.filter(|effect| matches!(effect, Effect::Swap(_)));
    assert_eq!(swaps.count(), 1);
    let instructions = crate::solana::wire::Message::parse(&message)
        .unwrap()
        .instructions;
    assert_eq!(instructions.len(), 30);
    check("large-swap.b64", &message);
}

#[test]
fn the_unnamed_mint_is_found_among_many() {
    let Asset::Token(usdc) = Asset::USDC else {
        panic!("USDC is a token");
    };
    let others: Vec<Address> = (0..20).map(pool).collect();
    let message = compile(WALLET, &[route(ata(WALLET, usdc), &others)]);
    assert!(decode_message(&message, &Context::new(WALLET)).is_ok());
    check("unnamed-mint.b64", &message);
}

/// Mints whose accounts of the wallet take the most bumps to find, of some thousand.
fn mints_with_low_bumps(count: usize) -> Vec<Address> {
    let mut mints: Vec<(u8, Address)> = (0..4_000_u16)
        .map(|number| {
            let mut mint = [0xBB; 32];
            mint[..2].copy_from_slice(&number.to_le_bytes());
            let (_, bump) = get_associated_token_address_and_bump_seed(
                &(*WALLET.as_bytes()).into(),
                &mint.into(),
                &(*ids::ASSOCIATED_TOKEN.as_bytes()).into(),
                &(*ids::TOKEN.as_bytes()).into(),
            );
            (bump, Address::new(mint))
        })
        .collect();
    mints.sort();
    mints.truncate(count);
    mints.into_iter().map(|(_, mint)| mint).collect()
}

#[test]
fn the_hostile_work_is_refused_when_it_costs_too_much() {
    let mints = mints_with_low_bumps(47);
    let mut accounts = mints.clone();
    accounts.extend([ids::TOKEN_2022]);
    let mut steps: Vec<Step> = mints
        .iter()
        .take(8)
        .map(|mint| route(ata(WALLET, *mint), &accounts))
        .collect();
    steps[0].accounts.push(writes(pool(200)));
    let message = compile_v1(WALLET, &steps, 0);
    let error = decode_message(&message, &Context::new(WALLET)).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::TooMuchWork);
    // What is searched for once is not searched for again.
    let again = vec![steps[0].clone(); 8];
    let message_again = compile_v1(WALLET, &again, 0);
    assert!(decode_message(&message_again, &Context::new(WALLET)).is_ok());
    check("hostile-work.b64", &message);
}

#[test]
fn the_hostile_search_is_refused() {
    let others: Vec<Address> = (0..24).map(pool).collect();
    let message = compile(WALLET, &[route(pool(200), &others)]);
    let error = decode_message(&message, &Context::new(WALLET)).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::UnprovenAccount);
    check("hostile-search.b64", &message);
    check("transfer.b64", &compile(WALLET, &[pay(STRANGER, 1)]));
}
