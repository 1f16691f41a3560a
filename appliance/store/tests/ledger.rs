//! What the ledger promises, one promise a test, on the in-memory database.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

mod desk;

use std::sync::Arc;
use std::time::Duration;

use countersign_intent::{Signature, Timestamp};
use countersign_store::ledger::{
    AdminChange, Case, Judged, Ledger, LedgerError, Outcome, Recorded,
};
use countersign_store::memory::{Fault, MemoryStore, Point};
use countersign_store::{
    AuthorityRow, AuthoritySeal, CheckpointRow, Decided, IdempotencyKey, OutcomeKind, Store,
    StoreError, Writes,
};
use desk::{Desk, To, hand_in, not_sent, note, recorded, signed, verified};

/// At most 100 lamports in 24 hours.
async fn open() -> (Desk, Arc<MemoryStore>, Ledger) {
    let desk = Desk::new("24h", 100);
    let store = Arc::new(MemoryStore::new());
    let ledger = desk.start(&store).await.unwrap();
    (desk, store, ledger)
}

async fn reopen(desk: &Desk, store: &Arc<MemoryStore>, ledger: Ledger) -> Ledger {
    ledger.shutdown().await.unwrap();
    desk.start(store).await.unwrap()
}

#[tokio::test]
async fn an_allowed_request_is_durable_before_it_is_answered() {
    let (desk, store, ledger) = open().await;
    let case = desk.case("k1", 40);
    let bytes = case.input.clone();
    let recorded = recorded(ledger.judge(case).await.unwrap());
    assert_eq!(recorded.input(), &bytes);
    let stored = store.request(recorded.request_id()).await.unwrap().unwrap();
    assert_eq!(stored.request.decided, Decided::Allowed);
    assert_eq!(stored.request.digest, *recorded.digest());
    assert_eq!(stored.request.answer, recorded.answer());
    assert_eq!(stored.request.log_index, recorded.log_index());
    assert_eq!(stored.outcome, None);
    assert_eq!(desk.used(&*store, 1).await, 40);
    let entry = &store.entries(recorded.log_index(), 1).await.unwrap()[0];
    let text = String::from_utf8(entry.entry.clone()).unwrap();
    assert!(text.contains(&recorded.request_id().to_string()), "{text}");
    assert_eq!(verified(&*store).await.entries, 1);
}

#[tokio::test]
async fn limits_hold_across_cases_of_a_batch_and_across_batches() {
    let (desk, store, ledger) = open().await;
    let cases = vec![
        desk.case("a", 60),
        desk.case("b", 60),
        desk.case("c", 40),
        desk.case_to("d", 60, 2, To::Cold),
    ];
    let judged = ledger.judge_batch(cases).await.unwrap();
    let judged: Vec<_> = judged.into_iter().map(Result::unwrap).collect();
    assert!(matches!(judged[0], Judged::Recorded(_)));
    assert!(matches!(judged[1], Judged::Denied { .. }));
    assert!(matches!(judged[2], Judged::Recorded(_)));
    assert!(matches!(judged[3], Judged::Recorded(_)));
    let next = ledger.judge(desk.case("e", 1)).await.unwrap();
    assert!(matches!(next, Judged::Denied { .. }));
    assert_eq!(desk.used(&*store, 1).await, 100);
    assert_eq!(desk.used(&*store, 2).await, 60);
    let ledger = reopen(&desk, &store, ledger).await;
    let next = ledger.judge(desk.case("f", 1)).await.unwrap();
    assert!(matches!(next, Judged::Denied { .. }));
}

#[tokio::test]
async fn a_signed_request_replays_its_signature() {
    let (desk, store, mut ledger) = open().await;
    let first = recorded(ledger.judge(desk.case("k", 40)).await.unwrap());
    let id = first.request_id();
    hand_in(&desk, &ledger, first, signed()).await;
    for _ in 0..2 {
        let Judged::Replayed(stored) = ledger.judge(desk.case("k", 40)).await.unwrap() else {
            panic!("expected a replay");
        };
        assert_eq!(stored.request.id, id);
        assert_eq!(
            stored.outcome.unwrap().signature,
            Some(Signature::Ed25519([9; 64]))
        );
        ledger = reopen(&desk, &store, ledger).await;
    }
    assert_eq!(desk.used(&*store, 1).await, 40);
    let report = verified(&*store).await;
    assert_eq!((report.entries, report.open_total), (2, 0));
}

