//! What a wallet has: read from the chain's accounts, byte by byte.

use std::collections::{BTreeMap, BTreeSet};

use litesvm::LiteSVM;
use solana_account::Account;
use solana_pubkey::Pubkey;

use super::actors::*;

/// What the wallets of the appliance have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Estate {
    /// Lamports in their hands, in accounts under their authority included.
    pub(crate) lamports: u64,
    /// Units by mint.
    pub(crate) tokens: BTreeMap<Pubkey, u64>,
    /// Powers that nobody else has.
    pub(crate) powers: BTreeSet<String>,
}

fn key(data: &[u8], at: usize) -> Option<Pubkey> {
    let bytes: [u8; 32] = data.get(at..at + 32)?.try_into().ok()?;
    Some(Pubkey::new_from_array(bytes))
}

impl Estate {
    pub(crate) fn of(svm: &LiteSVM) -> Self {
        let mut estate = Self::default();
        for wallet in [victim(), second()] {
            if let Some(account) = svm.get_account(&wallet) {
                estate.lamports += account.lamports;
                // Only an account of System without data can send.
                if account.owner == SYSTEM && account.data.is_empty() {
                    estate.power("sends from", wallet);
                }
            }
        }
        for program in [SYSTEM, TOKEN, TOKEN_2022, STAKE, VOTE, TABLES, LOADER] {
            for (address, account) in svm.get_program_accounts(&program) {
                estate.add(program, address, &account);
            }
        }
        estate
    }

    fn power(&mut self, verb: &str, over: Pubkey) {
        self.powers.insert(format!("{verb} {over}"));
    }

    fn add(&mut self, program: Pubkey, address: Pubkey, account: &Account) {
        match program {
            TOKEN | TOKEN_2022 => self.token(address, account),
            STAKE => self.staked(address, account),
            _ => self.under_authority(program, address, account),
        }
    }

    fn token(&mut self, address: Pubkey, account: &Account) {
        let data = &account.data;
        if data.len() < 165 || data.get(165) == Some(&1) {
            if data.first() == Some(&1) && key(data, 4) == Some(victim()) {
                self.power("issues", address);
            }
            return;
        }
        if key(data, 32) != Some(victim()) {
            return;
        }
        let units = u64::from_le_bytes(data[64..72].try_into().unwrap());
        *self.tokens.entry(key(data, 0).unwrap()).or_default() += units;
        self.lamports += account.lamports;
        if data[72] == 0 {
            self.power("alone spends from", address);
        }
        if data[129] == 0 {
            self.power("alone closes", address);
        }
        if has(data, 11, 1) {
            self.power("is asked before programs spend from", address);
        }
        if has(data, 8, 0) {
            self.power("receives without a memo into", address);
        }
    }

    fn staked(&mut self, address: Pubkey, account: &Account) {
        if key(&account.data, 44) != Some(victim()) {
            return;
        }
        self.lamports += account.lamports;
        self.power("withdraws from", address);
        if account.data[76..124] == [0; 48] {
            self.power("is not locked out of", address);
        }
        if key(&account.data, 12) == Some(victim()) {
            self.power("stakes with", address);
        }
    }

    /// Accounts of which one field says whose they are; those derived from the wallet.
    fn under_authority(&mut self, program: Pubkey, address: Pubkey, account: &Account) {
        let derived = [SYSTEM, THIEFS_PROGRAM].map(seeded_for).contains(&address);
        let at = match program {
            SYSTEM if account.data.len() == 80 => 8,
            VOTE => 36,
            TABLES => 22,
            LOADER => 5,
            _ if derived => {
                self.lamports += account.lamports;
                return;
            }
            _ => return,
        };
        if key(&account.data, at) == Some(victim()) {
            self.lamports += account.lamports;
            self.power("decides about", address);
        }
    }

    /// What is less afterwards than before, beyond `fee` for signatures.
    pub(crate) fn lost(&self, after: &Self, fee: u64) -> BTreeSet<&'static str> {
        let mut lost = BTreeSet::new();
        if after.lamports + fee < self.lamports {
            lost.insert("lamports");
        }
        let less = |(mint, units): (&Pubkey, &u64)| after.tokens.get(mint).unwrap_or(&0) < units;
        if self.tokens.iter().any(less) {
            lost.insert("tokens");
        }
        if !self.powers.is_subset(&after.powers) {
            lost.insert("authority");
        }
        if lost.is_empty() && after.lamports < self.lamports {
            lost.insert("fee");
        }
        lost
    }
}

/// Whether a Token-2022 account has a one-byte extension of this value.
fn has(data: &[u8], number: u16, value: u8) -> bool {
    let mut at = 166;
    while let Some(head) = data.get(at..at + 4) {
        let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        if u16::from_le_bytes([head[0], head[1]]) == number {
            return data.get(at + 4) == Some(&value);
        }
        at += 4 + length;
    }
    false
}
