//! Any instruction of Meteora DLMM.

use crate::instruction::instruction;

pub const ID: &str = "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