#[tokio::test]
async fn denials_and_pending_answers_replay_word_for_word() {
    let (desk, store, mut ledger) = open().await;
    for (key, to) in [("denied", To::Stranger), ("pending", To::Warm)] {
        let case = || desk.case_to(key, 40, 1, to);
        let (id, said) = match ledger.judge(case()).await.unwrap() {
            Judged::Denied {
                request_id, answer, ..
            } if to == To::Stranger => (request_id, answer),
            Judged::Pending {
                request_id, answer, ..
            } if to == To::Warm => (request_id, answer),
            other => panic!("{other:?}"),
        };
        for _ in 0..2 {
            let Judged::Replayed(stored) = ledger.judge(case()).await.unwrap() else {
                panic!("expected a replay");
            };
            assert_eq!((stored.request.id, &stored.request.answer), (id, &said));
            assert_eq!(stored.outcome, None);
            ledger = reopen(&desk, &store, ledger).await;
        }
    }
    assert_eq!(desk.used(&*store, 1).await, 0);
    assert_eq!(verified(&*store).await.entries, 2);
}

#[tokio::test]
async fn a_key_used_for_something_else_is_a_conflict() {
    let (desk, store, ledger) = open().await;
    let first = recorded(ledger.judge(desk.case("k", 40)).await.unwrap());
    let judged = ledger.judge(desk.case("k", 41)).await.unwrap();
    let Judged::Conflict { request_id } = judged else {
        panic!("expected a conflict, got {judged:?}");
    };
    assert_eq!(request_id, first.request_id());
    assert_eq!(desk.used(&*store, 1).await, 40);
}

#[tokio::test]
async fn one_key_twice_in_a_batch_is_one_request() {
    let (desk, store, ledger) = open().await;
    let cases = vec![
        desk.case("k", 40),
        desk.case("k", 40),
        desk.case("k", 41),
        desk.case_to("d", 5, 1, To::Stranger),
        desk.case_to("d", 5, 1, To::Stranger),
    ];
    let mut judged = ledger.judge_batch(cases).await.unwrap().into_iter();
    let mut next = || judged.next().unwrap().unwrap();
    let (first, second) = (recorded(next()), recorded(next()));
    assert_eq!(first.request_id(), second.request_id());
    assert_eq!(first.log_index(), second.log_index());
    assert!(matches!(next(), Judged::Conflict { .. }));
    assert!(matches!(next(), Judged::Denied { .. }));
    assert!(matches!(next(), Judged::Replayed(_)));
    assert_eq!(desk.used(&*store, 1).await, 40);
    assert_eq!(verified(&*store).await.entries, 2);
}

#[tokio::test]
async fn what_was_not_sent_is_given_back_and_judged_again() {
    let (desk, store, ledger) = open().await;
    for outcome in [not_sent(), Outcome::Refused("no".to_owned())] {
        let first = recorded(ledger.judge(desk.case("k", 60)).await.unwrap());
        let id = first.request_id();
        hand_in(&desk, &ledger, first, outcome).await;
        ledger.flush().await.unwrap();
        assert_eq!(desk.used(&*store, 1).await, 0);
        desk.advance(1_000_000);
        let second = recorded(ledger.judge(desk.case("k", 60)).await.unwrap());
        assert_eq!(second.request_id(), id);
        assert_eq!(second.at(), Timestamp::from_micros(desk.now()));
        assert_eq!(desk.used(&*store, 1).await, 60);
        assert_eq!(store.request(id).await.unwrap().unwrap().outcome, None);
        hand_in(&desk, &ledger, second, not_sent()).await;
    }
}

