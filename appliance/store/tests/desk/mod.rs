//! A small desk: one policy, one bot, wallets, a clock that a test moves, and what it takes to
//! put cases before a ledger and to check the log afterwards.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "shared by several tests, each of which uses a part; a failure is the test's"
)]

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use countersign_audit::checkpoint::extends;
use countersign_audit::verify::{self, Options, Report};
use countersign_audit::{Actor, Detail, Entry, Fetched, Frontier, Kind, LogKey, Stamp, export};
use countersign_intent::Signature;
use countersign_intent::solana::Asset;
use countersign_intent::solana::{self, Draft};
use countersign_intent::{
    Address, Amount, Intent, Principal, Role, SigningInput, Timestamp, UserId, WalletId,
};
use countersign_policy::usage::Window;
use countersign_policy::{
    Decision, Denial, Facts, LimitKey, PolicySet, Reason, ReasonCode, WalletFacts, decide,
    limit_keys,
};
use countersign_store::ledger::{
    Bench, Case, Hold, HoldState, Judged, Ledger, LedgerError, Limits, NonceState, NonceUse,
    Observation, Observed, Outcome, Recorded, Verdict,
};
use countersign_store::{IdempotencyKey, Store};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};

pub(crate) const START: i64 = 1_800_000_000_000_000;
pub(crate) const ORIGIN: &str = "desk.example/audit";
const COLD: [u8; 32] = [0xc0; 32];
const WARM: [u8; 32] = [0xa0; 32];

/// Where a case wants its lamports to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// Allowed within the limit.
    Cold,
    /// Needs approval.
    Warm,
    /// Denied.
    Stranger,
}

#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) limits: Limits,
    policy: Arc<PolicySet>,
    random: Arc<AtomicU64>,
}

impl Desk {
    /// At most `max` lamports per wallet in any `window`.
    pub(crate) fn new(window: &str, max: u64) -> Self {
        let text = format!(
            "schema = 1\nname = \"desk\"\n\
             [groups.treasury]\napprovers = [\"alice\", \"bob\"]\n\
             [destinations.cold]\nsolana = [\"{}\"]\n\
             [destinations.warm]\nsolana = [\"{}\"]\n\
             [[limits]]\nname = \"out\"\nwhen = {{ action = \"withdrawal\", asset = \"SOL\" }}\n\
             per = \"wallet\"\nwindow = \"{window}\"\nmax_amount = \"0.{max:09}\"\n\
             [[limits]]\nname = \"count\"\nwhen = {{ action = \"withdrawal\" }}\n\
             per = \"bot\"\nwindow = \"1m\"\nmax_count = 1000000000\n\
             [[rules]]\nname = \"to-cold\"\n\
             when = {{ action = \"withdrawal\", destination = \"cold\" }}\nthen = \"allow\"\n\
             [[rules]]\nname = \"to-warm\"\n\
             when = {{ action = \"withdrawal\", destination = \"warm\" }}\n\
             then = {{ approve = {{ group = \"treasury\", quorum = 1, expires = \"1h\" }} }}\n",
            Address::new(COLD),
            Address::new(WARM),
        );
        Self {
            clock: Arc::new(AtomicI64::new(START)),
            limits: Limits::default(),
            policy: Arc::new(countersign_policy::parse(&text).unwrap()),
            random: Arc::new(AtomicU64::new(1)),
        }
    }

    pub(crate) async fn start<S: Store>(&self, store: &Arc<S>) -> Result<Ledger, LedgerError> {
        let (clock, random) = (Arc::clone(&self.clock), Arc::clone(&self.random));
        let store: Arc<dyn Store> = Arc::clone(store) as _;
        Ledger::start(
            store,
            Box::new(move || Timestamp::from_micros(clock.load(Ordering::SeqCst))),
            Box::new(move || Ok(random.fetch_add(1, Ordering::SeqCst).to_be_bytes())),
            Arc::new(|bytes| {
                Sha256::new_with_prefix(b"a key")
                    .chain_update(bytes)
                    .finalize()
                    .into()
            }),
            self.limits,
        )
        .await
    }

