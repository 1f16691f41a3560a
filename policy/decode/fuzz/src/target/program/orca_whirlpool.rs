//! Any instruction of Orca Whirlpool.

use crate::instruction::instruction;

pub const ID: &str = "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
