//! Any instruction of Meteora DAMM v1.

use crate::instruction::instruction;

pub const ID: &str = "Eo7WjKq67rjJQSZxS6z3YkapzY3eMj6Xy8X5EQVn5UaB";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
