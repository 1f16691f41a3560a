//! Any instruction of Raydium AMM v4.

use crate::instruction::instruction;

pub const ID: &str = "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
