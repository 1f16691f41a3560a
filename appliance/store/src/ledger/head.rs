use countersign_audit::Hash;

/// The durable log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of entries.
    pub size: u64,
    /// Root over them, RFC 6962 §2.1.
    pub root: Hash,
}
