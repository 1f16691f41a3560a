//! Probes, metrics, logs, the doctor, and a stop that finishes what was recorded.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use softhsm_tests::appliance::{Appliance, Options, PIN};
use softhsm_tests::message;
use softhsm_tests::program;

const POLICY: &str = include_str!("../../deploy/dev/policy.toml");
const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

#[tokio::test]
async fn probes_metrics_doctor_and_a_graceful_stop() {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let gateway = appliance.client("gateway").unwrap();
    let user = gateway.user("u").await.unwrap();
    let wallet = gateway.wallet(&user.id, None).await.unwrap();
    gateway.grant("bot", &wallet.id).await.unwrap();
    let bot = appliance.client("bot").unwrap();
    let payer = wallet.address.parse().unwrap();

    assert_eq!(appliance.operations("/livez").unwrap().status, 200);
    let ready = appliance.operations("/readyz").unwrap();
    assert_eq!(ready.status, 200, "{}", ready.body);
    for check in [
        "hsm.ca",
        "hsm.audit-log",
        "hsm.row-mac",
        "hsm.wrapping",
        "store",
        "clock",
        "log",
    ] {
        assert!(ready.body.contains(check), "no `{check}` in {}", ready.body);
    }

    // Requests in flight while it stops: each is answered with a signature or not begun.
    let mut flights = Vec::new();
    for number in 0..32 {
        let (bot, id) = (bot.clone(), wallet.id.clone());
        let bytes = message::transfer(&payer, &COLD.parse().unwrap(), 1_000 + number);
        flights.push(tokio::spawn(async move {
            bot.sign(&format!("flight-{number}"), &id, &bytes).await
        }));
    }
    let first = message::transfer(&payer, &COLD.parse().unwrap(), 999);
    bot.signed("first", &wallet.id, &first).await.unwrap();
    let metrics = appliance.operations("/metrics").unwrap().body;
    for name in [
        "countersign_requests_total",
        "countersign_connections",
        "countersign_hsm_sign_seconds",
    ] {
        assert!(metrics.contains(name), "no `{name}` in the metrics");
    }
    appliance.stop().await.unwrap();
    let mut answered = Vec::new();
    for (number, flight) in flights.into_iter().enumerate() {
        if let Ok(Ok(reply)) = flight.await
            && reply.status == 200
        {
            answered.push((number, reply.body["signature"].as_str().unwrap().to_owned()));
        }
    }

    let doctor = program::run(appliance.countersignd().args(["doctor", "--json"])).unwrap();
    assert_eq!(doctor.code, Some(0), "{doctor}");
    let report: serde_json::Value = serde_json::from_str(&doctor.stdout).unwrap();
    assert!(report["findings"].as_array().unwrap().len() > 8, "{doctor}");

    appliance.start().await.unwrap();
    let bot = appliance.client("bot").unwrap();
    for (number, signature) in answered {
        let bytes = message::transfer(&payer, &COLD.parse().unwrap(), 1_000 + number as u64);
        let again = bot
            .signed(&format!("flight-{number}"), &wallet.id, &bytes)
            .await
            .unwrap();
        assert_eq!(
            again.signature.as_deref(),
            Some(signature.as_str()),
            "flight {number}"
        );
    }
    let log = appliance.log();
    assert!(
        log.lines()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
        "{log}"
    );
    assert!(!log.contains(PIN), "the PIN is in the log");
    assert!(!log.contains("PRIVATE KEY"), "a key is in the log");
}
