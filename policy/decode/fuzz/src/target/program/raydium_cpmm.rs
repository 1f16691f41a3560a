//! Any instruction of Raydium CPMM.

use crate::instruction::instruction;

pub const ID: &str = "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
