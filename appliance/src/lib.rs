//! countersignd, the signing appliance

pub mod clock;
pub mod http;
pub mod identity;
