//! A chain on which the wallet has something of everything.

use litesvm::LiteSVM;
use solana_account::Account;
use solana_pubkey::Pubkey;

use super::actors::*;

/// Slots that went by before anybody steals.
const NOW: u64 = 2_000;

const SYSVAR: Pubkey = Pubkey::from_str_const("Sysvar1111111111111111111111111111111111111");
const SLOT_HASHES: Pubkey = Pubkey::from_str_const("SysvarS1otHashes111111111111111111111111111");
const SLOT_HASHES_LENGTH: usize = 8 + 512 * 40;

/// The chain, before a theft.
pub(crate) fn stage() -> LiteSVM {
    let mut svm = LiteSVM::new()
        .with_sigverify(true)
        .with_blockhash_check(false);
    svm.warp_to_slot(NOW);
    for (owner, lamports) in [
        (victim(), 100 * SOL),
        (second(), 10 * SOL),
        (thief(), SOL),
        (COLD, SOL),
    ] {
        svm.airdrop(&owner, lamports).unwrap();
    }
    let mut stage = Stage { svm };
    stage.wallets();
    stage.tokens();
    stage.registered();
    stage.tokens_2022();
    stage.others();
    stage.programs();
    stage.svm
}

struct Stage {
    svm: LiteSVM,
}

/// A token account's 165 bytes.
fn token_account(mint: Pubkey, owner: Pubkey, units: u64, native: bool) -> Vec<u8> {
    let mut data = vec![0; 165];
    data[..32].copy_from_slice(mint.as_ref());
    data[32..64].copy_from_slice(owner.as_ref());
    data[64..72].copy_from_slice(&units.to_le_bytes());
    data[108] = 1;
    if native {
        data[109] = 1;
        data[113..121].copy_from_slice(&TOKEN_RENT.to_le_bytes());
    }
    data
}

/// A mint's 82 bytes.
fn mint(authority: Option<Pubkey>, supply: u64, decimals: u8) -> Vec<u8> {
    let mut data = vec![0; 82];
    if let Some(authority) = authority {
        data[0] = 1;
        data[4..36].copy_from_slice(authority.as_ref());
    }
    data[36..44].copy_from_slice(&supply.to_le_bytes());
    data[44] = decimals;
    data[45] = 1;
    data
}

/// A Token-2022 account: what SPL Token has, its type, then extensions.
fn extended(mut data: Vec<u8>, kind: u8, extensions: &[(u16, &[u8])]) -> Vec<u8> {
    data.resize(165, 0);
    data.push(kind);
    for (number, value) in extensions {
        data.extend(number.to_le_bytes());
        data.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
        data.extend(*value);
    }
    data
}

impl Stage {
    fn put(&mut self, address: Pubkey, owner: Pubkey, lamports: u64, data: Vec<u8>) {
        let rent = self.svm.minimum_balance_for_rent_exemption(data.len());
        let account = Account {
            lamports: lamports.max(rent),
            data,
            owner,
            executable: false,
            rent_epoch: u64::MAX,
        };
        self.svm.set_account(address, account).unwrap();
    }

    fn wallets(&mut self) {
        for owner in [SYSTEM, THIEFS_PROGRAM] {
            self.put(seeded_for(owner), SYSTEM, 2 * SOL, Vec::new());
        }
        let owner = victim();
        // Version and state, authority, a nonce that is the blockhash of the messages, the fee.
        let state: [&[u8]; 5] = [
            &[1, 0, 0, 0],
            &[1, 0, 0, 0],
            owner.as_ref(),
            &[7; 32],
            &5_000_u64.to_le_bytes(),
        ];
        self.put(NONCE, SYSTEM, 2 * SOL, state.concat());
    }

    fn tokens(&mut self) {
        for (address, decimals) in [(COIN, 6), (USDC, 6)] {
            self.put(address, TOKEN, 0, mint(None, 1 << 50, decimals));
        }
        self.put(WRAPPED, TOKEN, 0, mint(None, 0, 9));
        self.put(ISSUED, TOKEN, 0, mint(Some(victim()), 0, 6));
        let units = 1_000_000_000;
        for (owner, coin, units) in [
            (victim(), COIN, units),
            (victim(), USDC, 0),
            (thief(), COIN, 0),
        ] {
            let data = token_account(coin, owner, units, false);
            // More than its rent, which can be withdrawn.
            self.put(ata(owner, coin), TOKEN, TOKEN_RENT + SOL, data);
        }
        for (owner, units) in [(victim(), 5 * SOL), (thief(), 0)] {
            let data = token_account(WRAPPED, owner, units, true);
            self.put(ata(owner, WRAPPED), TOKEN, TOKEN_RENT + units, data);
        }
    }

