//! Any instruction of JupiterZ.

use crate::instruction::instruction;

pub const ID: &str = "61DFfeTKM7trxYcPQCM78bJ794ddZprZpAwAnLiwTpYH";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
