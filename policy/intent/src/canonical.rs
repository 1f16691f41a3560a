//! Canonical bytes of an intent: what an approval binds to.
//!
//! Every field is written with its length or a fixed width, so two different intents never
//! share their bytes. The lifetime's blockhash or nonce value is left out: the same intent may
//! come back with a fresh one; a durable nonce's account and authority are part of the meaning.

use sha2::{Digest, Sha256};

use crate::effect::{AuthorityKind, Effect, Launch, StakeOperation, Swap};
use crate::{Address, Amount, AssertedFact, Assertion, Asset, Intent, Lifetime};

/// Starts every canonical encoding; a change of layout changes it.
pub const CANONICAL_DOMAIN: &[u8] = b"countersign/intent/v3\0";

/// The canonical bytes of an intent.
#[must_use]
pub fn canonical_bytes(intent: &Intent) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(64 + intent.effects.len() * 96));
    out.0.extend_from_slice(CANONICAL_DOMAIN);
    out.text(intent.venue.as_str());
    out.address(&intent.wallet);
    match &intent.lifetime {
        Lifetime::Blockhash(_) => out.tag(0),
        Lifetime::DurableNonce {
            account, authority, ..
        } => {
            out.tag(1);
            out.address(account);
            out.address(authority);
        }
    }
    out.count(intent.cosigners.len());
    intent.cosigners.iter().for_each(|key| out.address(key));
    out.count(intent.effects.len());
    intent.effects.iter().for_each(|effect| out.effect(effect));
    out.count(intent.asserted.len());
    intent.asserted.iter().for_each(|one| out.assertion(one));
    out.0
}

/// SHA-256 of the canonical bytes.
#[must_use]
pub fn intent_digest(intent: &Intent) -> [u8; 32] {
    Sha256::digest(canonical_bytes(intent)).into()
}

struct Writer(Vec<u8>);

impl Writer {
    fn tag(&mut self, tag: u8) {
        self.0.push(tag);
    }

    fn count(&mut self, count: usize) {
        self.0.extend_from_slice(&(count as u64).to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn address(&mut self, address: &Address) {
        self.0.extend_from_slice(address.as_bytes());
    }

    fn maybe_address(&mut self, address: Option<&Address>) {
        match address {
            None => self.tag(0),
            Some(address) => {
                self.tag(1);
                self.address(address);
            }
        }
    }

    fn amount(&mut self, amount: Amount) {
        self.0.extend_from_slice(&amount.base().to_be_bytes());
    }

    fn asset(&mut self, asset: Asset) {
        match asset {
            Asset::Sol => self.tag(0),
            Asset::Token(mint) => {
                self.tag(1);
                self.address(&mint);
            }
        }
    }

    fn effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Transfer {
                asset,
                amount,
                to,
                token_account,
            } => {
                self.tag(1);
                self.asset(*asset);
                self.amount(*amount);
                self.address(to);
                self.maybe_address(token_account.as_ref());
            }
            Effect::Swap(swap) => self.swap(swap),
            Effect::Launch(launch) => self.launch(launch),
            Effect::Fee {
                signatures,
                priority,
            } => {
                self.tag(3);
                self.amount(*signatures);
                self.amount(*priority);
            }
            Effect::Tip { to, amount } => self.account_amount(4, to, *amount),
            Effect::RentDeposit { account, amount } => self.account_amount(5, account, *amount),
            Effect::Wrap { account, amount } => self.account_amount(6, account, *amount),
            Effect::Unwrap { account, amount } => {
                self.tag(7);
                self.address(account);
                self.maybe_amount(*amount);
            }
            Effect::OpenAccount {
                account,
                owner,
                asset,
            } => {
                self.tag(8);
                self.address(account);
                self.address(owner);
                self.asset(*asset);
            }
            Effect::Memo { text } => {
                self.tag(9);
                self.text(text);
            }
            Effect::Reclaim { account, amount } => {
                self.tag(10);
                self.address(account);
                self.maybe_amount(*amount);
            }
            Effect::CloseAccount { .. }
            | Effect::Delegate { .. }
            | Effect::Revoke { .. }
            | Effect::AuthorityChange { .. }
            | Effect::Burn { .. }
            | Effect::Stake { .. }
            | Effect::NonceAdvance { .. } => self.power(effect),
        }
    }

    fn power(&mut self, effect: &Effect) {
        match effect {
            Effect::CloseAccount {
                account,
                destination,
            } => self.two_addresses(16, account, destination),
            Effect::NonceAdvance { account, authority } => {
                self.two_addresses(17, account, authority);
            }
            Effect::Revoke { account } => {
                self.tag(18);
                self.address(account);
            }
            Effect::Delegate {
                account,
                delegate,
                asset,
                amount,
            } => {
                self.two_addresses(19, account, delegate);
                match asset {
                    None => self.tag(0),
                    Some(asset) => {
                        self.tag(1);
                        self.asset(*asset);
                    }
                }
                self.amount(*amount);
            }
            Effect::AuthorityChange {
                account,
                kind,
                new_authority,
            } => {
                self.tag(20);
                self.address(account);
                self.authority_kind(*kind);
                self.maybe_address(new_authority.as_ref());
            }
            Effect::Burn {
                asset,
                amount,
                account,
            } => {
                self.account_amount(21, account, *amount);
                self.asset(*asset);
            }
            Effect::Stake { account, operation } => {
                self.tag(22);
                self.address(account);
                self.stake(operation);
            }
            Effect::Transfer { .. }
            | Effect::Swap(_)
            | Effect::Launch(_)
            | Effect::Fee { .. }
            | Effect::Tip { .. }
            | Effect::RentDeposit { .. }
            | Effect::Wrap { .. }
            | Effect::Unwrap { .. }
            | Effect::Reclaim { .. }
            | Effect::OpenAccount { .. }
            | Effect::Memo { .. } => self.effect(effect),
        }
    }

