//! The authority, its certificates, and what is read back out of them.

mod authority;
mod caller;
mod csr;