#[tokio::test]
async fn judging_again_can_end_in_a_denial() {
    let (desk, store, ledger) = open().await;
    let first = recorded(ledger.judge(desk.case("k", 60)).await.unwrap());
    hand_in(&desk, &ledger, first, not_sent()).await;
    let other = ledger.judge(desk.case("other", 50)).await.unwrap();
    assert!(matches!(other, Judged::Recorded(_)));
    let again = ledger.judge(desk.case("k", 60)).await.unwrap();
    assert!(matches!(again, Judged::Denied { .. }), "{again:?}");
    let replay = ledger.judge(desk.case("k", 60)).await.unwrap();
    assert!(matches!(replay, Judged::Replayed(_)), "{replay:?}");
    assert_eq!(desk.used(&*store, 1).await, 50);
}

#[tokio::test]
async fn an_unknown_outcome_keeps_the_reservation_and_the_bytes() {
    let (desk, store, ledger) = open().await;
    let first = recorded(ledger.judge(desk.case("k", 60)).await.unwrap());
    let (id, bytes) = (first.request_id(), first.input().clone());
    hand_in(
        &desk,
        &ledger,
        first,
        Outcome::Unknown("timeout".to_owned()),
    )
    .await;
    let second = recorded(ledger.judge(desk.case("k", 60)).await.unwrap());
    assert_eq!((second.request_id(), second.input()), (id, &bytes));
    assert_eq!(desk.used(&*store, 1).await, 60);
    // Not sent this time; but the first attempt may have signed.
    hand_in(&desk, &ledger, second, not_sent()).await;
    ledger.flush().await.unwrap();
    assert_eq!(desk.used(&*store, 1).await, 60);
    let outcome = store.request(id).await.unwrap().unwrap().outcome.unwrap();
    assert_eq!(outcome.kind, OutcomeKind::Unknown);
    let third = recorded(ledger.judge(desk.case("k", 60)).await.unwrap());
    hand_in(&desk, &ledger, third, signed()).await;
    let last = ledger.judge(desk.case("k", 60)).await.unwrap();
    assert!(matches!(last, Judged::Replayed(_)));
    assert_eq!(desk.used(&*store, 1).await, 60);
    assert!(verified(&*store).await.concerns.is_empty());
}

#[tokio::test]
async fn after_a_restart_an_open_request_is_signed_again_and_never_given_back() {
    let (desk, store, ledger) = open().await;
    let first = recorded(ledger.judge(desk.case("k", 60)).await.unwrap());
    let (id, index) = (first.request_id(), first.log_index());
    drop(first);
    let ledger = reopen(&desk, &store, ledger).await;
    let second = recorded(ledger.judge(desk.case("k", 60)).await.unwrap());
    assert_eq!((second.request_id(), second.log_index()), (id, index));
    hand_in(&desk, &ledger, second, not_sent()).await;
    ledger.flush().await.unwrap();
    assert_eq!(desk.used(&*store, 1).await, 60);
}

#[tokio::test]
async fn of_two_attempts_the_one_that_may_have_signed_decides() {
    for second_outcome in [signed(), Outcome::Unknown("gone".to_owned())] {
        let (desk, store, ledger) = open().await;
        let first = recorded(ledger.judge(desk.case("k", 60)).await.unwrap());
        let second = recorded(ledger.judge(desk.case("k", 60)).await.unwrap());
        hand_in(&desk, &ledger, first, not_sent()).await;
        ledger.flush().await.unwrap();
        assert_eq!(desk.used(&*store, 1).await, 60);
        hand_in(&desk, &ledger, second, second_outcome).await;
        ledger.flush().await.unwrap();
        assert_eq!(desk.used(&*store, 1).await, 60);
        assert!(verified(&*store).await.concerns.is_empty());
    }
}

#[tokio::test]
async fn a_dropped_recorded_keeps_the_reservation() {
    let (desk, store, ledger) = open().await;
    drop(ledger.judge(desk.case("k", 60)).await.unwrap());
    let second = recorded(ledger.judge(desk.case("k", 60)).await.unwrap());
    hand_in(&desk, &ledger, second, not_sent()).await;
    ledger.flush().await.unwrap();
    assert_eq!(desk.used(&*store, 1).await, 60);
}

