//! What each detail is beside the others of its message: rent for somebody else's account is a
//! withdrawal, and what a payment needs comes with the payment.

use super::{Address, Asset, Detail, Draft, Launch, StakeOperation, Swap};
use crate::effect::{AssetOf, Counterparty, Head};
use crate::{Account, Action, Amount, Lifetime, Resource};

/// The head of every detail, in their order.
pub(super) fn heads(draft: &Draft) -> Vec<Head> {
    let message = Message {
        draft,
        opened: opened_for_others(draft),
    };
    let details = draft.effects.iter();
    details.map(|detail| message.head(detail)).collect()
}

/// All that decides what a detail is.
struct Message<'d> {
    draft: &'d Draft,
    opened: Vec<OpenedForOther>,
}

/// A token account that the message opens for somebody else than the wallet.
struct OpenedForOther {
    account: Address,
    owner: Address,
    /// Whether the message also sends something to this very account.
    paid: bool,
}

fn opened_for_others(draft: &Draft) -> Vec<OpenedForOther> {
    let other = |detail: &Detail| match detail {
        Detail::OpenAccount { account, owner, .. } if *owner != draft.wallet => {
            Some(OpenedForOther {
                account: *account,
                owner: *owner,
                paid: pays_into(draft, account),
            })
        }
        _ => None,
    };
    draft.effects.iter().filter_map(other).collect()
}

fn pays_into(draft: &Draft, account: &Address) -> bool {
    let pays = |detail: &Detail| match detail {
        Detail::Transfer {
            amount,
            to,
            token_account,
            ..
        } => *amount > Amount::ZERO && token_account.as_ref().unwrap_or(to) == account,
        _ => false,
    };
    draft.effects.iter().any(pays)
}

impl Message<'_> {
    fn head(&self, detail: &Detail) -> Head {
        match detail {
            Detail::Transfer {
                asset,
                amount,
                to,
                token_account,
            } => of(Action::Withdrawal)
                .about(*asset, *amount)
                .to(received(*to, token_account.unwrap_or(*to))),
            Detail::Burn { asset, amount, .. } => of(Action::Withdrawal).about(*asset, *amount),
            Detail::Swap(swap) => traded(swap),
            Detail::Launch(launch) => launched(launch),
            Detail::Fee {
                signatures,
                priority,
            } => of(Action::Fee).sol(signatures.saturating_add(*priority)),
            Detail::Tip { to, amount } => of(Action::Fee).sol(*amount).to(only(*to)),
            // What leaves is its rent, in lamports, which is an effect of its own.
            Detail::OpenAccount { account, asset, .. } => match self.other(account) {
                Some(other) => other.sol(Amount::ZERO),
                None => of(Action::Housekeeping).about(*asset, Amount::ZERO),
            },
            Detail::RentDeposit { account, amount } => {
                let other = self.other(account);
                other.unwrap_or(of(Action::Housekeeping)).sol(*amount)
            }
            Detail::CloseAccount { destination, .. } => self.closed(destination),
            Detail::Wrap { .. } | Detail::Unwrap { .. } | Detail::Reclaim { .. } => {
                of(Action::Housekeeping).sol(Amount::ZERO)
            }
            Detail::Revoke { .. } | Detail::Memo { .. } => of(Action::Housekeeping),
            Detail::Delegate {
                delegate,
                asset,
                amount,
                ..
            } => delegated(*delegate, *asset, *amount),
            Detail::AuthorityChange { new_authority, .. } => handed_over(*new_authority),
            Detail::NonceAdvance { account, authority } => self.advanced(account, authority),
            Detail::Stake { operation, .. } => staked(operation),
        }
    }

    /// What happens for an account that the message opens for somebody else.
    fn other(&self, account: &Address) -> Option<Head> {
        let other = self.opened.iter().find(|one| one.account == *account)?;
        Some(Head {
            primary: !other.paid,
            ..of(Action::Withdrawal).to(received(other.owner, other.account))
        })
    }

    fn closed(&self, destination: &Address) -> Head {
        if *destination == self.draft.wallet {
            // The rent of an own account comes back.
            return of(Action::Housekeeping).sol(Amount::ZERO);
        }
        // What a token account holds is not in the message.
        of(Action::Withdrawal)
            .sol(Amount::UNBOUNDED)
            .to(only(*destination))
    }

    fn advanced(&self, account: &Address, authority: &Address) -> Head {
        let mut head = of(Action::Authority);
        if *authority != self.draft.wallet {
            head = head.to(only(*authority));
        }
        // The bound `durable_nonce` of every primary effect's rule decides about this one.
        let lives = matches!(
            self.draft.lifetime,
            Lifetime::HeldUntil(Resource::Solana(nonce)) if nonce.account == *account
        );
        Head {
            primary: head.primary && !lives,
            ..head
        }
    }
}

fn traded(swap: &Swap) -> Head {
    let action = if swap.launches {
        Action::Launch
    } else {
        Action::Trade
    };
    Head {
        through: Some(swap.program),
        receives: Some((swap.receive.into(), swap.receive_min)),
        expires_at: swap.expires_at,
        ..of(action).about(swap.spend, swap.spend_max)
    }
}

/// Nothing says how much of the coin comes of it.
fn launched(launch: &Launch) -> Head {
    Head {
        through: Some(launch.program),
        receives: Some((Asset::Token(launch.mint).into(), Amount::ZERO)),
        ..of(Action::Launch).sol(launch.cost)
    }
}

fn delegated(delegate: Address, asset: Option<Asset>, amount: Amount) -> Head {
    Head {
        asset: asset.map_or(AssetOf::Unknown, |asset| AssetOf::Known(asset.into())),
        amount,
        ..of(Action::Authority).to(only(delegate))
    }
}

