//! What a request is read by, besides its bytes.

use std::sync::Arc;

use super::solana::AssociatedAccounts;
use crate::policies::Policies;
use crate::registrations::Registrations;
use crate::tables::Tables;

/// What says how bytes are to be understood.
#[derive(Debug)]
pub struct Sources {
    /// The active policy's hints.
    pub policies: Arc<Policies>,
    /// Accounts and markets that messages do not explain.
    pub registrations: Arc<Registrations>,
    /// Contents of lookup tables, as they were fed.
    pub tables: Arc<Tables>,
    /// Associated token accounts that were derived for earlier requests.
    pub associated: Arc<AssociatedAccounts>,
}
