//! Any instruction of Jupiter DCA.

use crate::instruction::instruction;

pub const ID: &str = "DCA265Vj8a9CEuX1eb1LWRnDT7uK6q1xMipnNyatn23M";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
