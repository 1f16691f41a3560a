//! What every trade instruction must refuse, whichever program it is of.

use countersign_intent::Amount;
use countersign_intent::solana::{Address, Asset, Detail as Effect, Swap};

use super::context::{Context, RegisteredAccount};
use super::draft::{
    STRANGER, Step, Use, WALLET, ata, compile, effects_hiding, effects_in, open, pool, reads,
    refusal_in, signs, step, writes,
};
use super::program::FAMILIES;
use super::walk::Callee;
use super::{TRADING_PROGRAMS, decode_message, ids};
use crate::{DecodeErrorKind, Place};

/// A mint that trades spend.
pub(crate) const SPENT: Address = Address::new([0x51; 32]);
/// A mint that trades receive.
pub(crate) const RECEIVED: Address = Address::new([0x52; 32]);

/// The programs that an instruction calls, by the table.
fn callees(step: &Step) -> &'static [Callee] {
    let named = match decode_message(&compile(WALLET, std::slice::from_ref(step)), &hinted()) {
        Ok(_) => return &[],
        Err(error) => error.place(),
    };
    let Some(Place::Instruction {
        name: Some(name), ..
    }) = named
    else {
        return &[];
    };
    let family = FAMILIES.iter().find(|family| family.id == step.program);
    let row = family.and_then(|family| family.facts.iter().find(|row| row.name == name));
    row.map_or(&[], |row| row.callees)
}

/// An instruction of `count` accounts, nothing known about those not given but that the programs it
/// calls are where they belong.
pub(crate) fn instruction(
    program: Address,
    count: usize,
    given: &[(usize, Use)],
    data: Vec<u8>,
) -> Step {
    let mut accounts: Vec<Use> = (0..count)
        .map(|slot| writes(pool(u8::try_from(slot).unwrap())))
        .collect();
    for (slot, account) in given {
        accounts[*slot] = *account;
    }
    with_callees(step(program, accounts, data))
}

/// The instruction with the programs it calls where some account stood of which nothing is known.
pub(crate) fn with_callees(mut step: Step) -> Step {
    for callee in callees(&step) {
        let slot = callee.slot();
        let program = match callee {
            Callee::TokenProgram(_) | Callee::FurtherTokenProgram(_) => ids::TOKEN,
            Callee::Is(_, program) | Callee::Further(_, program) => *program,
        };
        let nobody = pool(u8::try_from(slot).unwrap());
        if let Some(account) = step.accounts.get_mut(slot)
            && account.key() == nobody
        {
            *account = reads(program);
        }
    }
    step
}

/// A discriminator and the two amounts.
pub(crate) fn two_amounts(discriminator: &[u8], first: u64, second: u64) -> Vec<u8> {
    [discriminator, &first.to_le_bytes(), &second.to_le_bytes()].concat()
}

/// A trade of 1,000 `SPENT` for at least 2,000 `RECEIVED`.
pub(crate) struct Case {
    pub(crate) step: Step,
    pub(crate) slug: &'static str,
    pub(crate) wallet: usize,
    /// The slots of token accounts; `None` where SOL of the wallet moves instead.
    pub(crate) source: Option<usize>,
    pub(crate) destination: Option<usize>,
    /// A slot on the pool's side.
    pub(crate) pool: usize,
}

// The mints are hints for the instructions that do not name them.
const HINTS: [Address; 2] = [SPENT, RECEIVED];

fn hinted() -> Context<'static> {
    Context {
        mints: &HINTS,
        ..Context::new(WALLET)
    }
}

fn refusal(steps: &[Step]) -> DecodeErrorKind {
    refusal_in(steps, &hinted())
}

impl Case {
    pub(crate) fn check(&self) {
        self.check_less(0);
    }

    /// As [`Self::check`], where the exchange keeps so much of what must be received.
    pub(crate) fn check_less(&self, kept: u128) {
        self.shows_its_bounds(kept);
        self.refuses_foreign_accounts();
        self.refuses_a_misplaced_wallet();
        self.refuses_an_own_account_of_the_pools();
        self.refuses_other_callees();
        self.refuses_other_data();
    }

    fn asset(account: Option<usize>, mint: Address) -> Asset {
        account.map_or(Asset::Sol, |_| Asset::of_mint(mint))
    }

