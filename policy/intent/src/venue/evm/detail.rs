//! The closed list of what a transaction or signed typed data can do to a wallet. Policy judges
//! these, never bytes.

use super::{Address, Asset, Selector};
use crate::{Amount, Timestamp};

/// Tokens that whoever holds the signature may move once (EIP-3009).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authorization {
    /// The token.
    pub asset: Asset,
    /// How much.
    pub amount: Amount,
    /// Who receives.
    pub to: Address,
    /// From when on it can be used.
    pub valid_after: Timestamp,
    /// Until when it can be used.
    pub valid_before: Timestamp,
    /// What makes it usable once.
    pub nonce: [u8; 32],
}

/// What a transaction costs at most, whether or not it succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeBound {
    /// The chain's number.
    pub chain: u64,
    /// Which kind of transaction: `legacy`, `access-list` (EIP-2930) or `dynamic-fee` (EIP-1559).
    pub envelope: &'static str,
    /// Gas limit times the price at most, in wei.
    pub amount: Amount,
    /// Gas at most.
    pub gas: u64,
    /// Price of a unit of gas at most, in wei.
    pub max_fee_per_gas: Amount,
    /// What of it goes to whoever includes the transaction, at most, in wei; `None` where the kind
    /// does not say.
    pub max_priority_fee_per_gas: Option<Amount>,
    /// Keccak-256 of the access list as it is encoded; `None` for an empty one. It changes what gas
    /// costs and nothing else.
    pub access_list: Option<[u8; 32]>,
}

/// Where something is called: what the policy terms `chain`, `contract` and `selector` are held
/// against. Signed typed data has the selector of the function that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The chain's number.
    pub chain: u64,
    /// The contract, where one is called.
    pub contract: Option<Address>,
    /// The function, where one is called.
    pub selector: Option<Selector>,
}

/// One thing that a signature would do, with all that was signed about it. Where `wrapped` is
/// written the asset is the chain's native coin, wrapped by that contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// An asset leaves the wallet.
    Transfer {
        /// Asset that leaves.
        asset: Asset,
        /// How much.
        amount: Amount,
        /// Who receives.
        to: Address,
        /// The contract that wraps the native coin.
        wrapped: Option<Address>,
    },
    /// The wallet moves its own tokens by an allowance to itself.
    TransferFrom {
        /// Asset that leaves.
        asset: Asset,
        /// How much.
        amount: Amount,
        /// Who receives.
        to: Address,
        /// The contract that wraps the native coin.
        wrapped: Option<Address>,
    },
    /// Whoever holds the signature may move tokens once (EIP-3009).
    TransferAuthorization(Authorization),
    /// Somebody else may spend tokens of the wallet.
    Allowance {
        /// Asset.
        asset: Asset,
        /// How much; [`Amount::UNBOUNDED`] where it is all there can be.
        amount: Amount,
        /// Who may spend.
        spender: Address,
        /// Whether it comes on top of what may be spent already.
        added: bool,
        /// The contract that wraps the native coin.
        wrapped: Option<Address>,
    },
    /// Nobody may spend what one could.
    Revoke {
        /// Asset.
        asset: Asset,
        /// Who could spend.
        spender: Address,
        /// The contract that wraps the native coin.
        wrapped: Option<Address>,
    },
    /// An allowance that whoever holds the signature may set (EIP-2612).
    Permit {
        /// Asset.
        asset: Asset,
        /// How much; [`Amount::UNBOUNDED`] where it is all there can be.
        amount: Amount,
        /// Who may spend.
        spender: Address,
        /// Until when it can be set.
        deadline: Timestamp,
        /// What makes it usable once.
        nonce: [u8; 32],
        /// The contract that wraps the native coin.
        wrapped: Option<Address>,
    },
    /// An allowance within Permit2 that whoever holds the signature may set.
    Permit2Allowance {
        /// The Permit2 contract.
        contract: Address,
        /// Asset.
        asset: Asset,
        /// How much; [`Amount::UNBOUNDED`] where it is all there can be.
        amount: Amount,
        /// Who may spend.
        spender: Address,
        /// Until when it can be spent.
        expires_at: Timestamp,
        /// Until when it can be set.
        deadline: Timestamp,
        /// What makes it usable once.
        nonce: [u8; 32],
        /// The contract that wraps the native coin.
        wrapped: Option<Address>,
    },
    /// Tokens that a spender may move once through Permit2, to whomever it likes.
    Permit2Transfer {
        /// The Permit2 contract.
        contract: Address,
        /// Asset.
        asset: Asset,
        /// How much.
        amount: Amount,
        /// Who may move it.
        spender: Address,
        /// Until when.
        deadline: Timestamp,
        /// What makes it usable once.
        nonce: [u8; 32],
        /// The contract that wraps the native coin.
        wrapped: Option<Address>,
    },
    /// The native coin becomes wrapped in the wallet.
    Wrap {
        /// The chain's number.
        chain: u64,
        /// How much.
        amount: Amount,
        /// The contract that wraps it.
        contract: Address,
    },
    /// The wrapped coin becomes the native one in the wallet.
    Unwrap {
        /// The chain's number.
        chain: u64,
        /// How much.
        amount: Amount,
        /// The contract that wraps it.
        contract: Address,
    },
    /// A contract is called that is not understood: it may do whatever it was ever allowed to.
    Call {
        /// The chain's number.
        chain: u64,
        /// The contract.
        contract: Address,
        /// The function.
        selector: Selector,
        /// Keccak-256 of all the data.
        data: [u8; 32],
    },
    /// Nothing happens but that the nonce is used up.
    Cancel {
        /// The chain's number.
        chain: u64,
        /// The wallet itself.
        account: Address,
    },
    /// What the transaction costs.
    Fee(FeeBound),
}

