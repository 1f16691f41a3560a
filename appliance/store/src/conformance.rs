//! What every database must do, as tests that run on each of them: `store_conformance!` makes one
//! of each, for whoever writes another kind of database (feature `conformance`).

#![allow(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests, whose names say what they check, and which say what went wrong by panicking"
)]

mod authority;
mod limits;
mod requests;

use countersign_audit::{Hash, Node, leaf_hash};
use countersign_intent::{Signature, Timestamp, WalletId};

use crate::{
    AuthorityRow, AuthoritySeal, CheckpointRow, Decided, EntryRow, HeldRow, IdempotencyKey,
    MessageRow, NonceRow, OutcomeKind, OutcomeRow, PAGE_LIMIT, Progress, RequestFilter, RequestRow,
    Store, StoreError, StoredRequest, UsageRow, Writes, request_id, request_seq,
};

pub use authority::*;
pub use limits::*;
pub use requests::*;

/// One test of each behaviour: `make` is an async function to a store and what has to
/// stay alive with it.
#[macro_export]
macro_rules! store_conformance {
    ($make:path: $($name:ident)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                let (store, _alive) = $make().await;
                $crate::conformance::$name(store).await;
            }
        )+
    };
    ($make:path) => {
        $crate::store_conformance! { $make:
            an_empty_store_says_so
            a_commit_is_seen_by_readers
            a_dropped_transaction_leaves_nothing
            transactions_wait_for_each_other
            a_refused_commit_leaves_nothing
            requests_are_found_by_key_and_by_id
            idempotency_keys_come_in_pages
            a_signed_outcome_stays
            judging_again_replaces_and_drops_the_outcome
            requests_are_listed_newest_first
            a_request_list_looks_at_a_bounded_number
            request_lists_are_narrowed_and_what_waits_is_found_far_back
            messages_are_kept_until_forgotten
            old_messages_are_forgettable_in_bounded_steps
            usage_is_replaced_and_expires
            the_ledgers_seal_is_replaced
            a_nonce_is_replaced_with_what_it_holds
            what_was_given_back_is_remembered_and_taken_out
            authority_is_found_listed_and_replaced
            authority_values_are_unique_within_a_kind
            macs_come_in_pages
            the_log_is_read_in_order
            checkpoints_come_largest_first
            large_batches_are_written_whole
        }
    };
}
async fn commit<S: Store>(store: &S, writes: Writes) -> Result<(), StoreError> {
    store.begin().await.unwrap().commit(writes).await
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new("bot/a", text)
}

pub(crate) fn request(seq: u64, key: IdempotencyKey) -> RequestRow {
    RequestRow {
        id: request_id(seq, [7; 8]),
        key,
        fingerprint: [1; 32],
        at: Timestamp::from_micros(i64::try_from(seq).unwrap() * 1_000),
        wallet: WalletId::from_bytes([2; 16]),
        decided: Decided::Allowed,
        digest: [3; 32],
        answer: vec![4; 5],
        log_index: seq,
        mac: vec![5; 32],
    }
}

fn outcome(seq: u64, kind: OutcomeKind) -> OutcomeRow {
    let signed = kind == OutcomeKind::Signed;
    OutcomeRow {
        seq,
        kind,
        signature: signed.then_some(Signature::Ed25519([9; 64])),
        note: (!signed).then(|| "device gone".to_owned()),
        log_index: seq + 1,
        mac: vec![6; 32],
    }
}

fn entry(index: u64) -> EntryRow {
    let entry = format!("entry {index}").into_bytes();
    EntryRow {
        index,
        leaf_hash: leaf_hash(&entry),
        entry,
        tag: vec![7; 16],
    }
}

fn usage(limit: &[u8], bucket: i64, amount: u128) -> UsageRow {
    UsageRow {
        limit_key: limit.to_vec(),
        bucket,
        amount,
    }
}

fn authority(kind: &str, id: u8) -> AuthorityRow {
    AuthorityRow {
        kind: kind.to_owned(),
        id: vec![id; 16],
        seq: i64::from(id),
        parent: Some(vec![id % 2]),
        lookup: Some(format!("name {id}")),
        body: format!("{{\"id\":{id}}}"),
        mac: vec![id; 32],
    }
}

