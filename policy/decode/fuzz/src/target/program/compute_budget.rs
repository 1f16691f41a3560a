//! Any instruction of Compute Budget.

use crate::instruction::instruction;

pub const ID: &str = "ComputeBudget111111111111111111111111111111";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
