//! Proof that an account is an owner's associated token account.
//!
//! `account == SHA-256(owner || token program || mint || bump || ATA program || marker)` for some
//! bump proves that no account but the owner's associated one can exist there as a token
//! account: the Associated Token Account program signs only for the highest bump that is off
//! the curve, and nobody has a key for any other such address. So no curve point needs to be
//! decompressed, and a proof costs one hash per bump tried.

use std::sync::Arc;

use countersign_intent::solana::Address;
use sha2::compress256;
use sha2::digest::generic_array::GenericArray;
use sha2::digest::generic_array::typenum::U64;

use super::ids;

const MARKER: &[u8; 21] = b"ProgramDerivedAddress";
/// Bumps tried from 255 down; each halves the chance of a miss, so one address in 2^24 is
/// refused although it could be proven. The operator can register such an account.
const BUMPS: usize = 24;
/// Hashes one message may cost: about a millisecond.
const HASH_BUDGET: u32 = 8_192;
/// Hash states kept; two serve every proof about the wallet.
const MAX_MIDSTATES: usize = 4;
/// Where the bump stands in the second block, after the mint.
const BUMP_AT: usize = 32;

/// The two programs whose accounts can be associated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Candidate {
    pub(crate) owner: Address,
    pub(crate) program: TokenProgram,
    pub(crate) mint: Address,
}

/// The message asks for more hashes than one request may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted;

/// The state of a hash between blocks; at its end, the address as eight big-endian words.
type State = [u32; 8];
type Block = GenericArray<u8, U64>;

/// What every SHA-256 starts from (FIPS 180-4).
const START: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// All that a candidate's account can be. Made here alone, so keeping it elsewhere proves no more
/// than hashing again.
#[derive(Debug, PartialEq, Eq)]
pub struct Associated {
    of: Candidate,
    addresses: [State; BUMPS],
}

impl Associated {
    /// Whose.
    #[must_use]
    pub const fn of(&self) -> &Candidate {
        &self.of
    }
}

/// Keeps what was derived from one message to the next. It saves hashing and changes no answer.
pub trait Memo: std::fmt::Debug {
    /// What was kept, if it still is.
    fn recall(&self, candidate: &Candidate) -> Option<Arc<Associated>>;

    /// Keeps it, perhaps.
    fn keep(&self, associated: &Arc<Associated>);
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoMemo;

impl Memo for NoMemo {
    fn recall(&self, _candidate: &Candidate) -> Option<Arc<Associated>> {
        None
    }

    fn keep(&self, _associated: &Arc<Associated>) {}
}

/// Spends the message's hash budget.
#[derive(Debug, Clone)]
pub(crate) struct Prover<'m> {
    memo: &'m (dyn Memo + Sync),
    left: u32,
    tail: [Block; 2],
    // Owner and token program fill the first block of the hash, which is then done once.
    midstates: Vec<(Address, TokenProgram, State)>,
    // For the next instruction that asks about the same one.
    derived: Vec<Arc<Associated>>,
}

