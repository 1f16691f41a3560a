//! A token that signs wrongly: nothing of it leaves, and the appliance stops the wallet itself.

use countersign_api::ErrorCode;
use countersign_hsm::simulator::{Fault, Operation};

use super::desk::{Desk, POLICY_LOCK};
use crate::freezes::Scope;
use crate::sign::Answer;

/// inv10: a freeze is looked at again at every release, whoever put it in force.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_whose_signatures_do_not_verify_is_frozen_and_stays_so() {
    let mut desk = Desk::new().await;
    let Answer::Pending(held) = desk.sign("ask", 2, 1, None).await else {
        panic!("not held");
    };
    let id = held.request_id.parse().unwrap();
    for who in [0, 1] {
        assert!(desk.approve(id, who, 0).await);
    }
    desk.advance(POLICY_LOCK.unsigned_abs());
    desk.faults().always(Operation::Sign, Fault::WrongSignature);
    // The default is two in a row: a retry signs the same bytes again.
    for code in [
        ErrorCode::HsmUnavailable,
        ErrorCode::HsmUnavailable,
        ErrorCode::Frozen,
    ] {
        let Answer::Problem(problem) = desk.sign("go", 2, 2, Some(id)).await else {
            panic!("a signature that does not verify was given out");
        };
        assert_eq!(problem.code, code, "{problem:?}");
    }
    desk.faults().clear();
    let scope = Scope::Wallet(desk.wallet());
    let why = desk.frozen_for(&scope).unwrap();
    assert_eq!(why, "2 signatures of the HSM in a row did not verify");
    desk.restart().await;
    assert_eq!(desk.frozen_for(&scope), Some(why));
    assert!(!desk.frozen());
    desk.end().await;
}
