//! One instruction of a program: any data, any accounts in any roles.

use countersign_decode::explain;
use countersign_decode::solana::{Context, decode_message};
use countersign_intent::Address;

const WALLET: [u8; 32] = [0x11; 32];
pub const KEYS: u8 = 24;

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

/// Reads how many accounts, then the accounts, then the data.
pub fn instruction(program: &str, bytes: &[u8]) {
    let [count, rest @ ..] = bytes else {
        return;
    };
    let Ok(program) = program.parse() else {
        panic!("{program} is an address");
    };
    let accounts = rest.len().min(usize::from(*count % 64));
    let (accounts, data) = rest.split_at(accounts);
    let message = message(program, accounts, data);
    if let Ok(decoded) = decode_message(&message, &Context::new(Address::new(WALLET))) {
        assert_eq!(decoded.input.as_bytes(), message);
        assert!(explain(&decoded.intent).iter().all(|line| line.is_ascii()));
    }
}
