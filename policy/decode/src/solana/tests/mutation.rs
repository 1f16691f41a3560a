//! What may change in an accepted message without changing what it means.
//!
//! A byte is free only if it stands in a field listed here; every other single-byte change
//! changes the intent or is refused.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_intent::solana::{Address, WRAPPED_SOL_MINT};
use proptest::prelude::*;

use crate::solana::context::Context;
use crate::solana::wire::{Message, RawInstruction, split_transaction};
use crate::solana::{decode_message, ids};

use super::{REAL, records};

/// The slots of an instruction that matter, and the parts of its data that do not.
struct Meaning {
    slots: Vec<usize>,
    free_data: [Range<usize>; 2],
}

/// What is known of a message whose instructions are looked at.
struct About {
    native: bool,
    /// In which slot another signer than the wallet stands where the instruction has its authority.
    theirs: Vec<usize>,
    /// Whether another signer has created the account in the first slot.
    created_by_others: bool,
}

fn some(slots: &[usize], free_data: Range<usize>) -> Meaning {
    Meaning {
        slots: slots.to_vec(),
        free_data: [free_data, 0..0],
    }
}

fn pump_fun(data: &[u8], last: usize, native: bool) -> Meaning {
    match data {
        // A launch; what a coin may do beside what it costs.
        [0x18, ..] => some(&[0, 7, 8, 9, 10, 11, 13], 0..0),
        [0xd6, ..] => {
            let mayhem = after_texts(data) + 32;
            some(&[0, 5, 6, 7, 8, 15, 16], mayhem + 1..data.len())
        }
        [0xea, ..] => some(&[1, 2, 4], 0..0),
        // Pool-side accounts; the volume-tracking flag.
        [first, ..] if last < 18 && *first != 0x07 => some(&[2, 5, 6, 13], 24..data.len()),
        [0x07, ..] => some(&[1, 2, 8, 9, 11], 0..0),
        _ => {
            // Where the quote mint is hidden, its account says that it is SOL.
            let slots: &[usize] = if native {
                &[1, 2, 13, 14, 20]
            } else {
                &[1, 2, 13, 14, 15, 20]
            };
            some(slots, 0..0)
        }
    }
}

fn meaning(program: &Address, instruction: &RawInstruction<'_>, about: &About) -> Meaning {
    let (native, data) = (about.native, instruction.data);
    let last = instruction.accounts.len().saturating_sub(1);
    let id = program.to_string();
    match (id.as_str(), data) {
        // The fee it leads to is in the effects, to the lamport.
        ("ComputeBudget111111111111111111111111111111", _) => some(&[], 0..data.len()),
        // What another signer creates is theirs, whichever of them, and what it is initialised as.
        ("11111111111111111111111111111111", [0 | 3, ..]) if about.theirs.contains(&0) => {
            some(&[1], 4..data.len())
        }
        ("Stake11111111111111111111111111111111111111", [0, ..]) if about.created_by_others => {
            some(&[0, 1], 4..data.len())
        }
        // What another signer sends is theirs.
        ("11111111111111111111111111111111", [2, ..]) if about.theirs.contains(&0) => {
            some(&[0], 4..12)
        }
        (_, [3, ..]) if *program == ids::TOKEN && about.theirs.contains(&2) => some(&[2], 1..9),
        (_, [12, ..]) if about.theirs.contains(&3) => some(&[3], 1..10),
        (_, [9]) if about.theirs.contains(&2) => some(&[2], 0..0),
        // References after the two accounts; the space of a new account.
        ("11111111111111111111111111111111", [2, ..]) => some(&[0, 1], 0..0),
        ("11111111111111111111111111111111", [0, ..]) => some(&[0, 1], 12..20),
        ("11111111111111111111111111111111", [3, ..]) => {
            some(&[0, 1, 2], data.len() - 40..data.len() - 32)
        }
        // Create or CreateIdempotent.
        ("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL", _) => {
            some(&[0, 1, 2, 3, 4, 5, 6], 0..data.len())
        }
        // Which account of the wallet is debited; the decimals, which the chain checks.
        (_, [3, ..]) if *program == ids::TOKEN => some(&[0, 1, 2], 0..0),
        (_, [1]) if *program == ids::TOKEN => some(&[0, 1, 2, 3], 0..0),
        (_, [8, ..]) if *program == ids::TOKEN => some(&[0, 1, 2], 0..0),
        (_, [12, ..]) => some(&[1, 2, 3], 9..10),
        (_, [15, ..]) if data.len() == 10 => some(&[0, 1, 2], 9..10),
        (_, [9] | [5]) => some(&[0, 1, 2], 0..0),
        (_, [17]) => some(&[0], 0..0),
        ("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr", _) => some(&[], 0..0),
        // Sysvars and a former configuration account.
        ("Stake11111111111111111111111111111111111111", [0, ..]) => some(&[0, 1], 0..0),
        ("Stake11111111111111111111111111111111111111", [5, ..]) => some(&[0, last], 0..0),
        ("Stake11111111111111111111111111111111111111", _) => some(&[0, 1, last], 0..0),
        ("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4", _) => jupiter(data),
        ("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P", _) => pump_fun(data, last, native),
        // A market maker's price; its expiry, and what it notes for itself.
        ("61DFfeTKM7trxYcPQCM78bJ794ddZprZpAwAnLiwTpYH", _) => {
            some(&[0, 2, 4, 6, 8], 24..data.len())
        }
        // The id of a swap.
        ("3i5JeuZuUxeKtVysUnwQNGerJP2bSMX9fTFfS4Nxe3Br", _) => some(&[], 1..9),
        ("pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA", [0x33, ..]) => some(&[1, 3, 4, 5, 6], 0..0),
        ("pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA", _) => {
            some(&[1, 3, 4, 5, 6, 20], 24..data.len())
        }
        ("675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8", _) => {
            some(&[last - 2, last - 1, last], 0..0)
        }
        // Price limits of an exact amount in; the pool side.
        ("CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK", _) => some(&[0, 3, 4, 11, 12], 24..40),
        ("whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc", [0x2b, ..]) => Meaning {
            slots: vec![3, 5, 6, 7, 9],
            free_data: [24..40, 42..data.len()],
        },
        // The ends have slots of their own whatever the direction of each hop.
        ("whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc", [0xba, ..]) => {
            some(&[2, 4, 8, 13, 14], 25..data.len())
        }
        other => panic!("no meaning stated for {other:?}"),
    }
}

