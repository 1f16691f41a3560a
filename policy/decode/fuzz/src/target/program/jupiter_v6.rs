//! Any instruction of Jupiter v6.

use crate::instruction::instruction;

pub const ID: &str = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
