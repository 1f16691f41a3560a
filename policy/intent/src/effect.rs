//! One thing a signature would do: a head that every venue fills alike and policy reads, and a
//! detail that only its venue knows.

use crate::{Account, Action, Amount, Asset, Detail, Timestamp};

/// The asset an effect is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssetOf {
    /// It is about none.
    Nothing,
    /// This one.
    Known(Asset),
    /// Some asset that the message does not name.
    Unknown,
}

/// Who receives value or power: the owner, and the account that it arrives in where that is another
/// one. Whoever asks about it has to ask about both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counterparty {
    owner: Option<Account>,
    account: Option<Account>,
}

impl Counterparty {
    /// Nobody but the wallet.
    pub const NOBODY: Self = Self {
        owner: None,
        account: None,
    };

    pub(crate) const fn only(owner: Account) -> Self {
        Self {
            owner: Some(owner),
            account: None,
        }
    }

    pub(crate) fn in_account(owner: Account, account: Account) -> Self {
        Self {
            owner: Some(owner),
            account: (account != owner).then_some(account),
        }
    }

    /// Whether nobody but the wallet receives anything.
    #[must_use]
    pub const fn is_nobody(&self) -> bool {
        self.owner.is_none()
    }

    /// The owner where the message proves it, else the account itself.
    #[must_use]
    pub const fn owner(&self) -> Option<Account> {
        self.owner
    }

    /// The owner, and the account where it is another address.
    pub fn iter(&self) -> impl Iterator<Item = Account> + use<> {
        self.owner.into_iter().chain(self.account)
    }
}

/// What policy, grants, limits and logs read of an effect, so that none of them can take it for
/// something else than the others do. Its venue fills it, knowing all of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The word that policies and grants know it by.
    pub action: Action,
    /// Whether it needs a rule and a grant of its own. Fees and upkeep come with whatever they are
    /// for, and the account that a payment goes to comes with that payment.
    pub primary: bool,
    /// The program or place that carries it out, by its slug, where policies tell those apart.
    pub through: Option<&'static str>,
    /// The asset at stake.
    pub asset: AssetOf,
    /// How much of it, at most; [`Amount::UNBOUNDED`] where the message does not say.
    pub amount: Amount,
    /// What comes back for it, at least.
    pub receives: Option<(Asset, Amount)>,
    /// Who receives value or power through it.
    pub counterparty: Counterparty,
    /// Until when it waits for somebody to take it up; `None` for what happens at once.
    pub expires_at: Option<Timestamp>,
}

/// One thing a signature would do. Only a whole [`Intent`](crate::Intent) is made, so its head says
/// what its detail does beside the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    head: Head,
    detail: Detail,
}

impl Effect {
    pub(crate) const fn new(head: Head, detail: Detail) -> Self {
        Self { head, detail }
    }

    /// What policy reads.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// What only its venue knows.
    #[must_use]
    pub const fn detail(&self) -> &Detail {
        &self.detail
    }

    /// What leaves the wallet at most through this effect, for sums; nothing where the message does
    /// not bound it, and of power over an asset nothing leaves by itself.
    #[must_use]
    pub fn outflow(&self) -> Option<(Asset, Amount)> {
        let Head {
            action,
            asset,
            amount,
            ..
        } = self.head;
        let leaves =
            action != Action::Authority && !matches!(amount, Amount::ZERO | Amount::UNBOUNDED);
        match asset {
            AssetOf::Known(asset) if leaves => Some((asset, amount)),
            AssetOf::Known(_) | AssetOf::Unknown | AssetOf::Nothing => None,
        }
    }
}
