//! A commit that was done, and its answer lost: memory is as before it, the database is not.

use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::desk::{Desk, policy};
use crate::freezes::{FreezeRecord, Scope};
use crate::policies::PolicyRecord;
use crate::records::Draft;
use crate::reload;

/// inv08, inv11: what is in the database counts, without a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_answer_left_in_the_database_counts() {
    let mut desk = Desk::new().await;
    let watching = tokio::spawn(reload::watch(desk.reload()));
    let second = PolicyRecord {
        version: 2,
        name: "model".to_owned(),
        text: policy("second"),
        proposed_by: "operator/a".to_owned(),
        created_at: 0,
    };
    let frozen = FreezeRecord {
        scope: Scope::Everything,
        by: "risk/r".to_owned(),
        certificate: None,
        reason: None,
        since: 1,
        lifted_at: None,
        first: None,
    };
    let drafts = vec![
        Draft::new([7; 16], &second).unwrap(),
        Draft::new(Scope::Everything.row_id(), &frozen).unwrap(),
    ];
    let records = &desk.app().records;
    records.commit(drafts, Vec::new()).await.unwrap();
    assert_eq!((desk.version(), desk.frozen()), (1, false));
    records.doubt();
    wait_for(&desk, |desk| desk.version() == 2 && desk.frozen()).await;
    gone_is_not_forgotten(&desk).await;

    let mut stored = records
        .get::<FreezeRecord>(Scope::Everything.row_id())
        .await
        .unwrap()
        .unwrap();
    stored.record.lifted_at = Some(2);
    let draft = Draft::update(&stored).unwrap();
    records.commit(vec![draft], Vec::new()).await.unwrap();
    records.doubt();
    wait_for(&desk, |desk| !desk.frozen()).await;
    watching.abort();
    let _cancelled = watching.await;
    desk.end().await;
}

/// inv08: what somebody took out of the database meanwhile does not make an earlier policy the one
/// that counts.
async fn gone_is_not_forgotten(desk: &Desk) {
    let options =
        SqliteConnectOptions::new().filename(desk.app().config.database().path().unwrap());
    let mut file = options.connect().await.unwrap();
    let mut run = async |statement: &'static str| {
        let done = sqlx::raw_sql(statement).execute(&mut file).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{statement}");
    };
    run("CREATE TABLE aside AS SELECT * FROM authority WHERE kind = 'policy' AND hex(id) LIKE '0707%'; \
         DELETE FROM authority WHERE kind = 'policy' AND hex(id) LIKE '0707%'")
    .await;
    desk.app().records.doubt();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(desk.version(), 2);
    let refused = reload::read(&desk.reload()).await.unwrap_err();
    assert!(
        refused.to_string().contains("policy rows were written"),
        "{refused}"
    );
    run("INSERT INTO authority SELECT * FROM aside").await;
    reload::read(&desk.reload()).await.unwrap();
    assert_eq!(desk.version(), 2);
}

async fn wait_for(desk: &Desk, what: impl Fn(&Desk) -> bool) {
    for _ in 0..1_000 {
        if what(desk) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it was not read again");
}
