//! Requests, their outcomes, and what they asked for.

use super::*;

pub async fn requests_are_found_by_key_and_by_id<S: Store>(store: S) {
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

pub async fn idempotency_keys_come_in_pages<S: Store>(store: S) {
    let of = |principal: &str, key: &str| IdempotencyKey::new(principal, key);
    let all = [
        of("bot/a", "a"),
        of("bot/a", "b"),
        of("bot/b", ""),
        of("bot/b", "a"),
    ];
    let rows = (1..).zip(all.iter().rev().cloned());
    let rows = rows.map(|(seq, key)| request(seq, key)).collect();
    commit(&store, requests(rows)).await.unwrap();
    let mut found = Vec::new();
    loop {
        let page = store.idempotency_keys(found.last(), 3).await.unwrap();
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert_eq!(found, all);
    let most = store.idempotency_keys(None, u32::MAX).await.unwrap();
    assert_eq!(most, all);
}

pub async fn a_signed_outcome_stays<S: Store>(store: S) {
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

pub async fn judging_again_replaces_and_drops_the_outcome<S: Store>(store: S) {
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

pub async fn requests_are_listed_newest_first<S: Store>(store: S) {
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
    let list = async |principal: Option<&str>, before, limit| -> Vec<u64> {
        let rows = store.requests(&of_bot(principal), before, limit).await;
        let rows = rows.unwrap();
        rows.iter().map(|row| request_seq(row.request.id)).collect()
    };
    assert_eq!(list(None, u64::MAX, 3).await, Vec::<u64>::new());
    assert_eq!(list(None, 10, 3).await, [9, 8, 7]);
    assert_eq!(list(Some("bot/even"), 10, 3).await, [8, 6, 4]);
    assert_eq!(list(Some("bot/even"), 4, 3).await, [2]);
    assert_eq!(list(Some("bot/none"), 10, 3).await, Vec::<u64>::new());
    let newest = store.requests(&of_bot(None), 9, 1).await.unwrap();
    assert_eq!(newest[0].outcome, Some(outcome(8, OutcomeKind::Signed)));
}

fn of_bot(principal: Option<&str>) -> RequestFilter {
    RequestFilter {
        principal: principal.map(str::to_owned),
        ..RequestFilter::default()
    }
}

pub async fn request_lists_are_narrowed_and_what_waits_is_found_far_back<S: Store>(store: S) {
    let of = |seq: u64, wallet, decided| RequestRow {
        wallet: WalletId::from_bytes([wallet; 16]),
        decided,
        ..request(seq, key(&seq.to_string()))
    };
    let rows = vec![
        of(1, 1, Decided::Pending),
        of(2, 2, Decided::Pending),
        of(30_000, 1, Decided::Denied),
    ];
    let at = rows[2].at;
    commit(&store, requests(rows)).await.unwrap();
    let list = async |filter: RequestFilter| -> Vec<u64> {
        let rows = store.requests(&filter, 30_001, 5).await.unwrap();
        assert!(rows.iter().all(|row| filter.takes(&row.request)));
        rows.iter().map(|row| request_seq(row.request.id)).collect()
    };
    let waiting = RequestFilter {
        waiting: true,
        ..RequestFilter::default()
    };
    let of_wallet = |wallet, waiting| RequestFilter {
        wallet: Some(WalletId::from_bytes([wallet; 16])),
        waiting,
        ..RequestFilter::default()
    };
    assert_eq!(list(RequestFilter::default()).await, [30_000]);
    assert_eq!(list(waiting.clone()).await, [2, 1]);
    assert_eq!(list(of_wallet(1, true)).await, [1]);
    assert_eq!(list(of_wallet(1, false)).await, [30_000]);
    assert_eq!(list(of_wallet(2, false)).await, Vec::<u64>::new());
    let later = |since| RequestFilter {
        since: Some(since),
        ..RequestFilter::default()
    };
    assert_eq!(list(later(at)).await, [30_000]);
    let next = Timestamp::from_micros(at.micros() + 1);
    assert_eq!(list(later(next)).await, Vec::<u64>::new());
}

pub async fn a_request_list_looks_at_a_bounded_number<S: Store>(store: S) {
    let far = IdempotencyKey::new("bot/far", "1");
    commit(
        &store,
        requests(vec![request(1, far), request(20_000, key("b"))]),
    )
    .await
    .unwrap();
    assert!(
        store
            .requests(&of_bot(Some("bot/far")), 20_001, 5)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store
            .requests(&of_bot(Some("bot/far")), 10_001, 5)
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

pub async fn messages_are_kept_until_forgotten<S: Store>(store: S) {
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

pub async fn old_messages_are_forgettable_in_bounded_steps<S: Store>(store: S) {
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