    pub(crate) fn advance(&self, micros: i64) {
        self.clock.fetch_add(micros, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    /// `bot/a` wants lamports of wallet 1 to go to the cold address.
    pub(crate) fn case(&self, key: &str, lamports: u64) -> Case {
        self.case_to(key, lamports, 1, To::Cold)
    }

    pub(crate) fn case_to(&self, key: &str, lamports: u64, wallet: u8, to: To) -> Case {
        let bot = Principal::new(Role::Bot, "a").unwrap();
        let intent = intent(lamports, wallet, to);
        let bytes = format!("send {lamports} of {wallet} to {to:?}").into_bytes();
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        let facts = wallet_facts(wallet);
        Case {
            key: IdempotencyKey::new(bot.to_string(), key),
            fingerprint: digest,
            wallet: facts.id,
            input: SigningInput::from_decoder(bytes.into(), 0),
            digest,
            limit_keys: limit_keys(&self.policy, &intent, &bot, &facts),
            dry_run: false,
            on_allow: None,
            hold: None,
            judge: Box::new({
                let policy = Arc::clone(&self.policy);
                move |bench| Some(verdict(&policy, &intent, &bot, wallet, digest, bench))
            }),
        }
    }

    /// As [`Self::case`], signed over a value of a durable nonce.
    pub(crate) fn case_over(&self, key: &str, lamports: u64, account: u8, value: u64) -> Case {
        let bytes = format!("send {lamports} over {value} of {account}").into_bytes();
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        Case {
            fingerprint: digest,
            input: SigningInput::from_decoder(bytes.into(), 0),
            digest,
            hold: Some(Hold::Nonce(NonceUse {
                account: [account; 32],
                value: nonce_value(value),
            })),
            ..self.case(key, lamports)
        }
    }

    /// Somebody saw a nonce account hold a value.
    pub(crate) async fn observe(
        &self,
        ledger: &Ledger,
        (account, value, slot): (u8, u64, u64),
    ) -> Result<Observed, LedgerError> {
        let entry = note(self);
        let observation = Observation {
            account: [account; 32],
            value: nonce_value(value),
            slot,
            entry: Box::new(move |_| Ok(entry)),
        };
        ledger.observe(observation).await
    }

    /// What is stored as used, in lamports, within the window that ends now.
    pub(crate) async fn used<S: Store>(&self, store: &S, wallet: u8) -> u128 {
        let key = self.amount_key(wallet);
        let mut name = key.limit().to_vec();
        name.extend(key.window().micros().to_be_bytes());
        name.extend(key.scope().to_string().bytes());
        let mut txn = store.begin().await.unwrap();
        let rows = txn.load_usage(&[name]).await.unwrap();
        let stored = rows.into_iter().map(|row| (row.bucket, row.amount));
        let window = Window::restore(key.window(), stored);
        window.used(Timestamp::from_micros(self.now()))
    }

    fn amount_key(&self, wallet: u8) -> LimitKey {
        let case = self.case_to("-", 1, wallet, To::Cold);
        let per_wallet = |key: &LimitKey| key.scope().to_string().starts_with("wallet:");
        case.limit_keys.into_iter().find(per_wallet).unwrap()
    }
}

fn nonce_value(value: u64) -> [u8; 32] {
    Sha256::digest(value.to_be_bytes()).into()
}

pub(crate) fn wallet_id(wallet: u8) -> WalletId {
    WalletId::from_bytes([wallet; 16])
}

fn wallet_facts(wallet: u8) -> WalletFacts<'static> {
    WalletFacts {
        id: wallet_id(wallet),
        user: UserId::from_bytes([wallet; 16]),
        tier: None,
        limits: &[],
    }
}

fn intent(lamports: u64, wallet: u8, to: To) -> Intent {
    let to = match to {
        To::Cold => COLD,
        To::Warm => WARM,
        To::Stranger => [0x55; 32],
    };
    let payment = solana::Detail::Transfer {
        asset: Asset::Sol,
        amount: Amount::from_base(lamports.into()),
        to: Address::new(to),
        token_account: None,
    };
    Draft::new(Address::new([wallet; 32]), vec![payment]).into()
}

fn verdict(
    policy: &PolicySet,
    intent: &Intent,
    bot: &Principal,
    wallet: u8,
    digest: [u8; 32],
    bench: &Bench<'_>,
) -> Verdict {
    let facts = Facts {
        now: bench.now,
        principal: bot,
        wallet: wallet_facts(wallet),
        usage: bench.usage,
        prices: &[],
        added_destinations: &[],
        approvals: None,
    };
    let mut decision = decide(policy, intent, &facts);
    if bench
        .hold
        .is_some_and(|state| state != HoldState::Nonce(NonceState::Free))
    {
        decision = Decision::Deny(Denial {
            reasons: vec![taken(bench)],
        });
    }
    let (kind, code, rule) = match &decision {
        Decision::Allow(permit) => (Kind::SignReserved, None, permit.rules().next()),
        Decision::Deny(denial) => (Kind::SignDenied, Some(denial.code().as_str()), None),
        Decision::NeedApproval(_) => (Kind::SignPending, None, None),
    };
    let mut entry = entry(bench.now.micros(), kind)
        .request(bench.request_id.to_string())
        .subject(wallet_id(wallet).to_string())
        .digest(digest);
    entry = code.into_iter().fold(entry, Entry::code);
    entry = rule.into_iter().fold(entry, Entry::rule);
    Verdict {
        entry: entry.encode().unwrap(),
        answer: format!("{kind} {}", bench.request_id).into_bytes(),
        message: message(digest),
        decision,
    }
}

/// What the ledger is given to keep: as long as a trade.
pub(crate) fn message(digest: [u8; 32]) -> Vec<u8> {
    digest.repeat(25)
}

fn taken(bench: &Bench<'_>) -> Reason {
    Reason {
        code: ReasonCode::PolicyDenied,
        rule: None,
        effect: None,
        message: format!("{:?}", bench.hold),
        retry_after: None,
    }
}

fn entry<'a>(micros: i64, kind: Kind) -> Entry<'a> {
    let at = Stamp::from_unix_micros(micros).unwrap();
    let bot = Actor::Caller {
        spiffe_id: "spiffe://desk/bot/a",
        certificate: "crt_0a",
    };
    Entry::new(at, kind, bot, Detail::default())
}

pub(crate) fn note(desk: &Desk) -> Vec<u8> {
    entry(desk.now(), Kind::Clock).encode().unwrap()
}

pub(crate) fn outcome_entry(desk: &Desk, recorded: &Recorded, outcome: &Outcome) -> Vec<u8> {
    let code = match outcome {
        Outcome::Signed(_) => "signed",
        Outcome::Refused(_) => "refused",
        Outcome::NotSent(_) => "not_sent",
        Outcome::Unknown(_) => "unknown",
    };
    let entry = entry(desk.now(), Kind::SignOutcome);
    let entry = entry.request(recorded.request_id().to_string()).code(code);
    entry.encode().unwrap()
}

/// Queues an outcome with its log entries.
pub(crate) async fn hand_in(desk: &Desk, ledger: &Ledger, recorded: Recorded, outcome: Outcome) {
    let kept = outcome_entry(desk, &recorded, &Outcome::Unknown(String::new()));
    let entry = outcome_entry(desk, &recorded, &outcome);
    let entry = countersign_store::ledger::OutcomeEntry::from(entry).if_kept(kept);
    // A ledger that is gone lost it: as in a crash.
    let _ = ledger.record_outcome(recorded, outcome, entry).await;
}

pub(crate) fn signed() -> Outcome {
    Outcome::Signed(Signature::Ed25519([9; 64]))
}

pub(crate) fn not_sent() -> Outcome {
    Outcome::NotSent("no session".to_owned())
}

pub(crate) fn recorded(judged: Judged) -> Recorded {
    match judged {
        Judged::Recorded(recorded) => recorded,
        other => panic!("expected a recorded request, got {other:?}"),
    }
}

/// Verifies the whole log as an auditor would, against a checkpoint over all of it, and the
/// stored tree against the entries.
pub(crate) async fn verified<S: Store>(store: &S) -> Report {
    let signer = SigningKey::from_bytes(&[7; 32]);
    let key = LogKey::new(ORIGIN, signer.verifying_key().as_bytes()).unwrap();
    let size = store.progress().await.unwrap().entries;
    let mut lines = export::header_line(&key).unwrap();
    let mut frontier = Frontier::default();
    while frontier.size() < size {
        let page = store.entries(frontier.size(), 1_000).await.unwrap();
        assert!(!page.is_empty(), "the log ends at {}", frontier.size());
        for row in page {
            assert_eq!(row.index, frontier.size(), "a gap in the log");
            lines.extend(export::entry_line(row.index, row.leaf_hash, &row.entry).unwrap());
            for node in frontier.append(row.leaf_hash) {
                let stored = store.hashes(node.level, node.index, 1).await.unwrap();
                assert_eq!(stored, [node.hash], "{node:?}");
            }
        }
    }
    assert_eq!(stored_frontier(store, size).await, frontier);
    if size > 0 {
        let next = extends(&key, None, &frontier, Fetched::default()).unwrap();
        let sign = |body: &[u8]| Ok::<_, ()>(signer.sign(body).to_bytes());
        let note = next.sign(&key, sign).unwrap().note;
        lines.extend(export::checkpoint_line(&note).unwrap());
    }
    lines.extend(export::end_line(size).unwrap());
    verify::verify(Cursor::new(lines), &key, &[], Options::default()).unwrap()
}

async fn stored_frontier<S: Store>(store: &S, size: u64) -> Frontier {
    let mut fetched = Fetched::default();
    for tile in countersign_audit::tiles_for_frontier(size) {
        let hashes = store.hashes(tile.level, tile.first(), tile.width).await;
        fetched.insert(tile, hashes.unwrap());
    }
    Frontier::load(&fetched, size).unwrap()
}
