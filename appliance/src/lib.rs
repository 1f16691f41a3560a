//! countersignd, the signing appliance

pub mod add_keys;
pub mod adopt;
pub mod app;
pub mod approvers;
pub mod ca;
pub mod certificates;
pub mod clock;
pub mod config;
pub mod device;
pub mod doctor;
mod expiry;
pub mod forget;
pub mod freezes;
pub mod governance;
pub mod grants;
pub mod health;
pub mod holds;
pub mod http;
pub mod identity;
pub mod init;
pub mod journal;
pub mod logging;
pub mod meters;
pub mod owner;
pub mod phase;
pub mod policies;
pub mod prices;
pub mod rates;
pub mod records;
pub mod registrations;
pub mod rehearsal;
pub mod reread;
pub mod second_factor;
pub mod sequencer;
pub mod shares;
pub mod sign;
pub mod start;
pub mod streaks;
pub mod tables;
pub mod users;
pub mod venues;
pub mod wallets;

/// The database of this build.
pub type Db = countersign_store::sqlite::SqliteStore;