fn handed_over(to: Option<Address>) -> Head {
    Head {
        asset: AssetOf::Unknown,
        amount: Amount::UNBOUNDED,
        counterparty: to.map_or(Counterparty::NOBODY, only),
        ..of(Action::Authority)
    }
}

const fn staked(operation: &StakeOperation) -> Head {
    let leaves = match operation {
        StakeOperation::Create { amount } => *amount,
        StakeOperation::Delegate { .. }
        | StakeOperation::Deactivate
        | StakeOperation::WithdrawToSelf { .. } => Amount::ZERO,
    };
    of(Action::Stake).sol(leaves)
}

const fn needs_a_rule(action: Action) -> bool {
    match action {
        Action::Trade | Action::Withdrawal | Action::Authority | Action::Stake | Action::Launch => {
            true
        }
        Action::Fee | Action::Housekeeping => false,
    }
}

const fn only(owner: Address) -> Counterparty {
    Counterparty::only(Account::Solana(owner))
}

fn received(owner: Address, account: Address) -> Counterparty {
    Counterparty::in_account(owner.into(), account.into())
}

/// A head without anything at stake.
const fn of(action: Action) -> Head {
    Head {
        action,
        primary: needs_a_rule(action),
        asset: AssetOf::Nothing,
        amount: Amount::ZERO,
        through: None,
        receives: None,
        counterparty: Counterparty::NOBODY,
        expires_at: None,
    }
}

impl Head {
    const fn about(mut self, asset: Asset, amount: Amount) -> Self {
        self.asset = AssetOf::Known(crate::Asset::Solana(asset));
        self.amount = amount;
        self
    }

    const fn sol(self, amount: Amount) -> Self {
        self.about(Asset::Sol, amount)
    }

    const fn to(mut self, counterparty: Counterparty) -> Self {
        self.counterparty = counterparty;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::Nonce;
    use super::*;
    use crate::Intent;

    const WALLET: Address = Address::new([1; 32]);
    const PAYEE: Address = Address::new([2; 32]);
    const PAID: Address = Address::new([3; 32]);
    const BESIDE: Address = Address::new([4; 32]);

    fn draft(effects: Vec<Detail>) -> Draft {
        Draft::new(WALLET, effects)
    }

    fn open(account: Address, owner: Address) -> [Detail; 2] {
        [
            Detail::OpenAccount {
                account,
                owner,
                asset: Asset::USDC,
            },
            Detail::RentDeposit {
                account,
                amount: Amount::from_base(2_039_280),
            },
        ]
    }

    fn pay(units: u128, account: Address) -> Detail {
        Detail::Transfer {
            asset: Asset::USDC,
            amount: Amount::from_base(units),
            to: PAYEE,
            token_account: Some(account),
        }
    }

    fn told(effects: Vec<Detail>) -> Vec<(Action, bool, Vec<Account>)> {
        let told = |one: &Head| (one.action, one.primary, one.counterparty.iter().collect());
        heads(&draft(effects)).iter().map(told).collect()
    }

    #[test]
    fn rent_for_an_account_of_somebody_else_is_a_withdrawal_to_both() {
        let leaves = (Action::Withdrawal, true, vec![PAYEE.into(), PAID.into()]);
        assert_eq!(
            told(open(PAID, PAYEE).to_vec()),
            [leaves.clone(), leaves.clone()]
        );
        let own = (Action::Housekeeping, false, vec![]);
        assert_eq!(told(open(PAID, WALLET).to_vec()), [own.clone(), own]);
        // The rent may stand before the account it is for.
        let [opened, rent] = open(PAID, PAYEE);
        assert_eq!(told(vec![rent, opened]), [leaves.clone(), leaves]);
    }

    #[test]
    fn a_payment_covers_the_one_account_it_goes_to() {
        let mut effects = open(PAID, PAYEE).to_vec();
        effects.extend(open(BESIDE, PAYEE));
        effects.push(pay(1, PAID));
        let covered = (Action::Withdrawal, false, vec![PAYEE.into(), PAID.into()]);
        let beside = (Action::Withdrawal, true, vec![PAYEE.into(), BESIDE.into()]);
        let paid = (Action::Withdrawal, true, vec![PAYEE.into(), PAID.into()]);
        let expected = [covered.clone(), covered, beside.clone(), beside, paid];
        assert_eq!(told(effects), expected);
    }

    #[test]
    fn a_payment_of_nothing_covers_no_account() {
        let mut effects = open(PAID, PAYEE).to_vec();
        effects.push(pay(0, PAID));
        assert!(told(effects).iter().all(|(_, primary, _)| *primary));
    }

    #[test]
    fn lamports_sent_to_a_token_account_pay_it() {
        let mut effects = open(PAID, PAYEE).to_vec();
        effects.push(Detail::Transfer {
            asset: Asset::Sol,
            amount: Amount::from_base(1),
            to: PAID,
            token_account: None,
        });
        let primary: Vec<bool> = told(effects)
            .iter()
            .map(|(_, primary, _)| *primary)
            .collect();
        assert_eq!(primary, [false, false, true]);
    }

    #[test]
    fn the_nonce_a_message_lives_by_needs_no_rule_of_its_own() {
        let advance = Detail::NonceAdvance {
            account: PAID,
            authority: WALLET,
        };
        let lives = Intent::from(Draft {
            lifetime: Lifetime::HeldUntil(Resource::Solana(Nonce {
                account: PAID,
                authority: WALLET,
                value: [0; 32],
            })),
            ..draft(vec![advance.clone()])
        });
        let heads: Vec<bool> = lives
            .effects()
            .iter()
            .map(|one| one.head().primary)
            .collect();
        assert_eq!(heads, [false]);
        assert_eq!(told(vec![advance]), [(Action::Authority, true, vec![])]);
    }
}
