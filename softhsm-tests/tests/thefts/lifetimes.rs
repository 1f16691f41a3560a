//! Random messages that open, close, reopen, hand over, wrap and trade over a few accounts: what is
//! accepted runs on the chain, and the wallet has there at least what it was explained to have.
//!
//! The exchange is not among the VM's programs. A trade takes all that it may from the account it
//! names, and pays the least that it must into the other one, of whatever mint that is by then.

use std::collections::BTreeMap;

use countersign_decode::explain;
use countersign_decode::solana::{Context, RegisteredAccount, decode_message};
use countersign_intent::{Address, Asset, Detail, Intent, solana};
use litesvm::LiteSVM;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use softhsm_tests::message::{self, Version};
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::actors::*;
use super::build::{self, Act};
use super::{execution, stage};

const RUNS: usize = 1_000;
const FEE: u64 = 5_000;

/// The accounts that a message is about.
fn places() -> [Pubkey; 7] {
    [
        seeded_for(TOKEN),
        registered(),
        ata(victim(), WRAPPED),
        ata(victim(), USDC),
        ata(victim(), COIN),
        ata(thief(), WRAPPED),
        ata(thief(), COIN),
    ]
}

fn place() -> impl Strategy<Value = Pubkey> {
    prop::sample::select(places().to_vec())
}

fn own() -> impl Strategy<Value = Pubkey> {
    prop::sample::select(places()[..5].to_vec())
}

fn mint() -> impl Strategy<Value = Pubkey> {
    prop::sample::select(vec![WRAPPED, USDC, COIN, JUNK])
}

fn owner() -> impl Strategy<Value = Pubkey> {
    prop_oneof![30 => Just(victim()), 1 => Just(thief())]
}

/// The account derived from the wallet: opened, used and closed, or a part of that.
fn temporary() -> impl Strategy<Value = Vec<Act>> {
    let at = seeded_for(TOKEN);
    let used = prop::bits::u8::between(0, 5);
    (mint(), owner(), own(), used).prop_map(move |(mint, owner, from, parts)| {
        let full = parts & 1 != 0 && mint == WRAPPED;
        let lamports = TOKEN_RENT + if full { SOL } else { 0 };
        let mut acts = vec![Act::Create(lamports), Act::Initialize(at, mint, owner)];
        if parts & 2 != 0 && mint == WRAPPED {
            acts.extend([Act::Pay(at, SOL), Act::Sync(at)]);
        }
        if parts & 4 != 0 {
            acts.push(Act::Swap(from, at));
        }
        if parts & 24 != 0 {
            acts.push(Act::Close(at, victim()));
        }
        acts
    })
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop_oneof![
        20 => temporary(),
        1 => Just(vec![Act::Create(TOKEN_RENT)]),
        1 => (place(), mint()).prop_map(|(at, mint)| vec![Act::Initialize(at, mint, victim())]),
        4 => (own(), owner()).prop_map(|(at, to)| vec![Act::Close(at, to)]),
        4 => (owner(), mint()).prop_map(|(owner, mint)| vec![Act::Open(owner, mint)]),
        4 => own().prop_map(|at| vec![Act::Pay(at, SOL), Act::Sync(at)]),
        1 => place().prop_map(|at| vec![Act::Pay(at, SOL), Act::Sync(at)]),
        1 => place().prop_map(|at| vec![Act::Pay(at, SOL)]),
        1 => place().prop_map(|at| vec![Act::Sync(at)]),
        8 => (own(), own()).prop_map(|(from, to)| vec![Act::Swap(from, to)]),
        2 => place().prop_map(|to| vec![Act::Send(to)]),
        1 => own().prop_map(|at| vec![Act::HandOver(at)]),
        1 => own().prop_map(|at| vec![Act::Approve(at)]),
    ]
}

/// What somebody has: lamports, those in token accounts too, and units by mint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Wealth {
    lamports: i128,
    tokens: BTreeMap<Pubkey, i128>,
}

