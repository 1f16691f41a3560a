//! Any instruction of PumpSwap.

use crate::instruction::instruction;

pub const ID: &str = "pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
