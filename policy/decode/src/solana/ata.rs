//! Proof that an account is an owner's associated token account.
//!
//! `account == SHA-256(owner || token program || mint || bump || ATA program || marker)` for some
//! bump proves that no account but the owner's associated one can exist there as a token
//! account: the Associated Token Account program signs only for the highest bump that is off
//! the curve, and nobody has a key for any other such address. So no curve point needs to be
//! decompressed, and a proof costs one hash per bump tried.

use countersign_intent::Address;
use sha2::{Digest, Sha256};

use super::ids;

const MARKER: &[u8] = b"ProgramDerivedAddress";
/// Bumps tried from 255 down; each halves the chance of a miss, so one address in 2^24 is
/// refused although it could be proven. The operator can register such an account.
const BUMPS: u8 = 24;
/// Hashes one message may cost.
const HASH_BUDGET: u32 = 8_192;
/// Hash states kept; two serve every proof about the wallet.
const MAX_PREFIXES: usize = 4;

/// The two programs whose accounts can be associated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenProgram {
    Token,
    Token2022,
}

impl TokenProgram {
    pub(crate) const ALL: [Self; 2] = [Self::Token, Self::Token2022];

    pub(crate) const fn id(self) -> Address {
        match self {
            Self::Token => ids::TOKEN,
            Self::Token2022 => ids::TOKEN_2022,
        }
    }

    pub(crate) fn by_id(id: &Address) -> Option<Self> {
        Self::ALL.into_iter().find(|program| program.id() == *id)
    }
}

/// What an account would be the associated account of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) owner: Address,
    pub(crate) program: TokenProgram,
    pub(crate) mint: Address,
}

/// The message asks for more hashes than one request may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted;

/// Spends the message's hash budget.
#[derive(Debug, Clone)]
pub(crate) struct Prover {
    left: u32,
    // Owner and token program fill the first block of the hash, which is then done once.
    prefixes: Vec<(Address, TokenProgram, Sha256)>,
}

impl Prover {
    pub(crate) const fn new() -> Self {
        Self {
            left: HASH_BUDGET,
            prefixes: Vec::new(),
        }
    }

    /// The first candidate whose associated account `account` is. All candidates are tried with
    /// one bump before any is tried with the next, as half of all addresses have bump 255.
    pub(crate) fn find<I>(
        &mut self,
        account: &Address,
        candidates: I,
    ) -> Result<Option<Candidate>, Exhausted>
    where
        I: Iterator<Item = Candidate> + Clone,
    {
        for bump in (0..BUMPS).map(|step| u8::MAX - step) {
            for candidate in candidates.clone() {
                self.left = self.left.checked_sub(1).ok_or(Exhausted)?;
                if self.derive(&candidate, bump) == *account.as_bytes() {
                    return Ok(Some(candidate));
                }
            }
        }
        Ok(None)
    }

    /// How many of the accounts are a candidate's associated account.
    pub(crate) fn count<I>(
        &mut self,
        accounts: &[Address],
        candidates: I,
    ) -> Result<usize, Exhausted>
    where
        I: Iterator<Item = Candidate>,
    {
        let mut found = 0;
        for candidate in candidates {
            for bump in (0..BUMPS).map(|step| u8::MAX - step) {
                self.left = self.left.checked_sub(1).ok_or(Exhausted)?;
                let derived = Address::new(self.derive(&candidate, bump));
                found += accounts.iter().filter(|one| **one == derived).count();
            }
        }
        Ok(found)
    }

    fn derive(&mut self, candidate: &Candidate, bump: u8) -> [u8; 32] {
        self.prefix(candidate)
            .chain_update(candidate.mint.as_bytes())
            .chain_update([bump])
            .chain_update(ids::ASSOCIATED_TOKEN.as_bytes())
            .chain_update(MARKER)
            .finalize()
            .into()
    }

    fn prefix(&mut self, candidate: &Candidate) -> Sha256 {
        let known = self
            .prefixes
            .iter()
            .find(|(owner, program, _)| *program == candidate.program && *owner == candidate.owner);
        if let Some((_, _, prefix)) = known {
            return prefix.clone();
        }
        let prefix = Sha256::new()
            .chain_update(candidate.owner.as_bytes())
            .chain_update(candidate.program.id().as_bytes());
        if self.prefixes.len() < MAX_PREFIXES {
            let kept = (candidate.owner, candidate.program, prefix.clone());
            self.prefixes.push(kept);
        }
        prefix
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn find(account: &str, owner: &str, program: TokenProgram, mint: &str) -> bool {
        let candidate = Candidate {
            owner: owner.parse().unwrap(),
            program,
            mint: mint.parse().unwrap(),
        };
        Prover::new()
            .find(&account.parse().unwrap(), std::iter::once(candidate))
            .unwrap()
            .is_some()
    }

    #[test]
    fn published_derivations_are_proven() {
        let owner = "7v91N7iZ9mNicL8WfG6cgSCKyRXydQjLh6UYBWwm6y1Q";
        for (account, owner, program, mint) in [
            (
                "E8FxM4Wc3yWECLopq1zvc3wBkNANWCW9xza2BfNhDiLM",
                owner,
                TokenProgram::Token,
                "So11111111111111111111111111111111111111112",
            ),
            (
                "FhuKYUwrnqLokQ3Ne8LqkiWz8XRPfGTuZdYvwAGytLPb",
                owner,
                TokenProgram::Token,
                "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
            ),
            (
                "GUe8EfnRCUvXXTWhz7ziYhHr8J6JDhbmJApQtzZexqSD",
                owner,
                TokenProgram::Token2022,
                "2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo",
            ),
            (
                "ANVCrmRw7Ww7rTFfMbrjApSPXEEcZpBa6YEiBdf98pAf",
                "Eg5jqooyG6ySaXKbQUu4Lpvu2SqUPZrNkM4zXs9iUDLJ",
                TokenProgram::Token,
                "SRMuApVNdxXokk5GT7XD5cUUgXMBCoAz2LHeuAoKWRt",
            ),
        ] {
            assert!(find(account, owner, program, mint), "{account}");
            assert!(!find(account, mint, program, owner), "{account} swapped");
        }
    }

    #[test]
    fn work_is_bounded() {
        let candidate = Candidate {
            owner: Address::new([1; 32]),
            program: TokenProgram::Token,
            mint: Address::new([2; 32]),
        };
        let many = std::iter::repeat_n(candidate, 600);
        let mut prover = Prover::new();
        assert_eq!(prover.find(&Address::new([3; 32]), many), Err(Exhausted));
    }

    proptest! {
        #[test]
        fn agrees_with_the_program_crate(owner: [u8; 32], mint: [u8; 32], token_2022: bool) {
            let program = if token_2022 { TokenProgram::Token2022 } else { TokenProgram::Token };
            let expected =
                spl_associated_token_account_interface::address::get_associated_token_address_with_program_id(
                    &owner.into(), &mint.into(), &program.id().as_bytes().to_owned().into());
            let candidate = Candidate { owner: Address::new(owner), program, mint: Address::new(mint) };
            let account = Address::new(expected.to_bytes());
            prop_assert_eq!(Prover::new().find(&account, std::iter::once(candidate)), Ok(Some(candidate)));
        }
    }
}
