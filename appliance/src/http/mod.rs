//! The HTTP side of the appliance: one file per resource, one place for conversion between wire
//! and domain, one for errors.

mod approvals;
mod approvers;
mod audit;
mod changes;
mod clock;
pub mod convert;
mod dry_run;
pub mod error;
mod extract;
mod feed;
mod feeds;
mod foreign;
mod freeze;
mod grants;
mod limits;
mod messages;
mod names;
pub mod nonces;
mod objects;
pub mod operations;
mod pace;
mod page;
mod phase;
mod pki;
mod policies;
mod prices;
mod receive;
mod registrations;
mod replay;
mod requests;
mod router;
mod second_factor;
pub mod serve;
mod sign;
mod status;
mod strict;
mod tables;
mod users;
mod venues;
mod wallets;

pub use replay::Replays;
pub use router::api;
