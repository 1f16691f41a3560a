//! Standard error that cannot be written, or is not read: the API serves on, and says so.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use softhsm_tests::appliance::{Appliance, Options};
use softhsm_tests::message;

const POLICY: &str = include_str!("../../deploy/dev/policy.toml");
const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

/// Everything is logged, and something happens that is: what is no TLS, and ends early.
async fn noise(appliance: &Appliance, connections: usize) {
    let url = appliance.url().unwrap();
    let address = url
        .trim_start_matches("https://")
        .replace("localhost", "127.0.0.1");
    for _ in 0..connections {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        let _gone = stream.write_all(b"GET / HTTP/1.1\r\n\r\n");
        let _gone = stream.read(&mut [0; 16]);
    }
}

/// A running appliance that logs everything to `stderr`.
async fn logging_to(stderr: impl Into<Stdio>) -> Appliance {
    let mut appliance = Appliance::initialised(&Options::policy(POLICY)).unwrap();
    appliance.set_environment(vec![("COUNTERSIGN_LOG".into(), "trace".into())]);
    appliance.start_with(stderr.into()).await.unwrap();
    appliance.issue_all().await.unwrap();
    appliance
}

async fn serves_on(appliance: &mut Appliance) {
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    gateway.grant("bot", &wallet.id).await.unwrap();
    let payer = wallet.address.parse().unwrap();
    for round in 0..3 {
        noise(appliance, 40).await;
        // A connection of its own each time: the listener is what must not end.
        let bot = appliance.client("bot").unwrap();
        let bytes = message::transfer(&payer, &COLD.parse().unwrap(), 1_000 + round);
        bot.signed(&format!("round-{round}"), &wallet.id, &bytes)
            .await
            .unwrap();
    }
    let ready = appliance.operations("/readyz").unwrap();
    assert_eq!(ready.status, 200, "{}", ready.body);
    let ready: Value = serde_json::from_str(&ready.body).unwrap();
    let checks = ready["checks"].as_array().unwrap();
    let api = checks.iter().find(|check| check["name"] == "api").unwrap();
    assert_eq!(api["ok"], true, "{api}");
}

fn lines_were_dropped(appliance: &Appliance) {
    let metrics = appliance.operations("/metrics").unwrap().body;
    let dropped = metrics
        .lines()
        .filter(|line| line.starts_with("countersign_log_lines_dropped_total{"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    assert!(dropped.sum::<f64>() > 0.0, "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_reader_is_gone_ends_nothing() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut appliance = logging_to(writer).await;
    serves_on(&mut appliance).await;
    lines_were_dropped(&appliance);
    appliance.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_on_a_full_disk_ends_nothing() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut appliance = logging_to(full).await;
    serves_on(&mut appliance).await;
    lines_were_dropped(&appliance);
    appliance.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_holds_nothing_up() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    // As much as a pipe holds (pipe(7)): the first line finds no room.
    writer.write_all(&[b'\n'; 65_536]).unwrap();
    let mut appliance = logging_to(writer).await;
    serves_on(&mut appliance).await;
    appliance.stop().await.unwrap();
    drop(reader);
}

/// Not the signal of a crash: the end it would have had anyway.
#[tokio::test]
async fn a_refused_start_ends_as_such_whatever_becomes_of_its_log() {
    let mut appliance = Appliance::initialised(&Options::default()).unwrap();
    let path = appliance.path("countersignd.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, good.replace("libsofthsm2.so", "libnothing.so")).unwrap();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    for _ in 0..3 {
        let mut command = appliance.countersignd();
        let mut child = command.stderr(full()).stdout(full()).spawn().unwrap();
        let status = tokio::time::timeout(Duration::from_secs(60), async {
            loop {
                if let Some(status) = child.try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert_eq!(status.await.unwrap().code(), Some(1));
    }
    std::fs::write(&path, good).unwrap();
    appliance.start().await.unwrap();
}
