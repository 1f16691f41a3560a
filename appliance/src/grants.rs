//! Which bot may ask for what on which wallet.

use countersign_intent::{Action, WalletId};
use serde::{Deserialize, Serialize};

use crate::records::{Kind, Record};

/// A grant as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantRecord {
    /// Name of the bot.
    pub bot: String,
    /// The wallet, `wal_…`.
    pub wallet: String,
    /// Actions the bot may ask for; `None` is every action.
    pub actions: Option<Vec<String>>,
    /// Microseconds since the Unix epoch.
    pub created_at: i64,
    /// When it was taken back, microseconds since the Unix epoch.
    pub revoked_at: Option<i64>,
}

impl Record for GrantRecord {
    const KIND: Kind = Kind::Grant;

    fn parent(&self) -> Option<[u8; 16]> {
        let wallet: Result<WalletId, _> = self.wallet.parse();
        wallet.ok().map(|wallet| *wallet.as_bytes())
    }

    fn lookup(&self) -> Option<String> {
        let in_force = self.revoked_at.is_none();
        in_force.then(|| format!("{}/{}", self.bot, self.wallet))
    }
}

impl GrantRecord {
    /// Whether the bot may ask for this action. An action that is not in the list is not granted.
    #[must_use]
    pub fn covers(&self, action: Action) -> bool {
        self.revoked_at.is_none()
            && self
                .actions
                .as_ref()
                .is_none_or(|actions| actions.iter().any(|granted| granted == action.as_str()))
    }

    /// Whether there is no action at all that the bot may ask for.
    #[must_use]
    pub fn covers_nothing(&self) -> bool {
        self.revoked_at.is_some() || self.actions.as_ref().is_some_and(Vec::is_empty)
    }
}