    fn swap_of(&self, steps: &[Step]) -> Swap {
        let effects = effects_in(steps, &hinted()).unwrap();
        let swaps: Vec<Swap> = effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Swap(swap) => Some(swap),
                _ => None,
            })
            .collect();
        assert_eq!(swaps.len(), 1);
        swaps.into_iter().next().unwrap()
    }

    fn shows_its_bounds(&self, kept: u128) {
        let swap = self.swap_of(std::slice::from_ref(&self.step));
        assert_eq!(swap.program, self.slug);
        assert!(TRADING_PROGRAMS.contains(&swap.program));
        assert_eq!(swap.spend, Self::asset(self.source, SPENT));
        assert_eq!(swap.spend_max, Amount::from_base(1_000));
        assert_eq!(swap.receive, Self::asset(self.destination, RECEIVED));
        assert_eq!(swap.receive_min, Amount::from_base(2_000 - kept));
    }

    fn refuses_foreign_accounts(&self) {
        for (slot, mint) in [(self.source, SPENT), (self.destination, RECEIVED)] {
            let Some(slot) = slot else { continue };
            for foreign in [ata(STRANGER, mint), pool(250), STRANGER] {
                let mut changed = self.step.clone();
                changed.accounts[slot] = writes(foreign);
                assert_eq!(
                    refusal(&[changed.clone()]),
                    DecodeErrorKind::UnprovenAccount
                );
                assert_eq!(
                    refusal(&[open(STRANGER, mint), changed]),
                    DecodeErrorKind::UnprovenAccount
                );
            }
        }
        let mut changed = self.step.clone();
        changed.accounts[self.wallet] = signs(STRANGER);
        assert_eq!(refusal(&[changed]), DecodeErrorKind::WrongAccounts);
    }

    fn refuses_a_misplaced_wallet(&self) {
        let mut changed = self.step.clone();
        changed.accounts[self.pool] = writes(WALLET);
        assert_eq!(refusal(&[changed]), DecodeErrorKind::MisplacedWallet);
        let mut short = self.step.clone();
        short.accounts.truncate(self.wallet.min(5));
        assert_eq!(refusal(&[short]), DecodeErrorKind::WrongAccounts);
    }

    fn refuses_an_own_account_of_the_pools(&self) {
        const MAIN: Address = pool(252);
        const OTHER: [RegisteredAccount; 2] = [
            RegisteredAccount {
                account: MAIN,
                mint: SPENT,
            },
            RegisteredAccount {
                account: pool(251),
                mint: RECEIVED,
            },
        ];
        // The sides are other accounts of the wallet than its main ones, which the pool gets.
        let registered = Context {
            accounts: &OTHER,
            ..hinted()
        };
        for side in [self.source, self.destination].into_iter().flatten() {
            let mut changed = self.step.clone();
            let own = changed.accounts[side];
            changed.accounts[self.pool] = own;
            assert_eq!(refusal(&[changed.clone()]), DecodeErrorKind::WrongAccounts);
            let mint = if Some(side) == self.source {
                MAIN
            } else {
                pool(251)
            };
            changed.accounts[side] = writes(mint);
            assert_eq!(
                refusal_in(&[changed], &registered),
                DecodeErrorKind::WrongAccounts
            );
        }
    }

    fn refuses_other_callees(&self) {
        let family = FAMILIES.iter().find(|one| one.id == self.step.program);
        let pinned = family.is_some_and(|family| family.pins_callees);
        let mut bare = self.step.clone();
        bare.accounts = vec![signs(WALLET); bare.accounts.len()];
        let slots = callees(&bare).iter().map(|callee| callee.slot());
        for slot in slots.filter(|slot| *slot < self.step.accounts.len()) {
            for other in [STRANGER, ids::COMPUTE_BUDGET] {
                let mut changed = self.step.clone();
                changed.accounts[slot] = reads(other);
                assert_eq!(refusal(&[changed.clone()]), DecodeErrorKind::WrongAccounts);
                // Where nobody attests the table, it could be any of them.
                let hidden = effects_hiding(&[changed], &[other], &hinted());
                let kind = hidden.err().map(|error| error.kind());
                let expected = (!pinned).then_some(DecodeErrorKind::UnresolvedAccount);
                assert_eq!(kind, expected, "slot {slot}");
            }
        }
    }

    fn refuses_other_data(&self) {
        for wrong in [
            &self.step.data[..self.step.data.len() - 1],
            &[&self.step.data[..], &[7, 7]].concat(),
        ] {
            let mut changed = self.step.clone();
            changed.data = wrong.to_vec();
            assert_eq!(refusal(&[changed]), DecodeErrorKind::WrongData);
        }
        for (from, to) in [(1_000_u64, u64::MAX), (2_000, 0)] {
            let mut changed = self.step.clone();
            let at = changed
                .data
                .windows(8)
                .position(|window| window == from.to_le_bytes())
                .unwrap();
            changed.data[at..at + 8].copy_from_slice(&to.to_le_bytes());
            assert_eq!(refusal(&[changed]), DecodeErrorKind::UnboundedTrade);
        }
    }
}
