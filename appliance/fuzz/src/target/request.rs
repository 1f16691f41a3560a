//! Bodies of requests: what is read is written and read again as the same.

use countersign_api::{
    Approve, CreateGrant, CreateVenue, CreateWallet, Freeze, PatchWallet, ProposePolicy, Reject,
    SignBatch, SignSolana,
};
use serde::{Serialize, de::DeserializeOwned};

pub const SEEDS: &[&str] = &[
    r#"{"wallet_id":"wal_30313233343536373839616263646566","message":"AQABAw==","mints":["So11111111111111111111111111111111111111112"]}"#,
    r#"{"items":[{"wallet_id":"wal_30313233343536373839616263646566","message":"AQ==","idempotency_key":"a"}]}"#,
    r#"{"user_id":"usr_1","venue":"solana","limits":[{"name":"d","action":"withdrawal","asset":"SOL","window":"24h","max_amount":"5"}]}"#,
    r#"{"scope":{"wallet":"wal_1"},"reason":"x"}"#,
    r#"{"approver_id":"alice","scheme":"solana-offchain-v0","signature":"1"}"#,
];

pub fn run(bytes: &[u8]) {
    again::<SignSolana>(bytes);
    again::<SignBatch>(bytes);
    again::<CreateWallet>(bytes);
    again::<PatchWallet>(bytes);
    again::<CreateGrant>(bytes);
    again::<CreateVenue>(bytes);
    again::<Freeze>(bytes);
    again::<Approve>(bytes);
    again::<Reject>(bytes);
    again::<ProposePolicy>(bytes);
}

fn again<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else {
        return;
    };
    let written = serde_json::to_vec(&read).expect("what was read can be written");
    let second: T = serde_json::from_slice(&written).expect("what was written can be read");
    let second = serde_json::to_vec(&second).expect("what was read can be written");
    assert_eq!(written, second);
}
