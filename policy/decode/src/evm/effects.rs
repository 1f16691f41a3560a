//! What a transaction does.

use countersign_intent::evm::{
    AccountNonce, Address, Asset, Chain, Detail, Draft, FeeBound, Selector, nobodys,
};
use countersign_intent::{Amount, Lifetime, Resource};

use super::call::{self, Call};
use super::context::Context;
use super::keccak;
use super::transaction::{Price, Transaction};
use crate::{DecodeError, DecodeErrorKind};

/// Everything that a transaction does, and the nonce that it lives by.
pub(super) fn of(transaction: &Transaction, context: &Context<'_>) -> Result<Draft, DecodeError> {
    let chain = context.chain(transaction.chain)?;
    let fee = fee(transaction)?;
    let mut effects = Reader {
        transaction,
        context,
        chain,
        value: bounded("value", transaction.value)?,
    }
    .read()?;
    effects.push(Detail::Fee(fee));
    Ok(Draft {
        wallet: context.wallet,
        effects,
        lifetime: Lifetime::HeldUntil(Resource::Evm(nonce(transaction, context)?)),
    })
}

pub(super) fn refused(kind: DecodeErrorKind, message: String) -> DecodeError {
    DecodeError::new(kind, None, message)
}

fn nonce(transaction: &Transaction, context: &Context<'_>) -> Result<AccountNonce, DecodeError> {
    if transaction.nonce == u64::MAX {
        let message = "`nonce`: no account gets that far (EIP-2681); take its next one";
        return Err(refused(DecodeErrorKind::Malformed, message.to_owned()));
    }
    Ok(AccountNonce {
        chain: transaction.chain,
        address: context.wallet,
        nonce: transaction.nonce,
    })
}

fn bounded(name: &str, units: u128) -> Result<Amount, DecodeError> {
    let amount = Amount::from_base(units);
    if amount == Amount::UNBOUNDED {
        let message = format!("`{name}`: expected an amount below 2^128 - 1 wei");
        return Err(refused(DecodeErrorKind::Malformed, message));
    }
    Ok(amount)
}

fn fee(transaction: &Transaction) -> Result<FeeBound, DecodeError> {
    let (envelope, priority) = match transaction.price {
        Price::Legacy { .. } => ("legacy", None),
        Price::AccessList { .. } => ("access-list", None),
        Price::DynamicFee { max, priority } if priority > max => {
            return Err(refused(
                DecodeErrorKind::Malformed,
                format!(
                    "`max_priority_fee_per_gas`: {priority} wei is more than `max_fee_per_gas`, {max} \
                     wei, which no chain includes"
                ),
            ));
        }
        Price::DynamicFee { priority, .. } => ("dynamic-fee", Some(priority)),
    };
    let most = transaction.price.most();
    let cost = most.checked_mul(u128::from(transaction.gas));
    let amount = bounded("gas", cost.unwrap_or(u128::MAX))?;
    let has_list = !transaction.access_list.is_empty();
    Ok(FeeBound {
        chain: transaction.chain,
        envelope,
        amount,
        gas: transaction.gas,
        max_fee_per_gas: Amount::from_base(most),
        max_priority_fee_per_gas: priority.map(Amount::from_base),
        access_list: has_list.then(|| keccak(&transaction.encoded_access_list())),
    })
}

struct Reader<'t> {
    transaction: &'t Transaction,
    context: &'t Context<'t>,
    chain: &'t Chain,
    value: Amount,
}

impl Reader<'_> {
    fn read(&self) -> Result<Vec<Detail>, DecodeError> {
        let Some(to) = self.transaction.to else {
            return Err(refused(
                DecodeErrorKind::Forbidden,
                "the transaction creates a contract, which is never signed: nobody reads what its \
                 code does; name the `to` that is meant"
                    .to_owned(),
            ));
        };
        if let Some(what) = nobodys(&to) {
            return Err(refused(
                DecodeErrorKind::Forbidden,
                format!("`to`: `{to}` is {what}: what is sent there is lost"),
            ));
        }
        let data = self.transaction.data.as_slice();
        match data.split_first_chunk::<4>() {
            None if data.is_empty() => self.paid(to),
            None => Err(refused(
                DecodeErrorKind::WrongData,
                format!("`data`: expected a selector of 4 bytes, got {} bytes", data.len()),
            )),
            Some(_) if to == self.context.wallet => Err(refused(
                DecodeErrorKind::Forbidden,
                "the transaction calls the wallet itself: that does something only where the account \
                 is handed to a contract (EIP-7702), and then whatever that one likes"
                    .to_owned(),
            )),
            Some((selector, arguments)) => self.called(to, Selector::new(*selector), arguments),
        }
    }

    /// The native coin goes to somebody, without data.
    fn paid(&self, to: Address) -> Result<Vec<Detail>, DecodeError> {
        if to == self.context.wallet && self.value == Amount::ZERO {
            return Ok(vec![Detail::Cancel {
                chain: self.chain.id,
                account: to,
            }]);
        }
        if self.context.token(self.chain, &to).is_some() {
            return Err(refused(
                DecodeErrorKind::Forbidden,
                format!(
                    "`to`: `{to}` is the contract of a token: coins sent there without a call are lost; \
                     call `deposit()` of the contract that wraps them, or name who is to receive them"
                ),
            ));
        }
        Ok(vec![self.moved(to)])
    }

    fn moved(&self, to: Address) -> Detail {
        Detail::Transfer {
            asset: Asset::Native {
                chain: self.chain.id,
            },
            amount: self.value,
            to,
            wrapped: None,
        }
    }

    fn called(
        &self,
        to: Address,
        selector: Selector,
        arguments: &[u8],
    ) -> Result<Vec<Detail>, DecodeError> {
        let known = self.context.token(self.chain, &to);
        let known = known.and_then(|token| Some((token, call::function(selector)?)));
        match known {
            Some((token, function)) => {
                let call = Call {
                    wallet: self.context.wallet,
                    token,
                    value: self.value,
                };
                let is_recipient_of_none = |one: &Address| {
                    nobodys(one).is_some() || self.context.token(self.chain, one).is_some()
                };
                match call.read(function, arguments, &is_recipient_of_none)? {
                    Some(detail) => Ok(vec![detail]),
                    None => Ok(self.unread(to, selector)),
                }
            }
            None => Ok(self.unread(to, selector)),
        }
    }

    /// A call that a rule has to name, and the coins that go along with it.
    fn unread(&self, to: Address, selector: Selector) -> Vec<Detail> {
        let mut effects = vec![Detail::Call {
            chain: self.chain.id,
            contract: to,
            selector,
            data: keccak(&self.transaction.data),
        }];
        if self.value > Amount::ZERO {
            effects.push(self.moved(to));
        }
        effects
    }
}
