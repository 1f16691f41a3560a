//! Who is asking: a certificate authority whose key stays in the HSM, TLS 1.3 with client
//! certificates, and the way from a certificate to a caller.
//!
//! A request is let in only if the TLS handshake proved possession of a key certified by our own
//! authority, the certificate names exactly one principal of our trust domain, it has a sealed row,
//! and at the moment of *this* request it is neither expired, revoked nor replaced, and its principal
//! not blocked.

mod authority;
mod caller;
mod csr;
mod error;
mod gate;
mod principal;
mod profile;
mod register;
mod serial;
mod server;
mod signer;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use authority::{Authority, Issued, Lifetimes, SerialSource};
pub use caller::{Caller, IdentityError};
pub use csr::{CsrError, MAX_CSR_BYTES};
pub use error::AuthorityError;
pub use gate::Gate;
pub use principal::{SpiffeId, SpiffeIdError, TrustDomain};
pub use profile::BACKDATE;
pub use register::{
    Block, Issued as IssuedCertificate, MOST_RENEWALS, RENEWALS_PER, Register, Way,
};
pub use serial::Serial;
pub use server::{ServerError, ServerIdentity, TlsConfig};
pub use signer::{CaSigner, SignerError};
