//! What is fuzzed: one file per target, one line here.

mod audit_entry;
mod policy;
mod request;

/// A name, inputs to begin with, and what to do with any bytes.
type Target = (&'static str, &'static [&'static str], fn(&[u8]));

pub const TARGETS: &[Target] = &[
    ("policy", policy::SEEDS, policy::run),
    ("request", request::SEEDS, request::run),
    ("audit_entry", audit_entry::SEEDS, audit_entry::run),
];
