use super::{Fault, MemoryStore, Point};
use crate::store_conformance;
use crate::{EntryRow, Store, StoreError, Writes};

async fn make() -> (MemoryStore, ()) {
    (MemoryStore::new(), ())
}

store_conformance!(make);

fn one_entry() -> Writes {
    let entry = EntryRow {
        index: 0,
        entry: b"entry".to_vec(),
        leaf_hash: countersign_audit::leaf_hash(b"entry"),
        tag: Vec::new(),
    };
    Writes {
        entries: vec![entry],
        ..Writes::default()
    }
}

#[tokio::test]
async fn a_commit_fails_both_ways() {
    for fault in Fault::ALL {
        let store = MemoryStore::new();
        store.fail(Point::Commit, 1, fault);
        let error = store.begin().await.unwrap().commit(one_entry()).await;
        let unknown = matches!(error, Err(StoreError::Unknown(_)));
        assert_eq!(unknown, fault != Fault::NotDone, "{fault:?}: {error:?}");
        let done = store.progress().await.unwrap().entries == 1;
        assert_eq!(done, fault == Fault::UnknownDone, "{fault:?}");
    }
}

#[tokio::test]
async fn a_fault_strikes_once_and_at_its_call() {
    let store = MemoryStore::new();
    store.fail(Point::Progress, 2, Fault::NotDone);
    assert!(store.progress().await.is_ok());
    let error = store.progress().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)));
    assert!(store.progress().await.is_ok());
    assert_eq!(store.reached(Point::Progress), 3);
}
