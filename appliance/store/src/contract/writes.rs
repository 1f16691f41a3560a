use countersign_audit::Node;

use super::{
    AuthorityRow, AuthoritySeal, CheckpointRow, EntryRow, MessageRow, NonceRow, OutcomeRow,
    RequestRow, SequenceRow, UsageRow,
};

/// Everything one commit writes. All of it becomes durable, or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writes {
    /// Rows of authority; one with the same kind and id is replaced.
    pub authority: Vec<AuthorityRow>,
    /// The new seal.
    pub seal: Option<AuthoritySeal>,
    /// New requests; a taken number or idempotency key is a conflict.
    pub requests: Vec<RequestRow>,
    /// Requests judged again: the row with the same number is replaced, its outcome dropped.
    pub rejudged: Vec<RequestRow>,
    /// What requests asked for; one of the same request is replaced.
    pub messages: Vec<MessageRow>,
    /// Messages of requests up to this number are deleted.
    pub forgotten: Option<u64>,
    /// Outcomes; one of the same request is replaced, unless it is `Signed`: that one stays.
    pub outcomes: Vec<OutcomeRow>,
    /// Use of limits; an amount of the same limit and bucket is replaced.
    pub usage: Vec<UsageRow>,
    /// Per limit, the first bucket that still counts: those below are deleted.
    pub usage_expired: Vec<(Vec<u8>, i64)>,
    /// The new MAC over the use of limits, nonces and log.
    pub ledger_seal: Option<[u8; 32]>,
    /// Durable nonces; one of the same account is replaced, with what it holds.
    pub nonces: Vec<NonceRow>,
    /// Numbers of accounts; a row of the same account is replaced.
    pub sequences: Vec<SequenceRow>,
    /// Requests whose reservation was given back.
    pub given_back: Vec<u64>,
    /// Those of them that are reserved again, or forgotten.
    pub reserved_again: Vec<u64>,
    /// The first request of which that is known.
    pub given_back_from: Option<u64>,
    /// Log entries; a taken index is a conflict.
    pub entries: Vec<EntryRow>,
    /// Roots over complete subtrees; stored ones never change.
    pub nodes: Vec<Node>,
    /// Signed checkpoints; one of the same size is replaced.
    pub checkpoints: Vec<CheckpointRow>,
}

impl Writes {
    /// Whether a commit of this would change nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
