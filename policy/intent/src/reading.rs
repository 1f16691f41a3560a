//! What each effect is within its intent. Grants, policy, the clock's stop, texts and logs all read
//! an effect here, so that none of them can take it for something else than the others do.

use crate::effect::{Action, Effect};
use crate::{Address, Amount, Intent, Lifetime};

/// One effect, and what it is beside the others of its intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading<'a> {
    /// The effect.
    pub effect: &'a Effect,
    /// The word that policies and grants know it by.
    pub action: Action,
    /// Whether it needs a rule and a grant of its own. Fees and upkeep come with whatever they are
    /// for, and the account that a payment goes to comes with that payment.
    pub primary: bool,
    /// Who receives value or power through it.
    pub receivers: Receivers,
}

/// Who receives: the owner, and the account that it arrives in where that is another one. Whoever
/// asks about receivers has to ask about both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Receivers {
    owner: Option<Address>,
    account: Option<Address>,
}

impl Receivers {
    /// Nobody but the wallet.
    pub const NOBODY: Self = Self {
        owner: None,
        account: None,
    };

    const fn only(owner: Address) -> Self {
        Self {
            owner: Some(owner),
            account: None,
        }
    }

    fn in_account(owner: Address, account: Address) -> Self {
        Self {
            owner: Some(owner),
            account: (account != owner).then_some(account),
        }
    }

    fn unless(wallet: &Address, other: &Address) -> Self {
        if other == wallet {
            Self::NOBODY
        } else {
            Self::only(*other)
        }
    }

    /// Whether nobody but the wallet receives anything.
    #[must_use]
    pub const fn is_nobody(&self) -> bool {
        self.owner.is_none()
    }

    /// The owner where the message proves it, else the account itself.
    #[must_use]
    pub const fn owner(&self) -> Option<Address> {
        self.owner
    }

    /// The owner, and the account where it is another address.
    pub fn iter(&self) -> impl Iterator<Item = Address> {
        self.owner.into_iter().chain(self.account)
    }
}

impl Intent {
    /// Every effect with what it is, in the order of the effects.
    #[must_use]
    pub fn readings(&self) -> Vec<Reading<'_>> {
        let opened = opened_for_others(self);
        let effects = self.effects.iter();
        effects.map(|effect| read(self, &opened, effect)).collect()
    }
}

/// A token account that the message opens for somebody else than the wallet.
struct OpenedForOther {
    account: Address,
    owner: Address,
    /// Whether the message also sends something to this very account.
    paid: bool,
}

fn opened_for_others(intent: &Intent) -> Vec<OpenedForOther> {
    let other = |effect: &Effect| match effect {
        Effect::OpenAccount { account, owner, .. } if *owner != intent.wallet => {
            Some(OpenedForOther {
                account: *account,
                owner: *owner,
                paid: pays_into(intent, account),
            })
        }
        _ => None,
    };
    intent.effects.iter().filter_map(other).collect()
}

fn pays_into(intent: &Intent, account: &Address) -> bool {
    let pays = |effect: &Effect| match effect {
        Effect::Transfer {
            amount,
            to,
            token_account,
            ..
        } => *amount > Amount::ZERO && token_account.as_ref().unwrap_or(to) == account,
        _ => false,
    };
    intent.effects.iter().any(pays)
}

fn read<'a>(intent: &Intent, opened: &[OpenedForOther], effect: &'a Effect) -> Reading<'a> {
    let reading = |action, primary, receivers| Reading {
        effect,
        action,
        primary,
        receivers,
    };
    let for_other = match effect {
        Effect::OpenAccount { account, .. } | Effect::RentDeposit { account, .. } => {
            opened.iter().find(|one| one.account == *account)
        }
        _ => None,
    };
    if let Some(other) = for_other {
        let receivers = Receivers::in_account(other.owner, other.account);
        return reading(Action::Withdrawal, !other.paid, receivers);
    }
    let action = alone(effect, &intent.wallet);
    let primary = match (effect, &intent.lifetime) {
        // The bound `durable_nonce` of every primary effect's rule decides about this one.
        (Effect::NonceAdvance { account, .. }, Lifetime::DurableNonce { account: own, .. })
            if account == own =>
        {
            false
        }
        _ => needs_a_rule(action),
    };
    reading(action, primary, receivers(effect, &intent.wallet))
}

const fn needs_a_rule(action: Action) -> bool {
    match action {
        Action::Trade | Action::Withdrawal | Action::Authority | Action::Stake | Action::Launch => {
            true
        }
        Action::Fee | Action::Housekeeping => false,
    }
}

