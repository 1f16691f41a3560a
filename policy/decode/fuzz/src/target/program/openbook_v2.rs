//! Any instruction of OpenBook v2.

use crate::instruction::instruction;

pub const ID: &str = "opnb2LAfJYbRMAHHvqjCwQxanZn7ReEHp1k81EohpZb";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