fn wealth(svm: &LiteSVM, owner: Pubkey) -> Wealth {
    let lamports = |at| {
        svm.get_account(&at)
            .map_or(0, |one| i128::from(one.lamports))
    };
    let mut wealth = Wealth {
        lamports: lamports(owner),
        tokens: BTreeMap::new(),
    };
    for (_, account) in svm.get_program_accounts(&TOKEN) {
        let data = &account.data;
        if data.len() != 165 || data[32..64] != owner.to_bytes() || data[108] == 0 {
            continue;
        }
        wealth.lamports += i128::from(account.lamports);
        let mint = Pubkey::new_from_array(data[..32].try_into().unwrap());
        if mint != WRAPPED {
            let units = u64::from_le_bytes(data[64..72].try_into().unwrap());
            *wealth.tokens.entry(mint).or_default() += i128::from(units);
        }
    }
    wealth
}

/// What an intent says may leave at most, less what must come back at least.
fn explained(intent: &Intent) -> Wealth {
    let mut lost = Wealth::default();
    let mut add = |asset: Asset, units: i128| match asset.mint() {
        None => lost.lamports += units,
        Some(mint) => {
            *lost
                .tokens
                .entry(Pubkey::new_from_array(*mint.as_bytes()))
                .or_default() += units;
        }
    };
    let signed = |amount: countersign_intent::Amount| i128::try_from(amount.base()).unwrap();
    for effect in intent.effects() {
        let head = effect.head();
        let to_itself = matches!(
            effect.detail(),
            Detail::Solana(solana::Detail::Transfer { .. })
        ) && head.counterparty.owner() == Some(intent.wallet());
        if let (Some((asset, amount)), false) = (effect.outflow(), to_itself) {
            add(asset, signed(amount));
        }
        if let Some((asset, amount)) = head.receives {
            add(asset, -signed(amount));
        }
    }
    lost
}

/// Whether somebody else is explained to receive something.
fn gives(intent: &Intent) -> bool {
    solana::details(intent).any(|detail| match detail {
        solana::Detail::OpenAccount { owner: to, .. } | solana::Detail::Transfer { to, .. } => {
            intent.wallet() != (*to).into()
        }
        _ => false,
    })
}

struct Chain {
    svm: LiteSVM,
    messages: u8,
}

impl Chain {
    fn send(&mut self, payer: Pubkey, steps: &[Instruction]) -> bool {
        self.messages += 1;
        let blockhash = Hash::new_from_array([self.messages; 32]);
        let message = message::compile(Version::Legacy, &payer, steps, blockhash).unwrap();
        self.svm
            .send_transaction(execution::signed(message))
            .is_ok()
    }

    /// Runs a message's instructions in order, as one; whether all of them did.
    fn run(&mut self, acts: &[Act]) -> Option<u64> {
        let before = self.svm.clone();
        let mut fees = 0;
        let mut run = || {
            for part in acts.split_inclusive(|act| matches!(act, Act::Swap(..))) {
                let (swap, others) = match part.split_last() {
                    Some((Act::Swap(from, to), others)) => (Some((*from, *to)), others),
                    _ => (None, part),
                };
                if !others.is_empty() {
                    let steps: Vec<Instruction> = others.iter().map(build::act).collect();
                    fees += FEE;
                    if !self.send(victim(), &steps) {
                        return None;
                    }
                }
                if let Some((from, to)) = swap {
                    self.exchange(from, to)?;
                }
            }
            Some(fees)
        };
        let ran = run();
        if ran.is_none() {
            self.svm = before;
        }
        ran
    }

    /// The worst that an exchange can do.
    fn exchange(&mut self, from: Pubkey, to: Pubkey) -> Option<()> {
        for (at, units, sign) in [(from, build::SPENT, -1), (to, build::RECEIVED, 1)] {
            let mut account = self.svm.get_account(&at)?;
            if account.owner != TOKEN || account.data.len() != 165 || account.data[108] == 0 {
                return None;
            }
            if sign < 0 && account.data[32..64] != victim().to_bytes() {
                return None;
            }
            let held = u64::from_le_bytes(account.data[64..72].try_into().unwrap());
            let left = held.checked_add_signed(sign * i64::try_from(units).unwrap())?;
            account.data[64..72].copy_from_slice(&left.to_le_bytes());
            if account.data[..32] == WRAPPED.to_bytes() {
                account.lamports = account.lamports.checked_add(left)?.checked_sub(held)?;
            }
            self.svm.set_account(at, account).ok()?;
        }
        Some(())
    }