impl<'m> Prover<'m> {
    pub(crate) fn new(memo: &'m (dyn Memo + Sync)) -> Self {
        Self {
            memo,
            left: HASH_BUDGET,
            tail: tail(),
            midstates: Vec::new(),
            derived: Vec::new(),
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
        let account = words(account);
        for bump in bumps() {
            for candidate in candidates.clone() {
                let midstate = self.midstate(&candidate);
                if self.derive(midstate, &candidate.mint, bump)? == account {
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
        let mut unmatched: Vec<State> = accounts.iter().map(words).collect();
        for candidate in candidates {
            let derived = self.all(&candidate)?;
            unmatched.retain(|account| !derived.addresses.contains(account));
        }
        Ok(accounts.len() - unmatched.len())
    }

    /// Every address that could be the candidate's associated account. What is remembered from
    /// other messages spends as much as what is hashed: whether a message is refused for its work
    /// depends on the message alone.
    fn all(&mut self, candidate: &Candidate) -> Result<Arc<Associated>, Exhausted> {
        if let Some(known) = self.derived.iter().find(|one| one.of == *candidate) {
            return Ok(Arc::clone(known));
        }
        let recalled = self.memo.recall(candidate);
        let associated = match recalled.filter(|one| one.of == *candidate) {
            Some(recalled) => {
                (0..BUMPS).try_for_each(|_| self.spend())?;
                recalled
            }
            None => {
                let made = Arc::new(self.derive_all(candidate)?);
                self.memo.keep(&made);
                made
            }
        };
        self.derived.push(Arc::clone(&associated));
        Ok(associated)
    }

    fn derive_all(&mut self, candidate: &Candidate) -> Result<Associated, Exhausted> {
        let midstate = self.midstate(candidate);
        let mut addresses = [START; BUMPS];
        for (address, bump) in addresses.iter_mut().zip(bumps()) {
            *address = self.derive(midstate, &candidate.mint, bump)?;
        }
        Ok(Associated {
            of: *candidate,
            addresses,
        })
    }

    /// Counts one hash.
    pub(crate) fn spend(&mut self) -> Result<(), Exhausted> {
        self.left = self.left.checked_sub(1).ok_or(Exhausted)?;
        Ok(())
    }

    fn derive(&mut self, mut state: State, mint: &Address, bump: u8) -> Result<State, Exhausted> {
        self.spend()?;
        let [second, _] = &mut self.tail;
        if let Some((in_mint, rest)) = second.split_first_chunk_mut() {
            *in_mint = *mint.as_bytes();
            rest.first_mut().into_iter().for_each(|byte| *byte = bump);
        }
        compress256(&mut state, &self.tail);
        Ok(state)
    }

    fn midstate(&mut self, candidate: &Candidate) -> State {
        let known = self
            .midstates
            .iter()
            .find(|(owner, program, _)| *program == candidate.program && *owner == candidate.owner);
        if let Some((_, _, midstate)) = known {
            return *midstate;
        }
        let mut block = Block::default();
        let program = candidate.program.id();
        let said = candidate.owner.as_bytes().iter().chain(program.as_bytes());
        block
            .iter_mut()
            .zip(said)
            .for_each(|(to, from)| *to = *from);
        let mut midstate = START;
        compress256(&mut midstate, &[block]);
        if self.midstates.len() < MAX_MIDSTATES {
            let kept = (candidate.owner, candidate.program, midstate);
            self.midstates.push(kept);
        }
        midstate
    }
}

fn bumps() -> impl Iterator<Item = u8> {
    (0..=u8::MAX).rev().take(BUMPS)
}

/// The second and third block without mint and bump: the program, the marker, and the end that
/// SHA-256 writes, which is one bit, zeros and the length in bits.
fn tail() -> [Block; 2] {
    let length = 8 * (4 * 32 + 1 + MARKER.len() as u64);
    let before = [0; BUMP_AT + 1].into_iter();
    let said = before
        .chain(*ids::ASSOCIATED_TOKEN.as_bytes())
        .chain(*MARKER)
        .chain([0x80]);
    let mut blocks = [Block::default(); 2];
    let bytes = blocks.iter_mut().flatten();
    bytes.zip(said).for_each(|(to, from)| *to = from);
    let end = blocks.iter_mut().flatten().rev();
    end.zip(length.to_le_bytes())
        .for_each(|(to, from)| *to = from);
    blocks
}

fn words(address: &Address) -> State {
    let mut words = START;
    let chunks = address.as_bytes().chunks_exact(4);
    for (word, chunk) in words.iter_mut().zip(chunks) {
        *word = chunk
            .iter()
            .fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::draft::ata;
    use super::*;
    use proptest::prelude::*;

    fn find(account: &str, owner: &str, program: TokenProgram, mint: &str) -> bool {
        let candidate = Candidate {
            owner: owner.parse().unwrap(),
            program,
            mint: mint.parse().unwrap(),
        };
        Prover::new(&NoMemo)
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
        let mut prover = Prover::new(&NoMemo);
        assert_eq!(prover.find(&Address::new([3; 32]), many), Err(Exhausted));
    }

    #[test]
    fn an_account_is_counted_once_and_a_candidate_is_derived_once() {
        let owner = Address::new([1; 32]);
        let candidate = |byte| Candidate {
            owner,
            program: TokenProgram::Token,
            mint: Address::new([byte; 32]),
        };
        let account = ata(owner, candidate(2).mint);
        let accounts = [account, Address::new([9; 32])];
        let mut prover = Prover::new(&NoMemo);
        for _ in 0..1_000 {
            let candidates = [2, 3, 2].into_iter().map(candidate);
            assert_eq!(prover.count(&accounts, candidates), Ok(1));
        }
        let others = (4..=255).map(candidate);
        assert_eq!(prover.count(&accounts, others.clone()), Ok(0));
        let theirs = Candidate {
            owner: Address::new([2; 32]),
            ..candidate(2)
        };
        assert_eq!(prover.count(&accounts, others.chain([theirs])), Ok(0));
        let more = (0..=255).map(|byte| Candidate {
            owner: Address::new([2; 32]),
            ..candidate(byte)
        });
        assert_eq!(prover.count(&accounts, more), Err(Exhausted));
    }

    #[derive(Debug, Default)]
    struct Kept(std::sync::Mutex<Vec<Arc<Associated>>>);

    impl Memo for Kept {
        fn recall(&self, candidate: &Candidate) -> Option<Arc<Associated>> {
            let kept = self.0.lock().unwrap();
            kept.iter().find(|one| one.of() == candidate).cloned()
        }

        fn keep(&self, associated: &Arc<Associated>) {
            self.0.lock().unwrap().push(Arc::clone(associated));
        }
    }

    /// Gives what was asked for about somebody else.
    #[derive(Debug)]
    struct Mistaken(Kept);

    impl Memo for Mistaken {
        fn recall(&self, _candidate: &Candidate) -> Option<Arc<Associated>> {
            self.0.0.lock().unwrap().first().cloned()
        }

        fn keep(&self, associated: &Arc<Associated>) {
            self.0.keep(associated);
        }
    }

    #[test]
    fn what_is_kept_from_one_message_to_the_next_changes_no_answer_and_no_cost() {
        let of = |owner: u8, mint: u8| Candidate {
            owner: Address::new([owner; 32]),
            program: TokenProgram::Token,
            mint: Address::new([mint; 32]),
        };
        let account = |one: Candidate| ata(one.owner, one.mint);
        let (kept, mistaken) = (Kept::default(), Mistaken(Kept::default()));
        let memos: [&(dyn Memo + Sync); 3] = [&NoMemo, &kept, &mistaken];
        for _ in 0..3 {
            for memo in memos {
                let mut prover = Prover::new(memo);
                let accounts = [account(of(1, 2)), account(of(1, 3)), account(of(2, 2))];
                for (asked, own) in [([2, 3], 2), ([4, 2], 1), ([4, 5], 0)] {
                    let candidates = asked.into_iter().map(|mint| of(1, mint));
                    assert_eq!(prover.count(&accounts, candidates), Ok(own));
                }
                assert_eq!(prover.left, HASH_BUDGET - 4 * 24);
                let many = (6..=255).map(|mint| of(1, mint));
                assert_eq!(prover.count(&accounts, many), Ok(0));
                let more = (0..=255).map(|mint| of(3, mint));
                assert_eq!(prover.count(&accounts, more), Err(Exhausted));
            }
        }
        assert_eq!(kept.0.lock().unwrap().len(), 4 + 250 + 87);
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
            prop_assert_eq!(Prover::new(&NoMemo).find(&account, std::iter::once(candidate)), Ok(Some(candidate)));
        }
    }
}