impl Detail {
    const TRANSFER: Selector = Selector::new([0xa9, 0x05, 0x9c, 0xbb]);
    const TRANSFER_FROM: Selector = Selector::new([0x23, 0xb8, 0x72, 0xdd]);
    const APPROVE: Selector = Selector::new([0x09, 0x5e, 0xa7, 0xb3]);
    const INCREASE_ALLOWANCE: Selector = Selector::new([0x39, 0x50, 0x93, 0x51]);
    const PERMIT: Selector = Selector::new([0xd5, 0x05, 0xac, 0xcf]);
    const TRANSFER_WITH_AUTHORIZATION: Selector = Selector::new([0xe3, 0xee, 0x16, 0x0e]);
    const DEPOSIT: Selector = Selector::new([0xd0, 0xe3, 0x0d, 0xb0]);
    const WITHDRAW: Selector = Selector::new([0x2e, 0x1a, 0x7d, 0x4d]);
    const PERMIT2_PERMIT: Selector = Selector::new([0x2b, 0x67, 0xb5, 0x70]);
    const PERMIT2_TRANSFER: Selector = Selector::new([0x30, 0xf2, 0x8b, 0x7a]);

    /// Where it is called.
    #[must_use]
    pub const fn place(&self) -> Place {
        match self {
            Self::Transfer { asset, wrapped, .. } => called(asset, wrapped, Self::TRANSFER),
            Self::TransferFrom { asset, wrapped, .. } => {
                called(asset, wrapped, Self::TRANSFER_FROM)
            }
            Self::TransferAuthorization(Authorization { asset, .. }) => {
                called(asset, &None, Self::TRANSFER_WITH_AUTHORIZATION)
            }
            Self::Allowance {
                asset,
                wrapped,
                added: true,
                ..
            } => called(asset, wrapped, Self::INCREASE_ALLOWANCE),
            Self::Allowance { asset, wrapped, .. } | Self::Revoke { asset, wrapped, .. } => {
                called(asset, wrapped, Self::APPROVE)
            }
            Self::Permit { asset, wrapped, .. } => called(asset, wrapped, Self::PERMIT),
            Self::Permit2Allowance {
                asset, contract, ..
            } => at(asset.chain(), *contract, Self::PERMIT2_PERMIT),
            Self::Permit2Transfer {
                asset, contract, ..
            } => at(asset.chain(), *contract, Self::PERMIT2_TRANSFER),
            Self::Wrap {
                chain, contract, ..
            } => at(*chain, *contract, Self::DEPOSIT),
            Self::Unwrap {
                chain, contract, ..
            } => at(*chain, *contract, Self::WITHDRAW),
            Self::Call {
                chain,
                contract,
                selector,
                ..
            } => at(*chain, *contract, *selector),
            Self::Cancel { chain, .. } | Self::Fee(FeeBound { chain, .. }) => nowhere(*chain),
        }
    }

    /// Whether a permission has to name contract and function: what is not understood, and power
    /// without a bound or over more than one token.
    #[must_use]
    pub fn must_be_named(&self) -> bool {
        match self {
            Self::Call { .. } | Self::Permit2Allowance { .. } | Self::Permit2Transfer { .. } => {
                true
            }
            Self::Allowance { amount, .. } | Self::Permit { amount, .. } => {
                *amount == Amount::UNBOUNDED
            }
            Self::Transfer { .. }
            | Self::TransferFrom { .. }
            | Self::TransferAuthorization(_)
            | Self::Revoke { .. }
            | Self::Wrap { .. }
            | Self::Unwrap { .. }
            | Self::Cancel { .. }
            | Self::Fee(_) => false,
        }
    }
}

const fn called(asset: &Asset, wrapped: &Option<Address>, selector: Selector) -> Place {
    match (asset, wrapped) {
        (Asset::Native { chain }, Some(contract)) | (Asset::Token { chain, contract }, _) => {
            at(*chain, *contract, selector)
        }
        (Asset::Native { chain }, None) => nowhere(*chain),
    }
}

const fn at(chain: u64, contract: Address, selector: Selector) -> Place {
    Place {
        chain,
        contract: Some(contract),
        selector: Some(selector),
    }
}

const fn nowhere(chain: u64) -> Place {
    Place {
        chain,
        contract: None,
        selector: None,
    }
}