    /// The thief opens what he has the key of, if nobody holds it.
    fn thiefs_turn(&mut self) {
        let steps = build::opened_by_thief();
        let _taken_already = self.send(thief(), &steps);
    }
}

fn decoded(acts: &[Act]) -> Option<Intent> {
    let to_address = |key: Pubkey| Address::new(key.to_bytes());
    let mints = [USDC, COIN, JUNK].map(to_address);
    let accounts = [RegisteredAccount {
        account: to_address(registered()),
        mint: to_address(WRAPPED),
    }];
    let context = Context {
        mints: &mints,
        accounts: &accounts,
        ..Context::new(to_address(victim()))
    };
    let steps: Vec<Instruction> = acts.iter().map(build::act).collect();
    let message = message::compile(Version::Legacy, &victim(), &steps, message::BLOCKHASH).unwrap();
    let decoded = decode_message(&message.serialize(), &context);
    decoded.ok().map(|decoded| decoded.intent)
}

#[derive(Debug, Default)]
struct Tried {
    accepted: usize,
    ran: usize,
    traded: usize,
    reopened: usize,
}

impl Tried {
    fn count(&mut self, acts: &[Act]) {
        let opened = |act: &&Act| matches!(act, Act::Initialize(..));
        self.ran += 1;
        self.traded += usize::from(acts.iter().any(|act| matches!(act, Act::Swap(..))));
        self.reopened += usize::from(acts.iter().filter(opened).count() > 1);
    }
}

/// The stage with a mint for junk on it.
fn with_junk() -> LiteSVM {
    let mut svm = stage::stage();
    let coin = svm.get_account(&COIN).unwrap();
    svm.set_account(JUNK, coin).unwrap();
    svm
}

#[test]
fn what_is_explained_is_what_happens_on_the_chain() {
    let stage = with_junk();
    let mut runner = TestRunner::deterministic();
    let script = prop::collection::vec(acts(), 1..4).prop_map(|acts| acts.concat());
    let scripts = prop::collection::vec(script, 1..4);
    let mut tried = Tried::default();
    for _ in 0..RUNS {
        let scripts = scripts.new_tree(&mut runner).unwrap().current();
        let mut chain = Chain {
            svm: stage.clone(),
            messages: 20,
        };
        for acts in &scripts {
            let Some(intent) = decoded(acts) else {
                continue;
            };
            tried.accepted += 1;
            let (before, thief_before) =
                (wealth(&chain.svm, victim()), wealth(&chain.svm, thief()));
            let Some(fees) = chain.run(acts) else {
                continue;
            };
            tried.count(acts);
            check(&chain.svm, &intent, (before, thief_before), fees, acts);
            chain.thiefs_turn();
        }
    }
    assert!(
        tried.ran > 200 && tried.traded > 60 && tried.reopened > 20,
        "{tried:?}"
    );
}

fn check(
    svm: &LiteSVM,
    intent: &Intent,
    (before, thief_before): (Wealth, Wealth),
    fees: u64,
    acts: &[Act],
) {
    let (after, thief_after) = (wealth(svm, victim()), wealth(svm, thief()));
    let lost = explained(intent);
    let said = explain(intent);
    // Parts of the message paid a fee each.
    let lamports = before.lamports - lost.lamports - i128::from(fees);
    assert!(after.lamports >= lamports, "{acts:?} {said:?}");
    for mint in [USDC, COIN] {
        let of = |one: &Wealth| one.tokens.get(&mint).copied().unwrap_or_default();
        assert!(of(&after) >= of(&before) - of(&lost), "{acts:?} {said:?}");
    }
    if !gives(intent) {
        assert!(
            thief_after.lamports <= thief_before.lamports,
            "{acts:?} {said:?}"
        );
        let coins = |one: &Wealth| one.tokens.get(&COIN).copied().unwrap_or_default();
        assert!(
            coins(&thief_after) <= coins(&thief_before),
            "{acts:?} {said:?}"
        );
    }
}
