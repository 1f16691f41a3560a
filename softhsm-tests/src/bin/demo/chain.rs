//! A Solana VM with the network's own System, SPL Token and Associated Token programs. It checks
//! signatures, blockhashes and fees as a validator does.

use anyhow::{Context, Result, anyhow};
use litesvm::LiteSVM;
use litesvm::types::{FailedTransactionMetadata, TransactionMetadata};
use softhsm_tests::swap::{JUPITER, USDC, WRAPPED_SOL};
use solana_account::Account;
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::{Message, VersionedMessage};
use solana_program_pack::Pack;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;
use spl_associated_token_account_interface::address::get_associated_token_address;
use spl_associated_token_account_interface::instruction::create_associated_token_account_idempotent;
use spl_token_interface::instruction::mint_to;
use spl_token_interface::state::{Account as TokenAccount, Mint};

/// Lamports in a SOL.
pub(crate) const SOL: u64 = 1_000_000_000;

const NATIVE_LOADER: Pubkey = Pubkey::from_str_const("NativeLoader1111111111111111111111111111111");
const RICH: u64 = 1_000 * SOL;

/// The VM.
pub(crate) struct Chain {
    svm: LiteSVM,
    /// Issues USDC here.
    issuer: Keypair,
}

impl Chain {
    /// # Errors
    /// A VM that does not take the mints.
    pub(crate) fn new() -> Result<Self> {
        let svm = LiteSVM::new()
            .with_sigverify(true)
            .with_blockhash_check(true);
        let issuer = Keypair::new();
        let mut chain = Self { svm, issuer };
        chain.pay(&chain.issuer.pubkey(), RICH)?;
        chain.put_mint(USDC, Some(chain.issuer.pubkey()), 6)?;
        chain.put_mint(WRAPPED_SOL, None, 9)?;
        Ok(chain)
    }

    fn put_mint(&mut self, address: Pubkey, authority: Option<Pubkey>, decimals: u8) -> Result<()> {
        let mint = Mint {
            mint_authority: authority.into(),
            decimals,
            is_initialized: true,
            ..Mint::default()
        };
        let mut data = vec![0; Mint::LEN];
        Mint::pack(mint, &mut data)?;
        self.put(address, spl_token_interface::ID, data, false)
    }

    fn put(
        &mut self,
        address: Pubkey,
        owner: Pubkey,
        data: Vec<u8>,
        executable: bool,
    ) -> Result<()> {
        let account = Account {
            lamports: self.svm.minimum_balance_for_rent_exemption(data.len()),
            data,
            owner,
            executable,
            rent_epoch: u64::MAX,
        };
        self.svm
            .set_account(address, account)
            .with_context(|| format!("the VM does not take account {address}"))
    }

    /// Marks Jupiter's address as a program, without any code behind it: the VM then gets as far
    /// as calling it.
    ///
    /// # Errors
    /// As [`Chain::new`].
    pub(crate) fn promise_jupiter(&mut self) -> Result<()> {
        self.put(JUPITER, NATIVE_LOADER, Vec::new(), true)
    }

    /// Gives somebody lamports.
    ///
    /// # Errors
    /// More than there are.
    pub(crate) fn pay(&mut self, to: &Pubkey, lamports: u64) -> Result<()> {
        let paid = self.svm.airdrop(to, lamports);
        paid.map_err(|failed| anyhow!("no lamports for {to}: {}", failed.err))?;
        Ok(())
    }

    /// Issues USDC to somebody, through the SPL Token program.
    ///
    /// # Errors
    /// The VM refuses.
    pub(crate) fn issue_usdc(&mut self, to: &Pubkey, units: u64) -> Result<()> {
        let (token, issuer) = (spl_token_interface::ID, self.issuer.pubkey());
        let account = get_associated_token_address(to, &USDC);
        let instructions = [
            create_associated_token_account_idempotent(&issuer, to, &USDC, &token),
            mint_to(&token, &USDC, &account, &issuer, &[], units)?,
        ];
        let issuer = self.issuer.insecure_clone();
        self.run_as(&issuer, &instructions)?;
        Ok(())
    }

    /// The blockhash to build on.
    pub(crate) fn blockhash(&self) -> Hash {
        self.svm.latest_blockhash()
    }

    /// Makes the next blockhash; the one before is too old from now on.
    pub(crate) fn expire_blockhash(&mut self) {
        self.svm.expire_blockhash();
    }

    /// Lamports of an account.
    pub(crate) fn lamports(&self, of: &Pubkey) -> u64 {
        self.svm.get_balance(of).unwrap_or_default()
    }

    /// The associated token account of an owner, if it exists.
    ///
    /// # Errors
    /// It is no token account.
    pub(crate) fn tokens(&self, owner: &Pubkey, mint: &Pubkey) -> Result<Option<TokenAccount>> {
        let address = get_associated_token_address(owner, mint);
        let account = self.svm.get_account(&address);
        let state = account.map(|account| TokenAccount::unpack(&account.data));
        Ok(state.transpose()?)
    }

    /// Sends a transaction.
    ///
    /// # Errors
    /// The VM's own, with what ran before it.
    pub(crate) fn run(
        &mut self,
        transaction: VersionedTransaction,
    ) -> Result<TransactionMetadata, Box<FailedTransactionMetadata>> {
        self.svm.send_transaction(transaction).map_err(Box::new)
    }

    /// Sends a transaction that has to run to its end.
    ///
    /// # Errors
    /// It does not.
    pub(crate) fn must_run(
        &mut self,
        transaction: VersionedTransaction,
    ) -> Result<TransactionMetadata> {
        self.run(transaction)
            .map_err(|failed| anyhow!("the VM refuses: {}: {:?}", failed.err, failed.meta.logs))
    }

    /// Signs with a software key and sends.
    ///
    /// # Errors
    /// The VM refuses.
    pub(crate) fn run_as(
        &mut self,
        key: &Keypair,
        instructions: &[Instruction],
    ) -> Result<TransactionMetadata> {
        let blockhash = self.blockhash();
        let message = Message::new_with_blockhash(instructions, Some(&key.pubkey()), &blockhash);
        let message = VersionedMessage::Legacy(message);
        self.must_run(VersionedTransaction::try_new(message, &[key])?)
    }
}