    fn launch(&mut self, launch: &Launch) {
        self.tag(23);
        self.text(launch.program);
        self.address(&launch.mint);
        self.maybe_address(launch.creator.as_ref());
        self.asset(launch.quote);
        self.text(&launch.name);
        self.text(&launch.symbol);
        self.text(&launch.uri);
        self.amount(launch.cost);
    }

    fn swap(&mut self, swap: &Swap) {
        self.tag(if swap.launches { 24 } else { 2 });
        self.text(swap.program);
        self.asset(swap.spend);
        self.amount(swap.spend_max);
        self.asset(swap.receive);
        self.amount(swap.receive_min);
        match &swap.quote {
            None => self.tag(0),
            Some(quote) => {
                self.tag(1);
                self.amount(quote.amount);
                self.0.extend_from_slice(&quote.slippage_bps.to_be_bytes());
            }
        }
        self.0
            .extend_from_slice(&swap.platform_fee_bps.to_be_bytes());
        self.0
            .extend_from_slice(&swap.positive_slippage_bps.to_be_bytes());
        self.maybe_address(swap.fee_account.as_ref());
        self.0
            .extend_from_slice(&swap.exposed_accounts.to_be_bytes());
        match swap.expires_at {
            None => self.tag(0),
            Some(until) => {
                self.tag(1);
                self.0.extend_from_slice(&until.micros().to_be_bytes());
            }
        }
    }

    fn assertion(&mut self, assertion: &Assertion) {
        self.address(&assertion.account);
        match assertion.fact {
            AssertedFact::OwnedBySystem => self.tag(0),
            AssertedFact::NoData => self.tag(1),
            AssertedFact::LamportsAtLeast(least) => {
                self.tag(2);
                self.amount(least);
            }
        }
    }

    fn stake(&mut self, operation: &StakeOperation) {
        match operation {
            StakeOperation::Delegate { vote_account } => {
                self.tag(0);
                self.address(vote_account);
            }
            StakeOperation::Deactivate => self.tag(1),
            StakeOperation::WithdrawToSelf { amount } => {
                self.tag(2);
                self.amount(*amount);
            }
            StakeOperation::Create { amount } => {
                self.tag(3);
                self.amount(*amount);
            }
        }
    }

    fn authority_kind(&mut self, kind: AuthorityKind) {
        match kind {
            AuthorityKind::AccountOwner => self.tag(0),
            AuthorityKind::CloseAccount => self.tag(1),
            AuthorityKind::Mint(number) => {
                self.tag(2);
                self.tag(number);
            }
            AuthorityKind::Nonce => self.tag(3),
            AuthorityKind::Staker => self.tag(4),
            AuthorityKind::Withdrawer => self.tag(5),
        }
    }

    fn account_amount(&mut self, tag: u8, account: &Address, amount: Amount) {
        self.tag(tag);
        self.address(account);
        self.amount(amount);
    }

    fn maybe_amount(&mut self, amount: Option<Amount>) {
        match amount {
            None => self.tag(0),
            Some(amount) => {
                self.tag(1);
                self.amount(amount);
            }
        }
    }

    fn two_addresses(&mut self, tag: u8, first: &Address, second: &Address) {
        self.tag(tag);
        self.address(first);
        self.address(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Venue;

    fn transfer(amount: u128, blockhash: u8) -> Intent {
        Intent {
            venue: Venue::Solana,
            wallet: Address::new([1; 32]),
            effects: vec![Effect::Transfer {
                asset: Asset::Sol,
                amount: Amount::from_base(amount),
                to: Address::new([2; 32]),
                token_account: None,
            }],
            lifetime: Lifetime::Blockhash([blockhash; 32]),
            cosigners: Vec::new(),
            asserted: Vec::new(),
        }
    }

    #[test]
    fn a_fresh_blockhash_is_the_same_intent() {
        assert_eq!(
            intent_digest(&transfer(5, 1)),
            intent_digest(&transfer(5, 2))
        );
    }

    #[test]
    fn another_amount_is_another_intent() {
        assert_ne!(
            intent_digest(&transfer(5, 1)),
            intent_digest(&transfer(6, 1))
        );
    }

    #[test]
    fn an_effect_is_not_hidden_by_its_neighbours() {
        let mut two = transfer(5, 1);
        two.effects.push(Effect::Memo {
            text: String::new(),
        });
        assert_ne!(intent_digest(&two), intent_digest(&transfer(5, 1)));
        let mut other = transfer(5, 1);
        other.effects.insert(
            0,
            Effect::Memo {
                text: String::new(),
            },
        );
        assert_ne!(intent_digest(&two), intent_digest(&other));
    }

    #[test]
    fn what_is_asserted_belongs_to_the_intent() {
        let with = |facts: &[AssertedFact]| {
            let mut intent = transfer(5, 1);
            intent.asserted = facts
                .iter()
                .map(|fact| Assertion {
                    account: Address::new([1; 32]),
                    fact: *fact,
                })
                .collect();
            intent_digest(&intent)
        };
        let floor = |units| AssertedFact::LamportsAtLeast(Amount::from_base(units));
        let digests = [
            with(&[]),
            with(&[AssertedFact::OwnedBySystem]),
            with(&[AssertedFact::NoData]),
            with(&[floor(0)]),
            with(&[floor(1)]),
            with(&[AssertedFact::OwnedBySystem, AssertedFact::NoData]),
        ];
        let distinct: std::collections::BTreeSet<[u8; 32]> = digests.into_iter().collect();
        assert_eq!(distinct.len(), digests.len());
    }
}
