//! What the generators of the tests are made from: values of every key, and requests that tell them
//! apart.

use countersign_intent::solana::Asset;
use countersign_intent::solana::{Detail as Effect, Draft, Quote, Swap};
use countersign_intent::{Address, Amount, Intent, Timestamp};

use super::Term;

pub(crate) const WALLET: Address = Address::new([1; 32]);
/// Listed in `[destinations.friends]`.
pub(crate) const FRIEND: Address = Address::new([2; 32]);
/// Listed in `[destinations.shops]`.
pub(crate) const SHOP: Address = Address::new([3; 32]);
pub(crate) const STRANGER: Address = Address::new([4; 32]);
pub(crate) const NONCE: Address = Address::new([5; 32]);
pub(crate) const FEES: Address = Address::new([6; 32]);
/// A token with nine decimals that has no price.
pub(crate) const OTHER: Asset = Asset::Token(Address::new([9; 32]));

pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

/// A term with values to try.
pub(crate) trait Sampled: Term {
    /// Values of each of its keys.
    fn samples() -> Vec<Sample>;

    /// Requests that tell them apart, where those of other terms do not.
    fn requests() -> Vec<Intent> {
        Vec::new()
    }
}

/// What a key can say. Every value is told apart from another by some request.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) key: &'static str,
    pub(crate) values: Vec<String>,
    /// The rest of a `when` without which the key changes nothing.
    pub(crate) beside: String,
    /// What permits all that can be permitted, where that is not what holds unless written.
    pub(crate) widest: Option<&'static str>,
    /// Whether a rule may be without the key.
    pub(crate) optional: bool,
    /// Whether it is a bound that also says how far a demand for approval reaches.
    pub(crate) bounds_demands: bool,
}

impl Sample {
    pub(crate) fn of<T: Into<String>>(
        key: &'static str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            key,
            values: values.into_iter().map(Into::into).collect(),
            beside: "action = \"any\", ".to_owned(),
            widest: None,
            optional: true,
            bounds_demands: false,
        }
    }

    /// The key stands by itself, and has to.
    pub(crate) fn alone(mut self) -> Self {
        self.beside.clear();
        self.optional = false;
        self
    }

    pub(crate) fn beside(mut self, keys: &str) -> Self {
        self.beside += &format!("{keys}, ");
        self
    }

    pub(crate) const fn widest(mut self, value: &'static str) -> Self {
        self.widest = Some(value);
        self
    }

    pub(crate) const fn bounds_demands(mut self) -> Self {
        self.bounds_demands = true;
        self
    }

    /// Whether the key bounds a permission.
    pub(crate) fn is_bound(&self) -> bool {
        super::bounds().any(|key| key.name == self.key)
    }
}

/// A request of these effects.
pub(crate) fn intent(effects: Vec<Effect>) -> Intent {
    Draft::new(WALLET, effects).into()
}

/// Tenths of an asset with nine decimals leave.
pub(crate) fn pay(asset: Asset, tenths: u128, to: Address) -> Effect {
    Effect::Transfer {
        asset,
        amount: Amount::from_base(tenths * 100_000_000),
        to,
        token_account: None,
    }
}

/// Effects beside a small payment, which needs a rule.
pub(crate) fn beside_payment(effects: Vec<Effect>) -> Intent {
    draft_beside_payment(effects).into()
}

/// The same, for what a request says besides its effects.
pub(crate) fn draft_beside_payment(mut effects: Vec<Effect>) -> Draft {
    effects.push(pay(Asset::Sol, 8, FRIEND));
    Draft::new(WALLET, effects)
}

/// Thousandths of a SOL.
pub(crate) fn lamports(thousandths: u128) -> Amount {
    Amount::from_base(thousandths * 1_000_000)
}

/// Requests at EVM chains.
pub(crate) mod evm {
    use countersign_intent::evm::{
        AccountNonce, Address, Asset, Detail, Draft, FeeBound, Selector,
    };
    use countersign_intent::{Amount, Intent, Lifetime, Resource};

    const WALLET: Address = Address::new([7; 20]);

    fn intent(chain: u64, effects: Vec<Detail>) -> Intent {
        let nonce = AccountNonce {
            chain,
            address: WALLET,
            nonce: 0,
        };
        Intent::from(Draft {
            wallet: WALLET,
            effects,
            lifetime: Lifetime::HeldUntil(Resource::Evm(nonce)),
        })
    }

    fn payment(chain: u64) -> Detail {
        Detail::Transfer {
            asset: Asset::Native { chain },
            amount: Amount::from_base(5),
            to: Address::new([8; 20]),
            wrapped: None,
        }
    }

    /// Something is paid at a chain.
    pub(crate) fn pay(chain: u64) -> Intent {
        intent(chain, vec![payment(chain)])
    }

    /// A payment that costs thousandths of a coin.
    pub(crate) fn costs(chain: u64, thousandths: u128) -> Intent {
        let fee = Detail::Fee(FeeBound {
            chain,
            envelope: "legacy",
            amount: Amount::from_base(thousandths * 1_000_000_000_000_000),
            gas: 21_000,
            max_fee_per_gas: Amount::from_base(1),
            max_priority_fee_per_gas: None,
            access_list: None,
        });
        intent(chain, vec![payment(chain), fee])
    }

    /// A call that is not understood.
    pub(crate) fn call(contract: u8, selector: [u8; 4]) -> Intent {
        let call = Detail::Call {
            chain: 1,
            contract: Address::new([contract; 20]),
            selector: Selector::new(selector),
            data: [0; 32],
        };
        intent(1, vec![call])
    }
}

/// One SOL for its worth in USDC, quoted.
pub(crate) fn swap() -> Swap {
    let receive_min = Amount::from_base(150_000_000);
    Swap {
        program: "jupiter-v6",
        spend: Asset::Sol,
        spend_max: Amount::from_base(1_000_000_000),
        receive: Asset::USDC,
        receive_min,
        quote: Some(Quote {
            amount: receive_min,
            slippage_bps: 100,
        }),
        platform_fee_bps: 0,
        positive_slippage_bps: 0,
        fee_account: None,
        launches: false,
        exposed_accounts: 0,
        expires_at: None,
    }
}

/// One asset for another, without a quote.
pub(crate) fn swapped(spend: Asset, receive: Asset) -> Swap {
    Swap {
        spend,
        receive,
        quote: None,
        ..swap()
    }
}

/// A request of one exchange.
pub(crate) fn trade(swap: Swap) -> Intent {
    intent(vec![Effect::Swap(swap)])
}
