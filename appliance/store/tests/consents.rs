//! What a permission uses up is written in the commit that records the permission, or not at all.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

mod desk;

use std::sync::Arc;

use countersign_store::ledger::{AdminChange, Case, Judged, LedgerError};
use countersign_store::memory::{Fault, MemoryStore, Point};
use countersign_store::{AuthorityRow, AuthoritySeal, Store, StoreError};
use desk::{Desk, To, verified};

/// Marks the consent with this number as used, under the seal of this version.
fn used(version: u64, consent: u8) -> AdminChange {
    AdminChange {
        rows: vec![AuthorityRow {
            kind: "consent".to_owned(),
            id: vec![consent; 16],
            seq: i64::from(consent),
            parent: None,
            lookup: None,
            body: "{}".to_owned(),
            mac: vec![0; 32],
        }],
        seal: Some(AuthoritySeal {
            version,
            count: 1,
            sum: vec![0; 32],
            mac: vec![0; 32],
        }),
        entries: Vec::new(),
    }
}

fn release(desk: &Desk, key: &str, lamports: u64, to: To, change: AdminChange) -> Case {
    Case {
        on_allow: Some(change),
        ..desk.case_to(key, lamports, 1, to)
    }
}

async fn is_used(store: &MemoryStore, consent: u8) -> bool {
    let row = store.authority("consent", &[consent; 16]).await.unwrap();
    row.is_some()
}

async fn sealed(store: &MemoryStore) -> u64 {
    let seal = store.authority_seal().await.unwrap();
    seal.map_or(0, |seal| seal.version)
}

#[tokio::test]
async fn a_consent_is_used_by_what_is_allowed_and_by_nothing_else() {
    let (desk, store) = (Desk::new("1h", 100), Arc::new(MemoryStore::default()));
    let ledger = desk.start(&store).await.unwrap();
    for (key, lamports, to) in [
        ("a", 10, To::Stranger),
        ("b", 10, To::Warm),
        ("c", 999, To::Cold),
    ] {
        let judged = ledger
            .judge(release(&desk, key, lamports, to, used(1, 1)))
            .await
            .unwrap();
        assert!(!matches!(judged, Judged::Recorded(_)), "{judged:?}");
        assert_eq!((is_used(&store, 1).await, sealed(&store).await), (false, 0));
    }
    let dry = Case {
        dry_run: true,
        ..release(&desk, "d", 10, To::Cold, used(1, 1))
    };
    assert!(matches!(ledger.judge(dry).await, Ok(Judged::DryRun { .. })));
    assert!(!is_used(&store, 1).await);
    let judged = ledger
        .judge(release(&desk, "e", 10, To::Cold, used(1, 1)))
        .await
        .unwrap();
    assert!(matches!(judged, Judged::Recorded(_)), "{judged:?}");
    assert_eq!((is_used(&store, 1).await, sealed(&store).await), (true, 1));
    assert_eq!(desk.used(&*store, 1).await, 10);
    verified(&*store).await;
}

#[tokio::test]
async fn of_two_changes_of_the_same_version_one_is_recorded_and_the_other_reserves_nothing() {
    let (desk, store) = (Desk::new("1h", 100), Arc::new(MemoryStore::default()));
    let ledger = desk.start(&store).await.unwrap();
    let cases = ["a", "b"].map(|key| release(&desk, key, 10, To::Cold, used(1, 1)));
    let judged = ledger.judge_batch(cases.into()).await.unwrap();
    assert!(matches!(judged[0], Ok(Judged::Recorded(_))), "{judged:?}");
    let stale = LedgerError::StaleSeal {
        expected: 2,
        got: 1,
    };
    assert_eq!(
        judged[1].as_ref().unwrap_err().to_string(),
        stale.to_string()
    );
    assert_eq!(desk.used(&*store, 1).await, 10);
}

#[tokio::test]
async fn a_permission_given_before_does_not_use_up_another_consent() {
    let (desk, store) = (Desk::new("1h", 100), Arc::new(MemoryStore::default()));
    let ledger = desk.start(&store).await.unwrap();
    let first = ledger.judge(desk.case("a", 10)).await.unwrap();
    assert!(matches!(first, Judged::Recorded(_)), "{first:?}");
    drop(first);
    let again = ledger
        .judge(release(&desk, "a", 10, To::Cold, used(1, 1)))
        .await;
    assert!(
        matches!(again, Err(LedgerError::NoDecision(_))),
        "{again:?}"
    );
    assert!(!is_used(&store, 1).await);
}

/// A commit that fails leaves both or none, whichever way it fails.
#[tokio::test]
async fn inv10_permission_and_use_are_durable_together() {
    for fault in Fault::ALL {
        let (desk, store) = (Desk::new("1h", 100), Arc::new(MemoryStore::default()));
        let ledger = desk.start(&store).await.unwrap();
        store.fail(Point::Commit, 1, fault);
        let failed = ledger
            .judge(release(&desk, "a", 10, To::Cold, used(1, 1)))
            .await;
        assert!(matches!(failed, Err(LedgerError::Store(_))), "{failed:?}");
        store.clear_faults();
        let reserved = desk.used(&*store, 1).await == 10;
        assert_eq!(is_used(&store, 1).await, reserved, "{fault:?}");
        assert_eq!(reserved, fault == Fault::UnknownDone, "{fault:?}");
        if matches!(failed, Err(LedgerError::Store(StoreError::Unknown(_)))) || !reserved {
            let version = sealed(&store).await;
            // Whoever retries reads the rows anew: used, so without a change; or not, with one.
            let case = if reserved {
                desk.case("a", 10)
            } else {
                release(&desk, "a", 10, To::Cold, used(version + 1, 1))
            };
            let again = ledger.judge(case).await.unwrap();
            assert!(matches!(again, Judged::Recorded(_)), "{fault:?}: {again:?}");
            assert_eq!(desk.used(&*store, 1).await, 10, "{fault:?}");
        }
        verified(&*store).await;
    }
}
