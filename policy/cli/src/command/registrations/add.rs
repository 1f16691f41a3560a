//! `countersign registrations add`

use clap::Subcommand;
use countersign_api::Registered;
use countersign_intent::{Address, WalletId};

use crate::change::{self, DryRun};
use crate::client::Call;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::session::Session;

/// Register something.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

/// How it is sent.
#[derive(Debug, clap::Args)]
struct Sending {
    #[command(flatten)]
    preview: DryRun,
    #[command(flatten)]
    idempotency: Idempotency,
}

/// What to register.
#[derive(Debug, Subcommand)]
enum What {
    /// A token account of a wallet that is not its associated one
    TokenAccount {
        /// `wal_…`
        #[arg(long, value_name = "WALLET_ID")]
        wallet: WalletId,
        /// The token account
        #[arg(long, value_name = "ADDRESS")]
        account: Address,
        /// Its mint
        #[arg(long, value_name = "ADDRESS")]
        mint: Address,
        #[command(flatten)]
        sending: Sending,
    },
    /// A durable-nonce account of a wallet, which is its authority
    NonceAccount {
        /// `wal_…`
        #[arg(long, value_name = "WALLET_ID")]
        wallet: WalletId,
        /// The nonce account
        #[arg(long, value_name = "ADDRESS")]
        account: Address,
        #[command(flatten)]
        sending: Sending,
    },
    /// An order-book market, with the numbers its account holds
    Market {
        /// The market account
        #[arg(long, value_name = "ADDRESS")]
        market: Address,
        /// Mint of the base asset
        #[arg(long, value_name = "ADDRESS")]
        base_mint: Address,
        /// Mint of the quote asset
        #[arg(long, value_name = "ADDRESS")]
        quote_mint: Address,
        /// Base units of the base asset in one base lot
        #[arg(long, value_name = "UNITS")]
        base_lot: u64,
        /// Base units of the quote asset in one quote lot
        #[arg(long, value_name = "UNITS")]
        quote_lot: u64,
        /// What a taker pays, in basis points; too high is the safe side
        #[arg(long, value_name = "BPS")]
        taker_fee_bps: u16,
        #[command(flatten)]
        sending: Sending,
    },
    /// An account that takes tips, besides Jito's
    TipAccount {
        /// The account
        #[arg(long, value_name = "ADDRESS")]
        account: Address,
        #[command(flatten)]
        sending: Sending,
    },
}

impl What {
    const fn sending(&self) -> &Sending {
        match self {
            Self::TokenAccount { sending, .. }
            | Self::NonceAccount { sending, .. }
            | Self::Market { sending, .. }
            | Self::TipAccount { sending, .. } => sending,
        }
    }

    fn body(&self) -> Registered {
        match self {
            Self::TokenAccount {
                wallet,
                account,
                mint,
                ..
            } => Registered::TokenAccount {
                wallet_id: wallet.to_string(),
                account: account.to_string(),
                mint: mint.to_string(),
            },
            Self::NonceAccount {
                wallet, account, ..
            } => Registered::NonceAccount {
                wallet_id: wallet.to_string(),
                account: account.to_string(),
            },
            Self::Market {
                market,
                base_mint,
                quote_mint,
                base_lot,
                quote_lot,
                taker_fee_bps,
                ..
            } => Registered::Market {
                market: market.to_string(),
                base_mint: base_mint.to_string(),
                quote_mint: quote_mint.to_string(),
                base_lot: *base_lot,
                quote_lot: *quote_lot,
                taker_fee_bps: *taker_fee_bps,
            },
            Self::TipAccount { account, .. } => Registered::TipAccount {
                account: account.to_string(),
            },
        }
    }
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let call = Call::post("/v1/registrations").json(&arguments.what.body())?;
    let sending = arguments.what.sending();
    if sending.preview.dry_run {
        return change::preview(session, &call);
    }
    change::ask(session, &call.keyed(sending.idempotency.key()?))
}
