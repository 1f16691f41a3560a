//! Any instruction of Raydium LaunchLab.

use crate::instruction::instruction;

pub const ID: &str = "LanMV9sAd7wArD4vJFi2qDdfnVhFxYSUg6eADduJ3uj";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