/// Where three texts end.
fn after_texts(data: &[u8]) -> usize {
    (0..3).fold(8, |at, _| {
        let length: [u8; 4] = data[at..at + 4].try_into().unwrap();
        at + 4 + usize::try_from(u32::from_le_bytes(length)).unwrap()
    })
}

/// The route plan, the choice of Jupiter's own account, token programs, and the plan's accounts.
fn jupiter(data: &[u8]) -> Meaning {
    let (slots, free_data): (&[usize], _) = match data[0] {
        0x93 => (&[0, 1, 2, 3], 0..0),
        0xe5 => (&[1, 2, 3, 4, 5, 6, 7, 8], 8..data.len() - 19),
        0xd0 => (&[1, 2, 3, 4, 5, 6, 7, 9, 10], 8..data.len() - 19),
        0xc1 | 0xb0 => (&[2, 3, 6, 7, 8, 9, 11, 12], 8..data.len() - 19),
        0xd1 => (&[1, 2, 5, 6, 7, 10, 11], 31..data.len()),
        0xbb | 0x9d => (&[0, 1, 2, 3, 4, 7, 8, 9], 30..data.len()),
        other => panic!("no meaning stated for Jupiter instruction {other:x}"),
    };
    Meaning {
        slots: slots.to_vec(),
        free_data: [free_data, 0..0],
    }
}

fn proven_slots(program: &Address, data: &[u8]) -> &'static [usize] {
    match (program.to_string().as_str(), data) {
        ("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL", _) => &[3, 5],
        ("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P", [0x18, ..]) => &[8, 9, 10, 11, 13],
        ("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P", [0xd6, ..]) => &[6, 7, 8, 15],
        ("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P", [0xea, ..]) => &[2, 4],
        ("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4", [0x93, ..]) => &[2, 4],
        ("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4", [0xe5, ..]) => &[5, 7, 8],
        ("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4", [0xd0, ..]) => &[5, 6, 9, 10],
        ("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4", [0xc1 | 0xb0, ..]) => &[7, 8, 11, 12],
        ("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4", [0xd1, ..]) => &[6, 7, 10, 11],
        ("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4", [0xbb | 0x9d, ..]) => &[3, 4, 8, 9],
        _ => &[],
    }
}

fn offset(part: &[u8], whole: &[u8]) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}

/// Which bytes of a message may change without changing its intent.
struct Free {
    bytes: Vec<bool>,
    /// Indices of a mint or a token program, which an account's address proves, and of what a
    /// program checks itself: they may point into a table that nobody attests, too.
    proven: Vec<bool>,
    /// Accounts that the message names itself.
    named: usize,
}

impl Free {
    fn allows(&self, at: usize, changed: u8) -> bool {
        self.bytes[at] || (self.proven[at] && usize::from(changed) >= self.named)
    }
}

fn about(
    wallet: &Address,
    message: &Message<'_>,
    instruction: &RawInstruction<'_>,
    created_by_others: &[u8],
) -> About {
    let signers = usize::from(message.header.required_signatures);
    let quote = instruction.accounts.get(2);
    let native = quote
        .and_then(|index| message.keys.get(usize::from(*index)))
        .is_some_and(|key| key == WRAPPED_SOL_MINT.as_bytes());
    let theirs = (0..instruction.accounts.len()).filter(|slot| {
        let index = usize::from(instruction.accounts[*slot]);
        index < signers && message.keys[index] != *wallet.as_bytes()
    });
    let first = instruction.accounts.first();
    About {
        native,
        theirs: theirs.collect(),
        created_by_others: first.is_some_and(|index| created_by_others.contains(index)),
    }
}