#[tokio::test]
async fn a_dry_run_is_logged_and_leaves_nothing_else() {
    let (desk, store, ledger) = open().await;
    for _ in 0..2 {
        let case = Case {
            dry_run: true,
            ..desk.case("k", 60)
        };
        let judged = ledger.judge(case).await.unwrap();
        let Judged::DryRun { request_id, .. } = judged else {
            panic!("expected a dry run, got {judged:?}");
        };
        assert_eq!(store.request(request_id).await.unwrap(), None);
    }
    assert_eq!(desk.used(&*store, 1).await, 0);
    assert_eq!(store.progress().await.unwrap().entries, 2);
    let real = ledger.judge(desk.case("k", 60)).await.unwrap();
    assert!(matches!(real, Judged::Recorded(_)));
}

#[tokio::test]
async fn a_clock_that_goes_back_denies() {
    let (desk, store, ledger) = open().await;
    let start = desk.now();
    ledger.judge(desk.case("a", 10)).await.unwrap();
    desk.advance(-1_900_000);
    let within = recorded(ledger.judge(desk.case("b", 10)).await.unwrap());
    assert_eq!(within.at(), Timestamp::from_micros(start));
    desk.advance(-200_000);
    let error = ledger.judge(desk.case("c", 10)).await.unwrap_err();
    assert!(matches!(error, LedgerError::Clock { .. }), "{error}");
    // What is already decided needs no clock.
    let again = ledger.judge(desk.case("b", 10)).await.unwrap();
    assert!(matches!(again, Judged::Recorded(_)));
    let ledger = reopen(&desk, &store, ledger).await;
    let error = ledger.judge(desk.case("c", 10)).await.unwrap_err();
    assert!(matches!(error, LedgerError::Clock { .. }), "{error}");
    desk.advance(2_100_000);
    assert!(ledger.judge(desk.case("c", 10)).await.is_ok());
}

#[tokio::test]
async fn a_request_judged_again_late_is_remembered_by_the_clock() {
    let (desk, store, ledger) = open().await;
    let first = recorded(ledger.judge(desk.case("a", 10)).await.unwrap());
    ledger.judge(desk.case("b", 10)).await.unwrap();
    hand_in(&desk, &ledger, first, not_sent()).await;
    desk.advance(60_000_000);
    ledger.judge(desk.case("a", 10)).await.unwrap();
    let ledger = reopen(&desk, &store, ledger).await;
    desk.advance(-30_000_000);
    let error = ledger.judge(desk.case("c", 10)).await.unwrap_err();
    assert!(matches!(error, LedgerError::Clock { .. }), "{error}");
}

#[tokio::test]
async fn a_judge_that_panics_takes_nobody_along() {
    let (desk, store, ledger) = open().await;
    let broken = Case {
        judge: Box::new(|_| panic!("a broken policy")),
        ..desk.case("broken", 10)
    };
    let judged = ledger
        .judge_batch(vec![desk.case("a", 10), broken, desk.case("b", 10)])
        .await
        .unwrap();
    assert!(matches!(judged[0], Ok(Judged::Recorded(_))));
    assert!(matches!(judged[1], Err(LedgerError::NoDecision(_))));
    assert!(matches!(judged[2], Ok(Judged::Recorded(_))));
    assert_eq!(desk.used(&*store, 1).await, 20);
}

#[tokio::test]
async fn a_case_that_went_stale_leaves_nothing() {
    let (desk, store, ledger) = open().await;
    let stale = Case {
        judge: Box::new(|_| None),
        ..desk.case("a", 10)
    };
    let error = ledger.judge(stale).await.unwrap_err();
    assert!(matches!(error, LedgerError::Stale), "{error}");
    assert_eq!(store.progress().await.unwrap().entries, 0);
    let anew = ledger.judge(desk.case("a", 10)).await.unwrap();
    assert!(matches!(anew, Judged::Recorded(_)));
}

