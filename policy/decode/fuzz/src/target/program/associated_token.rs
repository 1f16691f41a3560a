//! Any instruction of Associated Token Account.

use crate::instruction::instruction;

pub const ID: &str = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
