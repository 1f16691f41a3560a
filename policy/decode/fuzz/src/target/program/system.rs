//! Any instruction of System.

use crate::instruction::instruction;

pub const ID: &str = "11111111111111111111111111111111";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
