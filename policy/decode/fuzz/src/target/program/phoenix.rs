//! Any instruction of Phoenix.

use crate::instruction::instruction;

pub const ID: &str = "PhoeNiXZ8ByJGLkxNfZRnkUfjvmuYqLR89jjFHGqdXY";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
