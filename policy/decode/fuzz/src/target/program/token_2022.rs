//! Any instruction of Token-2022.

use crate::instruction::instruction;

pub const ID: &str = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
