//! What the end-to-end tests stand on: a throw-away appliance with the real programs, a real
//! SoftHSM2 token and real mutual TLS; its clients; messages as bots send them;
//! Ledgers that approve or refuse.

pub mod appliance;
pub mod approver;
pub mod client;
pub mod ledger;
pub mod log;
pub mod message;
pub mod plain;
pub mod program;
pub mod runbook;
pub mod swap;
pub mod use_graph;

pub use appliance::{Appliance, Options, Shared, TRUST_DOMAIN};
pub use approver::Approver;
pub use client::{Client, Reply};
