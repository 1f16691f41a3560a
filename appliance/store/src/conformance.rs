//! What every database must do, as tests that run on each of them.

use countersign_audit::{Hash, Node, leaf_hash};
use countersign_intent::{Timestamp, WalletId};

use crate::{
    AuthorityRow, AuthoritySeal, CheckpointRow, Decided, EntryRow, HeldRow, IdempotencyKey,
    MessageRow, NonceRow, OutcomeKind, OutcomeRow, PAGE_LIMIT, Progress, RequestRow, Store,
    StoreError, StoredRequest, Txn, UsageRow, Writes, request_id, request_seq,
};

/// Makes one test of each behaviour: `make` is an async function to a store and what has to
/// stay alive with it.
macro_rules! conformance {
    ($make:path: $($name:ident)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                let (store, _alive) = $make().await;
                crate::conformance::$name(store).await;
            }
        )+
    };
    ($make:path) => {
        crate::conformance::conformance! { $make:
            an_empty_store_says_so
            a_commit_is_seen_by_readers
            a_dropped_transaction_leaves_nothing
            transactions_wait_for_each_other
            a_refused_commit_leaves_nothing
            requests_are_found_by_key_and_by_id
            a_signed_outcome_stays
            judging_again_replaces_and_drops_the_outcome
            requests_are_listed_newest_first
            a_request_list_looks_at_a_bounded_number
            messages_are_kept_until_forgotten
            old_messages_are_forgettable_in_bounded_steps
            usage_is_replaced_and_expires
            the_ledgers_seal_is_replaced
            a_nonce_is_replaced_with_what_it_holds
            authority_is_found_listed_and_replaced
            authority_values_are_unique_within_a_kind
            macs_come_in_pages
            the_log_is_read_in_order
            checkpoints_come_largest_first
            large_batches_are_written_whole
        }
    };
}
pub(crate) use conformance;

async fn commit<S: Store>(store: &S, writes: Writes) -> Result<(), StoreError> {
    store.begin().await.unwrap().commit(writes).await
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new("bot/a", text)
}

fn request(seq: u64, key: IdempotencyKey) -> RequestRow {
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
    }
}

fn outcome(seq: u64, kind: OutcomeKind) -> OutcomeRow {
    let signed = kind == OutcomeKind::Signed;
    OutcomeRow {
        seq,
        kind,
        signature: signed.then_some([9; 64]),
        note: (!signed).then(|| "device gone".to_owned()),
        log_index: seq + 1,
    }
}

