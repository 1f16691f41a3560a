//! What each detail is for policy.

use super::{Address, Asset, Authorization, Detail, FeeBound};
use crate::effect::{AssetOf, Counterparty, Head};
use crate::{Account, Action, Amount, Timestamp};

/// The head of a detail. No detail changes what another one is.
pub(super) const fn head(detail: &Detail) -> Head {
    match detail {
        Detail::Transfer {
            asset, amount, to, ..
        }
        | Detail::TransferFrom {
            asset, amount, to, ..
        } => of(Action::Withdrawal)
            .staking(*asset, *amount)
            .received_by(*to),
        Detail::TransferAuthorization(Authorization {
            asset,
            amount,
            to,
            valid_before,
            ..
        }) => of(Action::Withdrawal)
            .staking(*asset, *amount)
            .received_by(*to)
            .until(*valid_before),
        Detail::Allowance {
            asset,
            amount,
            spender,
            ..
        } => of(Action::Authority)
            .staking(*asset, *amount)
            .received_by(*spender),
        Detail::Permit {
            asset,
            amount,
            spender,
            deadline,
            ..
        }
        | Detail::Permit2Allowance {
            asset,
            amount,
            spender,
            deadline,
            ..
        }
        | Detail::Permit2Transfer {
            asset,
            amount,
            spender,
            deadline,
            ..
        } => of(Action::Authority)
            .staking(*asset, *amount)
            .received_by(*spender)
            .until(*deadline),
        Detail::Revoke { asset, .. } => of(Action::Housekeeping).staking(*asset, Amount::ZERO),
        Detail::Wrap { chain, .. } | Detail::Unwrap { chain, .. } => {
            of(Action::Housekeeping).staking(Asset::Native { chain: *chain }, Amount::ZERO)
        }
        // Whoever permits it names the contract, which is who receives the power.
        Detail::Call { .. } => Head {
            asset: AssetOf::Unknown,
            amount: Amount::UNBOUNDED,
            ..of(Action::Authority)
        },
        Detail::Cancel { .. } => of(Action::Housekeeping),
        Detail::Fee(FeeBound { chain, amount, .. }) => {
            of(Action::Fee).staking(Asset::Native { chain: *chain }, *amount)
        }
    }
}

/// A head without anything at stake.
const fn of(action: Action) -> Head {
    Head {
        action,
        primary: !matches!(action, Action::Fee | Action::Housekeeping),
        asset: AssetOf::Nothing,
        amount: Amount::ZERO,
        through: None,
        receives: None,
        counterparty: Counterparty::NOBODY,
        expires_at: None,
    }
}

impl Head {
    const fn staking(mut self, asset: Asset, amount: Amount) -> Self {
        self.asset = AssetOf::Known(crate::Asset::Evm(asset));
        self.amount = amount;
        self
    }

    const fn received_by(mut self, receiver: Address) -> Self {
        self.counterparty = Counterparty::only(Account::Evm(receiver));
        self
    }

    const fn until(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(at);
        self
    }
}