fn free_bytes(wallet: &Address, bytes: &[u8]) -> Free {
    let message = Message::parse(bytes).unwrap();
    let mut free = vec![false; bytes.len()];
    let mut proven = free.clone();
    let mut matters = vec![false; message.account_count()];
    let signers = usize::from(message.header.required_signatures);
    matters[..signers].fill(true);
    let mut created_by_others = Vec::new();
    for instruction in &message.instructions {
        matters[usize::from(instruction.program)] = true;
        let program = Address::new(message.keys[usize::from(instruction.program)]);
        let about = about(wallet, &message, instruction, &created_by_others);
        if program == ids::SYSTEM
            && matches!(instruction.data, [0 | 3, ..])
            && about.theirs.contains(&0)
        {
            created_by_others.extend(instruction.accounts.get(1));
        }
        let meaning = meaning(&program, instruction, &about);
        let at = offset(instruction.accounts, bytes);
        for slot in proven_slots(&program, instruction.data) {
            proven[at + slot] = true;
        }
        for (slot, index) in instruction.accounts.iter().enumerate() {
            // What an unattested table holds is never read: where it is accepted, the account that
            // is derived from it proves it.
            let known = usize::from(*index) < message.keys.len();
            if known && meaning.slots.contains(&slot) {
                matters[usize::from(*index)] = true;
            } else {
                free[at + slot] = true;
            }
        }
        let at = offset(instruction.data, bytes);
        for range in meaning.free_data {
            free[at + range.start..at + range.end].fill(true);
        }
    }
    // How many accounts are read-only: the chain stops a program that writes where it may not,
    // and the understood programs gain nothing from being allowed to.
    let header = usize::from(bytes[0] & 0x80 != 0);
    free[header + 1..header + 3].fill(true);
    for (index, key) in message.keys.iter().enumerate() {
        if !matters[index] {
            let at = offset(key, bytes);
            free[at..at + 32].fill(true);
        }
    }
    let mut next = message.keys.len();
    let looked_up = message.lookups.iter().map(|lookup| lookup.writable);
    for entries in looked_up.chain(message.lookups.iter().map(|lookup| lookup.readonly)) {
        let at = offset(entries, bytes);
        for position in 0..entries.len() {
            free[at + position] = !matters[next];
            next += 1;
        }
    }
    for lookup in &message.lookups {
        let at = offset(lookup.table, bytes);
        free[at..at + 32].fill(true);
    }
    Free {
        bytes: free,
        proven,
        named: message.keys.len(),
    }
}

/// Every message among the vectors that decodes with nothing attested, for each of its signers.
fn accepted() -> Vec<(Address, Vec<u8>)> {
    let ledger = records(include_str!("../../../vectors/ledger-messages.jsonl"));
    let bench = [
        include_str!("../../../vectors/bench/large-swap.b64"),
        include_str!("../../../vectors/bench/transfer.b64"),
        include_str!("../../../vectors/bench/unnamed-mint.b64"),
    ];
    let bench = bench.map(|text| STANDARD.decode(text.trim()).unwrap());
    records(REAL)
        .into_iter()
        .map(|(_, bytes)| split_transaction(&bytes).unwrap().0.to_vec())
        .chain(super::to_decode::messages())
        .chain(super::mainnet::trades_without_creation())
        .chain(ledger.into_iter().map(|(_, bytes)| bytes))
        .chain(bench)
        .flat_map(|bytes| {
            signers(&bytes)
                .into_iter()
                .map(move |one| (one, bytes.clone()))
        })
        .filter(|(wallet, bytes)| decode_message(bytes, &Context::new(*wallet)).is_ok())
        .collect()
}

fn signers(bytes: &[u8]) -> Vec<Address> {
    let Ok(message) = Message::parse(bytes) else {
        return Vec::new();
    };
    let signers = usize::from(message.header.required_signatures);
    let keys = message.keys.iter().take(signers);
    keys.map(|key| Address::new(*key)).collect()
}

fn check_change((wallet, bytes): &(Address, Vec<u8>), free: &Free, at: usize, change: u8) {
    let context = Context::new(*wallet);
    let before = decode_message(bytes, &context).unwrap();
    let mut changed = bytes.clone();
    changed[at] ^= change;
    if let Ok(after) = decode_message(&changed, &context) {
        assert!(
            after.intent != before.intent || free.allows(at, changed[at]),
            "byte {at} ^ {change:#x} of {} changes nothing: {:?}",
            bytes.len(),
            before.intent
        );
    }
}

#[test]
fn any_single_changed_byte_shows_or_is_free() {
    let messages = accepted();
    assert!(messages.len() >= 80, "{} messages", messages.len());
    for message in messages {
        let (wallet, bytes) = &message;
        let free = free_bytes(wallet, bytes);
        for at in 0..bytes.len() {
            check_change(&message, &free, at, 1);
        }
    }
}

proptest! {
    #[test]
    fn any_changed_byte_shows_or_is_free(
        message in proptest::sample::select(accepted()),
        at: prop::sample::Index,
        change in 1..=u8::MAX,
    ) {
        let (wallet, bytes) = &message;
        let at = at.index(bytes.len());
        check_change(&message, &free_bytes(wallet, bytes), at, change);
    }
}