fn entry(index: u64) -> EntryRow {
    let entry = format!("entry {index}").into_bytes();
    EntryRow {
        index,
        leaf_hash: leaf_hash(&entry),
        entry,
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

pub(crate) async fn an_empty_store_says_so<S: Store>(store: S) {
    assert_eq!(store.progress().await.unwrap(), Progress::default());
    assert_eq!(store.authority_seal().await.unwrap(), None);
    assert_eq!(store.authority("wallet", &[1]).await.unwrap(), None);
    assert_eq!(store.request(request_id(1, [0; 8])).await.unwrap(), None);
    assert!(store.entries(0, 10).await.unwrap().is_empty());
    assert!(store.hashes(0, 0, 256).await.unwrap().is_empty());
    assert!(store.checkpoints(None, 10).await.unwrap().is_empty());
    assert!(find(&store, &[key("a")]).await.is_empty());
    assert!(used(&store, &[b"limit"]).await.is_empty());
}

pub(crate) async fn a_commit_is_seen_by_readers<S: Store>(store: S) {
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
    };
    assert_eq!(store.progress().await.unwrap(), expected);
}

pub(crate) async fn a_dropped_transaction_leaves_nothing<S: Store>(store: S) {
    let mut txn = store.begin().await.unwrap();
    txn.find_requests(&[key("a")]).await.unwrap();
    drop(txn);
    drop(store.begin().await.unwrap());
    commit(&store, Writes::default()).await.unwrap();
    assert_eq!(store.progress().await.unwrap(), Progress::default());
}

pub(crate) async fn transactions_wait_for_each_other<S: Store>(store: S) {
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

pub(crate) async fn a_refused_commit_leaves_nothing<S: Store>(store: S) {
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

pub(crate) async fn requests_are_found_by_key_and_by_id<S: Store>(store: S) {
    let other = IdempotencyKey::new("bot/b", "a");
    let (a, b) = (request(1, key("a")), request(2, other.clone()));
    commit(&store, requests(vec![a.clone(), b.clone()]))
        .await
        .unwrap();
    commit(&store, outcomes(vec![outcome(2, OutcomeKind::Signed)]))
        .await
        .unwrap();
    let (a, b) = (
        StoredRequest {
            request: a,
            outcome: None,
        },
        StoredRequest {
            request: b,
            outcome: Some(outcome(2, OutcomeKind::Signed)),
        },
    );
    let found = find(&store, &[key("a"), key("absent"), other]).await;
    assert_eq!(found, [a.clone(), b.clone()]);
    assert_eq!(store.request(a.request.id).await.unwrap(), Some(a));
    assert_eq!(store.request(b.request.id).await.unwrap(), Some(b));
    // The number alone is not the id.
    assert_eq!(store.request(request_id(1, [8; 8])).await.unwrap(), None);
}

pub(crate) async fn a_signed_outcome_stays<S: Store>(store: S) {
    commit(&store, requests(vec![request(1, key("a"))]))
        .await
        .unwrap();
    for (kind, expected) in [
        (OutcomeKind::Unknown, OutcomeKind::Unknown),
        (OutcomeKind::NotSent, OutcomeKind::NotSent),
        (OutcomeKind::Signed, OutcomeKind::Signed),
        (OutcomeKind::Unknown, OutcomeKind::Signed),
        (OutcomeKind::Refused, OutcomeKind::Signed),
    ] {
        commit(&store, outcomes(vec![outcome(1, kind)]))
            .await
            .unwrap();
        let found = find(&store, &[key("a")]).await;
        assert_eq!(found[0].outcome, Some(outcome(1, expected)));
    }
}

pub(crate) async fn judging_again_replaces_and_drops_the_outcome<S: Store>(store: S) {
    commit(
        &store,
        requests(vec![request(1, key("a")), request(2, key("b"))]),
    )
    .await
    .unwrap();
    commit(&store, outcomes(vec![outcome(1, OutcomeKind::NotSent)]))
        .await
        .unwrap();
    let again = RequestRow {
        decided: Decided::Denied,
        at: Timestamp::from_micros(9_000),
        answer: vec![6],
        log_index: 77,
        ..request(1, key("a"))
    };
    let writes = Writes {
        rejudged: vec![again.clone()],
        ..Writes::default()
    };
    commit(&store, writes).await.unwrap();
    let found = find(&store, &[key("a")]).await;
    assert_eq!(
        found,
        [StoredRequest {
            request: again,
            outcome: None
        }]
    );
    let progress = store.progress().await.unwrap();
    assert_eq!((progress.last_request, progress.latest_micros), (2, 9_000));
}

pub(crate) async fn requests_are_listed_newest_first<S: Store>(store: S) {
    let of = |seq: u64| {
        let principal = if seq.is_multiple_of(2) {
            "bot/even"
        } else {
            "bot/odd"
        };
        request(seq, IdempotencyKey::new(principal, seq.to_string()))
    };
    commit(&store, requests((1..=9).map(of).collect()))
        .await
        .unwrap();
    commit(&store, outcomes(vec![outcome(8, OutcomeKind::Signed)]))
        .await
        .unwrap();
    let list = async |principal, before, limit| -> Vec<u64> {
        let rows = store.requests(principal, before, limit).await.unwrap();
        rows.iter().map(|row| request_seq(row.request.id)).collect()
    };
    assert_eq!(list(None, u64::MAX, 3).await, Vec::<u64>::new());
    assert_eq!(list(None, 10, 3).await, [9, 8, 7]);
    assert_eq!(list(Some("bot/even"), 10, 3).await, [8, 6, 4]);
    assert_eq!(list(Some("bot/even"), 4, 3).await, [2]);
    assert_eq!(list(Some("bot/none"), 10, 3).await, Vec::<u64>::new());
    let newest = store.requests(None, 9, 1).await.unwrap();
    assert_eq!(newest[0].outcome, Some(outcome(8, OutcomeKind::Signed)));
}

pub(crate) async fn a_request_list_looks_at_a_bounded_number<S: Store>(store: S) {
    let far = IdempotencyKey::new("bot/far", "1");
    commit(
        &store,
        requests(vec![request(1, far), request(20_000, key("b"))]),
    )
    .await
    .unwrap();
    assert!(
        store
            .requests(Some("bot/far"), 20_001, 5)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store
            .requests(Some("bot/far"), 10_001, 5)
            .await
            .unwrap()
            .len(),
        1
    );
}

fn messages(rows: &[(u64, u8)]) -> Vec<MessageRow> {
    let row = |(seq, byte): &(u64, u8)| MessageRow {
        seq: *seq,
        message: vec![*byte; 3],
    };
    rows.iter().map(row).collect()
}

async fn kept<S: Store>(store: &S, after: u64, limit: u32) -> Vec<(u64, Option<Vec<u8>>)> {
    let rows = store.kept(after, limit).await.unwrap();
    rows.into_iter()
        .map(|row| (request_seq(row.stored.request.id), row.message))
        .collect()
}

pub(crate) async fn messages_are_kept_until_forgotten<S: Store>(store: S) {
    let writes = Writes {
        messages: messages(&[(1, 7), (3, 9)]),
        ..requests(
            (1..=4)
                .map(|seq| request(seq, key(&seq.to_string())))
                .collect(),
        )
    };
    commit(&store, writes).await.unwrap();
    commit(&store, outcomes(vec![outcome(3, OutcomeKind::Signed)]))
        .await
        .unwrap();
    let (one, three) = (Some(vec![7; 3]), Some(vec![9; 3]));
    assert_eq!(
        kept(&store, 0, 9).await,
        [(1, one), (2, None), (3, three.clone()), (4, None)]
    );
    assert_eq!(kept(&store, 2, 1).await, [(3, three.clone())]);
    assert_eq!(kept(&store, 4, 9).await, []);
    let whole = store.kept(2, 1).await.unwrap();
    assert_eq!(
        whole[0].stored.outcome,
        Some(outcome(3, OutcomeKind::Signed))
    );
    // Judged again: replaced.
    let again = Writes {
        messages: messages(&[(1, 8)]),
        ..Writes::default()
    };
    commit(&store, again).await.unwrap();
    assert_eq!(kept(&store, 0, 1).await, [(1, Some(vec![8; 3]))]);
    let forget = Writes {
        forgotten: Some(2),
        ..Writes::default()
    };
    commit(&store, forget).await.unwrap();
    let left = [(1, None), (2, None), (3, three), (4, None)];
    assert_eq!(kept(&store, 0, 9).await, left);
}

pub(crate) async fn old_messages_are_forgettable_in_bounded_steps<S: Store>(store: S) {
    let at = |seq: i64| Timestamp::from_micros(seq * 1_000);
    assert_eq!(store.forgettable(at(9), 9).await.unwrap(), None);
    // The number of microseconds is a thousand times the request's number; 4 was judged again.
    let late = RequestRow {
        at: at(99),
        ..request(4, key("4"))
    };
    let mut rows: Vec<_> = [1, 2, 3, 5]
        .map(|seq| request(seq, key(&seq.to_string())))
        .into();
    rows.push(late);
    let writes = Writes {
        messages: messages(&[(1, 1), (3, 3), (4, 4), (5, 5)]),
        ..requests(rows)
    };
    commit(&store, writes).await.unwrap();
    for (before, limit, expected) in [
        (1, 9, None),
        (2, 9, Some(1)),
        (3, 9, Some(1)),
        (4, 9, Some(3)),
        (50, 9, Some(3)),
        (100, 9, Some(5)),
        (100, 1, Some(1)),
        (100, 2, Some(3)),
        (100, 0, None),
    ] {
        let found = store.forgettable(at(before), limit).await.unwrap();
        assert_eq!(found, expected, "before {before}, at most {limit}");
    }
}

pub(crate) async fn usage_is_replaced_and_expires<S: Store>(store: S) {
    let rows = vec![
        usage(b"a", -1, 1),
        usage(b"a", 5, u128::MAX),
        usage(b"a", 6, 7),
        usage(b"ab", 5, 2),
    ];
    let writes = Writes {
        usage: rows,
        ..Writes::default()
    };
    commit(&store, writes).await.unwrap();
    let a = b"a".to_vec();
    let all = [
        (a.clone(), -1, 1),
        (a.clone(), 5, u128::MAX),
        (a.clone(), 6, 7),
        (b"ab".to_vec(), 5, 2),
    ];
    assert_eq!(used(&store, &[b"a", b"ab", b"none"]).await, all);
    assert_eq!(used(&store, &[b"ab"]).await, all[3..]);
    for limit in 1..5 {
        assert_eq!(page_by_page(&store, limit).await, all, "{limit} at once");
    }
    let writes = Writes {
        usage: vec![usage(b"a", 6, 3)],
        usage_expired: vec![(a.clone(), 6), (b"none".to_vec(), 9)],
        ..Writes::default()
    };
    commit(&store, writes).await.unwrap();
    assert_eq!(
        used(&store, &[b"a", b"ab"]).await,
        [(a, 6, 3), all[3].clone()]
    );
}

async fn page_by_page<S: Store>(store: &S, limit: u32) -> Vec<(Vec<u8>, i64, u128)> {
    let mut all: Vec<(Vec<u8>, i64, u128)> = Vec::new();
    loop {
        let after = all.last().map(|(key, bucket, _)| (key.as_slice(), *bucket));
        let rows = store.usage_after(after, limit).await.unwrap();
        if rows.is_empty() {
            return all;
        }
        let rows = rows.into_iter();
        all.extend(rows.map(|row| (row.limit_key, row.bucket, row.amount)));
    }
}

pub(crate) async fn the_ledgers_seal_is_replaced<S: Store>(store: S) {
    assert_eq!(store.ledger_seal().await.unwrap(), None);
    for mac in [[1; 32], [2; 32]] {
        let writes = Writes {
            ledger_seal: Some(mac),
            ..Writes::default()
        };
        commit(&store, writes).await.unwrap();
        assert_eq!(store.ledger_seal().await.unwrap(), Some(mac.to_vec()));
        commit(&store, Writes::default()).await.unwrap();
        assert_eq!(store.ledger_seal().await.unwrap(), Some(mac.to_vec()));
    }
}

pub(crate) async fn a_nonce_is_replaced_with_what_it_holds<S: Store>(store: S) {
    assert_eq!(store.nonces().await.unwrap(), []);
    let held = |limit: &[u8], amount| HeldRow {
        limit_key: limit.to_vec(),
        amount,
    };
    let nonce = |account, value, held: Vec<HeldRow>| NonceRow {
        account: [account; 32],
        value: [value; 32],
        slot: u64::from(value),
        holder: (!held.is_empty()).then(|| request_id(u64::from(value), [7; 8])),
        held,
    };
    let put = |nonces: Vec<NonceRow>| Writes {
        nonces,
        ..Writes::default()
    };
    let both = vec![held(b"a", 5), held(b"", u128::MAX)];
    let first = vec![nonce(1, 1, both), nonce(2, 1, Vec::new())];
    commit(&store, put(first.clone())).await.unwrap();
    let stored = |mut rows: Vec<NonceRow>| {
        rows.sort_by_key(|row| row.account);
        rows
    };
    assert_eq!(stored(store.nonces().await.unwrap()), first);
    let second = vec![nonce(1, 2, Vec::new()), nonce(2, 3, vec![held(b"b", 1)])];
    commit(&store, put(second.clone())).await.unwrap();
    assert_eq!(stored(store.nonces().await.unwrap()), second);
}

pub(crate) async fn authority_is_found_listed_and_replaced<S: Store>(store: S) {
    let seal = |version| AuthoritySeal {
        version,
        count: 5,
        sum: vec![1; 32],
        mac: vec![2; 32],
    };
    let writes = |rows, version| Writes {
        authority: rows,
        seal: Some(seal(version)),
        ..Writes::default()
    };
    let rows: Vec<_> = (1..=4).map(|id| authority("wallet", id)).collect();
    commit(&store, writes(rows.clone(), 1)).await.unwrap();
    commit(&store, writes(vec![authority("user", 1)], 2))
        .await
        .unwrap();
    assert_eq!(store.authority_seal().await.unwrap(), Some(seal(2)));
    assert_eq!(
        store.authority("wallet", &[2; 16]).await.unwrap(),
        Some(rows[1].clone())
    );
    assert_eq!(store.authority("user", &[2; 16]).await.unwrap(), None);
    let by_name = store.authority_by_lookup("wallet", "name 3").await.unwrap();
    assert_eq!(by_name, Some(rows[2].clone()));
    assert_eq!(
        store.authority_by_lookup("user", "name 3").await.unwrap(),
        None
    );
    let list = async |parent: Option<&[u8]>, after, limit| {
        let found = store.authority_list("wallet", parent, after, limit).await;
        found.unwrap().iter().map(|row| row.seq).collect::<Vec<_>>()
    };
    assert_eq!(list(None, None, 3).await, [1, 2, 3]);
    assert_eq!(list(None, Some(3), 3).await, [4]);
    assert_eq!(list(Some(&[1]), None, 3).await, [1, 3]);
    assert_eq!(list(Some(&[1]), Some(1), 3).await, [3]);
    assert_eq!(list(None, Some(i64::MAX), 3).await, Vec::<i64>::new());
    let bare = AuthorityRow {
        parent: None,
        lookup: None,
        body: "{}".to_owned(),
        ..authority("wallet", 3)
    };
    commit(&store, writes(vec![bare.clone()], 3)).await.unwrap();
    assert_eq!(
        store.authority("wallet", &[3; 16]).await.unwrap(),
        Some(bare)
    );
    assert_eq!(
        store.authority_by_lookup("wallet", "name 3").await.unwrap(),
        None
    );
}

pub(crate) async fn authority_values_are_unique_within_a_kind<S: Store>(store: S) {
    let writes = |row| Writes {
        authority: vec![row],
        ..Writes::default()
    };
    commit(&store, writes(authority("wallet", 1)))
        .await
        .unwrap();
    let same_place = AuthorityRow {
        seq: 1,
        ..authority("wallet", 2)
    };
    let same_name = AuthorityRow {
        lookup: Some("name 1".to_owned()),
        ..authority("wallet", 2)
    };
    for taken in [same_place, same_name] {
        let error = commit(&store, writes(taken)).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict(_)), "{error}");
        assert_eq!(store.authority("wallet", &[2; 16]).await.unwrap(), None);
    }
    commit(&store, writes(authority("user", 1))).await.unwrap();
}

pub(crate) async fn macs_come_in_pages<S: Store>(store: S) {
    let rows = (1..=3).flat_map(|id| [authority("wallet", id), authority("user", id)]);
    let writes = Writes {
        authority: rows.collect(),
        ..Writes::default()
    };
    commit(&store, writes).await.unwrap();
    let (mut seen, mut after) = (Vec::new(), None::<(String, Vec<u8>)>);
    loop {
        let from = after
            .as_ref()
            .map(|(kind, id)| (kind.as_str(), id.as_slice()));
        let page = store.authority_macs(from, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.kind.clone(), last.id.clone()));
        seen.extend(page.into_iter().map(|row| (row.kind, row.id[0], row.mac)));
    }
    let expected = ["user", "wallet"]
        .into_iter()
        .flat_map(|kind| (1..=3).map(move |id: u8| (kind.to_owned(), id, vec![id; 32])));
    assert_eq!(seen, expected.collect::<Vec<_>>());
}

pub(crate) async fn the_log_is_read_in_order<S: Store>(store: S) {
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

pub(crate) async fn checkpoints_come_largest_first<S: Store>(store: S) {
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

pub(crate) async fn large_batches_are_written_whole<S: Store>(store: S) {
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
