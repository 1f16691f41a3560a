//! Any instruction of Memo.

use crate::instruction::instruction;

pub const ID: &str = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr";

pub fn run(bytes: &[u8]) {
    instruction(ID, bytes);
}
