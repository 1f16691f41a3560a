//! Any instruction of Meteora DBC.

use crate::instruction::instruction;

pub const ID: &str = "dbcij3LWUppWqq96dh6gJWwBifmcGfLSB5D4DuSMaqN";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
