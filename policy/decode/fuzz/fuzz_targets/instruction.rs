//! Any data and account roles as one instruction of each understood program.

#![no_main]

use countersign_decode::explain;
use countersign_decode::solana::{Context, decode_message};
use countersign_intent::Address;
use libfuzzer_sys::fuzz_target;

const WALLET: [u8; 32] = [0x11; 32];
const PROGRAMS: [&str; 22] = [
    "11111111111111111111111111111111",
    "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
    "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
    "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
    "ComputeBudget111111111111111111111111111111",
    "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr",
    "Stake11111111111111111111111111111111111111",
    "L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95",
    "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4",
    "j1o2qRpjcyUwEvwtcfhEQefh773ZgjxcVRry7LDqg5X",
    "DCA265Vj8a9CEuX1eb1LWRnDT7uK6q1xMipnNyatn23M",
    "61DFfeTKM7trxYcPQCM78bJ794ddZprZpAwAnLiwTpYH",
    "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P",
    "pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA",
    "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8",
    "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C",
    "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK",
    "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc",
    "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo",
    "cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG",
    "PhoeNiXZ8ByJGLkxNfZRnkUfjvmuYqLR89jjFHGqdXY",
    "opnb2LAfJYbRMAHHvqjCwQxanZn7ReEHp1k81EohpZb",
];
const KEYS: u8 = 24;

/// A message of the wallet, some pool accounts, and one instruction.
fn message(program: Address, accounts: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = vec![1, 0, 1, KEYS];
    out.extend(WALLET);
    for number in 1..KEYS - 1 {
        out.extend([number | 0x80; 32]);
    }
    out.extend(program.as_bytes());
    out.extend([7; 32]);
    out.extend([1, KEYS - 1, u8::try_from(accounts.len()).unwrap_or(0)]);
    out.extend(accounts.iter().map(|index| index % KEYS));
    let length = data.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        out.extend([(length & 0x7f) as u8 | 0x80, (length >> 7) as u8]);
    }
    out.extend(data);
    out
}

fuzz_target!(|bytes: &[u8]| {
    let [program, count, rest @ ..] = bytes else {
        return;
    };
    let text = PROGRAMS[usize::from(*program) % PROGRAMS.len()];
    let Ok(program) = text.parse() else {
        panic!("{text} is an address");
    };
    let accounts = rest.len().min(usize::from(*count % 64));
    let (accounts, data) = rest.split_at(accounts);
    let message = message(program, accounts, data);
    if let Ok(decoded) = decode_message(&message, &Context::new(Address::new(WALLET))) {
        assert_eq!(decoded.input.as_bytes(), message);
        assert!(explain(&decoded.intent).iter().all(|line| line.is_ascii()));
    }
});