#[tokio::test]
async fn a_permit_for_a_limit_not_asked_for_is_refused() {
    let (desk, store, ledger) = open().await;
    let decided_elsewhere = desk.case("a", 10).limit_keys;
    let case = desk.case("a", 10);
    // Decides with a window of its own instead of the ledger's.
    let judge = case.judge;
    let windows: Vec<_> = decided_elsewhere
        .into_iter()
        .map(|key| {
            let window = countersign_policy::usage::Window::new(key.window());
            (key, window)
        })
        .collect();
    let case = Case {
        limit_keys: Vec::new(),
        judge: Box::new(move |bench| {
            judge(&countersign_store::ledger::Bench {
                now: bench.now,
                request_id: bench.request_id,
                hold: None,
                usage: &windows,
            })
        }),
        ..desk.case("a", 10)
    };
    let error = ledger.judge(case).await.unwrap_err();
    assert!(matches!(error, LedgerError::NoDecision(_)), "{error}");
    assert_eq!(desk.used(&*store, 1).await, 0);
    assert_eq!(store.progress().await.unwrap().entries, 0);
}

#[tokio::test]
async fn windows_that_were_not_brought_deny() {
    let (desk, _store, ledger) = open().await;
    let case = Case {
        limit_keys: Vec::new(),
        ..desk.case("a", 10)
    };
    let judged = ledger.judge(case).await.unwrap();
    assert!(matches!(judged, Judged::Denied { .. }), "{judged:?}");
}

#[tokio::test]
async fn entries_of_a_wrong_length_are_refused() {
    let (desk, store, ledger) = open().await;
    for entry in [Vec::new(), vec![b'x'; 65_536]] {
        let length = entry.len();
        let error = ledger.append(entry).await.unwrap_err();
        assert!(
            matches!(error, LedgerError::Entry(got) if got == length),
            "{error}"
        );
    }
    let first = recorded(ledger.judge(desk.case("a", 10)).await.unwrap());
    let error = ledger.record_outcome(first, signed(), Vec::new()).await;
    assert!(matches!(error, Err(LedgerError::Entry(0))), "{error:?}");
    assert_eq!(store.progress().await.unwrap().entries, 1);
    // The outcome was lost on the way: as after a crash.
    let again = ledger.judge(desk.case("a", 10)).await.unwrap();
    assert!(matches!(again, Judged::Recorded(_)));
}

#[tokio::test]
async fn same_fingerprint_with_other_bytes_is_not_signed() {
    let (desk, _store, ledger) = open().await;
    let first = desk.case("k", 60);
    let fingerprint = first.fingerprint;
    drop(ledger.judge(first).await.unwrap());
    let other = Case {
        fingerprint,
        ..desk.case("k", 61)
    };
    let error = ledger.judge(other).await.unwrap_err();
    assert!(matches!(error, LedgerError::NoDecision(_)), "{error}");
}

#[tokio::test]
async fn a_full_queue_says_busy() {
    let mut desk = Desk::new("24h", 100);
    desk.limits.queue = 2;
    let store = Arc::new(MemoryStore::new());
    let ledger = desk.start(&store).await.unwrap();
    // The writer does not run before this task waits.
    let mut waiting: Vec<_> = (0..3)
        .map(|n| Box::pin(ledger.judge(desk.case(&n.to_string(), 1))))
        .collect();
    let mut busy = 0;
    for judge in &mut waiting {
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(judge.as_mut().poll(context)));
        if let std::task::Poll::Ready(Err(error)) = polled.await {
            assert!(matches!(error, LedgerError::Busy), "{error}");
            busy += 1;
        }
    }
    assert_eq!(busy, 1);
    for judge in waiting.into_iter().take(2) {
        assert!(judge.await.is_ok());
    }
}

fn change(version: u64, lookup: &str) -> AdminChange {
    let byte = u8::try_from(version).unwrap();
    AdminChange {
        rows: vec![AuthorityRow {
            kind: "user".to_owned(),
            id: vec![byte; 16],
            seq: i64::from(byte),
            parent: None,
            lookup: Some(lookup.to_owned()),
            body: "{}".to_owned(),
            mac: vec![byte; 32],
        }],
        seal: Some(AuthoritySeal {
            version,
            count: version,
            sum: vec![byte; 32],
            mac: vec![byte; 32],
        }),
        entries: Vec::new(),
    }
}

