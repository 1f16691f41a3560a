//! Any instruction of Meteora DAMM v2.

use crate::instruction::instruction;

pub const ID: &str = "cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
