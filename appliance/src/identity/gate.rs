//! The decision whether a peer, and each of its requests, comes in.

use std::sync::Arc;

use rustls_pki_types::CertificateDer;

use super::{Caller, IdentityError, Register, TrustDomain};
use crate::clock::Clock;

/// Knows the time, the trust domain and the certificates that were issued.
pub struct Gate {
    trust_domain: TrustDomain,
    clock: Arc<dyn Clock>,
    register: Arc<Register>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate")
            .field("trust_domain", &self.trust_domain)
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// A gate for one trust domain.
    #[must_use]
    pub fn new(trust_domain: TrustDomain, clock: Arc<dyn Clock>, register: Arc<Register>) -> Self {
        Self {
            trust_domain,
            clock,
            register,
        }
    }

    /// Reads, once per connection, who presented the certificate chain that the handshake (or
    /// the handshake this session resumes) verified.
    ///
    /// # Errors
    /// No certificate, one that names no principal, or one that [`Gate::check`] refuses: a
    /// resumed session was not verified again.
    pub fn admit(
        &self,
        chain: Option<&[CertificateDer<'_>]>,
    ) -> Result<Arc<Caller>, IdentityError> {
        let leaf = chain
            .and_then(<[_]>::first)
            .ok_or(IdentityError::Unknown("none was presented"))?;
        let caller = Caller::from_certificate(leaf, &self.trust_domain)?;
        self.check(&caller)?;
        self.register.note_use(&caller.serial());
        Ok(Arc::new(caller))
    }

    /// Decides, once per request, whether the caller's certificate is still good.
    ///
    /// # Errors
    /// As [`Caller::check`].
    pub fn check(&self, caller: &Caller) -> Result<(), IdentityError> {
        caller.check(self.clock.now(), &self.register)
    }
}
