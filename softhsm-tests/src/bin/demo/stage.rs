//! Where the acts play: the screen, the appliance's directory, the chain.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use countersign_api::Wallet;
use countersign_intent::Amount;
use softhsm_tests::Client;
use softhsm_tests::message::{Version, compile};
use solana_instruction::Instruction;
use solana_message::VersionedMessage;
use solana_pubkey::Pubkey;

use crate::chain::Chain;
pub(crate) use crate::chain::SOL;
use crate::screen::Screen;

/// What every act uses.
pub(crate) struct Stage<'s> {
    pub(crate) screen: &'s mut Screen,
    pub(crate) chain: Chain,
    /// The one address on the sample policy's `cold` list.
    pub(crate) cold: Pubkey,
    pub(crate) url: String,
    directory: PathBuf,
}

/// Who plays, once enrolled.
pub(crate) struct Cast {
    pub(crate) gateway: Client,
    pub(crate) bot: Client,
    pub(crate) bot_name: &'static str,
    pub(crate) account: Account,
}

/// A wallet the bot may use.
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) address: Pubkey,
}

impl Account {
    /// # Errors
    /// A wallet whose address is none of Solana's.
    pub(crate) fn of(wallet: &Wallet) -> Result<Self> {
        Ok(Self {
            id: wallet.id.clone(),
            address: wallet.address.parse()?,
        })
    }
}

impl<'s> Stage<'s> {
    /// # Errors
    /// A directory that no running `deploy/dev/dev.sh` made.
    pub(crate) fn open(screen: &'s mut Screen, directory: PathBuf) -> Result<Self> {
        let read = |name: &str| read(&directory, name);
        let (url, cold) = (read("url")?, read("cold-address")?);
        screen
            .title("Countersign: keys stay in the HSM, bots get signatures that policy allows")?;
        screen.say(&format!(
            "appliance {url}, on SoftHSM2 and SQLite; TLS 1.3 with client certificates only"
        ))?;
        screen.say("→ asks, ← answers, ✓ happened, ✗ did not: refused or failed")?;
        Ok(Self {
            chain: Chain::new()?,
            cold: cold.parse()?,
            screen,
            url,
            directory,
        })
    }

    /// A file of the directory.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn read(&self, name: &str) -> Result<String> {
        read(&self.directory, name)
    }

    /// A client with the certificate of this name.
    ///
    /// # Errors
    /// Files that cannot be used.
    pub(crate) fn client(&self, name: &str) -> Result<Client> {
        let file = |name: &str| self.directory.join(name);
        Client::with_files(
            &self.url,
            &file("ca.pem"),
            &file(&format!("{name}.pem")),
            &file(&format!("{name}.key")),
        )
    }

    /// A message with the chain's blockhash.
    ///
    /// # Errors
    /// Instructions that fit into no message.
    pub(crate) fn message(
        &self,
        payer: &Pubkey,
        instructions: &[Instruction],
    ) -> Result<VersionedMessage> {
        compile(Version::V0, payer, instructions, self.chain.blockhash())
    }
}

fn read(directory: &Path, name: &str) -> Result<String> {
    let path = directory.join(name);
    let text = fs::read_to_string(&path);
    let text = text.with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(text.trim().to_owned())
}

/// An amount of SOL for people.
pub(crate) fn sol(lamports: u64) -> String {
    let amount = Amount::from_base(u128::from(lamports));
    format!("{} SOL", amount.display(9))
}
