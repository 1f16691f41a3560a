//! Any instruction of Jupiter Limit v1.

use crate::instruction::instruction;

pub const ID: &str = "jupoNjAxXgZ4rjzxzPMP4oxduvQsQtZzyknqvzYNrNu";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
