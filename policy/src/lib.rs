//! the decision: pure and synchronous
