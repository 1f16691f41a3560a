//! Any instruction of Raydium Stable.

use crate::instruction::instruction;

pub const ID: &str = "5quBtoiQqxF9Jv6KYKctB59NT3gtJD2Y65kdnB1Uev3h";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
