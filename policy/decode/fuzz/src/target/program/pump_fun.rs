//! Any instruction of pump.fun.

use crate::instruction::instruction;

pub const ID: &str = "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
