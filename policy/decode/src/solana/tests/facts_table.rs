//! `FACTS.md` against the table that decoding goes by.

use std::fmt::Write as _;
use std::path::Path;

use countersign_intent::Address;

use super::super::program::FAMILIES;
use super::super::walk::{Callee, Did, Row};

const HEAD: &str = "\
# Facts about token accounts

Which facts each instruction makes, needs and ends. An instruction that is not here is refused, and
so is one that would do other than its line says: `src/solana/program/facts.rs` is this table, and
`src/solana/walk/facts.rs` the states. A fact in brackets depends on accounts and arguments.

An account goes from *unknown* to *created* (System gives it space) to *open* (a token account of an
owner and a mint), or at once to *open* (an associated account); closing ends whatever was known, and
it can be opened again as something else. Nothing is the wallet's own unless it is open for the wallet
at that step, associated and not closed, or registered. What hands an account over or lets somebody
spend from it is refused. A registered account is closed only where nobody else could open it again.

A program that an exchange calls, perhaps with the wallet's signature, has to be the one that belongs
into its slot, and named: in the message, or in a table that somebody attests. pump.fun, PumpSwap and
Raydium LaunchLab take no other program by themselves, as the addresses in their published interfaces
say: what they call may be named by any table.

| program | instruction | needs | makes | ends | calls, by slot |
|---|---|---|---|---|---|
";

const NEEDS: [(Did, &str); 3] = [
    (Did::NEEDS_OWN, "own"),
    (Did::NEEDS_RECEIVER, "owner of the receiver"),
    (Did::NEEDS_CREATED, "created"),
];
const MAKES: [(Did, &str); 2] = [(Did::MAKES_CREATED, "created"), (Did::MAKES_OPEN, "open")];
const ENDS: [(Did, &str); 1] = [(Did::ENDS_OPEN, "open")];

fn cell(row: &Row, facts: &[(Did, &str)]) -> String {
    let said = facts.iter().filter_map(|(did, word)| {
        if row.always.has(*did) {
            Some((*word).to_owned())
        } else {
            row.maybe.has(*did).then(|| format!("({word})"))
        }
    });
    said.collect::<Vec<_>>().join(", ")
}

fn called(callee: &Callee) -> String {
    match callee {
        Callee::TokenProgram(slot) => format!("a token program ({slot})"),
        Callee::FurtherTokenProgram(slot) => format!("a token program ({slot}, if given)"),
        Callee::Is(slot, program) => format!("{} ({slot})", program_name(program)),
        Callee::Further(slot, program) => format!("{} ({slot}, if given)", program_name(program)),
    }
}

fn program_name(program: &Address) -> String {
    let known = FAMILIES.iter().find(|family| family.id == *program);
    known.map_or_else(|| format!("`{program}`"), |family| family.name.to_owned())
}

#[test]
fn the_document_is_the_table() {
    let mut text = HEAD.to_owned();
    for family in FAMILIES {
        for row in family.facts {
            let (needs, makes, ends) = (cell(row, &NEEDS), cell(row, &MAKES), cell(row, &ENDS));
            let calls: Vec<String> = row.callees.iter().map(called).collect();
            let calls = calls.join(", ");
            writeln!(
                text,
                "| {} | {} | {needs} | {makes} | {ends} | {calls} |",
                family.name, row.name
            )
            .unwrap();
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("FACTS.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn no_instruction_has_two_lines() {
    for family in FAMILIES {
        for (at, row) in family.facts.iter().enumerate() {
            let twin = family.facts[..at].iter().any(|one| one.name == row.name);
            assert!(!twin, "{} of {}", row.name, family.name);
        }
    }
}
