//! Any instruction of Raydium CLMM.

use crate::instruction::instruction;

pub const ID: &str = "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
