//! A database that may have been put back: what people agreed to in it is not done once more.

use countersign_api::ErrorCode;

use super::super::change::What;
use super::super::{apply, restored};
use super::desk::{Desk, POLICY_LOCK, policy};
use crate::sign::Answer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inv10_what_waited_in_a_database_that_was_put_back_is_not_done() {
    let mut desk = Desk::new().await;
    let mut held = Vec::new();
    for key in ["agreed", "open"] {
        let Answer::Pending(pending) = desk.sign(key, 2, 1, None).await else {
            panic!("not held");
        };
        held.push(pending.request_id.parse().unwrap());
    }
    for who in [0, 1] {
        assert!(desk.approve(held[0], who, 0).await);
    }
    let change = What::Policy {
        name: "second".to_owned(),
        text: policy("second").replace("max_amount = \"12\"", "max_amount = \"13\""),
        also: Vec::new(),
    };
    let change = desk.agreed(change).await;
    desk.advance(POLICY_LOCK.unsigned_abs());

    restored::end_asks(&desk.app().governance).await.unwrap();
    for id in [held[0], held[1], change] {
        assert!(desk.is_rejected(id).await);
    }
    apply::apply(&desk.app().governance, change).await.unwrap();
    assert_eq!(desk.version(), 1);
    let Answer::Problem(problem) = desk.sign("release", 2, 2, Some(held[0])).await else {
        panic!("released");
    };
    assert_eq!(problem.code, ErrorCode::AlreadyDecided, "{problem:?}");
    assert!(!desk.approve(held[1], 0, 0).await);
    // Once, and for good.
    let size = desk.app().ledger.head().borrow().size;
    restored::end_asks(&desk.app().governance).await.unwrap();
    assert_eq!(desk.app().ledger.head().borrow().size, size);
    desk.restart().await;
    assert!(desk.app().open_changes.all().is_empty());
    // Asked anew it goes its way.
    let Answer::Pending(again) = desk.sign("again", 2, 3, None).await else {
        panic!("not held");
    };
    let again = again.request_id.parse().unwrap();
    for who in [0, 1] {
        assert!(desk.approve(again, who, 0).await);
    }
    desk.advance(POLICY_LOCK.unsigned_abs());
    let released = desk.sign("go", 2, 4, Some(again)).await;
    assert!(matches!(released, Answer::Done(_)), "not released");
    desk.end().await;
}