#[tokio::test]
async fn authority_changes_one_version_at_a_time() {
    let (desk, store, ledger) = open().await;
    let with_entry = AdminChange {
        entries: vec![note(&desk)],
        ..change(1, "a")
    };
    assert_eq!(ledger.admin(with_entry).await.unwrap(), [0]);
    for stale in [1, 3] {
        let error = ledger.admin(change(stale, "b")).await.unwrap_err();
        assert!(
            matches!(error, LedgerError::StaleSeal { expected: 2, .. }),
            "{error}"
        );
    }
    let unsealed = AdminChange {
        seal: None,
        ..change(2, "b")
    };
    let error = ledger.admin(unsealed).await.unwrap_err();
    assert!(
        matches!(error, LedgerError::StaleSeal { got: 0, .. }),
        "{error}"
    );
    let ledger = reopen(&desk, &store, ledger).await;
    ledger.admin(change(2, "b")).await.unwrap();
    assert_eq!(store.authority_seal().await.unwrap().unwrap().version, 2);
    assert!(
        store
            .authority_by_lookup("user", "b")
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_refused_change_fails_alone() {
    let (desk, store, ledger) = open().await;
    ledger.admin(change(1, "a")).await.unwrap();
    let (before, taken, after) = tokio::join!(
        ledger.judge(desk.case("a", 10)),
        ledger.admin(change(2, "a")),
        ledger.judge(desk.case("b", 10)),
    );
    assert!(matches!(before, Ok(Judged::Recorded(_))), "{before:?}");
    assert!(
        matches!(taken, Err(LedgerError::Store(StoreError::Conflict(_)))),
        "{taken:?}"
    );
    assert!(matches!(after, Ok(Judged::Recorded(_))), "{after:?}");
    ledger.admin(change(2, "b")).await.unwrap();
    assert_eq!(desk.used(&*store, 1).await, 20);
}

#[tokio::test]
async fn the_head_follows_the_log() {
    let (desk, store, ledger) = open().await;
    let head = ledger.head();
    assert_eq!(
        (head.borrow().size, head.borrow().root),
        (0, countersign_audit::EMPTY_ROOT)
    );
    for index in [0, 1] {
        assert_eq!(ledger.append(note(&desk)).await.unwrap(), index);
    }
    let two = *head.borrow();
    assert_eq!(two.size, 2);
    let ledger = reopen(&desk, &store, ledger).await;
    assert_eq!(*ledger.head().borrow(), two);
    let checkpoint = CheckpointRow {
        size: 2,
        note: "note".to_owned(),
        at: Timestamp::from_micros(0),
    };
    ledger.put_checkpoint(checkpoint.clone()).await.unwrap();
    assert_eq!(store.checkpoints(None, 9).await.unwrap(), [checkpoint]);
}

#[tokio::test]
async fn shutdown_writes_what_was_queued() {
    let (desk, store, ledger) = open().await;
    let first = recorded(ledger.judge(desk.case("a", 10)).await.unwrap());
    let id = first.request_id();
    hand_in(&desk, &ledger, first, signed()).await;
    ledger.shutdown().await.unwrap();
    let stored = store.request(id).await.unwrap().unwrap();
    assert_eq!(stored.outcome.unwrap().kind, OutcomeKind::Signed);
    let error = ledger.judge(desk.case("b", 10)).await.unwrap_err();
    assert!(matches!(error, LedgerError::Closed), "{error}");
}

#[tokio::test]
async fn outcomes_are_written_without_further_requests() {
    let (desk, store, ledger) = open().await;
    let first = recorded(ledger.judge(desk.case("a", 10)).await.unwrap());
    let id = first.request_id();
    let entry = desk::outcome_entry(&desk, &first, &signed());
    let settled = ledger.settle(first, signed(), entry);
    tokio::time::timeout(Duration::from_secs(5), settled)
        .await
        .unwrap()
        .unwrap();
    let stored = store.request(id).await.unwrap().unwrap();
    assert_eq!(stored.outcome.unwrap().kind, OutcomeKind::Signed);
}

#[tokio::test]
async fn outcomes_of_a_failed_commit_are_tried_again() {
    for fault in Fault::ALL {
        let (desk, store, ledger) = open().await;
        let first = recorded(ledger.judge(desk.case("a", 10)).await.unwrap());
        let id = first.request_id();
        let entry = desk::outcome_entry(&desk, &first, &not_sent());
        store.fail(Point::Commit, 1, fault);
        let settled = ledger.settle(first, not_sent(), entry);
        tokio::time::timeout(Duration::from_secs(5), settled)
            .await
            .unwrap()
            .unwrap();
        let stored = store.request(id).await.unwrap().unwrap();
        assert_eq!(
            stored.outcome.unwrap().kind,
            OutcomeKind::NotSent,
            "{fault:?}"
        );
        assert_eq!(desk.used(&*store, 1).await, 0, "{fault:?}");
        assert_eq!(verified(&*store).await.entries, 2, "{fault:?}");
    }
}

#[tokio::test]
async fn time_heals_a_limit_and_old_buckets_go_away() {
    let desk = Desk::new("1s", 100);
    let store = Arc::new(MemoryStore::new());
    let ledger = desk.start(&store).await.unwrap();
    for round in 0..2_000 {
        let judged = ledger
            .judge(desk.case(&round.to_string(), 1))
            .await
            .unwrap();
        assert!(matches!(judged, Judged::Recorded(_)), "{round}: {judged:?}");
        desk.advance(11_000);
    }
    let count = store.usage_rows();
    assert!(count < 600, "{count} rows are left of 2,000");
}

#[tokio::test]
async fn a_start_reads_little_of_a_long_log() {
    let (desk, store, ledger) = open().await;
    for _ in 0..70 {
        let notes = AdminChange {
            rows: Vec::new(),
            seal: None,
            entries: (0..1_000).map(|_| note(&desk)).collect(),
        };
        ledger.admin(notes).await.unwrap();
    }
    ledger.shutdown().await.unwrap();
    let before = store.reached(Point::Hashes);
    let ledger = desk.start(&store).await.unwrap();
    assert!(store.reached(Point::Hashes) - before <= 3);
    assert_eq!(ledger.head().borrow().size, 70_000);
}

/// A desk whose ledger waits for signing threads as long as `delay`, with one request under way.
async fn signing(delay: Duration) -> (Desk, Arc<MemoryStore>, Ledger, Recorded) {
    let mut desk = Desk::new("24h", 100);
    desk.limits.signing = 0;
    desk.limits.signing_delay = delay;
    let store = Arc::new(MemoryStore::new());
    let ledger = desk.start(&store).await.unwrap();
    let first = recorded(ledger.judge(desk.case("a", 10)).await.unwrap());
    (desk, store, ledger, first)
}

#[tokio::test]
async fn a_commit_waits_while_signing_threads_are_busy_and_is_shared() {
    let (desk, store, ledger, first) = signing(Duration::from_secs(600)).await;
    let ask = |key| {
        let (ledger, case) = (ledger.clone(), desk.case(key, 10));
        tokio::spawn(async move { ledger.judge(case).await })
    };
    let (second, third) = (ask("b"), ask("c"));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!second.is_finished() && !third.is_finished());
    assert_eq!(verified(&*store).await.entries, 1);
    // Were it done twice, the second commit would fail.
    store.fail(Point::Commit, 2, Fault::ALL[0]);
    hand_in(&desk, &ledger, first, signed()).await;
    recorded(second.await.unwrap().unwrap());
    recorded(third.await.unwrap().unwrap());
    assert_eq!(verified(&*store).await.entries, 4);
}

#[tokio::test]
async fn a_signature_that_never_comes_holds_nobody_for_long() {
    let (desk, _store, ledger, _first) = signing(Duration::from_millis(20)).await;
    let second = tokio::time::timeout(Duration::from_secs(5), ledger.judge(desk.case("b", 10)));
    recorded(second.await.unwrap().unwrap());
}

#[tokio::test]
async fn what_was_read_from_the_database_is_told_from_what_was_judged_now() {
    let (desk, store, ledger) = open().await;
    let first = recorded(ledger.judge(desk.case("a", 10)).await.unwrap());
    assert!(first.judged_now());
    let again = recorded(ledger.judge(desk.case("a", 10)).await.unwrap());
    assert!(!again.judged_now());
    drop((first, again));
    let ledger = reopen(&desk, &store, ledger).await;
    let again = recorded(ledger.judge(desk.case("a", 10)).await.unwrap());
    assert!(!again.judged_now());
}

#[tokio::test]
async fn what_a_verdict_keeps_is_there_until_it_is_forgotten() {
    let (desk, store) = (Desk::new("24h", 100), Arc::new(MemoryStore::new()));
    let ledger = desk.start(&store).await.unwrap();
    let mut expected = Vec::new();
    for (key, to) in [("a", To::Cold), ("b", To::Stranger), ("c", To::Warm)] {
        let case = desk.case_to(key, 1, 1, to);
        expected.push(Some(desk::message(case.digest)));
        drop(ledger.judge(case).await.unwrap());
    }
    let dry = Case {
        dry_run: true,
        ..desk.case("d", 1)
    };
    ledger.judge(dry).await.unwrap();
    let kept = async || -> Vec<Option<Vec<u8>>> {
        let rows = store.kept(0, 9).await.unwrap();
        rows.into_iter().map(|row| row.message).collect()
    };
    assert_eq!(kept().await, expected);
    ledger.forget(2).await.unwrap();
    assert_eq!(kept().await, [None, None, expected[2].clone()]);
    // Forgetting it takes nothing from the answer to a retry.
    let again = ledger.judge(desk.case_to("b", 1, 1, To::Stranger)).await;
    assert!(matches!(again.unwrap(), Judged::Replayed(_)));
}

/// Waits until the ledger knows all keys that are stored, so that it takes others for new.
async fn keys_are_read(store: &MemoryStore) {
    while store.reached(Point::Keys) == 0 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(10)).await;
}

