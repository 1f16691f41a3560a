//! Any instruction of Jupiter Limit v2.

use crate::instruction::instruction;

pub const ID: &str = "j1o2qRpjcyUwEvwtcfhEQefh773ZgjxcVRry7LDqg5X";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
