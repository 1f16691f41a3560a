//! Any instruction of SPL Token.

use crate::instruction::instruction;

pub const ID: &str = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