fn requests(rows: Vec<RequestRow>) -> Writes {
    Writes {
        requests: rows,
        ..Writes::default()
    }
}

fn outcomes(rows: Vec<OutcomeRow>) -> Writes {
    Writes {
        outcomes: rows,
        ..Writes::default()
    }
}

async fn find<S: Store>(store: &S, keys: &[IdempotencyKey]) -> Vec<StoredRequest> {
    let mut txn = store.begin().await.unwrap();
    let mut found = txn.find_requests(keys).await.unwrap();
    found.sort_by_key(|stored| stored.request.id);
    found
}

async fn used<S: Store>(store: &S, keys: &[&[u8]]) -> Vec<(Vec<u8>, i64, u128)> {
    let keys: Vec<_> = keys.iter().map(|key| key.to_vec()).collect();
    let mut txn = store.begin().await.unwrap();
    let rows = txn.load_usage(&keys).await.unwrap().into_iter();
    let mut rows: Vec<_> = rows
        .map(|row| (row.limit_key, row.bucket, row.amount))
        .collect();
    rows.sort();
    drop(txn);
    let mut looked_at: Vec<_> = store
        .usage(&keys)
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.limit_key, row.bucket, row.amount))
        .collect();
    looked_at.sort();
    assert_eq!(looked_at, rows);
    rows
}

/// A database that was made by this version, and nothing written into it.
pub(crate) const NOTHING_YET: Progress = Progress {
    entries: 0,
    last_request: 0,
    latest_micros: 0,
    macs_from: 1,
    tags_from: 0,
    given_back_from: 1,
};

pub async fn an_empty_store_says_so<S: Store>(store: S) {
    assert_eq!(store.progress().await.unwrap(), NOTHING_YET);
    assert_eq!(store.authority_seal().await.unwrap(), None);
    assert_eq!(store.authority("wallet", &[1]).await.unwrap(), None);
    assert_eq!(store.request(request_id(1, [0; 8])).await.unwrap(), None);
    assert!(store.entries(0, 10).await.unwrap().is_empty());
    assert!(store.hashes(0, 0, 256).await.unwrap().is_empty());
    assert!(store.checkpoints(None, 10).await.unwrap().is_empty());
    assert!(find(&store, &[key("a")]).await.is_empty());
    assert!(used(&store, &[b"limit"]).await.is_empty());
}

pub async fn a_commit_is_seen_by_readers<S: Store>(store: S) {
    let writes = Writes {
        requests: vec![request(5, key("a"))],
        entries: vec![entry(0), entry(1)],
        ..Writes::default()
    };
    commit(&store, writes).await.unwrap();
    let expected = Progress {
        entries: 2,
        last_request: 5,
        latest_micros: 5_000,
        macs_from: 1,
        tags_from: 0,
        given_back_from: 1,
    };
    assert_eq!(store.progress().await.unwrap(), expected);
}

pub async fn a_dropped_transaction_leaves_nothing<S: Store>(store: S) {
    let mut txn = store.begin().await.unwrap();
    txn.find_requests(&[key("a")]).await.unwrap();
    drop(txn);
    drop(store.begin().await.unwrap());
    commit(&store, Writes::default()).await.unwrap();
    assert_eq!(store.progress().await.unwrap(), NOTHING_YET);
}

pub async fn transactions_wait_for_each_other<S: Store>(store: S) {
    let first = store.begin().await.unwrap();
    let mut second = Box::pin(store.begin());
    let polled = std::future::poll_fn(|context| {
        std::task::Poll::Ready(second.as_mut().poll(context).is_pending())
    });
    assert!(polled.await);
    first
        .commit(requests(vec![request(1, key("a"))]))
        .await
        .unwrap();
    let mut second = second.await.unwrap();
    assert_eq!(second.find_requests(&[key("a")]).await.unwrap().len(), 1);
}