/// The action of an effect that no other effect of its intent changes the meaning of.
fn alone(effect: &Effect, wallet: &Address) -> Action {
    match effect {
        Effect::Transfer { .. } | Effect::Burn { .. } => Action::Withdrawal,
        Effect::Swap(swap) if swap.launches => Action::Launch,
        Effect::Swap(_) => Action::Trade,
        Effect::Launch(_) => Action::Launch,
        Effect::Fee { .. } | Effect::Tip { .. } => Action::Fee,
        Effect::OpenAccount { .. }
        | Effect::RentDeposit { .. }
        | Effect::Wrap { .. }
        | Effect::Unwrap { .. }
        | Effect::Reclaim { .. }
        | Effect::Revoke { .. }
        | Effect::Memo { .. } => Action::Housekeeping,
        Effect::CloseAccount { destination, .. } if destination == wallet => Action::Housekeeping,
        Effect::CloseAccount { .. } => Action::Withdrawal,
        Effect::Delegate { .. } | Effect::AuthorityChange { .. } | Effect::NonceAdvance { .. } => {
            Action::Authority
        }
        Effect::Stake { .. } => Action::Stake,
    }
}

fn receivers(effect: &Effect, wallet: &Address) -> Receivers {
    match effect {
        Effect::Transfer {
            to, token_account, ..
        } => Receivers::in_account(*to, token_account.unwrap_or(*to)),
        Effect::Tip { to, .. } => Receivers::only(*to),
        Effect::CloseAccount { destination, .. } => Receivers::unless(wallet, destination),
        Effect::Delegate { delegate, .. } => Receivers::only(*delegate),
        Effect::AuthorityChange { new_authority, .. } => {
            new_authority.map_or(Receivers::NOBODY, Receivers::only)
        }
        Effect::NonceAdvance { authority, .. } => Receivers::unless(wallet, authority),
        // One that is opened for somebody else was read before.
        Effect::OpenAccount { .. }
        | Effect::RentDeposit { .. }
        | Effect::Swap(_)
        | Effect::Launch(_)
        | Effect::Fee { .. }
        | Effect::Wrap { .. }
        | Effect::Unwrap { .. }
        | Effect::Reclaim { .. }
        | Effect::Revoke { .. }
        | Effect::Burn { .. }
        | Effect::Stake { .. }
        | Effect::Memo { .. } => Receivers::NOBODY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Asset, USDC, Venue};

    const WALLET: Address = Address::new([1; 32]);
    const PAYEE: Address = Address::new([2; 32]);
    const PAID: Address = Address::new([3; 32]);
    const BESIDE: Address = Address::new([4; 32]);

    fn intent(effects: Vec<Effect>) -> Intent {
        Intent {
            venue: Venue::Solana,
            wallet: WALLET,
            effects,
            lifetime: Lifetime::Blockhash([0; 32]),
            cosigners: vec![],
            asserted: vec![],
        }
    }

    fn open(account: Address, owner: Address) -> [Effect; 2] {
        [
            Effect::OpenAccount {
                account,
                owner,
                asset: USDC.asset,
            },
            Effect::RentDeposit {
                account,
                amount: Amount::from_base(2_039_280),
            },
        ]
    }

    fn pay(units: u128, account: Address) -> Effect {
        Effect::Transfer {
            asset: USDC.asset,
            amount: Amount::from_base(units),
            to: PAYEE,
            token_account: Some(account),
        }
    }

    fn told(effects: Vec<Effect>) -> Vec<(Action, bool, Vec<Address>)> {
        let intent = intent(effects);
        let readings = intent.readings();
        let told = |one: &Reading<'_>| (one.action, one.primary, one.receivers.iter().collect());
        readings.iter().map(told).collect()
    }

    #[test]
    fn rent_for_an_account_of_somebody_else_is_a_withdrawal_to_both() {
        let leaves = (Action::Withdrawal, true, vec![PAYEE, PAID]);
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
        let covered = (Action::Withdrawal, false, vec![PAYEE, PAID]);
        let beside = (Action::Withdrawal, true, vec![PAYEE, BESIDE]);
        let paid = (Action::Withdrawal, true, vec![PAYEE, PAID]);
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
        effects.push(Effect::Transfer {
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
        let advance = Effect::NonceAdvance {
            account: PAID,
            authority: WALLET,
        };
        let mut lives = intent(vec![advance.clone()]);
        lives.lifetime = Lifetime::DurableNonce {
            account: PAID,
            authority: WALLET,
            value: [0; 32],
        };
        assert_eq!(lives.readings().first().map(|one| one.primary), Some(false));
        assert_eq!(told(vec![advance]), [(Action::Authority, true, vec![])]);
    }
}
