//! Rows that grant power.

use super::*;

pub async fn authority_is_found_listed_and_replaced<S: Store>(store: S) {
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
    let newest = async |parent: Option<&[u8]>, before, limit| {
        let found = store.authority_newest("wallet", parent, before, limit);
        let found = found.await.unwrap();
        found.iter().map(|row| row.seq).collect::<Vec<_>>()
    };
    assert_eq!(newest(None, None, 3).await, [4, 3, 2]);
    assert_eq!(newest(None, Some(2), 3).await, [1]);
    assert_eq!(newest(Some(&[1]), None, 3).await, [3, 1]);
    assert_eq!(newest(Some(&[1]), Some(3), 3).await, [1]);
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

pub async fn authority_values_are_unique_within_a_kind<S: Store>(store: S) {
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

pub async fn macs_come_in_pages<S: Store>(store: S) {
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