#[tokio::test]
async fn a_new_key_costs_no_look_into_the_database_and_one_that_was_used_is_found() {
    let (desk, store, ledger) = open().await;
    keys_are_read(&store).await;
    let first = recorded(ledger.judge(desk.case("a", 10)).await.unwrap());
    assert_eq!(store.reached(Point::FindRequests), 0);
    let id = first.request_id();
    hand_in(&desk, &ledger, first, signed()).await;
    let ledger = reopen(&desk, &store, ledger).await;
    keys_are_read(&store).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    recorded(ledger.judge(desk.case("b", 10)).await.unwrap());
    assert_eq!(store.reached(Point::FindRequests), 0);
    let again = ledger.judge(desk.case("a", 10)).await.unwrap();
    assert!(matches!(again, Judged::Replayed(stored) if stored.request.id == id));
    assert_eq!(store.reached(Point::FindRequests), 1);
    assert_eq!(desk.used(&*store, 1).await, 20);
}

#[tokio::test]
async fn a_key_that_somebody_else_wrote_is_found_and_stops_nobody_else() {
    let (desk, store, ledger) = open().await;
    keys_are_read(&store).await;
    let first = recorded(ledger.judge(desk.case("a", 10)).await.unwrap());
    let id = first.request_id();
    let mut row = store.request(id).await.unwrap().unwrap().request;
    row.key = IdempotencyKey::new("bot/a", "b");
    let writes = Writes {
        rejudged: vec![row],
        ..Writes::default()
    };
    store.begin().await.unwrap().commit(writes).await.unwrap();
    let both = || vec![desk.case("c", 10), desk.case("b", 10)];
    let judged = ledger.judge_batch(both()).await.unwrap();
    let stale = |judged: &Result<Judged, LedgerError>| matches!(judged, Err(LedgerError::Stale));
    assert!(judged.iter().all(stale), "{judged:?}");
    let mut judged = ledger.judge_batch(both()).await.unwrap();
    let theirs = judged.pop().unwrap();
    assert!(
        matches!(theirs, Err(LedgerError::NotOurs(found)) if found == id),
        "{theirs:?}"
    );
    recorded(judged.pop().unwrap().unwrap());
    assert_eq!(desk.used(&*store, 1).await, 20);
    assert_eq!(verified(&*store).await.entries, 2);
}
