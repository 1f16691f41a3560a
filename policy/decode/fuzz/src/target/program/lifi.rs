//! Any instruction of LI.FI.

use crate::instruction::instruction;

pub const ID: &str = "3i5JeuZuUxeKtVysUnwQNGerJP2bSMX9fTFfS4Nxe3Br";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
