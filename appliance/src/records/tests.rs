use std::sync::Arc;

use countersign_store::memory::MemoryStore;

use super::*;
use crate::users::UserRecord;
use crate::wallets::bench;

fn user(external_id: &str) -> UserRecord {
    UserRecord {
        gateway: "g".to_owned(),
        external_id: external_id.to_owned(),
        display_name: None,
        tier: None,
        created_at: 0,
    }
}

/// A row that is in the database and not in memory yet is nobody's tampering.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reading_while_others_write_raises_no_alarm() {
    let opened = bench::open(&bench::token(), &MemoryStore::new()).await;
    let records = Arc::new(opened.records);
    let lookup = user("u").lookup().unwrap();
    records
        .commit(vec![Draft::new([1; 16], &user("u")).unwrap()], Vec::new())
        .await
        .unwrap();
    let readers = (0..3).map(|_| {
        let (records, lookup) = (Arc::clone(&records), lookup.clone());
        tokio::spawn(async move {
            for _ in 0..400 {
                let one = records.get::<UserRecord>([1; 16]).await.unwrap();
                assert!(one.is_some());
                assert!(records.find::<UserRecord>(&lookup).await.unwrap().is_some());
                assert!(!records.all::<UserRecord>(None).await.unwrap().is_empty());
                tokio::task::yield_now().await;
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for round in 0..200_u8 {
        let mut stored = records.get::<UserRecord>([1; 16]).await.unwrap().unwrap();
        stored.record.display_name = Some(round.to_string());
        let mut id = [2; 16];
        id[0] = round;
        let drafts = vec![
            Draft::update(&stored).unwrap(),
            Draft::new(id, &user(&round.to_string())).unwrap(),
        ];
        records.commit(drafts, Vec::new()).await.unwrap();
    }
    for reader in readers {
        reader.await.unwrap();
    }
}
