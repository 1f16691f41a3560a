//! What kinds of effects there are for policy.

/// The word a policy uses for a kind of effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Exchange of one asset for another whose proceeds return to the same wallet.
    Trade,
    /// Value leaves the wallet for somebody else.
    Withdrawal,
    /// Network fees and tips paid to get a transaction included.
    Fee,
    /// Bounded upkeep of the wallet's own accounts; value stays with or returns to it.
    Housekeeping,
    /// Somebody else gets power over an account, a token or a position.
    Authority,
    /// Staking of the wallet's own funds.
    Stake,
    /// A coin is created at the wallet's cost, with whatever of it the same message trades.
    Launch,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 7] = [
        Self::Trade,
        Self::Withdrawal,
        Self::Fee,
        Self::Housekeeping,
        Self::Authority,
        Self::Stake,
        Self::Launch,
    ];

    /// The word used in policy files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::Withdrawal => "withdrawal",
            Self::Fee => "fee",
            Self::Housekeeping => "housekeeping",
            Self::Authority => "authority",
            Self::Stake => "stake",
            Self::Launch => "launch",
        }
    }
}
