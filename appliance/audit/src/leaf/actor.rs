use super::SYSTEM;

/// Who did what an entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor<'a> {
    /// The appliance by itself.
    System,
    /// A caller, always with the certificate they came with: a name alone does not tell a thief
    /// from the owner.
    Caller {
        /// SPIFFE id.
        spiffe_id: &'a str,
        /// `crt_…`
        certificate: &'a str,
    },
}

impl<'a> Actor<'a> {
    /// As the entry names it.
    #[must_use]
    pub const fn name(self) -> &'a str {
        match self {
            Self::System => SYSTEM,
            Self::Caller { spiffe_id, .. } => spiffe_id,
        }
    }

    /// The certificate, where it is a caller.
    #[must_use]
    pub const fn certificate(self) -> Option<&'a str> {
        match self {
            Self::System => None,
            Self::Caller { certificate, .. } => Some(certificate),
        }
    }
}
