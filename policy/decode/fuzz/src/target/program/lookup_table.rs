//! Any instruction of Address Lookup Table.

use crate::instruction::instruction;

pub const ID: &str = "AddressLookupTab1e1111111111111111111111111";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