    fn registered(&mut self) {
        let data = token_account(WRAPPED, victim(), SOL, true);
        self.put(registered(), TOKEN, TOKEN_RENT + SOL, data);
    }

    fn tokens_2022(&mut self) {
        // One per cent from epoch 0 on, at most 10 units: twice, as it was and as it is.
        let fee: [&[u8]; 3] = [
            &0_u64.to_le_bytes(),
            &10_000_000_u64.to_le_bytes(),
            &100_u16.to_le_bytes(),
        ];
        let config = [
            &[0; 64][..],
            &0_u64.to_le_bytes(),
            &fee.concat(),
            &fee.concat(),
        ]
        .concat();
        let coin = extended(mint(None, 1 << 50, 6), 1, &[(1, &config)]);
        self.put(COIN_2022, TOKEN_2022, 0, coin);
        for (owner, units) in [(victim(), 1_000_000_000_u64), (thief(), 0)] {
            let data = token_account(COIN_2022, owner, units, false);
            let withheld = 0_u64.to_le_bytes();
            // Withheld fees, memos not required, guarded against programs.
            let extensions: [(u16, &[u8]); 3] = [(2, &withheld), (8, &[0]), (11, &[1])];
            let data = extended(data, 2, &extensions);
            self.put(ata_2022(owner), TOKEN_2022, 0, data);
        }
    }

    fn others(&mut self) {
        let rent = self.svm.minimum_balance_for_rent_exemption(200);
        let owner = victim();
        let staked: [&[u8]; 5] = [
            &[1, 0, 0, 0],
            &rent.to_le_bytes(),
            owner.as_ref(),
            owner.as_ref(),
            &[0; 48],
        ];
        let mut staked = staked.concat();
        staked.resize(200, 0);
        for address in DELEGATED {
            self.put(address, STAKE, 3 * SOL, delegated(staked.clone(), 2 * SOL));
        }
        self.put(STAKED, STAKE, 3 * SOL, staked);
        self.put(OLD_TABLE, TABLES, 0, table(1, victim(), thief()));
        self.put(THIEFS_TABLE, TABLES, 0, table(u64::MAX, thief(), thief()));
        let buffer: [&[u8]; 4] = [&[1, 0, 0, 0], &[1], owner.as_ref(), &[0; 64]];
        self.put(BUFFER, LOADER, SOL, buffer.concat());
        self.put(VOTING, VOTE, 3 * SOL, voting());
    }

    /// The thief's program: the code of Associated Token Account under another address.
    fn programs(&mut self) {
        let code = self.svm.get_account(&ASSOCIATED).unwrap().data;
        self.svm.add_program(THIEFS_PROGRAM, &code).unwrap();
        // The slot before this one, of which new lookup tables are derived.
        let recent: [&[u8]; 3] = [&1_u64.to_le_bytes(), &(NOW - 1).to_le_bytes(), &[1; 32]];
        let mut recent = recent.concat();
        recent.resize(SLOT_HASHES_LENGTH, 0);
        self.put(SLOT_HASHES, SYSVAR, SOL, recent);
    }
}

/// A stake account that is staked with a validator since epoch 0.
fn delegated(mut data: Vec<u8>, units: u64) -> Vec<u8> {
    data[0] = 2;
    data[124..156].copy_from_slice(VOTING.as_ref());
    data[156..164].copy_from_slice(&units.to_le_bytes());
    data[172..180].copy_from_slice(&u64::MAX.to_le_bytes());
    data
}

/// A lookup table of one entry.
fn table(deactivated: u64, authority: Pubkey, entry: Pubkey) -> Vec<u8> {
    let state: [&[u8]; 8] = [
        &[1, 0, 0, 0],
        &deactivated.to_le_bytes(),
        &1_u64.to_le_bytes(),
        &[0],
        &[1],
        authority.as_ref(),
        &[0; 2],
        entry.as_ref(),
    ];
    state.concat()
}

/// Version 3 of a vote account's state: validator, withdrawer, commission, no votes, no root,
/// one voter for epoch 0, no prior ones, no credits, no time.
fn voting() -> Vec<u8> {
    let (validator, withdrawer) = (second(), victim());
    let state: [&[u8]; 8] = [
        &[2, 0, 0, 0],
        validator.as_ref(),
        withdrawer.as_ref(),
        &[0],
        &[0; 9],
        &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        validator.as_ref(),
        &[0; 3_000],
    ];
    let mut state = state.concat();
    state.resize(3_762, 0);
    state
}