pub async fn a_refused_commit_leaves_nothing<S: Store>(store: S) {
    commit(&store, requests(vec![request(1, key("a"))]))
        .await
        .unwrap();
    let taken_key = Writes {
        requests: vec![request(2, key("b")), request(3, key("a"))],
        entries: vec![entry(0)],
        usage: vec![usage(b"limit", 1, 10)],
        ..Writes::default()
    };
    let taken_number = Writes {
        entries: vec![entry(0)],
        ..requests(vec![request(1, key("c"))])
    };
    for refused in [taken_key, taken_number] {
        let error = commit(&store, refused).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict(_)), "{error}");
        assert_eq!(store.progress().await.unwrap().entries, 0);
        assert_eq!(store.progress().await.unwrap().last_request, 1);
        assert!(used(&store, &[b"limit"]).await.is_empty());
    }
    let entries = || Writes {
        entries: vec![entry(0)],
        ..Writes::default()
    };
    commit(&store, entries()).await.unwrap();
    let error = commit(&store, entries()).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict(_)), "{error}");
}

pub async fn the_log_is_read_in_order<S: Store>(store: S) {
    let node = |index| Node {
        level: 1,
        index,
        hash: Hash([u8::try_from(index).unwrap(); 32]),
    };
    let writes = Writes {
        entries: (0..700).map(entry).collect(),
        nodes: vec![
            node(0),
            node(1),
            Node {
                level: 2,
                ..node(0)
            },
        ],
        ..Writes::default()
    };
    commit(&store, writes).await.unwrap();
    let middle = store.entries(255, 3).await.unwrap();
    assert_eq!(middle, [entry(255), entry(256), entry(257)]);
    assert_eq!(store.entries(699, 3).await.unwrap(), [entry(699)]);
    let leaves = store.hashes(0, 256, 256).await.unwrap();
    assert_eq!(leaves.len(), 256);
    assert_eq!(leaves[1], entry(257).leaf_hash);
    assert_eq!(store.hashes(0, 512, 256).await.unwrap().len(), 188);
    assert_eq!(
        store.hashes(1, 0, 2).await.unwrap(),
        [node(0).hash, node(1).hash]
    );
    assert_eq!(store.hashes(1, 1, 256).await.unwrap(), [node(1).hash]);
    assert_eq!(store.hashes(2, 0, 9).await.unwrap().len(), 1);
}

pub async fn checkpoints_come_largest_first<S: Store>(store: S) {
    let row = |size, note: &str| CheckpointRow {
        size,
        note: note.to_owned(),
        at: Timestamp::from_micros(5),
    };
    let writes = |rows| Writes {
        checkpoints: rows,
        ..Writes::default()
    };
    let rows = vec![row(1, "a"), row(7, "b"), row(3, "c")];
    commit(&store, writes(rows)).await.unwrap();
    commit(&store, writes(vec![row(7, "d")])).await.unwrap();
    let all = store.checkpoints(None, 2).await.unwrap();
    assert_eq!(all, [row(7, "d"), row(3, "c")]);
    assert_eq!(store.checkpoints(Some(3), 2).await.unwrap(), [row(1, "a")]);
}

pub async fn large_batches_are_written_whole<S: Store>(store: S) {
    let of = |seq: u64| request(seq, key(&seq.to_string()));
    let count = 1_500_u64;
    let buckets = 0..i64::try_from(count).unwrap();
    let writes = Writes {
        entries: (0..count).map(entry).collect(),
        usage: buckets.map(|bucket| usage(b"limit", bucket, 1)).collect(),
        outcomes: (1..=count)
            .map(|seq| outcome(seq, OutcomeKind::Signed))
            .collect(),
        ..requests((1..=count).map(of).collect())
    };
    commit(&store, writes).await.unwrap();
    let progress = store.progress().await.unwrap();
    assert_eq!((progress.entries, progress.last_request), (count, count));
    let keys: Vec<_> = (1..=count).map(|seq| key(&seq.to_string())).collect();
    let found = find(&store, &keys).await;
    assert_eq!(found.len(), 1_500);
    assert!(found.iter().all(|stored| stored.outcome.is_some()));
    assert_eq!(used(&store, &[b"limit"]).await.len(), 1_500);
    let page = store.entries(0, u32::MAX).await.unwrap();
    assert_eq!(page.len(), usize::try_from(PAGE_LIMIT).unwrap());
}
