//! The use of limits, its seal, and durable nonces.

use super::*;

pub async fn usage_is_replaced_and_expires<S: Store>(store: S) {
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

pub async fn the_ledgers_seal_is_replaced<S: Store>(store: S) {
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

pub async fn a_nonce_is_replaced_with_what_it_holds<S: Store>(store: S) {
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

pub async fn what_was_given_back_is_remembered_and_taken_out<S: Store>(store: S) {
    assert!(store.given_back(9).await.unwrap().is_empty());
    let put = |given_back: &[u64], reserved_again: &[u64], from| Writes {
        given_back: given_back.to_vec(),
        reserved_again: reserved_again.to_vec(),
        given_back_from: from,
        ..Writes::default()
    };
    commit(&store, put(&[7, 300, 2], &[], None)).await.unwrap();
    assert_eq!(store.given_back(9).await.unwrap(), [2, 7, 300]);
    assert_eq!(store.given_back(2).await.unwrap(), [2, 7]);
    // What is there stays, and what is not there is no reason to fail.
    commit(&store, put(&[7, 8], &[2, 99], Some(3)))
        .await
        .unwrap();
    assert_eq!(store.given_back(9).await.unwrap(), [7, 8, 300]);
    assert_eq!(store.progress().await.unwrap().given_back_from, 3);
    commit(&store, put(&[], &[7, 8, 300], None)).await.unwrap();
    assert!(store.given_back(9).await.unwrap().is_empty());
    assert_eq!(store.progress().await.unwrap().given_back_from, 3);
}
