//! The closed list of what a Solana message can do to a wallet. Policy judges these, never
//! instruction names.

use super::{Address, Asset};
use crate::{Amount, Timestamp};

/// The numbers an aggregator quoted, as they stand in the instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Quoted amount of the variable side: received for exact-in, spent for exact-out.
    pub amount: Amount,
    /// Allowed deviation from it, in basis points.
    pub slippage_bps: u16,
}

/// One exchange. `spend_max` and `receive_min` are what the chain enforces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swap {
    /// Slug of the trading program, e.g. `jupiter-v6`.
    pub program: &'static str,
    /// Asset given.
    pub spend: Asset,
    /// The most of it that can leave.
    pub spend_max: Amount,
    /// Asset received.
    pub receive: Asset,
    /// The least of it that must arrive.
    pub receive_min: Amount,
    /// The quote, where the instruction carries one.
    pub quote: Option<Quote>,
    /// Fee to an integrator, in basis points of the trade.
    pub platform_fee_bps: u16,
    /// Share of a better-than-quoted price that an integrator may keep, in basis points.
    pub positive_slippage_bps: u16,
    /// Token account that integrator fees go to, if any.
    pub fee_account: Option<Address>,
    /// Accounts that are the wallet's, or may be, which the trade does not name and which its
    /// exchanges could spend from with the wallet's signature.
    pub exposed_accounts: u16,
    /// Until when an order waits for somebody to fill it; `None` for what is exchanged at once.
    pub expires_at: Option<Timestamp>,
    /// Whether one of the two assets is a coin that this message launches.
    pub launches: bool,
}

/// A coin that is created at the wallet's cost. What of it is traded in the same message is a
/// [`Swap`] with `launches`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Slug of the program it is launched on, e.g. `pump-fun`.
    pub program: &'static str,
    /// The coin's mint, which signs too.
    pub mint: Address,
    /// Who gets the creator's share of its trading fees; `None` where the program decides.
    pub creator: Option<Address>,
    /// What it is traded against.
    pub quote: Asset,
    /// Its name, as it is sent.
    pub name: String,
    /// Its symbol, as it is sent.
    pub symbol: String,
    /// Where its description lies, as it is sent.
    pub uri: String,
    /// Lamports that creating it costs at most: rent of its accounts, fees of its metadata.
    pub cost: Amount,
}

/// Which power over an account changes hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorityKind {
    /// Owner of a token account.
    AccountOwner,
    /// Who may close a token account.
    CloseAccount,
    /// Any authority of a mint or of an extension, by its number in the token program.
    Mint(u8),
    /// Authority of a nonce account.
    Nonce,
    /// Staker of a stake account.
    Staker,
    /// Withdrawer of a stake account.
    Withdrawer,
}

/// What is done with a stake account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StakeOperation {
    /// Delegated to a vote account.
    Delegate {
        /// The validator's vote account.
        vote_account: Address,
    },
    /// Cooling down.
    Deactivate,
    /// Withdrawn to the wallet itself.
    WithdrawToSelf {
        /// Lamports withdrawn.
        amount: Amount,
    },
    /// Created and funded, with the wallet as staker and withdrawer.
    Create {
        /// Lamports deposited.
        amount: Amount,
    },
}

/// One thing a message would do, with all that the message says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// An asset leaves the wallet for `to`.
    Transfer {
        /// Asset that leaves.
        asset: Asset,
        /// How much, before any fee the token itself takes.
        amount: Amount,
        /// Who receives: the system account, or the owner of the receiving token account where
        /// the message proves it, else the token account itself.
        to: Address,
        /// Token account that receives, for token transfers.
        token_account: Option<Address>,
    },
    /// An exchange.
    Swap(Swap),
    /// A coin is created.
    Launch(Launch),
    /// Network fee charged to the wallet, also when the transaction fails.
    Fee {
        /// Fee for signatures, in lamports.
        signatures: Amount,
        /// Priority fee at most, in lamports.
        priority: Amount,
    },
    /// Payment to a block-inclusion service.
    Tip {
        /// A known tip account.
        to: Address,
        /// Lamports.
        amount: Amount,
    },
    /// Lamports that make an account rent-exempt; at most this much.
    RentDeposit {
        /// Account that is funded.
        account: Address,
        /// Lamports at most.
        amount: Amount,
    },
    /// SOL becomes wrapped SOL in the wallet's own account.
    Wrap {
        /// The wallet's wrapped-SOL account.
        account: Address,
        /// Lamports.
        amount: Amount,
    },
    /// Wrapped SOL becomes SOL of the wallet.
    Unwrap {
        /// The wallet's wrapped-SOL account.
        account: Address,
        /// Lamports, or `None` for all of it.
        amount: Option<Amount>,
    },
    /// Lamports of an account under the wallet's authority come back to the wallet.
    Reclaim {
        /// The account that pays out: a nonce account, an order, an over-funded token account.
        account: Address,
        /// Lamports, or `None` where the message does not say how many.
        amount: Option<Amount>,
    },
    /// A token account of `owner` is opened.
    OpenAccount {
        /// The token account.
        account: Address,
        /// Its owner.
        owner: Address,
        /// Its mint's asset.
        asset: Asset,
    },
    /// A token account of the wallet is closed and its lamports go to `destination`.
    CloseAccount {
        /// The closed account.
        account: Address,
        /// Receives its lamports.
        destination: Address,
    },
    /// Somebody may spend from an account of the wallet.
    Delegate {
        /// The wallet's token account.
        account: Address,
        /// Who may spend.
        delegate: Address,
        /// Asset, where the message names it.
        asset: Option<Asset>,
        /// How much.
        amount: Amount,
    },
    /// A standing delegation is withdrawn.
    Revoke {
        /// The wallet's token account.
        account: Address,
    },
    /// A power over an account changes hands.
    AuthorityChange {
        /// The account.
        account: Address,
        /// Which power.
        kind: AuthorityKind,
        /// Who gets it; `None` gives it up for ever.
        new_authority: Option<Address>,
    },
    /// Tokens are destroyed.
    Burn {
        /// Asset destroyed.
        asset: Asset,
        /// How much.
        amount: Amount,
        /// Account they are taken from.
        account: Address,
    },
    /// Staking.
    Stake {
        /// The stake account.
        account: Address,
        /// What is done with it.
        operation: StakeOperation,
    },
    /// A durable nonce is consumed: the signature does not expire by itself.
    NonceAdvance {
        /// The nonce account.
        account: Address,
        /// Its authority.
        authority: Address,
    },
    /// Text is written into the ledger.
    Memo {
        /// The text.
        text: String,
    },
}
