//! What a transaction makes the chain check: nothing that is read here.

use crate::field::{Declared, Fields};

/// Nothing: no transaction of these chains asserts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assertion {}

impl Declared for Assertion {
    fn fields(&self, _: &mut dyn Fields) {
        match *self {}
    }
}
