//! Any instruction of Stake.

use crate::instruction::instruction;

pub const ID: &str = "Stake11111111111111111111111111111111111111";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
