//! Any instruction of Lighthouse.

use crate::instruction::instruction;

pub const ID: &str = "L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
